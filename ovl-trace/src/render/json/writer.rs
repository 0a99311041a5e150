//! JSON without anything that a terminal would obey.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::render::sanitize;

/// What is made before it is written.
const BUFFER_BYTES: usize = 32 << 10;

/// Writes a value as one line, with its newline.
pub fn to_writer(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    write(out, value, CompactFormatter)
}

/// Writes a value indented, with a newline at the end, as it is made: it may be
/// larger than everything else in memory.
pub fn to_writer_pretty(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    stream(out, value, PrettyFormatter::new())
}

/// The same as one line.
pub fn to_writer_long(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    stream(out, value, CompactFormatter)
}

fn stream(out: &mut dyn Write, value: &impl Serialize, inner: impl Formatter) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    value.serialize(&mut Serializer::with_formatter(&mut out, Harmless(inner)))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The value is serialised before anything is written, so that a line is
/// whole or absent.
fn write(out: &mut dyn Write, value: &impl Serialize, inner: impl Formatter) -> io::Result<()> {
    let mut line = Vec::with_capacity(1024);
    value.serialize(&mut Serializer::with_formatter(&mut line, Harmless(inner)))?;
    line.push(b'\n');
    out.write_all(&line)
}

/// Escapes what JSON allows in a string but a terminal must not get: DEL, C1
/// controls, and characters without a glyph. (JSON itself already escapes the
/// ASCII controls.)
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W>(&mut self, out: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some((index, c)) = rest
            .char_indices()
            .find(|&(_, c)| !sanitize::is_harmless(c))
        {
            out.write_all(&rest.as_bytes()[..index])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[index + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(value: &str) -> String {
        let mut out = Vec::new();
        to_writer(&mut out, &value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn controls_and_invisible_characters_are_escaped() {
        assert_eq!(
            line("a\x1b\u{7f}\u{9b}\u{202e}\u{e0041}ä\"\\"),
            "\"a\\u001b\\u007f\\u009b\\u202e\\udb40\\udc41ä\\\"\\\\\"\n"
        );
    }

    #[test]
    fn pretty_output_is_indented_and_escaped() {
        let mut out = Vec::new();
        to_writer_pretty(&mut out, &serde_json::json!({"a": ["\u{9b}"]})).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\n  \"a\": [\n    \"\\u009b\"\n  ]\n}\n"
        );
    }

    proptest! {
        #[test]
        fn readers_get_the_same_string_back(text in any::<String>()) {
            let line = line(&text);
            prop_assert!(line.trim_end_matches('\n').chars().all(sanitize::is_harmless));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
