//! A file that is parsed once per version.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    budget::{Budget, Share},
    root::{Contents, Root, Stamp},
};

/// A file that changed less than this ago may change again without its time
/// changing (file systems take the time from the timer tick).
const SETTLED: Duration = Duration::from_secs(1);

/// The parsed records of a file, by key.
pub(crate) trait Records: Default {
    /// How many there are.
    fn count(&self) -> usize;
}

impl<T> Records for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl<K, V> Records for HashMap<K, V> {
    fn count(&self) -> usize {
        self.len()
    }
}

/// Reads a file of at most so many records. `None` if it has not the expected form.
pub(crate) type Parse<T> = fn(&[u8], usize) -> Option<T>;

/// What a file says.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    path: PathBuf,
    budget: Budget,
    value: T,
    /// The reserved part of the memory budget, if the file is untrusted.
    share: Option<Share>,
    /// The version that was read last.
    version: Option<Stamp>,
    /// Nothing can have been missed since.
    is_settled: bool,
}

impl<T: Records> Cached<T> {
    /// Reads nothing yet.
    pub(crate) fn new(path: PathBuf, budget: &Budget) -> Self {
        Self {
            path,
            budget: budget.clone(),
            value: T::default(),
            share: None,
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
    pub(crate) fn refresh(&mut self, root: &Root, parse: Parse<T>) -> io::Result<()> {
        if self.is_settled && root.stamp(&self.path).ok() == self.version {
            return Ok(());
        }
        let contents = match root.contents(&self.path) {
            Ok(found) => found,
            Err(error) => {
                if error.kind() == io::ErrorKind::NotFound {
                    *self = Self::new(std::mem::take(&mut self.path), &self.budget);
                }
                return Err(error);
            }
        };
        let stamp = contents.stamp;
        // A file that is refused is not parsed again until it changes, either.
        self.version = Some(stamp);
        self.is_settled = stamp.is_older_than(SETTLED, SystemTime::now());
        self.take(&contents, parse)
    }

    fn take(&mut self, contents: &Contents, parse: Parse<T>) -> io::Result<()> {
        let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        let value = parse(&contents.bytes, contents.limits.records).ok_or_else(|| {
            refused("it has not the expected form, or more records than are read")
        })?;
        if contents.is_strangers {
            // Before the new share is taken: the value is replaced.
            self.share = None;
            let share = self.budget.take(contents.bytes.len(), value.count());
            let Some(share) = share else {
                self.value = T::default();
                return Err(refused("the stores of users take too much memory together"));
            };
            self.share = Some(share);
        } else {
            self.share = None;
        }
        self.value = value;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    impl Records for u32 {
        fn count(&self) -> usize {
            1
        }
    }

    fn number(bytes: &[u8], _records_max: usize) -> Option<u32> {
        std::str::from_utf8(bytes).ok()?.parse().ok()
    }

    #[test]
    fn it_follows_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let root = Root::new("/");
        let mut cached = Cached::new(path.clone(), &Budget::default());
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
        let mut cached = Cached::new(path, &Budget::default());
        cached.refresh(&root, |_, _| Some(1)).unwrap();
        cached.refresh(&root, |_, _| Some(2)).unwrap();
        assert_eq!(*cached.get(), 1);
    }
}
