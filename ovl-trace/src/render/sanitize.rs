//! Hostile names, made harmless for a terminal and still readable back.
//!
//! A file can be named after an escape sequence, and the reader of this
//! tool's output is root. So a name is shown as it is, but for
//!
//! - `\` itself, always doubled: the text is then unambiguous, and a name
//!   that merely looks like an escape cannot pass for one;
//! - newline, tab, carriage return: `\n`, `\t`, `\r`;
//! - other ASCII controls, and bytes that are not UTF-8: `\xNN`;
//! - characters that steer or hide text instead of showing (C1 controls,
//!   bidirectional marks, everything else without a glyph): `\u{NNNN}`.
//!
//! The original bytes can be had back by undoing the escapes.

use std::fmt::Write as _;

/// Code points without a glyph, or that change how their neighbours are
/// shown: general categories Cf, Zl and Zp together with the property
/// `Default_Ignorable_Code_Point` (Unicode 16, `DerivedCoreProperties.txt`).
/// Sorted, so that a binary search finds them.
const INVISIBLE: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),   // soft hyphen
    (0x034F, 0x034F),   // combining grapheme joiner
    (0x0600, 0x0605),   // Arabic number signs
    (0x061C, 0x061C),   // Arabic letter mark (bidi)
    (0x06DD, 0x06DD),   // Arabic end of ayah
    (0x070F, 0x070F),   // Syriac abbreviation mark
    (0x0890, 0x0891),   // Arabic pound and piastre marks
    (0x08E2, 0x08E2),   // Arabic disputed end of ayah
    (0x115F, 0x1160),   // Hangul fillers
    (0x17B4, 0x17B5),   // Khmer inherent vowels
    (0x180B, 0x180F),   // Mongolian variation selectors
    (0x200B, 0x200F),   // zero width space to right-to-left mark (bidi)
    (0x2028, 0x202E),   // line and paragraph separators, bidi embeddings
    (0x2060, 0x206F),   // word joiner, bidi isolates
    (0x3164, 0x3164),   // Hangul filler
    (0xFE00, 0xFE0F),   // variation selectors
    (0xFEFF, 0xFEFF),   // byte order mark
    (0xFFA0, 0xFFA0),   // halfwidth Hangul filler
    (0xFFF0, 0xFFFB),   // interlinear annotations and unassigned
    (0x110BD, 0x110BD), // Kaithi number sign
    (0x110CD, 0x110CD), // Kaithi number sign above
    (0x13430, 0x1343F), // Egyptian hieroglyph format controls
    (0x1BCA0, 0x1BCA3), // shorthand format controls
    (0x1D173, 0x1D17A), // musical symbol format controls
    (0xE0000, 0xE0FFF), // tags, variation selectors supplement
];

/// Whether a character may be sent to a terminal as part of a name.
pub fn is_harmless(c: char) -> bool {
    if c.is_control() {
        return false;
    }
    let code = u32::from(c);
    code < 0x80
        || INVISIBLE
            .binary_search_by(|&(first, last)| {
                if last < code {
                    std::cmp::Ordering::Less
                } else if first > code {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_err()
}

/// The name as text for a terminal; see the module.
pub fn bytes(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_char(&mut text, c);
        }
        for &byte in chunk.invalid() {
            push_hex(&mut text, byte);
        }
    }
    text
}

/// [`bytes`] of a string.
pub fn text(name: &str) -> String {
    bytes(name.as_bytes())
}

fn push_char(text: &mut String, c: char) {
    match c {
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\r' => text.push_str("\\r"),
        c if is_harmless(c) => text.push(c),
        c if c.is_ascii() => push_hex(text, c as u8),
        c => text.extend(c.escape_unicode()),
    }
}

fn push_hex(text: &mut String, byte: u8) {
    // Writing to a `String` cannot fail.
    let _: std::fmt::Result = write!(text, "\\x{byte:02x}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Undoes [`bytes`]: proof that no data is lost.
    fn undo(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c != '\\' {
                out.extend(c.to_string().bytes());
                continue;
            }
            match rest.next().unwrap() {
                '\\' => out.push(b'\\'),
                'n' => out.push(b'\n'),
                't' => out.push(b'\t'),
                'r' => out.push(b'\r'),
                'x' => {
                    let digits: String = rest.by_ref().take(2).collect();
                    out.push(u8::from_str_radix(&digits, 16).unwrap());
                }
                'u' => {
                    let digits: String = rest.by_ref().skip(1).take_while(|&c| c != '}').collect();
                    let code = u32::from_str_radix(&digits, 16).unwrap();
                    out.extend(char::from_u32(code).unwrap().to_string().bytes());
                }
                other => panic!("unknown escape {other:?}"),
            }
        }
        out
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["/srv/model.bin", "/etc/my file (1)", "/größe/日本語/🙂"] {
            assert_eq!(text(name), name);
        }
    }

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(text("\x1b[2J\x1b]0;pwned\x07"), r"\x1b[2J\x1b]0;pwned\x07");
        assert_eq!(text("\u{9b}2J\x7f"), r"\u{9b}2J\x7f");
        assert_eq!(text("a\nb\tc\rd\0"), r"a\nb\tc\rd\x00");
    }

    #[test]
    fn text_that_is_not_shown_is_spelt_out() {
        assert_eq!(text("inv\u{202e}gpj.exe"), r"inv\u{202e}gpj.exe");
        assert_eq!(
            text("a\u{200d}b\u{2028}c\u{feff}"),
            r"a\u{200d}b\u{2028}c\u{feff}"
        );
        assert_eq!(text("\u{e0041}"), r"\u{e0041}");
    }

    #[test]
    fn invalid_utf8_and_look_alikes_differ() {
        assert_eq!(bytes(b"/a\xff\xfe"), r"/a\xff\xfe");
        assert_eq!(bytes(br"/a\xff"), r"/a\\xff");
        // A C1 control as raw byte, and an encoded surrogate.
        assert_eq!(bytes(b"\x9b\xed\xa0\x80"), r"\x9b\xed\xa0\x80");
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(INVISIBLE.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(INVISIBLE.iter().all(|(first, last)| first <= last));
    }

    proptest! {
        #[test]
        fn nothing_harmful_gets_through(name in any::<Vec<u8>>()) {
            prop_assert!(bytes(&name).chars().all(is_harmless));
        }

        #[test]
        fn nothing_is_lost(name in any::<Vec<u8>>()) {
            prop_assert_eq!(undo(&bytes(&name)), name);
        }

        #[test]
        fn nothing_is_lost_from_text(name in any::<String>()) {
            prop_assert_eq!(undo(&text(&name)), name.into_bytes());
        }
    }
}
