//! The files of an overlay's layers, to be looked at from the host.
//!
//! A container owns what is in its upper directory, links included. So a file
//! is reached from the directory's own descriptor by names only, and nothing is
//! opened but to be described (`O_PATH`): no device, no FIFO, no automount.

use std::{
    ffi::{CStr, CString},
    fs::{File, Metadata},
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use super::{Enricher, resolve::Resolve, root::Root};
use crate::model::OverlayKey;

/// Bytes of the longest attribute that is asked for: a file handle of overlayfs' has less.
const ATTRIBUTE_BYTES_MAX: usize = 512;

/// The layers of one overlay.
#[derive(Debug)]
pub struct LayerFiles {
    upper: File,
    root: Root,
    /// Topmost first; relative ones as mounted.
    lowerdirs: Vec<PathBuf>,
    /// Where relative lower directories start.
    base: Option<PathBuf>,
    mapped_writes: bool,
}

impl Enricher {
    /// The layers of an overlay. `None` unless its upper directory is certainly
    /// the one that the kernel means: the same path may be another directory by
    /// now, or in another mount namespace.
    pub fn layer_files(&mut self, overlay: OverlayKey) -> Option<LayerFiles> {
        let (origin, facts, device) = {
            let entry = self.entries.get(&overlay)?;
            (entry.origin(), entry.facts.clone(), entry.device)
        };
        let identity = facts.upper?;
        let resolve = Resolve {
            namespaces: &self.namespaces,
            table: &self.table,
            resolvers: &mut self.resolvers,
        };
        let superblock = resolve.find(device, &facts);
        let views = resolve.views().of(superblock, &facts);
        let view = views
            .into_iter()
            .find(|view| view.has_upper(identity) == Some(true))?;
        let upperdir = view.upperdir?;
        let relative = facts.upperdir.filter(|path| path.is_relative());
        let base = relative.and_then(|relative| {
            let up = relative.components().count();
            upperdir.ancestors().nth(up).map(Path::to_owned)
        });
        let upper = view.root.open_path(&upperdir).ok()?;
        Some(LayerFiles {
            mapped_writes: !is_tmpfs(&upper),
            upper,
            root: view.root,
            lowerdirs: origin.mount.lowerdirs.clone(),
            base,
        })
    }
}

impl LayerFiles {
    /// Whether a write through a shared mapping sets the times of an upper file:
    /// a tmpfs never learns of it.
    pub fn sees_mapped_writes(&self) -> bool {
        self.mapped_writes
    }

    /// A file of the upper directory by its path inside the overlay.
    pub fn upper(&self, path: &[u8]) -> io::Result<LayerFile> {
        describe(&self.upper, path)
    }

    /// A file of a lower directory (1 is the topmost) by its path inside the
    /// overlay. A directory that was renamed may have another path there.
    pub fn lower(&self, index: u32, path: &[u8]) -> io::Result<LayerFile> {
        let unknown = || io::Error::from(io::ErrorKind::NotFound);
        let index = (index as usize).checked_sub(1).ok_or_else(unknown)?;
        let directory = self.lowerdirs.get(index).ok_or_else(unknown)?;
        let directory = match &self.base {
            _ if directory.is_absolute() => directory.clone(),
            Some(base) => base.join(directory),
            None => return Err(unknown()),
        };
        describe(&self.root.open_path(&directory)?, path)
    }

    #[cfg(test)]
    pub(crate) fn new(upper: &Path, lower: &Path) -> Self {
        Self {
            upper: Root::new("/").open_path(upper).unwrap(),
            root: Root::new("/"),
            lowerdirs: vec![lower.to_owned()],
            base: None,
            mapped_writes: true,
        }
    }
}

/// A file of a layer, open for nothing but to be described.
#[derive(Debug)]
pub struct LayerFile {
    file: File,
    metadata: Metadata,
}

impl LayerFile {
    /// The answer of `statx`.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The value of an extended attribute. `None` if the file does not have it, or if the
    /// value is longer than any that is asked for.
    ///
    /// # Errors
    ///
    /// If the attribute cannot be read for another reason.
    pub fn attribute(&self, name: &CStr) -> io::Result<Option<Vec<u8>>> {
        // `fgetxattr` takes no descriptor that only describes.
        let path = CString::new(format!("/proc/self/fd/{}", self.file.as_raw_fd()))?;
        let mut value = vec![0; ATTRIBUTE_BYTES_MAX];
        // SAFETY: two NUL-terminated strings, and a buffer with its own size.
        let length = unsafe {
            libc::getxattr(
                path.as_ptr(),
                name.as_ptr(),
                value.as_mut_ptr().cast(),
                value.len(),
            )
        };
        if let Ok(length) = usize::try_from(length) {
            value.truncate(length);
            return Ok(Some(value));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::ENODATA | libc::EOPNOTSUPP | libc::ERANGE) => Ok(None),
            _ => Err(error),
        }
    }
}

/// Without following any link, and without leaving the directory or its mount.
fn describe(directory: &File, path: &[u8]) -> io::Result<LayerFile> {
    let start = path.iter().position(|byte| *byte != b'/');
    let relative = CString::new(&path[start.unwrap_or(path.len())..])?;
    // SAFETY: `open_how` is plain integers; all zero is its default.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = u64::from((libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC).cast_unsigned());
    how.resolve = libc::RESOLVE_BENEATH
        | libc::RESOLVE_NO_SYMLINKS
        | libc::RESOLVE_NO_MAGICLINKS
        | libc::RESOLVE_NO_XDEV;
    // SAFETY: a live descriptor, a NUL-terminated path, and `how` with its own
    // size.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            directory.as_raw_fd(),
            relative.as_ptr(),
            &raw const how,
            size_of::<libc::open_how>(),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor; nobody else owns it.
    let file = File::from(unsafe { OwnedFd::from_raw_fd(fd as i32) });
    let metadata = file.metadata()?;
    Ok(LayerFile { file, metadata })
}

fn is_tmpfs(file: &File) -> bool {
    // SAFETY: `statfs` is plain integers.
    let mut buffer: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: a live descriptor and a buffer of the right type.
    let result = unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut buffer) };
    // One that cannot be told is not trusted either.
    result != 0 || buffer.f_type == libc::TMPFS_MAGIC
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn nothing_leads_out_of_a_layer() {
        let directory = tempfile::tempdir().unwrap();
        let (upper, lower) = (directory.path().join("u"), directory.path().join("l"));
        fs::create_dir_all(upper.join("d")).unwrap();
        fs::create_dir_all(&lower).unwrap();
        fs::write(upper.join("d/file"), "upper").unwrap();
        fs::write(lower.join("file"), "lower file").unwrap();
        symlink(&lower, upper.join("link")).unwrap();
        symlink("d", upper.join("inside")).unwrap();
        symlink("/etc/passwd", upper.join("passwd")).unwrap();
        let files = LayerFiles::new(&upper, &lower);
        assert_eq!(files.upper(b"/d/file").unwrap().metadata().len(), 5);
        assert_eq!(files.lower(1, b"/file").unwrap().metadata().len(), 10);
        // The link itself, not what it leads to.
        assert!(files.upper(b"/passwd").unwrap().metadata().is_symlink());
        for path in [
            &b"/link/file"[..],
            b"/inside/file",
            b"/../l/file",
            b"/",
            b"",
        ] {
            assert!(files.upper(path).is_err(), "{path:?}");
        }
        for index in [0, 2, u32::MAX] {
            assert!(files.lower(index, b"/file").is_err());
        }
    }
}
