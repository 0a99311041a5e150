//! A case's overlay: its directories, and the operations on it.

use std::{
    ffi::CStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::{
    case::Case,
    layer::Layer,
    sys::{self},
};

/// The overlay of one case.
pub(crate) struct Merged {
    /// Lower layers, the topmost first.
    pub(crate) lowers: Vec<PathBuf>,
    pub(crate) upper: PathBuf,
    pub(crate) work: PathBuf,
    /// Where it is mounted.
    pub(crate) root: PathBuf,
    options: String,
}

impl Merged {
    /// Fills the lower layers and mounts the overlay.
    pub(crate) fn new(case: &Case, lower_root: &Path, upper_root: &Path) -> Result<Self> {
        let name = case.name.replace("::", "-");
        let upper_root = upper_root.join(&name);
        let mut merged = Self {
            lowers: Vec::new(),
            upper: upper_root.join("upper"),
            work: upper_root.join("work"),
            root: upper_root.join("merged"),
            options: case.options.to_owned(),
        };
        for (index, fill) in case.layers.iter().enumerate() {
            let root = lower_root.join(&name).join(format!("lower-{index}"));
            fs::create_dir_all(&root)?;
            merged.lowers.push(root.clone());
            fill(&Layer { root }).context("filling a lower layer")?;
        }
        for directory in [&merged.upper, &merged.work, &merged.root] {
            fs::create_dir_all(directory)?;
        }
        if case.mounted {
            merged.mount().context("mounting the overlay")?;
        }
        Ok(merged)
    }

    /// Mounts it.
    pub(crate) fn mount(&self) -> io::Result<()> {
        let lowers: Vec<String> = self
            .lowers
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        overlay(
            &lowers.join(":"),
            &self.upper,
            &self.work,
            &self.root,
            &self.options,
        )
    }

    /// A name in it.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn open(&self, name: &str, flags: i32) -> io::Result<File> {
        sys::open(&self.at(name), flags)
    }

    /// Opens for reading and writing, and closes.
    pub(crate) fn touch(&self, name: &str) -> io::Result<()> {
        self.open(name, libc::O_RDWR).map(drop)
    }

    /// Makes a new file.
    pub(crate) fn create(&self, name: &str) -> io::Result<()> {
        self.open(name, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL)
            .map(drop)
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) -> io::Result<()> {
        sys::chmod(&self.at(name), mode)
    }

    pub(crate) fn chown(&self, name: &str, id: u32) -> io::Result<()> {
        sys::chown(&self.at(name), id)
    }

    pub(crate) fn lchown(&self, name: &str, id: u32) -> io::Result<()> {
        sys::lchown(&self.at(name), id)
    }

    pub(crate) fn utimes(&self, name: &str) -> io::Result<()> {
        sys::utimes(&self.at(name))
    }

    pub(crate) fn truncate(&self, name: &str, length: i64) -> io::Result<()> {
        sys::truncate(&self.at(name), length)
    }

    pub(crate) fn setxattr(&self, name: &str, attribute: &CStr) -> io::Result<()> {
        sys::setxattr(&self.at(name), attribute, b"value")
    }

    pub(crate) fn removexattr(&self, name: &str, attribute: &CStr) -> io::Result<()> {
        sys::removexattr(&self.at(name), attribute)
    }

    pub(crate) fn link(&self, old: &str, new: &str) -> io::Result<()> {
        fs::hard_link(self.at(old), self.at(new))
    }

    pub(crate) fn symlink(&self, name: &str) -> io::Result<()> {
        std::os::unix::fs::symlink("target", self.at(name))
    }

    pub(crate) fn unlink(&self, name: &str) -> io::Result<()> {
        sys::unlink(&self.at(name))
    }

    pub(crate) fn rmdir(&self, name: &str) -> io::Result<()> {
        sys::rmdir(&self.at(name))
    }

    pub(crate) fn mkdir(&self, name: &str) -> io::Result<()> {
        sys::mkdir(&self.at(name))
    }

    pub(crate) fn mknod(&self, name: &str, mode: u32, device: u64) -> io::Result<()> {
        sys::mknod(&self.at(name), mode, device)
    }

    pub(crate) fn rename(&self, old: &str, new: &str) -> io::Result<()> {
        self.rename_with(old, new, 0)
    }

    pub(crate) fn rename_with(&self, old: &str, new: &str, flags: u32) -> io::Result<()> {
        sys::rename(&self.at(old), &self.at(new), flags)
    }
}

/// Mounts an overlay.
pub(crate) fn overlay(
    lowerdir: &str,
    upper: &Path,
    work: &Path,
    root: &Path,
    more: &str,
) -> io::Result<()> {
    let mut options = format!(
        "lowerdir={lowerdir},upperdir={},workdir={}",
        upper.display(),
        work.display()
    );
    if !more.is_empty() {
        options.push(',');
        options.push_str(more);
    }
    sys::mount("overlay", root, "overlay", 0, &options)
}

/// The operation must fail with this error.
pub(crate) fn refused<T>(errno: i32, result: io::Result<T>) -> Result<()> {
    match result {
        Ok(_) => bail!(
            "it succeeded, expected {}",
            io::Error::from_raw_os_error(errno)
        ),
        Err(error) if error.raw_os_error() == Some(errno) => Ok(()),
        Err(error) => bail!("{error}, expected {}", io::Error::from_raw_os_error(errno)),
    }
}
