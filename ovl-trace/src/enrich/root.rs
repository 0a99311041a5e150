//! Files as a process in another mount namespace sees them.
//!
//! A path in mount options belongs to the root of whoever mounted. It is
//! resolved below a prefix (`/proc/PID/root`, or the host's root where the agent
//! itself runs in a container) as if that were `/`: a plain join, and `realpath`
//! even more so, would follow an absolute symbolic link out of that root and read
//! another container's files instead.
//!
//! Whoever owns that root may be hostile, so only regular files are read (`open`),
//! never waiting and never more than a limit.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    budget::{Limits, is_strangers},
    open::{self, LastLink},
};
use crate::model::DeviceNumber;

/// Bytes of a file that has a name or a digest and nothing else.
const NAME_FILE_BYTES: u64 = 4096;

/// Bytes of such a name. The longest digest in use, SHA-512's, has 135.
const NAME_BYTES: usize = 255;

/// A file that was read as a whole.
pub(crate) struct Contents {
    pub(crate) bytes: Vec<u8>,
    pub(crate) stamp: Stamp,
    /// Whose file it is.
    pub(crate) is_strangers: bool,
    /// Limits for the parsed content.
    pub(crate) limits: Limits,
}

/// The root directory of a mount namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Root {
    prefix: PathBuf,
}

/// What tells one version of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// Whether the last change was at least `age` before `now`.
    pub(crate) fn is_older_than(&self, age: Duration, now: SystemTime) -> bool {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let changed = u64::try_from(self.changed.0).map_or(Duration::ZERO, Duration::from_secs);
        changed + age < now
    }
}

impl Root {
    pub(crate) fn new(prefix: impl Into<PathBuf>) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }

    /// A whole regular file, and its version.
    pub(crate) fn read(&self, path: &Path) -> io::Result<(Vec<u8>, Stamp)> {
        let contents = self.contents(path)?;
        Ok((contents.bytes, contents.stamp))
    }

    /// A whole regular file, and whose it is.
    pub(crate) fn contents(&self, path: &Path) -> io::Result<Contents> {
        let (file, metadata) = self.open_regular(path)?;
        let limits = Limits::of(metadata.uid(), metadata.mode());
        Ok(Contents {
            bytes: read_all(file, &metadata, limits.file_bytes)?,
            stamp: Stamp::of(&metadata),
            is_strangers: is_strangers(metadata.uid(), metadata.mode()),
            limits,
        })
    }

    /// The only line of a file: an id or a digest. `None` if there is none, or if it is
    /// longer than any.
    pub(crate) fn read_name(&self, path: &Path) -> Option<String> {
        let (file, metadata) = self.open_regular(path).ok()?;
        let bytes = read_all(file, &metadata, NAME_FILE_BYTES).ok()?;
        let name = std::str::from_utf8(&bytes).ok()?.trim();
        ((1..=NAME_BYTES).contains(&name.len())).then(|| name.to_owned())
    }

    /// A regular file of any size, to be read in parts: whoever reads it has
    /// to keep the limits.
    pub(crate) fn open_database(&self, path: &Path) -> io::Result<File> {
        self.open_regular(path).map(|(file, _)| file)
    }

    fn open_regular(&self, path: &Path) -> io::Result<(File, fs::Metadata)> {
        open::reopen_file(&self.resolve(path)?)
    }

    /// The version of a file or directory.
    pub(crate) fn stamp(&self, path: &Path) -> io::Result<Stamp> {
        Ok(Stamp::of(&self.resolve(path)?.metadata()?))
    }

    /// The user that a file or directory belongs to, as the host counts users.
    pub(crate) fn owner(&self, path: &Path) -> io::Result<u32> {
        Ok(self.resolve(path)?.metadata()?.uid())
    }

    /// A directory, to be read.
    pub(crate) fn open_directory(&self, path: &Path) -> io::Result<File> {
        open::reopen_directory(&self.resolve(path)?)
    }

    /// A directory, for nothing but to reach what is in it.
    pub(crate) fn open_path(&self, path: &Path) -> io::Result<File> {
        let file = self.resolve(path)?;
        if file.metadata()?.is_dir() {
            Ok(file)
        } else {
            Err(io::Error::from(io::ErrorKind::NotADirectory))
        }
    }

    /// The names in a directory, up to a limit.
    pub(crate) fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let directory = self.open_directory(path)?;
        let metadata = directory.metadata()?;
        let limits = Limits::of(metadata.uid(), metadata.mode());
        let entries = open::read_directory(&directory)?.take(limits.names);
        entries.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// The text of a symbolic link.
    pub(crate) fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        open::read_link(&open::resolve(&self.prefix, path, LastLink::Keep)?)
    }

    /// Whether `path` is the directory with this identity. `None` if that
    /// cannot be seen (it is gone, or not in this root).
    pub(crate) fn is_directory(&self, path: &Path, identity: (DeviceNumber, u64)) -> Option<bool> {
        let file = self.open_path(path).ok()?;
        let metadata = file.metadata().ok()?;
        let (device, inode) = identity;
        Some(
            metadata.ino() == inode
                && (DeviceNumber::from_stat(metadata.dev()) == device
                    // btrfs: `st_dev` is the subvolume's, not `s_dev`.
                    || is_btrfs(&file)),
        )
    }

    fn resolve(&self, path: &Path) -> io::Result<File> {
        open::resolve(&self.prefix, path, LastLink::Follow)
    }
}

/// Reads a file of at most so many bytes.
fn read_all(file: File, metadata: &fs::Metadata, limit: u64) -> io::Result<Vec<u8>> {
    if metadata.len() > limit {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "it has {} bytes, more than the {limit} that are read",
                metadata.len()
            ),
        ));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_btrfs(file: &File) -> bool {
    open::file_system(file).is_ok_and(|kind| kind == libc::BTRFS_SUPER_MAGIC as u32)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn absolute_links_stay_in_the_root() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("real/etc")).unwrap();
        fs::write(dir.path().join("real/etc/marker"), "inside").unwrap();
        symlink("/real/etc", dir.path().join("link")).unwrap();
        let root = Root::new(dir.path());
        let (bytes, _) = root.read(Path::new("/link/marker")).unwrap();
        assert_eq!(bytes, b"inside");
        assert_eq!(root.list(Path::new("/link")).unwrap(), ["marker"]);
        assert!(root.read(Path::new("/../../../../../etc/passwd")).is_err());
        let target = root.read_link(Path::new("/link")).unwrap();
        assert_eq!(target, Path::new("/real/etc"));
        assert!(root.read_link(Path::new("/real")).is_err());
    }

    #[test]
    fn only_regular_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        for root in [Root::new(dir.path()), Root::new("/")] {
            let error = root.read(Path::new("/")).unwrap_err();
            assert!(error.to_string().contains("not a regular file"), "{error}");
        }
        assert!(Root::new("/").read(Path::new("/dev/zero")).is_err());
    }

    #[test]
    fn identity_of_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let metadata = fs::metadata(dir.path()).unwrap();
        let device = DeviceNumber::from_stat(metadata.dev());
        let root = Root::new("/");
        assert_eq!(
            root.is_directory(dir.path(), (device, metadata.ino())),
            Some(true)
        );
        assert_eq!(
            root.is_directory(dir.path(), (device, metadata.ino() + 1)),
            Some(false)
        );
        assert_eq!(root.is_directory(&dir.path().join("x"), (device, 1)), None);
    }
}
