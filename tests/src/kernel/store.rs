//! Containers without a runtime: a store as Podman writes it, and the overlays that would
//! be theirs.

use std::{fs, path::PathBuf};

use anyhow::Result;
use serde_json::json;
use tempfile::TempDir;

use super::{layer::Layer, merged, sys};

/// A graph root with containers.
pub(crate) struct Store {
    directory: TempDir,
    /// Present and former names; the index makes the ids.
    names: Vec<String>,
    mounted: Vec<PathBuf>,
}

impl Store {
    pub(crate) fn new() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        for name in ["overlay", "overlay-containers"] {
            fs::create_dir(directory.path().join(name))?;
        }
        Ok(Self {
            directory,
            names: Vec::new(),
            mounted: Vec::new(),
        })
    }

    /// Puts containers on record.
    pub(crate) fn name(&mut self, names: &[&str]) -> Result<()> {
        self.names.extend(names.iter().map(|&name| name.to_owned()));
        self.write()
    }

    /// As `podman rename` does.
    pub(crate) fn rename(&mut self, old: &str, new: &str) -> Result<()> {
        for name in self.names.iter_mut().filter(|name| *name == old) {
            new.clone_into(name);
        }
        self.write()
    }

    fn write(&self) -> Result<()> {
        let containers: Vec<_> = self
            .names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                json!({
                    "id": id('c', index),
                    "names": [name],
                    "layer": id('a', index),
                    "metadata": json!({"image-name": format!("shop/{name}:1")}).to_string(),
                })
            })
            .collect();
        let file = self
            .directory
            .path()
            .join("overlay-containers/containers.json");
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec(&containers)?)?;
        Ok(fs::rename(new, file)?)
    }

    /// Mounts the overlay of a container on record; returns where.
    pub(crate) fn mount(
        &mut self,
        name: &str,
        fill: impl Fn(&Layer) -> Result<()>,
    ) -> Result<PathBuf> {
        let index = self.names.iter().position(|known| known == name);
        let index = index.unwrap_or_default();
        let root = self.directory.path();
        let lower = root.join(format!("lower-{index}"));
        fs::create_dir(&lower)?;
        fill(&Layer {
            root: lower.clone(),
        })?;
        let layer = root.join("overlay").join(id('a', index));
        let [upper, work, point] = ["diff", "work", "merged"].map(|name| layer.join(name));
        for directory in [&upper, &work, &point] {
            fs::create_dir_all(directory)?;
        }
        let lower = lower.display().to_string();
        merged::overlay(&lower, &upper, &work, &point, "")?;
        self.mounted.push(point.clone());
        Ok(point)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for point in &self.mounted {
            // One that is held stays until the guest ends.
            let _unmounted = sys::umount(point);
        }
    }
}

fn id(letter: char, index: usize) -> String {
    format!("{}{index:02}", letter.to_string().repeat(62))
}
