//! `/proc/PID/mountinfo`, on bytes.
//!
//! The format is that of `show_mountinfo` (`fs/proc_namespace.c`): six fields,
//! optional fields up to a lone `-`, then type, source and superblock options.
//! Values are escaped with three octal digits (space, tab, newline, `\`).

use std::{ffi::OsString, io::BufRead, os::unix::ffi::OsStringExt, path::PathBuf};

use crate::model::DeviceNumber;

/// One overlay line, with its fields still escaped: most lines are copies of
/// lines seen in another mount namespace and are never looked at further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverlayLine<'a> {
    /// Field 3.
    pub(crate) device: DeviceNumber,
    /// Field 5: where it is mounted, from the root of that process.
    pub(crate) mount_point: &'a [u8],
    /// Field 6: the flags of this mount (not of the superblock).
    pub(crate) mount_options: &'a [u8],
    /// The second field after `-`.
    pub(crate) source: &'a [u8],
    /// The third: the superblock's options.
    pub(crate) super_options: &'a [u8],
}

/// Why a line cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    /// A field is missing.
    #[error("'{0}' is missing")]
    Missing(&'static str),
    /// Field 3 is not `MAJOR:MINOR`.
    #[error("the device number is not MAJOR:MINOR")]
    Device,
}

impl<'a> OverlayLine<'a> {
    /// Reads one line; `None` for another file system.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Option<Self>, LineError> {
        let mut rest = line;
        let mut next = |name| take_field(&mut rest).ok_or(LineError::Missing(name));
        next("mount id")?;
        next("parent id")?;
        let device = next("device")?;
        next("root")?;
        let mount_point = next("mount point")?;
        let mount_options = next("mount options")?;
        while next("separator")? != b"-" {}
        if next("file system type")? != b"overlay" {
            return Ok(None);
        }
        let source = next("source")?;
        // The last field, and by far the longest: not looked through here.
        let super_options = rest;
        if super_options.is_empty() {
            return Err(LineError::Missing("superblock options"));
        }
        Ok(Some(Self {
            device: parse_device(device).ok_or(LineError::Device)?,
            mount_point,
            mount_options,
            source,
            super_options,
        }))
    }

    /// Whether this mount, or the superblock, is read-only.
    pub(crate) fn read_only(&self) -> bool {
        let is_ro = |options: &[u8]| options.split(|&b| b == b',').next() == Some(b"ro");
        is_ro(self.mount_options) || is_ro(self.super_options)
    }
}

/// The overlay lines of a mountinfo file. Lines that cannot be read are
/// skipped (and logged): one odd line must not hide the others.
pub(crate) fn overlay_lines(text: &[u8]) -> impl Iterator<Item = OverlayLine<'_>> {
    lines(text)
        .filter(|line| !line.is_empty())
        .filter_map(|line| match OverlayLine::parse(line) {
            Ok(line) => line,
            Err(error) => {
                tracing::debug!(%error, "a line of mountinfo cannot be read");
                None
            }
        })
}

/// `skip_until` searches with `memchr`: hundreds of namespaces with a thousand
/// long lines each are read at the start.
fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let start = text;
        let length = text.skip_until(b'\n').ok().filter(|&length| length > 0)?;
        let line = &start[..length];
        Some(line.strip_suffix(b"\n").unwrap_or(line))
    })
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|&byte| byte == b' ');
    let (field, after) = match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (*rest, &rest[rest.len()..]),
    };
    *rest = after;
    Some(field)
}

/// Undoes the octal escapes; a `\` that starts none stays.
pub(crate) fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, tail)) = rest.split_first() {
        if let (
            b'\\',
            [
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                after @ ..,
            ],
        ) = (byte, tail)
        {
            out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    out
}

/// Bytes of the kernel as a path.
pub(crate) fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

fn parse_device(field: &[u8]) -> Option<DeviceNumber> {
    let (major, minor) = std::str::from_utf8(field).ok()?.split_once(':')?;
    Some(DeviceNumber {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let line = OverlayLine::parse(
            b"58 50 0:42 / /a\\040b ro,relatime shared:2 master:1 - overlay src rw,lowerdir=/l",
        )
        .unwrap()
        .unwrap();
        assert_eq!(
            line.device,
            DeviceNumber {
                major: 0,
                minor: 42
            }
        );
        assert_eq!(unescape(line.mount_point), b"/a b");
        assert_eq!(line.source, b"src");
        assert!(line.read_only(), "the mount flag counts, too");
    }

    #[test]
    fn other_file_systems_and_bad_lines() {
        assert_eq!(
            OverlayLine::parse(b"1 2 8:1 / / rw - ext4 /dev/sda1 rw"),
            Ok(None)
        );
        assert_eq!(
            OverlayLine::parse(b"1 2 0:1 / / rw shared:1"),
            Err(LineError::Missing("separator"))
        );
        assert_eq!(
            OverlayLine::parse(b"1 2 x / / rw - overlay o rw"),
            Err(LineError::Device)
        );
        let text = b"rubbish\n1 2 0:7 / / rw - overlay o rw\n\n";
        assert_eq!(overlay_lines(text).count(), 1);
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape(b"a\\054b\\134\\012"), b"a,b\\\n");
        assert_eq!(unescape(b"\\9\\04\\777\\"), b"\\9\\04\\777\\");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            for line in overlay_lines(&text) {
                prop_assert!(unescape(line.mount_point).len() <= text.len());
            }
        }

        #[test]
        fn unescape_undoes_escape(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut escaped = Vec::new();
            for &byte in &bytes {
                if b" \t\n\\".contains(&byte) {
                    escaped.extend(format!("\\{byte:03o}").bytes());
                } else {
                    escaped.push(byte);
                }
            }
            prop_assert_eq!(unescape(&escaped), bytes);
        }
    }
}
