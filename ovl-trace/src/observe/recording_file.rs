//! The file that a recording is written to.
//!
//! An old file is replaced at the first flush of the new one, which holds the header and the
//! symbols. A write that fails is undone, so a full disk leaves only whole blocks.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Most names that are tried for the temporary file. Killed processes with the same
/// process id leave some behind.
const TEMPORARY_NAMES_MAX: u32 = 100;

/// A recording on disk. It is removed when it is dropped before its first flush.
#[derive(Debug)]
pub(super) struct RecordingFile {
    file: File,
    /// The path that the file has now.
    path: PathBuf,
    /// The path that the file gets with its first flush.
    target: PathBuf,
    /// Bytes of all whole writes.
    bytes: u64,
    is_begun: bool,
    /// A write failed. The next ones fail as well: what they would add is not what
    /// should follow.
    has_failed: bool,
}

impl RecordingFile {
    /// Makes a new file, which only its owner may read: a recording names files and
    /// processes, and has addresses of the kernel.
    ///
    /// # Errors
    ///
    /// If the path is taken, or if the file cannot be made.
    pub(super) fn create(target: &Path) -> Result<Self> {
        match create_new(target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => anyhow::bail!(
                "'{}' is already there; '--force' overwrites it",
                target.display()
            ),
            result => {
                let file = result.with_context(|| format!("making '{}'", target.display()))?;
                Ok(Self::new(file, target.to_owned(), target))
            }
        }
    }

    /// Makes a temporary file beside `target`, which replaces `target` with its first
    /// flush.
    ///
    /// # Errors
    ///
    /// If `target` is anything but a regular file, or if the file cannot be made.
    pub(super) fn replace(target: &Path) -> Result<Self> {
        match fs::symlink_metadata(target) {
            Ok(metadata) if !metadata.is_file() => anyhow::bail!(
                "'{}' is not a regular file, and is not replaced; name a regular file, or use \
                 '-w -' to write to standard output",
                target.display()
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::create(target),
            result => {
                result.with_context(|| format!("looking at '{}'", target.display()))?;
            }
        }
        let id = std::process::id();
        for number in 0..TEMPORARY_NAMES_MAX {
            let path = target.with_file_name(format!(".ovl-trace.{id}.{number}.partial"));
            match create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => {
                    let file = result.with_context(|| {
                        format!("making a file beside '{}' to replace it", target.display())
                    })?;
                    return Ok(Self::new(file, path, target));
                }
            }
        }
        anyhow::bail!(
            "the directory of '{}' is full of files named '.ovl-trace.{id}.*.partial'; remove them",
            target.display()
        )
    }

    fn new(file: File, path: PathBuf, target: &Path) -> Self {
        Self {
            file,
            path,
            target: target.to_owned(),
            bytes: 0,
            is_begun: false,
            has_failed: false,
        }
    }

    /// Takes back what a failed write left, and says in the error which file it was.
    fn undo_write(&mut self, error: &io::Error) -> io::Error {
        self.has_failed = true;
        let undone = self
            .file
            .set_len(self.bytes)
            .and_then(|()| self.file.seek(SeekFrom::Start(self.bytes)));
        if let Err(error) = undone {
            tracing::debug!("'{}' ends within a block: {error}", self.path.display());
        }
        self.named(error)
    }

    fn named(&self, error: &io::Error) -> io::Error {
        let target = self.target.display();
        let what_is_left = match (self.is_begun, self.path == self.target) {
            (true, _) => "what was written before can be read",
            (false, true) => "no file was left",
            (false, false) => "the old file stays as it was",
        };
        let text = format!("writing '{target}': {error}; {what_is_left}");
        io::Error::new(error.kind(), text)
    }

    /// Returns true if the path still is that of this file.
    fn has_its_path(&self) -> bool {
        let (Ok(there), Ok(here)) = (fs::symlink_metadata(&self.path), self.file.metadata()) else {
            return false;
        };
        (there.dev(), there.ino()) == (here.dev(), here.ino())
    }
}

impl Write for RecordingFile {
    /// Writes all of `bytes` or nothing.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_failed {
            return Err(self.named(&io::Error::other("an earlier write failed")));
        }
        match self.file.write_all(bytes) {
            Ok(()) => {
                self.bytes += bytes.len() as u64;
                Ok(bytes.len())
            }
            Err(error) => Err(self.undo_write(&error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.is_begun && !self.has_failed {
            if self.path != self.target {
                // After a crash, the name has the old content or the new, never none.
                self.file.sync_all().map_err(|error| self.named(&error))?;
                fs::rename(&self.path, &self.target).map_err(|error| self.named(&error))?;
                self.path.clone_from(&self.target);
            }
            self.is_begun = true;
        }
        Ok(())
    }
}

impl Drop for RecordingFile {
    fn drop(&mut self) {
        if !self.is_begun
            && self.has_its_path()
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::debug!("'{}' stays, unfinished: {error}", self.path.display());
        }
    }
}

/// Opens a new file. `O_EXCL` follows no link at the end of the path.
fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_file_that_is_there_stays_without_force() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ovlrec");
        fs::write(&path, "mine").unwrap();
        let error = RecordingFile::create(&path).unwrap_err().to_string();
        assert!(error.contains("'--force'"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn the_old_file_stays_until_the_first_flush() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ovlrec");
        fs::write(&path, "precious").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut file = RecordingFile::replace(&path).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        file.flush().unwrap();
        file.write_all(b"er").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"newer");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(names(dir.path()), ["a.ovlrec"]);
    }

    #[test]
    fn nothing_recorded_leaves_the_old_file_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ovlrec");
        fs::write(&path, "precious").unwrap();
        let mut file = RecordingFile::replace(&path).unwrap();
        file.write_all(b"half a block").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        assert_eq!(names(dir.path()), ["a.ovlrec"]);
        drop(RecordingFile::create(&dir.path().join("b.ovlrec")).unwrap());
        assert_eq!(names(dir.path()), ["a.ovlrec"]);
    }

    #[test]
    fn nothing_but_a_regular_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (link, target) = (dir.path().join("link"), dir.path().join("target"));
        fs::write(&target, "precious").unwrap();
        symlink(&target, &link).unwrap();
        for path in [link.as_path(), Path::new("/dev/null"), dir.path()] {
            let error = RecordingFile::replace(path).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    }

    #[test]
    fn a_new_recording_is_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        for make in [RecordingFile::create, RecordingFile::replace] {
            let file = make(&dir.path().join("a.ovlrec")).unwrap();
            assert_eq!(file.file.metadata().unwrap().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_failed_write_says_what_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ovlrec");
        fs::write(&path, "precious").unwrap();
        let mut file = RecordingFile::replace(&path).unwrap();
        file.file = File::options().write(true).open("/dev/full").unwrap();
        let error = file.write(b"block").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("stays as it was"), "{error}");
        file.write(b"block").unwrap_err();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }
}
