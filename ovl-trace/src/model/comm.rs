//! Names of processes and of file system types, kept where they are used: an
//! event has one of each, and a million events would allocate two million.

use std::{fmt, ops::Deref};

/// `comm` as the kernel has it: up to 15 bytes, any but NUL.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Comm([u8; Self::BYTES]);

impl Comm {
    /// `TASK_COMM_LEN`
    const BYTES: usize = 16;

    /// Up to the first NUL. What does not fit is cut, as the kernel does.
    pub fn new(name: &[u8]) -> Self {
        Self(padded(name))
    }
}

impl Deref for Comm {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        name(&self.0)
    }
}

impl From<&[u8]> for Comm {
    fn from(name: &[u8]) -> Self {
        Self::new(name)
    }
}

impl<const N: usize> From<&[u8; N]> for Comm {
    fn from(name: &[u8; N]) -> Self {
        Self::new(name)
    }
}

impl From<Vec<u8>> for Comm {
    fn from(name: Vec<u8>) -> Self {
        Self::new(&name)
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Comm {
    fn eq(&self, other: &&[u8; N]) -> bool {
        **self == other[..]
    }
}

impl fmt::Debug for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

/// The type of a file system (`file_system_type.name`): visible ASCII characters,
/// 16 of them at most, and at least one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FileSystemName([u8; Self::BYTES]);

impl FileSystemName {
    const BYTES: usize = 16;

    /// Up to the first NUL. `None` if that is no such name, or too long for one.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let padded = padded(bytes);
        // The rest of it may be behind the bytes that were taken.
        if bytes.len() > Self::BYTES && padded[Self::BYTES - 1] != 0 && bytes[Self::BYTES] != 0 {
            return None;
        }
        let word = u128::from_le_bytes(padded);
        // The highest bit of each byte that is at least this, if all are ASCII.
        let at_least = |byte: u128| (word + ONES * (0x80 - byte)) & HIGHEST;
        let is_ascii = word & HIGHEST == 0;
        let is_name = is_ascii && word != 0 && at_least(0x7f) == 0 && at_least(0x21) == at_least(1);
        is_name.then_some(Self(padded))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        // It was checked to be ASCII.
        str::from_utf8(name(&self.0)).unwrap_or_default()
    }
}

impl fmt::Debug for FileSystemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The bytes up to the first NUL, as one number: as the kernel has them there are
/// 16, and each event has two names.
fn padded(bytes: &[u8]) -> [u8; 16] {
    let mut all = [0; 16];
    let all = bytes.first_chunk().unwrap_or_else(|| {
        all[..bytes.len()].copy_from_slice(bytes);
        &all
    });
    let word = u128::from_le_bytes(*all);
    let nul = word.wrapping_sub(ONES) & !word & HIGHEST;
    // The lowest bit that is set belongs to the first NUL: what is below it stays, and
    // everything, if there is none.
    let name = word & (nul & nul.wrapping_neg()).wrapping_sub(1);
    name.to_le_bytes()
}

/// The lowest and the highest bit of each byte.
const ONES: u128 = u128::MAX / 255;
const HIGHEST: u128 = ONES << 7;

fn name(padded: &[u8]) -> &[u8] {
    let end = padded.iter().position(|byte| *byte == 0);
    &padded[..end.unwrap_or(padded.len())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_is_as_the_kernel_has_it(
            a in prop::collection::vec(1_u8..=255, 0..=16),
            b in prop::collection::vec(1_u8..=255, 0..=16),
        ) {
            prop_assert_eq!(&*Comm::new(&a), a.as_slice());
            let padded = [a.as_slice(), b"\0rest"].concat();
            prop_assert_eq!(Comm::new(&padded), Comm::new(&a));
            // The order of the names themselves, which reports are sorted by.
            prop_assert_eq!(Comm::new(&a).cmp(&Comm::new(&b)), a.cmp(&b));
        }
    }

    #[test]
    fn types_of_file_systems() {
        let text = |bytes: &[u8]| FileSystemName::new(bytes).map(|it| it.as_str().to_owned());
        assert_eq!(text(b"ext4\0\0\0").as_deref(), Some("ext4"));
        assert_eq!(
            text(b"fuse.0123456789a").as_deref(),
            Some("fuse.0123456789a")
        );
        for bad in [&b""[..], b"\0", b"a b", b"\xff", b"0123456789abcdefg"] {
            assert_eq!(text(bad), None, "{bad:?}");
        }
    }
}
