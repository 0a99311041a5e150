//! What the lower layers of an overlay hold, looked up by name.

use std::{
    collections::BTreeSet,
    fs::{self, File, Metadata},
    io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::holes;
use crate::kernel::sys::{self, Handle};

/// What a name stands for, in the words of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Data,
    Directory,
    Symlink,
    Special,
}

impl Kind {
    /// All, in the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::Data, Self::Directory, Self::Symlink, Self::Special];

    pub(crate) fn of(metadata: &Metadata) -> Self {
        let kind = metadata.file_type();
        if kind.is_file() {
            Self::Data
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Symlink
        } else {
            Self::Special
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Special => "special",
        }
    }
}

/// A file in a lower layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lower {
    pub(crate) kind: Kind,
    /// Size of a regular file; 0 of all others.
    pub(crate) size: u64,
    /// What a copy-up of all its data has to move: no holes.
    pub(crate) data: u64,
    /// When it was written to, in seconds and nanoseconds. A copy has the same
    /// until somebody writes to it.
    pub(crate) written: (i64, i64),
    /// What its copy has in `overlay.origin`; `None` if it has no such
    /// attribute, like one of several hard links (without `index=on`;
    /// `ovl_copy_up_one`, `fs/overlayfs/copy_up.c`).
    pub(crate) origin: Option<Handle>,
}

/// Where names of lower layers are looked up.
pub(crate) trait Layers {
    /// The file that an overlay without an upper layer shows as `path`.
    fn find(&self, path: &str) -> Result<Option<Lower>>;

    /// The names in a directory, likewise.
    fn children(&self, path: &str) -> Result<BTreeSet<String>>;
}

/// Directories, the topmost layer first.
pub(crate) struct Directories(pub(crate) Vec<PathBuf>);

impl Layers for Directories {
    fn find(&self, path: &str) -> Result<Option<Lower>> {
        for layer in &self.0 {
            match look_up(layer, path)? {
                Found::File(file, metadata) => return lower(&file, &metadata).map(Some),
                Found::Hidden => return Ok(None),
                Found::Nothing => {}
            }
        }
        Ok(None)
    }

    fn children(&self, path: &str) -> Result<BTreeSet<String>> {
        let mut children = BTreeSet::new();
        for layer in &self.0 {
            match look_up(layer, path)? {
                Found::File(directory, metadata) if metadata.is_dir() => {
                    for entry in fs::read_dir(directory)? {
                        let name = entry?.file_name();
                        children.insert(format!("{path}/{}", name.display()));
                    }
                }
                Found::Nothing => {}
                _ => break,
            }
        }
        Ok(children)
    }
}

enum Found {
    File(PathBuf, Metadata),
    /// Something that is no directory is in the way, also of layers below.
    Hidden,
    Nothing,
}

/// Follows no links: names in an overlay are those of directory entries.
fn look_up(layer: &Path, path: &str) -> Result<Found> {
    let mut at = layer.to_owned();
    let mut metadata = None::<Metadata>;
    for component in Path::new(path).components() {
        let Component::Normal(name) = component else {
            continue;
        };
        if metadata.is_some_and(|metadata| !metadata.is_dir()) {
            return Ok(Found::Hidden);
        }
        at.push(name);
        metadata = match fs::symlink_metadata(&at) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error).with_context(|| at.display().to_string()),
        };
    }
    Ok(metadata.map_or(Found::Nothing, |metadata| {
        if metadata.file_type().is_char_device() && metadata.rdev() == 0 {
            Found::Hidden
        } else {
            Found::File(at, metadata)
        }
    }))
}

fn lower(file: &Path, metadata: &Metadata) -> Result<Lower> {
    let kind = Kind::of(metadata);
    let size = if kind == Kind::Data {
        metadata.len()
    } else {
        0
    };
    let data = if size > 0 {
        holes::copied_up(&File::open(file)?, size)?
    } else {
        0
    };
    let origin = if kind == Kind::Directory || metadata.nlink() == 1 {
        Some(sys::handle(file)?)
    } else {
        None
    };
    Ok(Lower {
        kind,
        size,
        data,
        written: (metadata.mtime(), metadata.mtime_nsec()),
        origin,
    })
}
