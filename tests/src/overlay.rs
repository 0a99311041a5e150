//! Overlays without a container, mounted by the tests themselves on ext4.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{
    command::run,
    docker::{Layers, unique},
    harness,
};

/// Where the guest has an ext4 disk.
const DISK: &str = "/data";

/// A mounted overlay with one lower layer that holds something.
pub(crate) struct Overlay {
    directory: PathBuf,
}

impl Overlay {
    /// Fills a lower layer, then mounts it.
    pub(crate) fn mount(fill: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        Self::mount_below(0, fill)
    }

    /// The same below so many empty layers.
    pub(crate) fn mount_below(
        empty: usize,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let directory = Path::new(DISK).join(unique("overlay"));
        for name in ["lower", "upper", "work", "merged"] {
            fs::create_dir_all(directory.join(name))?;
        }
        let overlay = Self { directory };
        fill(&overlay.path("lower")).context("filling the lower layer")?;
        let mut above = String::new();
        for index in 0..empty {
            let layer = overlay.path(&index.to_string());
            fs::create_dir(&layer)?;
            above.extend([&layer.display().to_string(), ":"]);
        }
        let options = format!(
            "lowerdir={above}{},upperdir={},workdir={}",
            overlay.path("lower").display(),
            overlay.path("upper").display(),
            overlay.path("work").display(),
        );
        let merged = overlay.merged().display().to_string();
        run(
            "mount",
            &["-t", "overlay", "overlay", "-o", &options, &merged],
        )?;
        Ok(overlay)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The mount point.
    pub(crate) fn merged(&self) -> PathBuf {
        self.path("merged")
    }

    /// Its directories.
    pub(crate) fn layers(&self) -> Layers {
        Layers {
            upper: self.path("upper"),
            lowers: vec![self.path("lower")],
        }
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        let merged = self.merged().display().to_string();
        let outcome =
            run("umount", &[&merged]).and_then(|_| Ok(fs::remove_dir_all(&self.directory)?));
        if let Err(error) = outcome {
            harness::note(&format!("removing {}: {error:#}", self.directory.display()));
        }
    }
}
