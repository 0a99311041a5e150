//! Making the contents of a lower layer.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    os::unix::{fs::FileExt as _, fs::PermissionsExt as _, net::UnixListener},
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::sys;

/// A mebibyte.
pub(crate) const MIB: u64 = 1 << 20;

/// A lower layer that is being filled.
pub(crate) struct Layer {
    pub(crate) root: PathBuf,
}

impl Layer {
    /// Where a name is, with the directories above it.
    pub(crate) fn at(&self, name: &str) -> Result<PathBuf> {
        let path = self.root.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(path)
    }

    /// A file without a zero in it, readable and writable by all.
    pub(crate) fn file(&self, name: &str, bytes: u64) -> Result<()> {
        let path = self.at(name)?;
        write_pattern(&path, bytes)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
        Ok(())
    }

    /// Several files of one size.
    pub(crate) fn files(&self, names: &[&str], bytes: u64) -> Result<()> {
        names.iter().try_for_each(|name| self.file(name, bytes))
    }

    /// A file of which only a mebibyte in the middle is not a hole.
    pub(crate) fn sparse(&self, name: &str, bytes: u64) -> Result<()> {
        let file = File::create(self.at(name)?)?;
        file.set_len(bytes)?;
        file.write_all_at(&vec![b'x'; MIB as usize], bytes / 2)?;
        Ok(file.sync_all()?)
    }

    pub(crate) fn directory(&self, name: &str) -> Result<()> {
        Ok(fs::create_dir_all(self.at(name)?)?)
    }

    pub(crate) fn symlink(&self, name: &str, target: &str) -> Result<()> {
        Ok(std::os::unix::fs::symlink(target, self.at(name)?)?)
    }

    pub(crate) fn hard_link(&self, name: &str, other: &str) -> Result<()> {
        Ok(fs::hard_link(self.at(other)?, self.at(name)?)?)
    }

    pub(crate) fn fifo(&self, name: &str) -> Result<()> {
        Ok(sys::mknod(&self.at(name)?, libc::S_IFIFO | 0o644, 0)?)
    }

    pub(crate) fn device(&self, name: &str, kind: u32, major: u32, minor: u32) -> Result<()> {
        let device = libc::makedev(major, minor);
        Ok(sys::mknod(&self.at(name)?, kind | 0o644, device)?)
    }

    pub(crate) fn socket(&self, name: &str) -> Result<()> {
        // The socket stays when its listener is gone.
        UnixListener::bind(self.at(name)?)?;
        Ok(())
    }
}

/// Writes bytes of which none is zero, so that nobody takes them for a hole.
fn write_pattern(path: &Path, bytes: u64) -> Result<()> {
    let block: Vec<u8> = (0..16_384_u32)
        .flat_map(u32::to_ne_bytes)
        .map(|byte| byte | 1)
        .collect();
    let mut file = BufWriter::new(File::create(path)?);
    let mut left = bytes as usize;
    while left > 0 {
        let length = left.min(block.len());
        file.write_all(&block[..length])?;
        left -= length;
    }
    Ok(file.flush()?)
}
