//! Locks on cache entries.

use std::{
    fs::{File, OpenOptions},
    io,
    os::fd::AsRawFd as _,
    path::Path,
};

use anyhow::{Context as _, Result};

use super::say;

/// An exclusive lock on a file of the cache; released on drop, or when the
/// process ends in any way.
#[derive(Debug)]
pub(crate) struct CacheLock {
    _file: File,
}

impl CacheLock {
    pub(super) fn take(path: &Path) -> Result<Self> {
        let file =
            open(path).with_context(|| format!("cannot open the lock '{}'", path.display()))?;
        if !try_lock(&file, libc::LOCK_NB)? {
            say(format_args!(
                "waiting for another run that holds '{}'",
                path.display()
            ));
            try_lock(&file, 0)?;
        }
        Ok(Self { _file: file })
    }
}

/// A lock file that root made is readable, which is enough to lock it.
fn open(path: &Path) -> io::Result<File> {
    let create = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    match create {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        other => other,
    }
}

/// Locks the file; false when `flags` says not to wait and another has it.
fn try_lock(file: &File, flags: libc::c_int) -> Result<bool> {
    loop {
        // SAFETY: the descriptor is open for as long as `file` is borrowed.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | flags) } == 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock => return Ok(false),
            io::ErrorKind::Interrupted => {}
            _ => return Err(error).context("cannot lock a file of the cache"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_excludes_others_until_it_is_dropped() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("x.lock");
        let held = CacheLock::take(&path)?;
        let other = open(&path)?;
        assert!(!try_lock(&other, libc::LOCK_NB)?);
        drop(held);
        assert!(try_lock(&other, libc::LOCK_NB)?);
        Ok(())
    }
}
