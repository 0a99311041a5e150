//! Keys out of the bytes that a terminal sends.
//!
//! The terminal is read by the one task that also reads the ring, so a key may
//! never be waited for: whatever one `read` gave is parsed here, and what is
//! not complete yet is kept for the next. What has no meaning is dropped.

/// A key that means something to the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character, as typed.
    Char(char),
    /// With Control held: `a` to `z`.
    Control(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Tab,
    BackTab,
    Backspace,
    Escape,
}

const ESC: u8 = 0x1b;

/// Longest sequence that is waited for; a longer one is no key.
const SEQUENCE_MAX: usize = 16;

/// The beginning of a key whose rest has not come yet.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    rest: Vec<u8>,
}

impl Keys {
    /// The keys that are complete. An escape at the very end is the key itself:
    /// terminals send a sequence in one piece.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.rest.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut at = 0;
        while at < self.rest.len() {
            let (length, key) = match next(&self.rest[at..]) {
                Parsed::Key(length, key) => (length, key),
                Parsed::Partial if self.rest.len() - at < SEQUENCE_MAX => break,
                Parsed::Partial => (1, None),
            };
            keys.extend(key);
            at += length;
        }
        self.rest.drain(..at);
        keys
    }
}

enum Parsed {
    /// So many bytes, and what they mean.
    Key(usize, Option<Key>),
    Partial,
}

fn next(bytes: &[u8]) -> Parsed {
    let one = |key| Parsed::Key(1, key);
    match bytes[0] {
        ESC => escape(bytes),
        b'\r' | b'\n' => one(Some(Key::Enter)),
        b'\t' => one(Some(Key::Tab)),
        0x7f | 0x08 => one(Some(Key::Backspace)),
        byte @ 1..=26 => one(Some(Key::Control(char::from(byte - 1 + b'a')))),
        ..0x20 => one(None),
        _ => character(bytes),
    }
}

fn character(bytes: &[u8]) -> Parsed {
    let length = match bytes[0] {
        ..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        _ => return Parsed::Key(1, None),
    };
    let Some(bytes) = bytes.get(..length) else {
        return Parsed::Partial;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Parsed::Key(length, text.chars().next().map(Key::Char)),
        Err(_) => Parsed::Key(1, None),
    }
}

/// `ESC [ parameters final`, `ESC O final`, or the key itself.
fn escape(bytes: &[u8]) -> Parsed {
    match bytes.get(1) {
        Some(b'[') => {
            let body = &bytes[2..];
            match body.iter().position(|byte| (0x40..0x7f).contains(byte)) {
                Some(end) => Parsed::Key(end + 3, sequence(&body[..end], body[end])),
                None => Parsed::Partial,
            }
        }
        Some(b'O') => match bytes.get(2) {
            Some(last) => Parsed::Key(3, sequence(b"", *last)),
            None => Parsed::Partial,
        },
        // Alone, twice, or another key with Alt: the escape counts alone.
        _ => Parsed::Key(1, Some(Key::Escape)),
    }
}

fn sequence(parameters: &[u8], last: u8) -> Option<Key> {
    let number = parameters.split(|byte| *byte == b';').next();
    Some(match (last, number) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'H', _) | (b'~', Some(b"1" | b"7")) => Key::Home,
        (b'F', _) | (b'~', Some(b"4" | b"8")) => Key::End,
        (b'Z', _) => Key::BackTab,
        (b'~', Some(b"5")) => Key::PageUp,
        (b'~', Some(b"6")) => Key::PageDown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().feed(bytes)
    }

    #[test]
    fn characters_and_controls() {
        assert_eq!(
            keys("sß日\x03\x15\r\t\x7f\x08\0".as_bytes()),
            [
                Key::Char('s'),
                Key::Char('ß'),
                Key::Char('日'),
                Key::Control('c'),
                Key::Control('u'),
                Key::Enter,
                Key::Tab,
                Key::Backspace,
                Key::Backspace,
            ]
        );
    }

    #[test]
    fn the_same_key_from_several_terminals() {
        for (bytes, key) in [
            (&b"\x1b[A"[..], Key::Up),
            (b"\x1bOA", Key::Up),
            (b"\x1b[1;5B", Key::Down),
            (b"\x1b[H", Key::Home),
            (b"\x1b[1~", Key::Home),
            (b"\x1bOF", Key::End),
            (b"\x1b[4~", Key::End),
            (b"\x1b[5~", Key::PageUp),
            (b"\x1b[6~", Key::PageDown),
            (b"\x1b[Z", Key::BackTab),
        ] {
            assert_eq!(keys(bytes), [key], "{bytes:?}");
        }
    }

    #[test]
    fn escape_alone_and_before_others() {
        assert_eq!(keys(b"\x1b"), [Key::Escape]);
        assert_eq!(keys(b"\x1b\x1b"), [Key::Escape, Key::Escape]);
        assert_eq!(keys(b"\x1bq"), [Key::Escape, Key::Char('q')]);
    }

    #[test]
    fn a_key_in_two_pieces_is_one_key() {
        let mut keys = Keys::default();
        assert_eq!(keys.feed(b"\x1b["), []);
        assert_eq!(keys.feed(b"6~\xe6"), [Key::PageDown]);
        assert_eq!(keys.feed(b"\x97\xa5q"), [Key::Char('日'), Key::Char('q')]);
    }

    #[test]
    fn unknown_sequences_are_not_text() {
        // Insert, F5, a mouse report, a focus report.
        assert_eq!(
            keys(b"\x1b[2~\x1b[15~\x1b[<0;3;4M\x1b[Iq"),
            [Key::Char('q')]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_and_memory_stays_small(
            pieces in proptest::collection::vec(any::<Vec<u8>>(), 0..20),
        ) {
            let mut keys = Keys::default();
            for piece in pieces {
                keys.feed(&piece);
                prop_assert!(keys.rest.len() < SEQUENCE_MAX);
            }
        }
    }
}
