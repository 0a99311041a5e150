//! The files of one store.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use super::{
    build,
    describe::{self, Maker, add_annotations},
    images::configurations,
    pods::Pods,
    records::{self, ContainerRecord, ImageRecord, LayerRecord},
};
use crate::{
    enrich::{
        budget::Budget, cached::Cached, image, patterns::is_hex64, root::Root, runtime::Record,
    },
    model::{Container, Layer, Runtime},
};

/// A graph root with its indexes.
#[derive(Debug)]
pub(crate) struct Store {
    root: Root,
    graph_root: PathBuf,
    containers: Vec<Cached<Vec<ContainerRecord>>>,
    layers: Vec<Cached<HashMap<String, LayerRecord>>>,
    images: Cached<Vec<ImageRecord>>,
    pods: Pods,
    warned: bool,
}

/// A container on record.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) container: Container,
    /// What to follow for changes of its name.
    pub(crate) record: Option<Record>,
    /// Its own layer.
    pub(crate) layer: String,
    /// The id of its image; empty without one.
    pub(crate) image: String,
}

impl Store {
    /// Reads nothing yet, but finds out whose store it is.
    pub(crate) fn new(root: Root, graph_root: PathBuf, budget: &Budget) -> Self {
        // Records of containers that end with the machine's boot, or with
        // `--rm`, are in files of their own; with `transient_store` these are
        // in the run root, whose place is a matter of configuration.
        let mut places = vec![graph_root.clone(), PathBuf::from("/run/containers/storage")];
        if let Ok(user) = root.owner(&graph_root) {
            places.push(PathBuf::from(format!("/run/user/{user}/containers")));
        }
        let files = |directory: &str, stable: &str, volatile: &str| -> Vec<PathBuf> {
            let volatile = places
                .iter()
                .map(|place| place.join(directory).join(volatile));
            std::iter::once(graph_root.join(directory).join(stable))
                .chain(volatile)
                .collect()
        };
        let containers = files(
            "overlay-containers",
            "containers.json",
            "volatile-containers.json",
        );
        let layers = files("overlay-layers", "layers.json", "volatile-layers.json");
        Self {
            containers: containers
                .into_iter()
                .map(|path| Cached::new(path, budget))
                .collect(),
            layers: layers
                .into_iter()
                .map(|path| Cached::new(path, budget))
                .collect(),
            images: Cached::new(graph_root.join("overlay-images/images.json"), budget),
            pods: Pods::new(&root, &graph_root, budget),
            warned: false,
            root,
            graph_root,
        }
    }

    /// The container that `is` the one asked for, as its maker describes it.
    pub(crate) fn find(&mut self, is: impl Fn(&ContainerRecord) -> bool) -> Option<Found> {
        self.refresh_containers();
        let is = |record: &&ContainerRecord| is_hex64(record.id.as_bytes()) && is(record);
        let (file, record) = self
            .containers
            .iter()
            .find_map(|file| Some((file, file.get().iter().find(is)?)))?;
        let lists: Vec<&[ContainerRecord]> = self
            .containers
            .iter()
            .map(|file| file.get().as_slice())
            .collect();
        let (container, follow) = match describe::describe(record, &lists) {
            Maker::Known(container) if container.runtime == Runtime::Podman => {
                let pod = self.pods.of(&record.id);
                let (id, known) = (record.id.clone(), pod.clone());
                let read = move |root: &Root, path: &Path| {
                    let pod = known.clone();
                    let container = describe::podman(&root.contents(path).ok()?, &id)?;
                    Some(Container { pod, ..container })
                };
                let path = file.path().to_owned();
                let follow = Record::new(&self.root, path, file.version(), read);
                (Container { pod, ..container }, Some(follow))
            }
            // Nobody renames these.
            Maker::Known(container) => (self.with_annotations(container), None),
            Maker::Silent => {
                let (container, follow) =
                    build::working_container(&self.root, &self.graph_root, record)?;
                (container, Some(follow))
            }
        };
        Some(Found {
            container,
            record: follow,
            layer: record.layer.clone(),
            image: record.image.clone(),
        })
    }

    fn with_annotations(&self, mut container: Container) -> Container {
        if container.pod.is_none() || container.namespace.is_none() {
            let bundle = self
                .graph_root
                .join("overlay-containers")
                .join(&container.id)
                .join("userdata/config.json");
            if let Ok((bundle, _)) = self.root.read(&bundle) {
                add_annotations(&mut container, &bundle);
            }
        }
        container
    }

    fn refresh_containers(&mut self) {
        let mut missing = 0;
        for file in &mut self.containers {
            match file.refresh(&self.root, records::containers) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing += 1,
                Err(error) => warn(&mut self.warned, file.path(), &error),
            }
        }
        // Seen from a container, the path is not there at all.
        if missing == self.containers.len()
            && self.root.stamp(&self.graph_root).is_ok()
            && !std::mem::replace(&mut self.warned, true)
        {
            tracing::warn!(
                "there is no list of containers in '{}/overlay-containers': containers of this \
                 store have no names",
                self.graph_root.display(),
            );
        }
    }

    /// Reads the lists of layers that changed.
    pub(crate) fn refresh_layers(&mut self) {
        for file in &mut self.layers {
            if let Err(error) = file.refresh(&self.root, records::layers)
                && error.kind() != io::ErrorKind::NotFound
            {
                warn(&mut self.warned, file.path(), &error);
            }
        }
    }

    /// The lists of layers, by id.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &HashMap<String, LayerRecord>> {
        self.layers.iter().map(Cached::get)
    }

    /// The layers of an image, the base first, by its configuration. `None` if
    /// it is not in this store.
    pub(crate) fn image_layers(&mut self, image: &str) -> Option<Vec<Layer>> {
        if let Err(error) = self.images.refresh(&self.root, records::images)
            && error.kind() != io::ErrorKind::NotFound
        {
            warn(&mut self.warned, self.images.path(), &error);
        }
        let record = self.images.get().iter().find(|record| record.id == image);
        configurations(&self.graph_root, image, record)?
            .iter()
            .filter_map(|path| self.root.read(path).ok())
            .find_map(|(bytes, _)| image::layers(&bytes))
    }
}

/// Once per store.
fn warn(warned: &mut bool, path: &Path, error: &io::Error) {
    if !std::mem::replace(warned, true) {
        tracing::warn!(
            "'{}' cannot be read ({error}): containers of this store may have no names or \
             layers; if the file is whole, it is of a version that is not known here",
            path.display(),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    /// Where the log goes.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that two questions to a store log.
    fn warnings(graph_root: &Path) -> Vec<String> {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            // A root of its own: the host may have stores, too.
            let mut store = Store::new(
                Root::new(graph_root),
                PathBuf::from("/s"),
                &Budget::default(),
            );
            for _ in 0..2 {
                assert!(store.find(|_| true).is_none());
                store.refresh_layers();
            }
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn one_warning_per_store() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(warnings(dir.path()), [""; 0], "no store, no warning");
        fs::create_dir_all(dir.path().join("s/overlay-containers")).unwrap();
        fs::create_dir_all(dir.path().join("s/overlay-layers")).unwrap();
        let missing = warnings(dir.path());
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert!(
            missing[0].contains("no list of containers in '/s/"),
            "{missing:?}"
        );
        for file in [
            "overlay-containers/containers.json",
            "overlay-layers/layers.json",
        ] {
            fs::write(dir.path().join("s").join(file), "{}").unwrap();
        }
        let broken = warnings(dir.path());
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].contains("'/s/overlay-containers/containers.json'"));
    }
}
