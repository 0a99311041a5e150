//! Where the bytes of a copy really are.

use std::{fs::File, io, os::fd::AsRawFd as _, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::{Result, ensure};

/// `FS_IOC_FIEMAP` (include/uapi/linux/fs.h).
const FIEMAP: u32 = 0xC020_660B;
/// Write out delayed allocations first.
const SYNC: u32 = 1;
/// The extent is shared with another file.
const SHARED: u32 = 0x2000;

/// `struct fiemap` with room for one extent (include/uapi/linux/fiemap.h).
#[repr(C)]
#[derive(Default)]
struct Fiemap {
    start: u64,
    length: u64,
    flags: u32,
    mapped_extents: u32,
    extent_count: u32,
    reserved: u32,
    logical: u64,
    physical: u64,
    extent_length: u64,
    extent_reserved64: [u64; 2],
    extent_flags: u32,
    extent_reserved: [u32; 3],
}

/// Whether the first extent of a file is shared. A file system that cannot
/// say does not share.
pub(crate) fn is_shared(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let mut map = Fiemap {
        length: u64::MAX,
        flags: SYNC,
        extent_count: 1,
        ..Fiemap::default()
    };
    // SAFETY: the structure has room for the extent that it asks for.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), FIEMAP.into(), &raw mut map) };
    if result == 0 {
        return Ok(map.mapped_extents == 1 && map.extent_flags & SHARED != 0);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP | libc::ENOTTY | libc::EINVAL) => Ok(false),
        _ => Err(error),
    }
}

/// Below this, file systems may keep data in the inode.
const INLINE: u64 = 4096;

/// Checks the bytes of a copied regular file that was not changed since.
pub(crate) fn check(upper: &Path, lower: &Path, method: &str, copied: u64) -> Result<()> {
    let metadata = upper.symlink_metadata()?;
    let size = lower.symlink_metadata()?.len();
    if metadata.len() != size {
        // Truncated or written to later: nothing to compare.
        return Ok(());
    }
    let allocated = metadata.blocks() * 512;
    if method == "metacopy" {
        ensure!(
            size < INLINE || allocated < size,
            "a metacopy has {allocated} bytes of {size}"
        );
        return Ok(());
    }
    ensure!(
        same_contents(upper, lower)?,
        "upper and lower file differ although nobody wrote"
    );
    if size >= INLINE {
        let shared = is_shared(upper)?;
        ensure!(
            shared == (method == "reflink"),
            "reported as {method}, but shared extents: {shared}"
        );
    }
    if method == "copy" && copied >= INLINE {
        ensure!(
            allocated >= copied,
            "{copied} bytes reported, {allocated} allocated"
        );
    }
    Ok(())
}

fn same_contents(left: &Path, right: &Path) -> io::Result<bool> {
    Ok(std::fs::read(left)? == std::fs::read(right)?)
}
