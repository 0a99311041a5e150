//! The directory of a run: gone when the run is over, or at the next one.

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::host::Host;

/// A directory this young may be one whose owner has yet to lock it.
const YOUNG: Duration = Duration::from_secs(60);

/// The directory of a run. It is locked while the run lives, so that what a
/// killed run left behind is known as such.
pub(super) struct Work {
    directory: TempDir,
    _lock: File,
}

impl Work {
    /// A new directory in the cache; those of killed runs are removed.
    pub(super) fn new(host: &Host) -> anyhow::Result<Self> {
        let runs = host.cache.join("runs");
        fs::create_dir_all(&runs).with_context(|| format!("cannot make '{}'", runs.display()))?;
        remove_abandoned(&runs, YOUNG);
        let directory = tempfile::Builder::new().prefix("run-").tempdir_in(&runs)?;
        let lock = File::open(directory.path())?;
        lock_exclusively(&lock);
        Ok(Self {
            directory,
            _lock: lock,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// What cannot be looked at or removed is left: it is in nobody's way.
fn remove_abandoned(runs: &Path, young: Duration) {
    for entry in fs::read_dir(runs).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|data| data.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        let old = age.is_some_and(|age| age >= young);
        if old && File::open(entry.path()).is_ok_and(|directory| lock_exclusively(&directory)) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Locks a directory unless another process has; whether that worked. The lock
/// ends with the process (flock(2)).
fn lock_exclusively(directory: &File) -> bool {
    // SAFETY: flock(2) takes a descriptor, which `directory` keeps open.
    unsafe { libc::flock(directory.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_removed() {
        let runs = tempfile::tempdir().unwrap();
        let (left, held) = (runs.path().join("left"), runs.path().join("held"));
        fs::create_dir(&left).unwrap();
        fs::create_dir(&held).unwrap();
        let holder = File::open(&held).unwrap();
        assert!(lock_exclusively(&holder));
        remove_abandoned(runs.path(), YOUNG);
        assert!(left.exists(), "young");
        remove_abandoned(runs.path(), Duration::ZERO);
        assert!(!left.exists() && held.exists());
        drop(holder);
        remove_abandoned(runs.path(), Duration::ZERO);
        assert!(!held.exists());
    }
}
