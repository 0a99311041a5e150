//! containerd: `ctr`, nerdctl, Kubernetes.
//!
//! A container's own layer is a numbered directory of a snapshotter. Its
//! database says to which key the number belongs, and containerd's own which
//! container uses that key; both are there before the mount is. The bundle, at
//! the mount point, says the same in a file of its own.

mod content;
mod describe;
mod metadata;
pub(crate) mod paths;
mod snapshots;
mod stores;
#[cfg(test)]
mod tests;

use std::{cell::RefCell, rc::Rc};

use self::{
    describe::{Bundle, describe},
    paths::{Task, containerd_root, snapshot, task},
};
pub(crate) use self::{
    snapshots::Snapshot,
    stores::{ImageHint, Store, Stores},
};
use super::{
    root::Root,
    runtime::{Claim, Evidence, Owner, Resolver},
};
use crate::model::Layer;

/// Stores that several runtimes ask.
pub(crate) type SharedStores = Rc<RefCell<Stores>>;

/// Whether a namespace of containerd is Docker's: `moby`, or `moby-UID.GID`
/// with userns-remap.
pub(crate) fn is_dockers(namespace: &str) -> bool {
    namespace == "moby" || namespace.starts_with("moby-")
}

/// Names the containers of every containerd whose files can be read.
#[derive(Debug)]
pub(crate) struct Containerd {
    stores: SharedStores,
}

impl Containerd {
    pub(crate) fn new(stores: SharedStores) -> Self {
        Self { stores }
    }
}

impl Resolver for Containerd {
    fn resolve(&mut self, evidence: &Evidence<'_>) -> Claim {
        let task = evidence.mount_points.iter().find_map(|point| task(point));
        let path = evidence.upperdir.and_then(snapshot);
        let mut stores = self.stores.borrow_mut();
        let chain = path
            .as_ref()
            .and_then(|path| stores.chain(evidence.root, path));
        let namespace = match (&chain, &task) {
            (Some(chain), _) => chain.first().map(|snapshot| &snapshot.namespace),
            (None, Some(task)) => Some(&task.namespace),
            (None, None) => None,
        };
        if namespace.is_some_and(|namespace| is_dockers(namespace)) {
            return Claim::Foreign;
        }
        let bundle = task
            .as_ref()
            .and_then(|task| Some((task, bundle(evidence.root, task)?)));
        if let (Some(path), Some([own, lower @ ..])) = (&path, chain.as_deref()) {
            let store = stores.of(evidence.root, &path.snapshotter);
            return by_record(store, own, lower, task.as_ref(), bundle.as_ref());
        }
        match (bundle, path) {
            (Some((task, bundle)), _) => Claim::Owner(Box::new(Owner::new(describe(
                task.id.clone(),
                &task.namespace,
                Some(&bundle),
                None,
            )))),
            (None, Some(path))
                if containerd_root(&path.snapshotter).is_some()
                    || stores.of(evidence.root, &path.snapshotter).exists() =>
            {
                Claim::Pending
            }
            (None, _) if task.is_some() => Claim::Pending,
            _ => Claim::Foreign,
        }
    }
}

/// What the databases say, and the bundle where they say nothing.
fn by_record(
    store: &mut Store,
    own: &Snapshot,
    lower: &[Snapshot],
    task: Option<&Task>,
    bundle: Option<&(&Task, Bundle)>,
) -> Claim {
    let object = store.owner_of(own);
    let id = object.as_ref().map(|object| &object.id);
    // Two sources that name different containers name none.
    let agrees =
        |task: &Task| task.namespace == own.namespace && id.is_none_or(|id| *id == task.id);
    if task.is_some_and(|task| !agrees(task)) {
        tracing::debug!(?task, ?own, "the mount point and the store disagree");
        return Claim::Pending;
    }
    let Some(id) = id.or(bundle.map(|(task, _)| &task.id)) else {
        return Claim::Pending;
    };
    let bundle = bundle.map(|(_, bundle)| bundle);
    let container = describe(id.clone(), &own.namespace, bundle, object.as_ref());
    let hint = ImageHint {
        digests: Vec::new(),
        reference: container.image.as_deref(),
    };
    let layers = store.layers(lower, &hint, |_| Layer::default());
    Claim::Owner(Box::new(Owner {
        merged: task.map(|task| task.bundle.join("rootfs")),
        layers,
        // The bundle never changes; a record in a database is not followed.
        ..Owner::new(container)
    }))
}

fn bundle(root: &Root, task: &Task) -> Option<Bundle> {
    let (bytes, _) = root.read(&task.bundle.join("config.json")).ok()?;
    Bundle::parse(&bytes, &task.id)
}
