//! As much of Protocol Buffers as the CRI's messages need.

/// A message in the making. What is empty or 0 is left out, as it means that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// A message without fields.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a string.
    pub(crate) fn text(self, field: u32, text: &str) -> Self {
        if text.is_empty() {
            self
        } else {
            self.bytes(field, text.as_bytes())
        }
    }

    /// Adds a message.
    pub(crate) fn message(self, field: u32, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// Adds entries of a map of strings.
    pub(crate) fn map(self, field: u32, entries: &[(&str, &str)]) -> Self {
        entries.iter().fold(self, |message, (key, value)| {
            message.message(field, &Self::new().text(1, key).text(2, value))
        })
    }

    /// Adds a number.
    pub(crate) fn number(mut self, field: u32, number: u64) -> Self {
        if number != 0 {
            self.varint(u64::from(field) << 3);
            self.varint(number);
        }
        self
    }

    /// Its bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The last value of a string, bytes or message field.
pub(crate) fn bytes(message: &[u8], field: u64) -> Option<&[u8]> {
    match value(message, field)? {
        Value::Bytes(bytes) => Some(bytes),
        Value::Number(_) => None,
    }
}

/// The last value of a number field; 0 without one.
pub(crate) fn number(message: &[u8], field: u64) -> u64 {
    match value(message, field) {
        Some(Value::Number(number)) => number,
        _ => 0,
    }
}

fn value(mut rest: &[u8], field: u64) -> Option<Value<'_>> {
    let mut found = None;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut rest)?),
            1 => Value::Bytes(take(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                Value::Bytes(take(&mut rest, length)?)
            }
            5 => Value::Bytes(take(&mut rest, 4)?),
            _ => return None,
        };
        if key >> 3 == field {
            found = Some(value);
        }
    }
    found
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *take(rest, 1)?.first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let inner = Message::new().text(1, "a").number(3, 300);
        let outer = Message::new()
            .text(1, "")
            .number(2, 0)
            .message(15, &inner)
            .map(6, &[("k", "v")])
            .finish();
        assert_eq!(
            outer,
            b"\x7a\x06\x0a\x01a\x18\xac\x02\x32\x06\x0a\x01k\x12\x01v"
        );
        let inner = bytes(&outer, 15).unwrap();
        assert_eq!(bytes(inner, 1), Some(&b"a"[..]));
        assert_eq!(number(inner, 3), 300);
        assert_eq!(number(inner, 4), 0);
        assert_eq!(bytes(&outer, 9), None);
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let message = Message::new().text(1, "abc").finish();
        assert_eq!(bytes(&message[..3], 1), None);
    }
}
