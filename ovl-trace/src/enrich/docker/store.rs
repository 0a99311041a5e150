//! Docker's files below one data root.

use std::{
    collections::HashMap,
    ffi::OsString,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    buildkit::Records,
    config::{self, ImageIds},
    layers::LayerDb,
};
use crate::{
    enrich::{
        budget::Budget,
        patterns::is_hex64,
        root::{Root, Stamp},
        runtime::Record,
    },
    model::Container,
};

/// A directory that changed less than this ago may change again without its
/// time changing (file systems take the time from the timer tick).
const SETTLED: Duration = Duration::from_secs(1);

/// Containers whose directory may be there already, and whose file is not yet.
const MADE_AT_ONCE: usize = 64;

/// A data root, and which container has which mount id.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) root: Root,
    pub(super) data_root: PathBuf,
    pub(super) layers: LayerDb,
    /// `BuildKit`'s records by worker.
    records: HashMap<String, Records>,
    /// Container by mount id.
    containers: HashMap<String, String>,
    /// The directory's version when it was last listed, if nothing can have
    /// been missed then.
    listed: Option<Stamp>,
}

impl Store {
    pub(crate) fn new(root: Root, data_root: PathBuf, images: &Budget) -> Self {
        Self {
            layers: LayerDb::new(&root, &data_root, images),
            records: HashMap::new(),
            root,
            data_root,
            containers: HashMap::new(),
            listed: None,
        }
    }

    /// The container that owns an overlay2 layer
    /// (`image/overlay2/layerdb/mounts/CONTAINER/mount-id` says which).
    pub(crate) fn container_of(&mut self, mount_id: &str) -> Option<&str> {
        if !self.containers.contains_key(mount_id) {
            self.list();
        }
        self.containers.get(mount_id).map(String::as_str)
    }

    /// What is on record about a container. `None` if there is no record, or
    /// none that can be read.
    pub(crate) fn describe(&self, id: &str) -> Option<(Container, Record)> {
        let path = self
            .data_root
            .join("containers")
            .join(id)
            .join("config.v2.json");
        Record::read(&self.root, path, config::parse).filter(|(container, _)| container.id == id)
    }

    /// The image that a container was made from.
    pub(crate) fn image(&self, id: &str) -> ImageIds {
        let path = self.data_root.join("containers").join(id);
        let file = self.root.read(&path.join("config.v2.json"));
        file.map_or_else(
            |_| ImageIds::default(),
            |(bytes, _)| config::parse_image(&bytes),
        )
    }

    /// The command of a build step, while it runs: its bundle is removed as
    /// soon as it ends.
    pub(crate) fn build_step(&self, step: &str) -> Option<Container> {
        let path = self
            .data_root
            .join("buildkit/executor")
            .join(step)
            .join("config.json");
        let (bytes, _) = self.root.read(&path).ok()?;
        let mut container = config::parse_step(&bytes)?;
        step.clone_into(&mut container.id);
        Some(container)
    }

    /// `BuildKit`'s records of a worker (see [`Records::new`]).
    pub(super) fn records(&mut self, worker: &str) -> &Records {
        let (root, data_root) = (&self.root, &self.data_root);
        self.records
            .entry(worker.to_owned())
            .or_insert_with_key(|worker| Records::new(root, data_root, worker))
    }

    /// Reads the mount ids of containers that are new, forgets those that are
    /// gone.
    fn list(&mut self) {
        let directory = self.data_root.join("image/overlay2/layerdb/mounts");
        // Before listing: what changes meanwhile makes this one stale.
        let stamp = self.root.stamp(&directory).ok();
        if stamp.is_none() || stamp == self.listed {
            return;
        }
        let Ok(names) = self.root.list(&directory) else {
            return;
        };
        let mut known: HashMap<String, String> = self
            .containers
            .drain()
            .map(|(mount, container)| (container, mount))
            .collect();
        let mut without_file = 0;
        for name in names {
            let Some(container) = container_name(name) else {
                continue;
            };
            let mount_id = match known.remove(&container) {
                Some(mount_id) => Some(mount_id),
                None => self.mount_id(&directory.join(&container)),
            };
            match mount_id {
                Some(mount_id) => {
                    self.containers.insert(mount_id, container);
                }
                // The file comes just after the directory.
                None => without_file += 1,
            }
        }
        // So many are not being made just now.
        let complete = without_file == 0 || without_file > MADE_AT_ONCE;
        self.listed =
            stamp.filter(|stamp| complete && stamp.is_older_than(SETTLED, SystemTime::now()));
    }

    fn mount_id(&self, directory: &Path) -> Option<String> {
        self.root.read_name(&directory.join("mount-id"))
    }
}

fn container_name(name: OsString) -> Option<String> {
    is_hex64(name.as_bytes()).then(|| name.into_string().ok())?
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_index_follows_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let mounts = dir.path().join("image/overlay2/layerdb/mounts");
        let mut store = Store::new(Root::new("/"), dir.path().to_owned(), &Budget::default());
        let (first, second) = ("aa".repeat(32), "bb".repeat(32));
        assert_eq!(store.container_of("one"), None);
        fs::create_dir_all(mounts.join(&first)).unwrap();
        fs::create_dir_all(mounts.join("not-an-id")).unwrap();
        // The directory comes first, its file a moment later.
        assert_eq!(store.container_of("one"), None);
        fs::write(mounts.join(&first).join("mount-id"), "one").unwrap();
        assert_eq!(store.container_of("one"), Some(first.as_str()));
        fs::create_dir_all(mounts.join(&second)).unwrap();
        fs::write(mounts.join(&second).join("mount-id"), "two").unwrap();
        assert_eq!(store.container_of("two"), Some(second.as_str()));
        // Known while nothing else is asked for; then forgotten.
        fs::remove_dir_all(mounts.join(&first)).unwrap();
        assert_eq!(store.container_of("one"), Some(first.as_str()));
        assert_eq!(store.container_of("three"), None);
        assert_eq!(store.container_of("one"), None);
    }

    #[test]
    fn a_record_of_another_container_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let id = "aa".repeat(32);
        let directory = dir.path().join("containers").join(&id);
        fs::create_dir_all(&directory).unwrap();
        let store = Store::new(Root::new("/"), dir.path().to_owned(), &Budget::default());
        fs::write(directory.join("config.v2.json"), r#"{"ID":"bb"}"#).unwrap();
        assert!(store.describe(&id).is_none());
        fs::write(
            directory.join("config.v2.json"),
            format!(r#"{{"ID":"{id}"}}"#),
        )
        .unwrap();
        assert!(store.describe(&id).is_some());
    }
}
