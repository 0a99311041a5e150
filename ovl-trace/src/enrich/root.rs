//! Files as a process in another mount namespace sees them.
//!
//! A path in mount options belongs to the root of whoever mounted. It is
//! opened below a prefix (`/proc/PID/root`, or the host's root where the agent
//! itself runs in a container) with `openat2(RESOLVE_IN_ROOT)`: a plain join,
//! and `realpath` even more so, would follow an absolute symbolic link out of
//! that root and read another container's files instead.
//!
//! Whoever owns that root may be hostile, so only regular files are read, never
//! waiting (a FIFO) and never more than a limit.

use std::{
    ffi::{CString, OsString},
    fs::{self, File},
    io::{self, Read},
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::{
            ffi::{OsStrExt, OsStringExt},
            fs::{MetadataExt, OpenOptionsExt},
        },
    },
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::model::DeviceNumber;

/// More than any runtime's record needs.
const READ_LIMIT: u64 = 16 << 20;

/// More names than any directory of a runtime has; others (`/var/tmp`) may be
/// filled by anybody.
const LIST_LIMIT: usize = 100_000;

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
        let (file, metadata) = self.open_regular(path, READ_LIMIT)?;
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        file.take(READ_LIMIT).read_to_end(&mut bytes)?;
        Ok((bytes, Stamp::of(&metadata)))
    }

    /// A regular file of any size, to be read in parts: whoever reads it has
    /// to keep the limits.
    pub(crate) fn open_database(&self, path: &Path) -> io::Result<File> {
        self.open_regular(path, u64::MAX).map(|(file, _)| file)
    }

    fn open_regular(&self, path: &Path, limit: u64) -> io::Result<(File, fs::Metadata)> {
        let file = self.open(path, libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > limit {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("'{}' is no regular file of a sane size", path.display()),
            ));
        }
        Ok((file, metadata))
    }

    /// The version of a file or directory.
    pub(crate) fn stamp(&self, path: &Path) -> io::Result<Stamp> {
        Ok(Stamp::of(&self.open(path, libc::O_PATH)?.metadata()?))
    }

    /// The user that a file or directory belongs to, as the host counts users.
    pub(crate) fn owner(&self, path: &Path) -> io::Result<u32> {
        Ok(self.open(path, libc::O_PATH)?.metadata()?.uid())
    }

    /// A directory, to be read.
    pub(crate) fn open_directory(&self, path: &Path) -> io::Result<File> {
        self.open(path, libc::O_RDONLY | libc::O_DIRECTORY)
    }

    /// A directory, for nothing but to reach what is in it.
    pub(crate) fn open_path(&self, path: &Path) -> io::Result<File> {
        self.open(path, libc::O_PATH | libc::O_DIRECTORY)
    }

    /// The names in a directory, up to a limit.
    pub(crate) fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let directory = self.open_directory(path)?;
        // The descriptor, not the path: see above.
        let entries = fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()))?;
        let entries = entries.take(LIST_LIMIT);
        entries.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// The text of a symbolic link.
    pub(crate) fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let link = self.open(path, libc::O_PATH | libc::O_NOFOLLOW)?;
        let mut text = vec![0; libc::PATH_MAX as usize];
        // SAFETY: a live descriptor, an empty path (the link itself), and a
        // buffer with its own size.
        let length = unsafe {
            libc::readlinkat(
                link.as_raw_fd(),
                c"".as_ptr(),
                text.as_mut_ptr().cast(),
                text.len(),
            )
        };
        let Ok(length) = usize::try_from(length) else {
            return Err(io::Error::last_os_error());
        };
        text.truncate(length);
        Ok(PathBuf::from(OsString::from_vec(text)))
    }

    /// Whether `path` is the directory with this identity. `None` if that
    /// cannot be seen (it is gone, or not in this root).
    pub(crate) fn is_directory(&self, path: &Path, identity: (DeviceNumber, u64)) -> Option<bool> {
        let file = self.open(path, libc::O_PATH | libc::O_DIRECTORY).ok()?;
        let metadata = file.metadata().ok()?;
        let (device, inode) = identity;
        Some(
            metadata.ino() == inode
                && (DeviceNumber::from_stat(metadata.dev()) == device
                    // btrfs: `st_dev` is the subvolume's, not `s_dev`.
                    || is_btrfs(&file)),
        )
    }

    fn open(&self, path: &Path, flags: i32) -> io::Result<File> {
        if self.prefix == Path::new("/") {
            let mut options = File::options();
            return options.read(true).custom_flags(flags).open(path);
        }
        let prefix = File::options()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
            .open(&self.prefix)?;
        let path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: `open_how` is plain integers; all zero is its default.
        let mut how: libc::open_how = unsafe { std::mem::zeroed() };
        how.flags = u64::from((flags | libc::O_CLOEXEC).cast_unsigned());
        how.resolve = libc::RESOLVE_IN_ROOT;
        // SAFETY: a live descriptor, a NUL-terminated path, and `how` with its
        // own size.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_openat2,
                prefix.as_raw_fd(),
                path.as_ptr(),
                &raw const how,
                size_of::<libc::open_how>(),
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor; nobody else owns it.
        Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd as i32) }))
    }
}

fn is_btrfs(file: &File) -> bool {
    // SAFETY: `statfs` is plain integers.
    let mut buffer: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: a live descriptor and a buffer of the right type.
    let result = unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut buffer) };
    result == 0 && buffer.f_type == libc::BTRFS_SUPER_MAGIC
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
            assert!(error.to_string().contains("no regular file"), "{error}");
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
