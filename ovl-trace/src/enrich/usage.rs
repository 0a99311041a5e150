//! What a directory takes up on its file system.

use std::{
    collections::HashSet,
    fs::{self, File, Metadata},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

use super::root::Root;

/// Each level holds two descriptors.
const MAX_DEPTH: usize = 200;

/// Bytes allocated to everything in a directory and to itself, as `du -x`
/// counts: a file with several links once, other file systems not, symbolic
/// links not followed.
///
/// `None` if not all of it can be seen. What changes meanwhile may or may not
/// be in it.
pub(crate) fn allocated(root: &Root, directory: &Path) -> Option<u64> {
    let top = root.open_directory(directory).ok()?;
    let metadata = top.metadata().ok()?;
    let mut walk = Walk {
        device: metadata.dev(),
        linked: HashSet::new(),
        bytes: bytes(&metadata),
    };
    walk.directory(&top, 0).ok()?;
    Some(walk.bytes)
}

struct Walk {
    device: u64,
    /// Inodes with several links that were counted.
    linked: HashSet<u64>,
    bytes: u64,
}

impl Walk {
    fn directory(&mut self, directory: &File, depth: usize) -> io::Result<()> {
        if depth == MAX_DEPTH {
            return Err(io::Error::other("too many levels"));
        }
        // The descriptor, not the path: a container may put a link in the
        // place of a directory at any time.
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let metadata = match entry.metadata() {
                Err(gone) if gone.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata?,
            };
            if !self.add(&metadata) || !metadata.is_dir() {
                continue;
            }
            let below = File::options()
                .read(true)
                .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW)
                .open(path.join(entry.file_name()));
            match below {
                Ok(below) if below.metadata()?.dev() == self.device => {
                    self.directory(&below, depth + 1)?;
                }
                // Replaced, or removed.
                Ok(_) => {}
                Err(error) if is_no_directory(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether it counts, and counts now.
    fn add(&mut self, metadata: &Metadata) -> bool {
        let counts = metadata.dev() == self.device
            && (metadata.is_dir() || metadata.nlink() < 2 || self.linked.insert(metadata.ino()));
        if counts {
            self.bytes = self.bytes.saturating_add(bytes(metadata));
        }
        counts
    }
}

fn is_no_directory(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || matches!(error.raw_os_error(), Some(libc::ENOTDIR | libc::ELOOP))
}

/// `st_blocks` counts in 512 bytes, whatever the file system's blocks are.
fn bytes(metadata: &Metadata) -> u64 {
    metadata.blocks().saturating_mul(512)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn measured(directory: &Path) -> Option<u64> {
        allocated(&Root::new("/"), directory)
    }

    /// Allocated, not apparent.
    fn on_disk(path: &Path) -> u64 {
        bytes(&fs::symlink_metadata(path).unwrap())
    }

    #[test]
    fn links_count_once_and_lead_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("other"), vec![1; 1 << 20]).unwrap();
        fs::write(inside.join("a/file"), vec![1; 300_000]).unwrap();
        fs::hard_link(inside.join("a/file"), inside.join("a/b/again")).unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink("/", inside.join("a/root")).unwrap();
        // A hole takes no room.
        let sparse = File::create(inside.join("sparse")).unwrap();
        sparse.set_len(1 << 30).unwrap();
        let parts = ["", "a", "a/b", "a/file", "link", "a/root", "sparse"];
        let expected: u64 = parts.iter().map(|part| on_disk(&inside.join(part))).sum();
        assert_eq!(measured(&inside), Some(expected));
        assert!(expected < 1 << 20, "{expected}");
    }

    #[test]
    fn what_cannot_be_seen_whole_has_no_size() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(measured(&dir.path().join("absent")), None);
        fs::write(dir.path().join("file"), "").unwrap();
        assert_eq!(measured(&dir.path().join("file")), None);
        let deep = (0..=MAX_DEPTH).fold(dir.path().to_owned(), |path, _| path.join("d"));
        fs::create_dir_all(deep).unwrap();
        assert_eq!(measured(dir.path()), None);
    }
}
