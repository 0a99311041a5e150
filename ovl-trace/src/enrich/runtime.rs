//! What a container runtime's module has to answer.
//!
//! Another runtime is one more module with a [`Resolver`], and one more row in
//! [`Resolvers::each`].

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    EnrichConfig,
    containerd::{Containerd, SharedStores},
    containers_storage::ContainersStorage,
    docker::Docker,
    root::{Root, Stamp},
};
use crate::model::{Container, Layer};

/// What is known of an overlay, seen from one mount namespace.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    /// The root of that namespace: all paths here belong to it.
    pub(crate) root: &'a Root,
    /// This is the host's own namespace.
    pub(crate) home: bool,
    /// `upperdir=`, absolute where its base is known.
    pub(crate) upperdir: Option<&'a Path>,
    /// Mount points in that namespace.
    pub(crate) mount_points: &'a [PathBuf],
    /// `lowerdir=`, as far as mountinfo shows the mount. Layers are the store's
    /// to tell: these can be relative, or numbers of descriptors.
    pub(crate) lowerdirs: &'a [PathBuf],
}

/// A runtime's answer.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Not one of its mounts.
    Foreign,
    /// One of its mounts, but no record names the owner (yet).
    Pending,
    /// Whose it is.
    Owner(Box<Owner>),
}

/// The owner of an overlay.
#[derive(Debug)]
pub(crate) struct Owner {
    /// The container.
    pub(crate) container: Container,
    /// Where its name was read.
    pub(crate) record: Option<Record>,
    /// The mount point, where the runtime's layout fixes it.
    pub(crate) merged: Option<PathBuf>,
    /// The lower layers, topmost first; empty if the store does not tell.
    pub(crate) layers: Vec<Layer>,
}

impl Owner {
    /// Of which nothing but the container is known.
    pub(crate) fn new(container: Container) -> Self {
        Self {
            container,
            record: None,
            merged: None,
            layers: Vec::new(),
        }
    }
}

/// How often to see whether a container was renamed.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads a container's description from the path.
type Read = Arc<dyn Fn(&Root, &Path) -> Option<Container> + Send + Sync>;

/// A file that describes a container, or a directory that has one. It is read
/// again when it changes: names change while containers live.
#[derive(Clone)]
pub(crate) struct Record {
    /// Whose path it is.
    root: Root,
    /// The file or directory.
    path: PathBuf,
    /// The version that was read; `None` to read again in any case.
    stamp: Option<Stamp>,
    /// Least time between two looks.
    pub(crate) pause: Duration,
    read: Read,
}

impl Record {
    /// Something that was read already, in that version.
    pub(crate) fn new(
        root: &Root,
        path: PathBuf,
        stamp: Option<Stamp>,
        read: impl Fn(&Root, &Path) -> Option<Container> + Send + Sync + 'static,
    ) -> Self {
        Self {
            root: root.clone(),
            path,
            stamp,
            pause: PAUSE,
            read: Arc::new(read),
        }
    }

    /// Reads a file about one container for the first time.
    pub(crate) fn read(
        root: &Root,
        path: PathBuf,
        parse: fn(&[u8]) -> Option<Container>,
    ) -> Option<(Container, Self)> {
        let (bytes, stamp) = root.read(&path).ok()?;
        let container = parse(&bytes)?;
        let read = move |root: &Root, path: &Path| parse(&root.read(path).ok()?.0);
        Some((container, Self::new(root, path, Some(stamp), read)))
    }

    /// Reads it again if it changed. `None` if not, or if it is gone: the last
    /// known answer stays.
    pub(crate) fn changed(&mut self) -> Option<Container> {
        // Before reading: what changes meanwhile makes this version stale.
        let stamp = self.root.stamp(&self.path).ok()?;
        if self.stamp == Some(stamp) {
            return None;
        }
        let container = (self.read)(&self.root, &self.path)?;
        self.stamp = Some(stamp);
        Some(container)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Record");
        fields.field("path", &self.path).field("stamp", &self.stamp);
        fields.finish_non_exhaustive()
    }
}

/// A runtime that may own overlays.
pub(crate) trait Resolver {
    /// Says whose mount it is. Reads files, never waits for a socket.
    fn resolve(&mut self, evidence: &Evidence<'_>) -> Claim;
}

/// The table of runtimes.
#[derive(Debug)]
pub(crate) struct Resolvers {
    /// Docker and its builder.
    pub(crate) docker: Docker,
    /// containerd without Docker.
    containerd: Containerd,
    /// Podman, CRI-O and Buildah.
    pub(crate) containers_storage: ContainersStorage,
}

impl Resolvers {
    pub(crate) fn new(config: &EnrichConfig) -> Self {
        let stores = SharedStores::default();
        Self {
            docker: Docker::new(&config.docker_data_roots, SharedStores::clone(&stores)),
            containerd: Containerd::new(stores),
            containers_storage: ContainersStorage::default(),
        }
    }

    fn each(&mut self) -> [&mut dyn Resolver; 3] {
        [
            &mut self.docker,
            &mut self.containerd,
            &mut self.containers_storage,
        ]
    }

    /// Where a relative upperdir may start from, on the host.
    pub(crate) fn layer_directories(&self) -> Vec<PathBuf> {
        let docker = self.docker.layer_directories();
        docker
            .chain(self.containers_storage.layer_directories())
            .collect()
    }

    /// The first owner that a runtime names; else `Pending` if one of them
    /// recognises the mount.
    pub(crate) fn resolve(&mut self, evidence: &Evidence<'_>) -> Claim {
        let mut answer = Claim::Foreign;
        for resolver in self.each() {
            match resolver.resolve(evidence) {
                Claim::Foreign => {}
                Claim::Pending => answer = Claim::Pending,
                owner @ Claim::Owner(_) => return owner,
            }
        }
        answer
    }
}
