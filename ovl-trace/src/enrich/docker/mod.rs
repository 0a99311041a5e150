//! Docker, with the overlay2 graph driver or the containerd image store, and
//! its builder.

pub mod api;
#[cfg(test)]
mod api_tests;
mod config;
mod known;
mod paths;
mod store;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use self::{
    api::ApiContainer,
    known::Known,
    paths::{DockerPath, Layer, classify},
    store::Store,
};
use super::{
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
}

impl Docker {
    pub(crate) fn new(data_roots: &[PathBuf]) -> Self {
        Self {
            stores: HashMap::new(),
            data_roots: data_roots.to_vec(),
            api: Known::default(),
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
            .or_insert_with_key(|(root, path)| Store::new(root.clone(), path.clone()))
    }

    fn build_step(&mut self, root: &Root, data_root: &Path, step: String) -> Claim {
        let found = self.store(root, data_root).build_step(&step);
        let container = found.unwrap_or_else(|| unnamed(step, Runtime::Buildkit));
        owner(Owner::new(container))
    }

    /// A container of the containerd store: the mount point has its id.
    fn rootfs(&mut self, root: &Root, data_root: &Path, id: &str) -> Claim {
        match self.store(root, data_root).describe(id) {
            Some((container, record)) => owner(Owner {
                record: Some(record),
                ..Owner::new(container)
            }),
            // Not by the path alone: anybody may name a directory so.
            None => match self.api.container(id) {
                Some(container) => owner(Owner::new(container)),
                None => Claim::Pending,
            },
        }
    }

    fn layer(&mut self, root: &Root, home: bool, layer: &Layer) -> Claim {
        let data_roots = match &layer.data_root {
            Some(data_root) => vec![data_root.clone()],
            None => self.data_roots.clone(),
        };
        for data_root in data_roots {
            let store = self.store(root, &data_root);
            let Some(id) = store.container_of(&layer.mount_id).map(str::to_owned) else {
                continue;
            };
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
                record,
                merged,
                ..Owner::new(container)
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
        for mount_point in evidence.mount_points {
            match classify(mount_point) {
                Some(DockerPath::BuildStep { data_root, step }) => {
                    return self.build_step(root, &data_root, step);
                }
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
        let claim = match (rootfs, layer) {
            (Some((data_root, id)), _) => self.rootfs(root, &data_root, &id),
            (None, Some(layer)) => self.layer(root, evidence.home, &layer),
            (None, None) => Claim::Foreign,
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
