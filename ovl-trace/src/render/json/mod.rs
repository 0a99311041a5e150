//! JSON, as the interface names it. The types here are the contract; the
//! model may change without them.
//!
//! Names are strings: valid UTF-8 as it is; otherwise with U+FFFD in place of
//! what is not UTF-8, and a second field, `…_bytes`, with all bytes in
//! hexadecimal, so that nothing is lost. What a terminal could obey is
//! escaped as `\uNNNN`, which every JSON reader turns back.

mod event;
mod identity;
mod writer;

pub use event::write_event;
pub(crate) use event::{result, rfc3339};
pub use identity::{ContainerJson, MountJson};
pub(crate) use identity::{path, paths};
pub use writer::{to_writer, to_writer_long, to_writer_pretty};

use std::{borrow::Cow, fmt::Write as _};

/// A name as a JSON string, and its bytes in hexadecimal if the string could
/// not hold them.
pub(crate) fn name(bytes: &[u8]) -> (Cow<'_, str>, Option<String>) {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => (Cow::Borrowed(text), None),
        Cow::Owned(text) => (Cow::Owned(text), Some(hex(bytes))),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _: std::fmt::Result = write!(text, "{byte:02x}");
        text
    })
}
