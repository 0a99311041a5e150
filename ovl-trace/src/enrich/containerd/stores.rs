//! The stores of all containerds whose files can be read, shared by those who
//! ask them: Docker's containers may be in one, too.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use super::{
    content::{Content, Image},
    metadata::{Metadata, Object},
    paths::{SnapshotPath, containerd_root},
    snapshots::{Snapshot, Snapshots},
};
use crate::{
    enrich::{budget::Budget, root::Root},
    model::Layer,
};

/// Stores outside the host's own namespace come and go with processes; beyond
/// this many, they are read anew.
const MAX_STORES: usize = 64;

/// Where containerd's root is when only a foreign snapshotter's is known
/// (stargz, nydus, SOCI): the defaults of containerd and of the Kubernetes
/// distributions that ship their own.
const USUAL_ROOTS: [&str; 5] = [
    "/var/lib/containerd",
    "/var/lib/rancher/k3s/agent/containerd",
    "/var/lib/rancher/rke2/agent/containerd",
    "/var/snap/microk8s/common/var/lib/containerd",
    "/var/lib/k0s/containerd",
];

/// What is known of a container's image.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageHint<'a> {
    /// Digests of it, best first.
    pub(crate) digests: Vec<String>,
    /// Its name.
    pub(crate) reference: Option<&'a str>,
}

/// All stores.
#[derive(Debug, Default)]
pub(crate) struct Stores {
    stores: HashMap<(Root, PathBuf), Store>,
    /// For the layers of images that are remembered.
    images: Budget,
}

impl Stores {
    /// The store of a snapshotter's directory.
    pub(crate) fn of(&mut self, root: &Root, snapshotter: &Path) -> &mut Store {
        let key = (root.clone(), snapshotter.to_owned());
        if self.stores.len() >= MAX_STORES && !self.stores.contains_key(&key) {
            self.stores.clear();
        }
        self.stores
            .entry(key)
            .or_insert_with_key(|(root, snapshotter)| Store::new(root, snapshotter, &self.images))
    }

    /// A snapshot by its directory, with all below it, topmost first.
    pub(crate) fn chain(&mut self, root: &Root, path: &SnapshotPath) -> Option<Vec<Snapshot>> {
        let chain = self
            .of(root, &path.snapshotter)
            .snapshots
            .chain(path.number);
        chain.filter(|chain| !chain.is_empty())
    }
}

/// A snapshotter, and the containerd that it works for.
#[derive(Debug)]
pub(crate) struct Store {
    snapshots: Snapshots,
    libraries: Vec<(Metadata, Content)>,
}

impl Store {
    fn new(root: &Root, snapshotter: &Path, images: &Budget) -> Self {
        let library = |path: &Path| (Metadata::new(root, path), Content::new(root, path, images));
        let libraries = match containerd_root(snapshotter) {
            Some(path) => vec![library(path)],
            None => USUAL_ROOTS
                .iter()
                .map(|path| library(Path::new(path)))
                .filter(|(metadata, _)| metadata.exists())
                .collect(),
        };
        Self {
            snapshots: Snapshots::new(root, snapshotter),
            libraries,
        }
    }

    /// Whether the directory has a snapshotter's database.
    pub(crate) fn exists(&self) -> bool {
        self.snapshots.exists()
    }

    /// The container whose own layer this is.
    pub(crate) fn owner_of(&self, snapshot: &Snapshot) -> Option<Object> {
        self.libraries
            .iter()
            .find_map(|(metadata, _)| metadata.owner_of(&snapshot.namespace, &snapshot.name))
    }

    /// The layers of a chain's lower part, topmost first. `record` describes
    /// snapshots that are no layer of an image.
    pub(crate) fn layers(
        &mut self,
        lower: &[Snapshot],
        hint: &ImageHint<'_>,
        record: impl Fn(&str) -> Layer,
    ) -> Vec<Layer> {
        let image = lower
            .iter()
            .find(|snapshot| is_chain_id(&snapshot.name))
            .and_then(|top| self.image(top, hint));
        let base = lower.last().map(|snapshot| snapshot.number);
        let describe = |snapshot: &Snapshot| {
            let name = &snapshot.name;
            let known = image.as_ref().and_then(|image| image.layer(name)).cloned();
            let layer = known.unwrap_or_else(|| {
                if !is_chain_id(name) {
                    return record(name);
                }
                // A chain of one layer is called as the layer.
                Layer {
                    digest: (Some(snapshot.number) == base).then(|| name.clone()),
                    ..Layer::default()
                }
            });
            Layer {
                id: snapshot.number.to_string(),
                ..layer
            }
        };
        lower.iter().map(describe).collect()
    }

    /// The image with this topmost layer: what the container says; but a name
    /// may stand for another image by now.
    fn image(&mut self, top: &Snapshot, hint: &ImageHint<'_>) -> Option<Rc<Image>> {
        self.libraries.iter_mut().find_map(|(metadata, content)| {
            let named = hint
                .reference
                .and_then(|name| metadata.target(&top.namespace, name));
            let digests = hint.digests.iter().cloned().chain(named);
            content.image(digests, &top.name).or_else(|| {
                let configs = metadata.configs_of(&top.namespace, &top.name);
                content.image(configs, &top.name)
            })
        })
    }
}

fn is_chain_id(name: &str) -> bool {
    name.starts_with("sha256:")
}
