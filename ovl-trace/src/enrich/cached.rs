//! A file that is parsed once per version.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::root::{Root, Stamp};

/// A file that changed less than this ago may change again without its time
/// changing (file systems take the time from the timer tick).
const SETTLED: Duration = Duration::from_secs(1);

/// What a file says.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    path: PathBuf,
    value: T,
    /// The version that was read last.
    version: Option<Stamp>,
    /// Nothing can have been missed since.
    is_settled: bool,
}

impl<T: Default> Cached<T> {
    /// Reads nothing yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            value: T::default(),
            version: None,
            is_settled: false,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it said when it was read last.
    pub(crate) fn get(&self) -> &T {
        &self.value
    }

    /// The version that was read last.
    pub(crate) fn version(&self) -> Option<Stamp> {
        self.version
    }

    /// Reads the file if it changed. On an error the last content stays; a file
    /// that is not there (`NotFound`) has none.
    pub(crate) fn refresh(&mut self, root: &Root, parse: fn(&[u8]) -> Option<T>) -> io::Result<()> {
        if self.is_settled && root.stamp(&self.path).ok() == self.version {
            return Ok(());
        }
        let (bytes, stamp) = match root.read(&self.path) {
            Ok(found) => found,
            Err(error) => {
                if error.kind() == io::ErrorKind::NotFound {
                    *self = Self::new(std::mem::take(&mut self.path));
                }
                return Err(error);
            }
        };
        self.value = parse(&bytes).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "it has not the expected form")
        })?;
        self.version = Some(stamp);
        self.is_settled = stamp.is_older_than(SETTLED, SystemTime::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn number(bytes: &[u8]) -> Option<u32> {
        std::str::from_utf8(bytes).ok()?.parse().ok()
    }

    #[test]
    fn it_follows_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let root = Root::new("/");
        let mut cached = Cached::new(path.clone());
        let missing = cached.refresh(&root, number).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        for value in [1_u32, 2, 3] {
            // Within one tick, with the same inode number.
            fs::write(&path, value.to_string()).unwrap();
            cached.refresh(&root, number).unwrap();
            assert_eq!(*cached.get(), value);
        }
        fs::write(&path, "rubbish").unwrap();
        let broken = cached.refresh(&root, number).unwrap_err();
        assert_eq!(broken.kind(), io::ErrorKind::InvalidData);
        assert_eq!(*cached.get(), 3);
        fs::remove_file(&path).unwrap();
        cached.refresh(&root, number).unwrap_err();
        assert_eq!(*cached.get(), 0);
    }

    #[test]
    fn an_old_file_is_parsed_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let file = fs::File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - 2 * SETTLED).unwrap();
        let root = Root::new("/");
        let mut cached = Cached::new(path);
        cached.refresh(&root, |_| Some(1)).unwrap();
        cached.refresh(&root, |_| Some(2)).unwrap();
        assert_eq!(*cached.get(), 1);
    }
}
