//! The bytes of BTF, wherever they are.

use std::{
    fs::File,
    io::{self, Read as _},
    ops::Deref,
    os::fd::AsRawFd as _,
    path::Path,
    ptr::NonNull,
};

/// Bytes that are read only.
#[derive(Debug)]
pub(super) enum Bytes {
    /// A copy.
    Owned(Vec<u8>),
    /// The kernel's own.
    Mapped(Mapping),
}

impl Bytes {
    /// A file of sysfs. From 6.16 on `/sys/kernel/btf/vmlinux` can be mapped
    /// (`btf_sysfs_vmlinux_mmap`, `kernel/bpf/sysfs_btf.c`), which saves a copy of
    /// 5 to 8 MB; all others are read.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        if let Some(mapping) = Mapping::new(&file, length) {
            return Ok(Self::Mapped(mapping));
        }
        // One more, so that the end is seen without growing.
        let mut bytes = Vec::with_capacity(length + 1);
        file.read_to_end(&mut bytes)?;
        Ok(Self::Owned(bytes))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(mapping) => mapping.bytes(),
        }
    }
}

/// A mapped file, until it is dropped.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

impl Mapping {
    /// `None` if the file cannot be mapped.
    fn new(file: &File, length: usize) -> Option<Self> {
        if length == 0 {
            return None;
        }
        // SAFETY: a new mapping at a place of the kernel's choice.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ,
                libc::MAP_PRIVATE,
                file.as_raw_fd(),
                0,
            )
        };
        (start != libc::MAP_FAILED)
            .then(|| NonNull::new(start.cast()))
            .flatten()
            .map(|start| Self { start, length })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for reading until it is dropped, and a file of sysfs,
        // whose content nobody changes or cuts off: the kernel's types are in its
        // read-only data.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this very mapping, which nobody refers to any more.
        let result = unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
        debug_assert_eq!(result, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_or_read_the_bytes_are_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for content in [&b""[..], b"types", &[7; 10_000]] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(&*Bytes::read(&path).unwrap(), content);
        }
        // A file of proc cannot be mapped, and says that it is empty.
        let read = Bytes::read(Path::new("/proc/self/stat")).unwrap();
        assert!(matches!(&read, Bytes::Owned(bytes) if !bytes.is_empty()));
        assert!(Bytes::read(&directory.path().join("absent")).is_err());
    }
}
