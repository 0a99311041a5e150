//! Lines that fit a terminal.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What belongs to the number before it.
const UNITS: [&str; 11] = [
    "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ns", "µs", "ms", "s",
];

/// Breaks a text at blanks into lines of at most `width` columns, the lines after
/// the first one indented. A word that is longer than a line is broken, too.
/// Without a width it is one line.
pub(crate) fn wrap(text: &str, width: Option<u16>, indent: usize) -> Vec<String> {
    let Some(width) = width.map(usize::from) else {
        return vec![text.to_owned()];
    };
    // Something must fit.
    let width = width.max(indent + 20);
    let start = |lines: &[String]| if lines.is_empty() { 0 } else { indent };
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        let room = width - start(&lines);
        if line.width() + word.trim_end().width() > room && !line.trim().is_empty() {
            push(&mut lines, &mut line, indent);
        }
        for c in word.chars() {
            let room = width - start(&lines);
            if c != ' ' && line.width() + c.width().unwrap_or(0) > room {
                push(&mut lines, &mut line, indent);
            }
            line.push(c);
        }
    }
    if !line.trim().is_empty() || lines.is_empty() {
        push(&mut lines, &mut line, indent);
    }
    lines
}

/// The words with the blanks after them; a number and its unit are one.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let mut from = 0;
    let mut at = 0;
    for piece in text.split_inclusive(' ') {
        at += piece.len();
        let next = text[at..].split(' ').next().unwrap_or("");
        let unit = next.trim_end_matches(|c: char| c.is_ascii_punctuation());
        let number = piece.trim_end().ends_with(|c: char| c.is_ascii_digit());
        if !(number && UNITS.contains(&unit)) {
            words.push(&text[from..at]);
            from = at;
        }
    }
    words.push(&text[from..]);
    words
}

fn push(lines: &mut Vec<String>, line: &mut String, indent: usize) {
    let blanks = if lines.is_empty() { 0 } else { indent };
    lines.push(format!("{}{}", " ".repeat(blanks), line.trim_end()));
    line.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn at_blanks_and_inside_of_long_words() {
        let text = "because of: open 2 (O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC 2), chown 4";
        assert_eq!(wrap(text, None, 2), [text]);
        assert_eq!(
            wrap(text, Some(30), 4),
            [
                "because of: open 2",
                "    (O_WRONLY|O_CREAT|O_APPEND",
                "    |O_CLOEXEC 2), chown 4"
            ]
        );
        assert_eq!(
            wrap("it wrote a file of 256.0 MiB, in 3 steps", Some(26), 0),
            ["it wrote a file of", "256.0 MiB, in 3 steps"]
        );
        assert_eq!(wrap("", Some(30), 4), [""]);
        assert_eq!(wrap("  indented", Some(30), 4), ["  indented"]);
    }

    proptest! {
        #[test]
        fn every_line_fits_and_nothing_is_lost(
            text in "[a-c日 ]{0,200}", width in 1_u16..60, indent in 0_usize..10,
        ) {
            let lines = wrap(&text, Some(width), indent);
            let limit = usize::from(width).max(indent + 20);
            prop_assert!(lines.iter().all(|line| line.width() <= limit), "{lines:?}");
            let without_blanks = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_blanks(&lines.concat()), without_blanks(&text));
        }
    }
}
