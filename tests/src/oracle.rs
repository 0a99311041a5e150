//! What an upper directory really holds.
//!
//! A file, directory or symlink that was copied up carries the extended
//! attribute `trusted.overlay.origin`, a file handle of what it was copied
//! from; what was created fresh carries none. On ext4 the handle names the
//! lower inode, so the size of what was copied is known whatever happened to
//! the copy afterwards. A character device 0:0 is a whiteout.
//! (`ovl_set_origin` in `fs/overlayfs/copy_up.c`; `FILEID_INO32_GEN`.)

use std::{
    collections::{HashMap, HashSet},
    ffi::CString,
    fs::Metadata,
    os::unix::{ffi::OsStrExt as _, fs::FileTypeExt as _, fs::MetadataExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{docker::Layers, walk::walk};

/// The contents of an upper directory, sorted out. Paths are those inside the
/// overlay, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Upper {
    /// Copied-up regular files, with the size of the lower file.
    pub(crate) data: Vec<(String, u64)>,
    /// Copied-up directories.
    pub(crate) directories: Vec<String>,
    /// Copied-up symlinks.
    pub(crate) symlinks: Vec<String>,
    /// Copied-up devices, FIFOs and sockets.
    pub(crate) special: Vec<String>,
    /// Whiteouts.
    pub(crate) whiteouts: Vec<String>,
    /// Everything created fresh.
    pub(crate) fresh: Vec<String>,
}

impl Upper {
    /// Walks the upper directory of an overlay.
    pub(crate) fn read(layers: &Layers) -> Result<Self> {
        let mut sizes = HashMap::new();
        for lower in &layers.lowers {
            walk(lower, &mut |_, metadata| {
                sizes.insert(inode_of(metadata), metadata.len());
                Ok(())
            })?;
        }
        let mut upper = Self::default();
        let mut copied = HashSet::new();
        walk(&layers.upper, &mut |path, metadata| {
            // A name that was linked to a copied file later is not a copy: the
            // copy has the name that a lower layer has.
            let inside = path.strip_prefix(&layers.upper)?;
            let in_lower = layers
                .lowers
                .iter()
                .any(|lower| lower.join(inside).symlink_metadata().is_ok());
            if metadata.is_file() && metadata.nlink() > 1 && !in_lower {
                return Ok(());
            }
            if metadata.is_file() && !copied.insert(metadata.ino()) {
                return Ok(());
            }
            upper.sort_in(layers, path, metadata, &sizes)
        })?;
        for list in [
            &mut upper.directories,
            &mut upper.symlinks,
            &mut upper.special,
            &mut upper.whiteouts,
            &mut upper.fresh,
        ] {
            list.sort();
        }
        upper.data.sort();
        Ok(upper)
    }

    fn sort_in(
        &mut self,
        layers: &Layers,
        path: &Path,
        metadata: &Metadata,
        sizes: &HashMap<u32, u64>,
    ) -> Result<()> {
        let relative = path.strip_prefix(&layers.upper)?;
        let inside = format!("/{}", relative.display());
        let file_type = metadata.file_type();
        if file_type.is_char_device() && metadata.rdev() == 0 {
            self.whiteouts.push(inside);
            return Ok(());
        }
        let Some(origin) = origin(path)? else {
            self.fresh.push(inside);
            return Ok(());
        };
        if file_type.is_dir() {
            self.directories.push(inside);
        } else if file_type.is_symlink() {
            self.symlinks.push(inside);
        } else if file_type.is_file() {
            let size = match origin {
                Origin::Inode(inode) => sizes.get(&inode).copied(),
                Origin::Somewhere => layers.lowers.iter().find_map(|lower| {
                    let metadata = lower.join(relative).symlink_metadata().ok()?;
                    Some(metadata.len())
                }),
            };
            let size =
                size.with_context(|| format!("the origin of {inside} is in no lower layer"))?;
            self.data.push((inside, size));
        } else {
            self.special.push(inside);
        }
        Ok(())
    }

    /// Sum of the sizes of the copied files.
    pub(crate) fn bytes(&self) -> u64 {
        self.data.iter().map(|(_, size)| size).sum()
    }

    /// Paths of the copied files.
    pub(crate) fn data_paths(&self) -> Vec<String> {
        self.data.iter().map(|(path, _)| path.clone()).collect()
    }
}

/// ext4's inode numbers have 32 bits.
fn inode_of(metadata: &Metadata) -> u32 {
    metadata.ino() as u32
}

/// Where the handle begins in `struct ovl_fb` (`fs/overlayfs/overlayfs.h`):
/// behind version, magic, length, flags, type (1 byte each) and uuid.
const HANDLE: usize = 5 + 16;

/// A handle of an inode number and a generation, of 32 bits each
/// (`include/linux/exportfs.h`).
const FILEID_INO32_GEN: u8 = 1;

/// Where a copy comes from.
enum Origin {
    /// The inode number of the lower file.
    Inode(u32),
    /// A rootless mounter may not have file handles, and notes nothing but that
    /// it is a copy (`ovl_set_origin_fh`).
    Somewhere,
}

/// What `trusted.overlay.origin` says; `None` without one.
fn origin(path: &Path) -> Result<Option<Origin>> {
    // A rootless overlay (`userxattr`) may not write the trusted one.
    let value = match attribute(path, c"trusted.overlay.origin")? {
        None => attribute(path, c"user.overlay.origin")?,
        value => value,
    };
    let Some(value) = value else {
        return Ok(None);
    };
    if value.is_empty() {
        return Ok(Some(Origin::Somewhere));
    }
    ensure!(
        value.len() >= HANDLE + 4 && value[4] == FILEID_INO32_GEN,
        "{}: the oracle needs layers on ext4 (origin {value:?})",
        path.display()
    );
    let inode = [
        value[HANDLE],
        value[HANDLE + 1],
        value[HANDLE + 2],
        value[HANDLE + 3],
    ];
    Ok(Some(Origin::Inode(u32::from_ne_bytes(inode))))
}

/// An extended attribute of a file itself; `None` without one.
fn attribute(path: &Path, name: &std::ffi::CStr) -> Result<Option<Vec<u8>>> {
    let c_path = CString::new(path.as_os_str().as_bytes())?;
    let mut value = vec![0_u8; 256];
    // SAFETY: both strings end with NUL, the buffer has the given length.
    let length = unsafe {
        libc::lgetxattr(
            c_path.as_ptr(),
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    };
    if let Ok(length) = usize::try_from(length) {
        value.truncate(length);
        return Ok(Some(value));
    }
    let error = std::io::Error::last_os_error();
    match error.raw_os_error() {
        // Symlinks and devices have no `user.` attributes (xattr(7)).
        Some(libc::ENODATA | libc::EPERM) => Ok(None),
        _ => bail!("{}: {}: {error}", path.display(), name.to_string_lossy()),
    }
}
