//! Lower layers whose owners are mapped to others (`mount_setattr(2)`, 5.12;
//! overlayfs takes them from 5.19 on).

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{
    case::Case,
    merged::{Merged, overlay},
    sys,
};

/// What the owner 0 on the disk is shown as.
pub(crate) const OWNER: u32 = 1000;

/// Shows the lowest lower layer beside it, with mapped owners, and mounts the
/// overlay on that. Returns where it is shown.
pub(crate) fn mount(merged: &Merged) -> Result<PathBuf> {
    let lower = merged.lowers.last().context("no lower layer")?;
    let shown = merged.root.with_file_name("mapped");
    fs::create_dir_all(&shown)?;
    let namespace = user_namespace().context("making a user namespace")?;
    sys::bind_mapped(lower, &shown, &namespace).context("mapping the layer")?;
    let mounted = overlay(
        &shown.display().to_string(),
        &merged.upper,
        &merged.work,
        &merged.root,
        "",
    );
    if mounted.is_err() {
        sys::umount(&shown)?;
    }
    mounted.context("mounting the overlay")?;
    Ok(shown)
}

/// Whether this kernel and the file system can do it.
pub(crate) fn is_possible(lower: &Path, upper: &Path) -> Result<bool> {
    let probe = Case::new("facts-mapped")
        .lower(|layer| layer.file("file", 1))
        .unmounted();
    let merged = Merged::new(&probe, lower, upper)?;
    let Ok(shown) = mount(&merged) else {
        return Ok(false);
    };
    sys::umount(&merged.root)?;
    sys::umount(&shown)?;
    Ok(true)
}

/// A user namespace that maps 0 to [`OWNER`]: a child makes it, and the
/// descriptor keeps it.
fn user_namespace() -> Result<File> {
    let (mut reader, writer) = io::pipe()?;
    let child = super::process::Child::start(move || {
        // SAFETY: no memory is involved; the child has one thread.
        if unsafe { libc::unshare(libc::CLONE_NEWUSER) } != 0 {
            return Err(io::Error::last_os_error());
        }
        io::Write::write_all(&mut &writer, b"x")?;
        drop(writer);
        loop {
            // SAFETY: waits for a signal, that of the parent's end.
            unsafe { libc::pause() };
        }
    })?;
    let mut byte = [0];
    io::Read::read_exact(&mut reader, &mut byte)?;
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    for map in ["uid_map", "gid_map"] {
        fs::write(process.join(map), format!("0 {OWNER} 1"))?;
    }
    let namespace = File::open(process.join("ns/user"))?;
    Ok(namespace)
}
