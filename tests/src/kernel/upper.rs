//! What an upper directory holds, in words.
//!
//! | words | found |
//! |---|---|
//! | `copy of /f` | `overlay.origin` is the file handle of the lower `/f` |
//! | `new` | no origin: made in the overlay, or a copy of a file with several links without `index=on` |
//! | `whiteout` | a character device 0:0 |
//!
//! and after those `metacopy`, `redirect` and `opaque`, where the attribute is
//! there. The handle is compared with what `name_to_handle_at` says of the
//! lower files, so it does not matter what the file system puts in it.
//! (`struct ovl_fb` and `ovl_set_origin`, fs/overlayfs of 5.10 to 7.3.)

use std::{
    collections::{BTreeMap, HashMap},
    ffi::CString,
    fs::Metadata,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::sys::{self, Handle};
use crate::walk::walk;

/// Paths inside the overlay, and what is there.
pub(crate) type Entries = BTreeMap<String, String>;

/// The names in lower layers, by their file handles. Of several links to one
/// file, the first counts.
pub(crate) struct Origins {
    names: HashMap<Handle, String>,
    handles: HashMap<String, Handle>,
}

impl Origins {
    /// Of lower layers, the topmost first.
    pub(crate) fn read(lowers: &[PathBuf]) -> Result<Self> {
        let mut origins = Self {
            names: HashMap::new(),
            handles: HashMap::new(),
        };
        for lower in lowers {
            let mut found = Vec::new();
            walk(lower, &mut |path, _| {
                // An overlay as a lower layer has no handles.
                if let Ok(handle) = sys::handle(path) {
                    found.push((inside(lower, path)?, handle));
                }
                Ok(())
            })?;
            found.sort();
            for (name, handle) in found {
                origins
                    .names
                    .entry(handle.clone())
                    .or_insert_with(|| name.clone());
                origins.handles.entry(name).or_insert(handle);
            }
        }
        Ok(origins)
    }

    /// What a copy of this lower file is called.
    pub(crate) fn copy_of(&self, name: &str) -> String {
        let first = self
            .handles
            .get(name)
            .and_then(|handle| self.names.get(handle));
        format!("copy of {}", first.map_or(name, String::as_str))
    }
}

/// Walks an upper directory.
pub(crate) fn read(upper: &Path, origins: &Origins) -> Result<Entries> {
    let mut entries = Entries::new();
    walk(upper, &mut |path, metadata| {
        entries.insert(inside(upper, path)?, describe(path, metadata, origins)?);
        Ok(())
    })?;
    Ok(entries)
}

fn describe(path: &Path, metadata: &Metadata, origins: &Origins) -> Result<String> {
    if metadata.file_type().is_char_device() && metadata.rdev() == 0 {
        return Ok("whiteout".to_owned());
    }
    let mut words = match attribute(path, "origin")? {
        None => "new".to_owned(),
        Some(value) => match handle(&value) {
            None => "copy".to_owned(),
            Some(handle) => format!(
                "copy of {}",
                origins.names.get(&handle).map_or("nothing", String::as_str)
            ),
        },
    };
    for name in ["metacopy", "redirect"] {
        if attribute(path, name)?.is_some() {
            words.push(' ');
            words.push_str(name);
        }
    }
    // "x": it may hold whiteouts that are extended attributes.
    if attribute(path, "opaque")?.as_deref() == Some(b"y") {
        words.push_str(" opaque");
    }
    Ok(words)
}

/// An attribute of overlayfs, whichever prefix the mount uses.
pub(crate) fn attribute(path: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    for prefix in ["trusted", "user"] {
        let full = CString::new(format!("{prefix}.overlay.{name}"))?;
        let value =
            sys::getxattr(path, &full).with_context(|| format!("{}: {name}", path.display()))?;
        if value.is_some() {
            return Ok(value);
        }
    }
    Ok(None)
}

/// The handle in an origin: behind version, magic, length and flags (1 byte
/// each) its type, then the file system's uuid, then itself. Empty if the
/// lower file system has none.
pub(crate) fn handle(origin: &[u8]) -> Option<Handle> {
    const TYPE: usize = 4;
    const UUID_BYTES: usize = 16;
    let kind = *origin.get(TYPE)?;
    let bytes = origin.get(TYPE + 1 + UUID_BYTES..)?;
    Some((kind, bytes.to_vec()))
}

/// The name inside the overlay.
pub(crate) fn inside(root: &Path, path: &Path) -> Result<String> {
    Ok(format!("/{}", path.strip_prefix(root)?.display()))
}
