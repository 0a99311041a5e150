//! Docker with the containerd image store: its containers' layers are
//! snapshots of containerd, in a namespace of their own.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{Docker, buildkit::step_name, config::ImageIds, owner, store::Store, unnamed};
use crate::{
    enrich::{
        containerd::{
            ImageHint, Snapshot, is_dockers,
            paths::{self, SnapshotPath, containerd_root},
        },
        patterns::{is_base36, is_hex64},
        root::Root,
        runtime::{Claim, Evidence, Owner},
    },
    model::{Layer, Runtime},
};

/// The own layer of a container or build step, and what is below it.
pub(super) struct Own {
    path: SnapshotPath,
    snapshot: Snapshot,
    lower: Vec<Snapshot>,
}

impl Own {
    /// What its owner called it.
    pub(super) fn name(&self) -> &str {
        &self.snapshot.name
    }

    /// Of a snapshotter's directory, such as
    /// `io.containerd.snapshotter.v1.overlayfs`.
    fn snapshotter(&self) -> String {
        let name = self.path.snapshotter.file_name().unwrap_or_default();
        let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
        name.rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// How `BuildKit` calls the worker.
    fn worker(&self) -> String {
        format!("containerd-{}", self.snapshotter())
    }

    /// The data root of a Docker that starts its own containerd
    /// (`DATA-ROOT/containerd/daemon`).
    fn data_root(&self) -> Option<&Path> {
        let root = containerd_root(&self.path.snapshotter)?;
        let inner = root.ends_with("containerd/daemon");
        root.ancestors().nth(2).filter(|_| inner)
    }
}

impl Docker {
    /// The own layer behind an upperdir, if it is one of Docker's.
    pub(super) fn own(&self, evidence: &Evidence<'_>) -> Option<Own> {
        let path = paths::snapshot(evidence.upperdir?)?;
        let mut chain = self
            .snapshots
            .borrow_mut()
            .chain(evidence.root, &path)?
            .into_iter();
        let snapshot = chain.next()?;
        is_dockers(&snapshot.namespace).then(|| Own {
            path,
            snapshot,
            lower: chain.collect(),
        })
    }

    /// A container of the containerd store: the mount point has its id.
    pub(super) fn rootfs(
        &mut self,
        root: &Root,
        data_root: &Path,
        id: &str,
        own: Option<&Own>,
    ) -> Claim {
        let store = self.store(root, data_root);
        let image = store.image(id);
        match store.describe(id) {
            Some((container, record)) => {
                let own = own.filter(|own| container_of(own.name()) == Some(id));
                let layers = own.map(|own| self.lower_layers(root, own, image, None));
                owner(Owner {
                    record: Some(record),
                    layers: layers.unwrap_or_default(),
                    ..Owner::new(container)
                })
            }
            // Not by the path alone: anybody may name a directory so.
            None => match self.api.container(id) {
                Some(container) => owner(Owner::new(container)),
                None => Claim::Pending,
            },
        }
    }

    /// By the snapshot alone: it has the name of the container, or of the
    /// build step's record.
    pub(super) fn by_snapshot(&mut self, root: &Root, home: bool, own: &Own) -> Claim {
        let derived = own.data_root().map(Path::to_owned);
        let data_roots: Vec<PathBuf> = derived.into_iter().chain(self.data_roots.clone()).collect();
        if is_base36(own.name().as_bytes()) {
            return self.recorded_step(root, &data_roots, own);
        }
        let Some(id) = container_of(own.name()) else {
            return Claim::Pending;
        };
        for data_root in data_roots {
            let store = self.store(root, &data_root);
            let image = store.image(id);
            let Some((container, record)) = store.describe(id) else {
                continue;
            };
            if home && !self.data_roots.contains(&data_root) {
                self.data_roots.push(data_root.clone());
            }
            let merged = data_root.join("rootfs").join(own.snapshotter()).join(id);
            return owner(Owner {
                container,
                record: Some(record),
                merged: Some(merged),
                layers: self.lower_layers(root, own, image, None),
            });
        }
        let known = self.api.container(id);
        let layers = self.lower_layers(root, own, ImageIds::default(), None);
        owner(Owner {
            layers,
            ..Owner::new(known.unwrap_or_else(|| unnamed(id.to_owned(), Runtime::Docker)))
        })
    }

    fn recorded_step(&mut self, root: &Root, data_roots: &[PathBuf], own: &Own) -> Claim {
        for data_root in data_roots {
            let record = self
                .store(root, data_root)
                .records(&own.worker())
                .layer(own.name());
            if let Some(name) = step_name(&record) {
                let mut container = unnamed(own.name().to_owned(), Runtime::Buildkit);
                container.name = Some(name);
                let layers = self.lower_layers(root, own, ImageIds::default(), Some(data_root));
                return owner(Owner {
                    layers,
                    ..Owner::new(container)
                });
            }
        }
        Claim::Pending
    }

    /// The lower layers. Those of a build that is not finished are described
    /// by `BuildKit` below `built_in`.
    pub(super) fn lower_layers(
        &mut self,
        root: &Root,
        own: &Own,
        image: ImageIds,
        built_in: Option<&Path>,
    ) -> Vec<Layer> {
        let hint = ImageHint {
            digests: [image.manifest, image.image]
                .into_iter()
                .flatten()
                .collect(),
            reference: None,
        };
        let worker = own.worker();
        let snapshots = std::rc::Rc::clone(&self.snapshots);
        let records = built_in.map(|data_root| self.store(root, data_root).records(&worker));
        let describe = |name: &str| records.map_or_else(Layer::default, |all| all.layer(name));
        let mut stores = snapshots.borrow_mut();
        let store = stores.of(root, &own.path.snapshotter);
        store.layers(&own.lower, &hint, describe)
    }

    /// What `BuildKit` says about a build step's own layer.
    pub(super) fn step_record(&mut self, root: &Root, data_root: &Path, own: &Own) -> Layer {
        let store: &mut Store = self.store(root, data_root);
        store.records(&own.worker()).layer(own.name())
    }
}

/// The container whose own layer, or init layer, has this name.
fn container_of(name: &str) -> Option<&str> {
    // `-init-key` while Docker fills it, `-init` from then on (moby
    // `daemon/containerd/image_snapshot.go`, `prepareInitLayer`).
    let mut suffixes = ["-init-key", "-init"].into_iter();
    let id = suffixes.find_map(|suffix| name.strip_suffix(suffix));
    let id = id.unwrap_or(name);
    is_hex64(id.as_bytes()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_three_snapshots() {
        let id = "ab".repeat(32);
        for suffix in ["", "-init", "-init-key"] {
            assert_eq!(container_of(&format!("{id}{suffix}")), Some(id.as_str()));
        }
        assert_eq!(container_of(&format!("{id}-init-key-init")), None);
        assert_eq!(container_of("web-init"), None);
    }
}
