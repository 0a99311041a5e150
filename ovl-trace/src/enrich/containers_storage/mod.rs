//! Podman, CRI-O and Buildah, whose layers are in stores of containers/storage
//! (`go.podman.io/storage`) with the overlay driver.

mod build;
mod describe;
mod images;
mod paths;
mod pods;
mod records;
mod store;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use self::{
    images::{chain, explain},
    paths::{StoragePath, classify, graph_root_of_lower},
    store::{Found, Store},
};
use super::{
    budget::Budget,
    root::Root,
    runtime::{Claim, Evidence, Owner, Resolver},
};
use crate::model::Layer;

/// The graph root of root's containers unless configured otherwise.
const GRAPH_ROOT: &str = "/var/lib/containers/storage";

/// Stores come and go with users and namespaces; beyond this many, they are
/// read anew.
const MAX_STORES: usize = 64;

/// The container's own store and its additional image stores.
const MAX_STORES_OF_IMAGE: usize = 8;

/// Names the containers of all stores whose files can be read.
#[derive(Debug)]
pub(crate) struct ContainersStorage {
    stores: HashMap<(Root, PathBuf), Store>,
    /// Graph roots of the host: the usual one, and those learned from mounts.
    graph_roots: Vec<PathBuf>,
    budget: Budget,
}

impl Default for ContainersStorage {
    fn default() -> Self {
        Self {
            stores: HashMap::new(),
            graph_roots: vec![PathBuf::from(GRAPH_ROOT)],
            budget: Budget::default(),
        }
    }
}

impl ContainersStorage {
    /// Where a relative upperdir may start from.
    pub(crate) fn layer_directories(&self) -> impl Iterator<Item = PathBuf> {
        self.graph_roots.iter().map(|root| root.join("overlay"))
    }

    fn store(&mut self, root: &Root, graph_root: &Path) -> &mut Store {
        let key = (root.clone(), graph_root.to_owned());
        if self.stores.len() >= MAX_STORES && !self.stores.contains_key(&key) {
            self.stores.clear();
        }
        self.stores
            .entry(key)
            .or_insert_with_key(|(root, path)| Store::new(root.clone(), path.clone(), &self.budget))
    }

    fn layer(&mut self, evidence: &Evidence<'_>, graph_root: Option<&Path>, layer: &str) -> Claim {
        let root = evidence.root;
        let graph_roots = match graph_root {
            Some(graph_root) => vec![graph_root.to_owned()],
            None => self.graph_roots.clone(),
        };
        for graph_root in graph_roots {
            let store = self.store(root, &graph_root);
            let Some(found) = store.find(|record| record.layer == layer) else {
                continue;
            };
            let layers = self.lower_layers(evidence, &graph_root, &found);
            let merged = graph_root.join("overlay").join(layer).join("merged");
            if evidence.home && !self.graph_roots.contains(&graph_root) {
                self.graph_roots.push(graph_root);
            }
            return Claim::Owner(Box::new(Owner {
                container: found.container,
                record: found.record,
                merged: Some(merged),
                layers: layers.unwrap_or_default(),
            }));
        }
        // Without an upper directory it is an image that somebody looks at.
        match evidence.upperdir {
            Some(_) => Claim::Pending,
            None => Claim::Foreign,
        }
    }

    /// A volume: what is below is not the image, or another one.
    fn volume(&mut self, root: &Root, graph_root: &Path, container: &str) -> Claim {
        let store = self.store(root, graph_root);
        match store.find(|record| record.id == container) {
            Some(found) => Claim::Owner(Box::new(Owner {
                record: found.record,
                ..Owner::new(found.container)
            })),
            // Not by the path alone: anybody may name a directory so.
            None => Claim::Pending,
        }
    }

    /// `None` if not all of them are on record.
    fn lower_layers(
        &mut self,
        evidence: &Evidence<'_>,
        graph_root: &Path,
        found: &Found,
    ) -> Option<Vec<Layer>> {
        let mut graph_roots = vec![graph_root];
        for other in evidence
            .lowerdirs
            .iter()
            .filter_map(|lower| graph_root_of_lower(lower))
        {
            if !graph_roots.contains(&other) && graph_roots.len() < MAX_STORES_OF_IMAGE {
                graph_roots.push(other);
            }
        }
        for path in &graph_roots {
            self.store(evidence.root, path).refresh_layers();
        }
        let stores = graph_roots.iter().filter_map(|path| {
            self.stores
                .get(&(evidence.root.clone(), (*path).to_owned()))
        });
        let indexes: Vec<_> = stores.flat_map(Store::layers).collect();
        let own = indexes.iter().find_map(|index| index.get(&found.layer))?;
        let mut layers = chain(&indexes, &own.parent)?;
        let image = graph_roots
            .iter()
            .find_map(|path| self.store(evidence.root, path).image_layers(&found.image));
        if let Some(image) = image {
            explain(&mut layers, image);
        }
        Some(layers)
    }
}

impl Resolver for ContainersStorage {
    fn resolve(&mut self, evidence: &Evidence<'_>) -> Claim {
        match recognise(evidence) {
            Some(StoragePath::Layer { graph_root, layer }) => {
                self.layer(evidence, graph_root.as_deref(), &layer)
            }
            Some(StoragePath::Volume {
                graph_root,
                container,
            }) => self.volume(evidence.root, &graph_root, &container),
            None => Claim::Foreign,
        }
    }
}

/// The upper directory says what a mount is; the mount point, where it is
/// relative; and lower directories, where there is none.
fn recognise(evidence: &Evidence<'_>) -> Option<StoragePath> {
    let mut points = evidence
        .mount_points
        .iter()
        .filter_map(|point| classify(point));
    let Some(upper) = evidence.upperdir else {
        let is_volume = |path: &StoragePath| matches!(path, StoragePath::Volume { .. });
        let mut lowers = evidence
            .lowerdirs
            .iter()
            .filter_map(|lower| classify(lower));
        return lowers.find(is_volume).or_else(|| points.next());
    };
    let found = classify(upper)?;
    if let StoragePath::Layer {
        graph_root: None,
        layer: own,
    } = &found
        && let Some(absolute) = points.find(|point| point.has_layer(own))
    {
        return Some(absolute);
    }
    Some(found)
}
