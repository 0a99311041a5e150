//! Docker, with the overlay2 graph driver or the containerd image store, and
//! its builder.

pub mod api;
#[cfg(test)]
mod api_tests;
mod buildkit;
mod config;
mod known;
mod layers;
mod paths;
mod snapshot;
mod steps;
mod store;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use self::{
    api::ApiContainer,
    known::Known,
    paths::{DockerPath, Layer, classify},
    steps::Step,
    store::Store,
};
use super::{
    budget::Budget,
    containerd::SharedStores,
    root::Root,
    runtime::{Claim, Evidence, Owner, Resolver},
};
use crate::model::{Container, Runtime};

/// Data roots outside the host's own namespace come and go with processes;
/// beyond this many, they are read anew.
const MAX_STORES: usize = 64;

/// Names the containers of all Docker daemons whose files can be read.
#[derive(Debug)]
pub(crate) struct Docker {
    stores: HashMap<(Root, PathBuf), Store>,
    /// Data roots of the host: those given, and those learned from mounts.
    data_roots: Vec<PathBuf>,
    api: Known,
    /// Of the containerd image store.
    snapshots: SharedStores,
    /// For the layers of images that are remembered.
    images: Budget,
}

impl Docker {
    pub(crate) fn new(data_roots: &[PathBuf], snapshots: SharedStores) -> Self {
        Self {
            stores: HashMap::new(),
            data_roots: data_roots.to_vec(),
            api: Known::default(),
            snapshots,
            images: Budget::default(),
        }
    }

    /// Takes what the Engine API knows.
    pub(crate) fn learn(&mut self, containers: Vec<ApiContainer>) {
        self.api.learn(containers);
    }

    /// Where a relative upperdir may start from.
    pub(crate) fn layer_directories(&self) -> impl Iterator<Item = PathBuf> {
        self.data_roots.iter().map(|root| root.join("overlay2"))
    }

    /// A container of which only the id is known, on the host.
    pub(crate) fn by_id(&mut self, home: &Root, id: &str) -> Option<Owner> {
        for data_root in self.data_roots.clone() {
            if let Some((container, record)) = self.store(home, &data_root).describe(id) {
                return Some(Owner {
                    record: Some(record),
                    ..Owner::new(container)
                });
            }
        }
        let container = self.api.container(id)?;
        Some(Owner::new(container))
    }

    fn store(&mut self, root: &Root, data_root: &Path) -> &mut Store {
        let key = (root.clone(), data_root.to_owned());
        if self.stores.len() >= MAX_STORES && !self.stores.contains_key(&key) {
            self.stores.clear();
        }
        self.stores
            .entry(key)
            .or_insert_with_key(|(root, path)| Store::new(root.clone(), path.clone(), &self.images))
    }

    /// A container of the overlay2 graph driver.
    fn layer(&mut self, root: &Root, home: bool, layer: &Layer) -> Claim {
        let data_roots = match &layer.data_root {
            Some(data_root) => vec![data_root.clone()],
            None => self.data_roots.clone(),
        };
        for data_root in data_roots {
            let store = self.store(root, &data_root);
            let Some(id) = store.container_of(&layer.mount_id).map(str::to_owned) else {
                if let Some(step) = store.recorded_step(&layer.mount_id) {
                    return owner(step);
                }
                continue;
            };
            let image = store.image(&id).image;
            let layers = store.layers.of_container(&id, layer.init, image);
            let (container, record) = match store.describe(&id) {
                Some((container, record)) => (container, Some(record)),
                None => match self.api.container(&id) {
                    Some(container) => (container, None),
                    None => (unnamed(id, Runtime::Docker), None),
                },
            };
            let merged = Some(layer.merged(&data_root));
            if home && !self.data_roots.contains(&data_root) {
                self.data_roots.push(data_root);
            }
            return owner(Owner {
                container,
                record,
                merged,
                layers,
            });
        }
        Claim::Pending
    }
}

impl Resolver for Docker {
    fn resolve(&mut self, evidence: &Evidence<'_>) -> Claim {
        let root = evidence.root;
        let upper = evidence.upperdir.and_then(classify);
        let mut layer = match upper {
            Some(DockerPath::Layer(layer)) => Some(layer),
            _ => None,
        };
        let mut rootfs = None;
        let mut step = None;
        for mount_point in evidence.mount_points {
            match classify(mount_point) {
                Some(DockerPath::BuildStep {
                    data_root,
                    step: id,
                }) => step = Some(Step { data_root, id }),
                Some(DockerPath::Rootfs {
                    data_root,
                    container,
                }) => {
                    rootfs = Some((data_root, container));
                }
                // The mount point is absolute where the upperdir is not.
                Some(DockerPath::Layer(point))
                    if layer.as_ref().is_none_or(|layer| {
                        layer.data_root.is_none() && layer.mount_id == point.mount_id
                    }) =>
                {
                    layer = Some(point);
                }
                _ => {}
            }
        }
        let own = self.own(evidence);
        let claim = match (step, rootfs, layer, own) {
            (Some(step), _, layer, own) => {
                return self.build_step(root, &step, layer.as_ref(), own.as_ref());
            }
            (_, Some((data_root, id)), _, own) => self.rootfs(root, &data_root, &id, own.as_ref()),
            (_, _, Some(layer), _) => self.layer(root, evidence.home, &layer),
            (_, _, _, Some(own)) => self.by_snapshot(root, evidence.home, &own),
            _ => Claim::Foreign,
        };
        match claim {
            Claim::Owner(_) => claim,
            // The daemon that we can ask is the host's.
            _ if evidence.home => match self.api.owner_of(evidence.upperdir, evidence.mount_points)
            {
                Some(container) => owner(Owner::new(container)),
                None => claim,
            },
            _ => claim,
        }
    }
}

fn owner(owner: Owner) -> Claim {
    Claim::Owner(Box::new(owner))
}

/// A container whose record cannot be read (yet).
pub(crate) fn unnamed(id: String, runtime: Runtime) -> Container {
    Container {
        id,
        name: None,
        image: None,
        runtime,
        pod: None,
        namespace: None,
    }
}
