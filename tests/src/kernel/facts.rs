//! What this kernel and this file system do, in which they differ from others.
//! Found by trying; only what cannot be tried goes by the kernel's release.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use super::{
    bytes, case::Case, expected, expected::Expected, int80, layer::MIB, mapped, merged::Merged,
    sys, uring,
};

/// The differences.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and no state"
)]
pub(crate) struct Facts {
    /// Copy-ups within the file system share extents. Btrfs refuses on 5.10,
    /// where overlayfs reads and writes through two mounts.
    pub(crate) reflink: bool,
    /// `O_TMPFILE` on an overlay, from 6.3 on.
    pub(crate) tmpfile: bool,
    /// A directory that is made in a merged one is marked opaque: up to 5.14.
    pub(crate) new_directories_are_opaque: bool,
    /// Extended attributes `user.*`; on tmpfs from 6.6 on.
    pub(crate) user_attributes: bool,
    /// An unprivileged user namespace may mount an overlay, from 5.11 on.
    pub(crate) user_namespaces: bool,
    /// POSIX ACLs.
    pub(crate) acl: bool,
    /// The mount option `fsync=strict`: 6.12.117 and 7.2, not 6.18.
    pub(crate) fsync_strict: bool,
    /// Attributes of regular files and directories are synced without being
    /// asked, unless `metacopy=on`: from 6.12 on, until that became what
    /// `fsync=strict` asks for ("ovl: fsync after metadata copy-up").
    pub(crate) attributes_are_synced: bool,
    /// Layers with mapped ids, from 5.19 on, where the file system can map.
    pub(crate) mapped_layers: bool,
    /// A clone is not synced afterwards, from 5.16 or so on.
    pub(crate) clones_are_not_synced: bool,
    /// `io_uring`, and that an administrator left it on.
    pub(crate) io_uring: bool,
    /// A lower file can be immutable, and the overlay's file is so, too, until that is changed:
    /// from 5.15 on, where the file system has such flags.
    pub(crate) inode_flags: bool,
    /// The mount option `verity=require`, from 6.6 on.
    pub(crate) verity_required: bool,
    /// Attributes named `trusted.overlay.*` can be set on an overlay: from 6.7 on.
    pub(crate) nested_marks: bool,
    /// 32-bit system calls of 64-bit programs.
    pub(crate) int80: bool,
    /// A running program of an overlay cannot be opened for writing: from 5.15 on. Before, only
    /// the mappings of it, which are of the lower file, forbade that.
    pub(crate) programs_are_busy: bool,
}

impl Facts {
    /// Tries it out below two directories.
    pub(crate) fn find(lower: &Path, upper: &Path) -> Result<Self> {
        let probe = Case::new("facts")
            .lower(|layer| layer.file("file", MIB))
            .lower(|layer| layer.file("merged/file", 1));
        let merged = Merged::new(&probe, lower, upper)?;
        merged.touch("file").context("copying up")?;
        let reflink = bytes::is_shared(&merged.upper.join("file"))?;
        merged.mkdir("merged/new")?;
        let opaque = sys::getxattr(&merged.upper.join("merged/new"), c"trusted.overlay.opaque")?;
        let tmpfile = merged.open("", libc::O_TMPFILE | libc::O_RDWR).is_ok();
        let file = merged.upper.join("file");
        let user_attributes = sys::setxattr(&file, c"user.probe", b"1").is_ok();
        let acl = sys::setxattr(&file, super::topics::ACL_NAME, super::topics::ACL).is_ok();
        let nested_marks =
            sys::setxattr(&merged.at("merged"), c"trusted.overlay.opaque", b"y").is_ok();
        sys::umount(&merged.root)?;
        let flagged = sys::open(&file, libc::O_RDONLY)?;
        let inode_flags = release()? >= (5, 15)
            && sys::set_flags(&flagged, sys::FS_IMMUTABLE_FL).is_ok()
            && sys::set_flags(&flagged, 0).is_ok();
        let verity_required = mounts(lower, upper, "metacopy=on,redirect_dir=on,verity=require")?;
        let fsync_strict = mounts(lower, upper, "fsync=strict")?;
        let mapped_layers = mapped::is_possible(lower, upper)?;
        Ok(Self {
            reflink,
            tmpfile,
            new_directories_are_opaque: opaque.is_some(),
            user_attributes,
            user_namespaces: release()? >= (5, 11),
            acl,
            fsync_strict,
            attributes_are_synced: release()? >= (6, 12) && !fsync_strict,
            mapped_layers,
            clones_are_not_synced: release()? >= (5, 16),
            io_uring: uring::is_possible(),
            inode_flags,
            verity_required,
            nested_marks,
            int80: int80::is_possible(),
            programs_are_busy: release()? >= (5, 15),
        })
    }

    /// A regular file that is copied up with all its data, from the file
    /// system of the upper layer.
    pub(crate) fn data(&self, path: &str, size: u64, operation: &str) -> Expected {
        if self.reflink {
            expected::reflinked(path, size, operation)
        } else {
            expected::copied(path, size, operation)
        }
    }

    /// What a `mkdir` in a merged directory reports besides copy-ups.
    pub(crate) fn mkdir(&self, path: &str) -> Option<Expected> {
        self.new_directories_are_opaque
            .then(|| expected::whiteout(path, "opaque"))
    }

    /// What a new directory in a merged one is in the upper directory.
    pub(crate) fn new_directory(&self) -> &'static str {
        if self.new_directories_are_opaque {
            "new opaque"
        } else {
            "new"
        }
    }

    /// The same as [`Self::data`] of a file of which only some bytes are no hole.
    pub(crate) fn sparse(&self, path: &str, size: u64, bytes: u64, operation: &str) -> Expected {
        let event = self.data(path, size, operation);
        if self.reflink {
            event
        } else {
            event.copied(bytes)
        }
    }
}

/// Whether an overlay with this option can be mounted.
fn mounts(lower: &Path, upper: &Path, options: &'static str) -> Result<bool> {
    let probe = Case::new("facts-option")
        .lower(|layer| layer.file("file", 1))
        .unmounted()
        .options(options);
    let merged = Merged::new(&probe, lower, upper)?;
    let mounted = merged.mount().is_ok();
    if mounted {
        sys::umount(&merged.root)?;
    }
    Ok(mounted)
}

/// Major and minor version of the running kernel.
fn release() -> Result<(u32, u32)> {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = text
        .split(|byte: char| !byte.is_ascii_digit())
        .map_while(|number| number.parse().ok());
    let pair = numbers.next().zip(numbers.next());
    pair.with_context(|| format!("the kernel's release is '{}'", text.trim()))
}
