//! What an upper directory holds: copies, whiteouts, and what was made in it.

use std::{
    collections::BTreeMap,
    fs::{File, Metadata},
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, ensure};

use super::{holes, layers::Kind};
use crate::{
    kernel::{
        sys::Handle,
        upper::{attribute, handle, inside},
    },
    walk::walk,
};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A character device 0:0.
    Whiteout,
    /// It has an origin: the file handle of the lower file.
    Copy(Handle),
    /// It has none.
    Fresh(Kind),
}

/// What is known of a regular file's contents; nothing of others'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    pub(crate) size: u64,
    /// Those in no hole.
    pub(crate) held: u64,
    /// When it was written to, in seconds and nanoseconds.
    pub(crate) written: (i64, i64),
}

/// A name in an upper directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) what: What,
    /// Number of the upper inode: names with the same one are hard links.
    pub(crate) inode: u64,
    /// A regular file's bytes.
    pub(crate) bytes: Bytes,
    /// It hides what lower layers have below its name.
    pub(crate) opaque: bool,
}

/// Names inside the overlay, and what they stand for.
pub(crate) type Entries = BTreeMap<String, Entry>;

/// Walks an upper directory. Redirects are an error: names would not be those
/// of lower layers.
pub(crate) fn read(upper: &Path) -> Result<Entries> {
    let mut entries = Entries::new();
    walk(upper, &mut |path, metadata| {
        let name = inside(upper, path)?;
        ensure!(attribute(path, "redirect")?.is_none(), "{name}: redirect");
        let what = if metadata.file_type().is_char_device() && metadata.rdev() == 0 {
            What::Whiteout
        } else {
            match attribute(path, "origin")? {
                None => What::Fresh(Kind::of(metadata)),
                Some(value) => {
                    What::Copy(handle(&value).with_context(|| format!("{name}: no handle"))?)
                }
            }
        };
        let entry = Entry {
            what,
            inode: metadata.ino(),
            bytes: bytes(path, metadata)?,
            opaque: attribute(path, "opaque")?.as_deref() == Some(b"y"),
        };
        entries.insert(name, entry);
        Ok(())
    })?;
    Ok(entries)
}

fn bytes(path: &Path, metadata: &Metadata) -> Result<Bytes> {
    if !metadata.is_file() {
        return Ok(Bytes::default());
    }
    let size = metadata.len();
    Ok(Bytes {
        size,
        held: holes::held(&File::open(path)?, size)?,
        written: (metadata.mtime(), metadata.mtime_nsec()),
    })
}
