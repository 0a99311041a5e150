//! A bolt database at a path, with its one warning.

use std::{cell::Cell, io, path::PathBuf};

use super::{
    bolt::{self, Error, Transaction},
    root::Root,
};

/// A database of a daemon. What cannot be read is not known, and said once.
#[derive(Debug)]
pub(crate) struct Database {
    root: Root,
    path: PathBuf,
    warned: Cell<bool>,
}

impl Database {
    pub(crate) fn new(root: &Root, path: PathBuf) -> Self {
        Self {
            root: root.clone(),
            path,
            warned: Cell::new(false),
        }
    }

    /// Answers a question from one state of the database (see [`bolt::read`]).
    /// `None` if it cannot be answered.
    pub(crate) fn read<T>(
        &self,
        query: impl FnMut(&Transaction<'_>) -> Result<T, Error>,
    ) -> Option<T> {
        let answer = match self.root.open_database(&self.path) {
            Ok(file) => bolt::read(&file, query),
            Err(error) => Err(error.into()),
        };
        answer.inspect_err(|error| self.warn(error)).ok()
    }

    /// Whether there is such a file.
    pub(crate) fn exists(&self) -> bool {
        self.root.stamp(&self.path).is_ok()
    }

    fn warn(&self, error: &Error) {
        if self.warned.replace(true) {
            return;
        }
        // A path of another mount namespace: the same daemon may be seen twice.
        let path = self.path.display();
        match error {
            Error::Io(missing) if missing.kind() == io::ErrorKind::NotFound => {
                tracing::debug!("there is no '{path}'");
            }
            Error::Busy => tracing::warn!(
                "'{path}' changed during every attempt to read it; what it describes stays \
                 unnamed until a later attempt"
            ),
            _ => tracing::warn!(
                "'{path}' cannot be read: {error}; containers or layers that only it describes \
                 have no names"
            ),
        }
    }
}

/// A number as Go's `encoding/binary` writes it with `PutUvarint`; `None` if
/// it is cut off or too large. Also how many bytes it takes.
pub(crate) fn uvarint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7f);
        if at == 9 && bits > 1 {
            return None;
        }
        value |= bits << (7 * at);
        if byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (bytes, expected) in [
            (&[0x06][..], Some((6, 1))),
            (&[0xb8, 0x04, 0xff], Some((568, 2))),
            (&[0xff; 9], None),
            (&[], None),
            (&[0x80], None),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                Some((u64::MAX, 10)),
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
                None,
            ),
        ] {
            assert_eq!(uvarint(bytes), expected, "{bytes:x?}");
        }
    }
}
