//! What a container runtime's module has to answer.
//!
//! Another runtime is one more module with a [`Resolver`], and one more row in
//! [`Resolvers::each`].

use std::path::{Path, PathBuf};

use super::{
    EnrichConfig,
    containerd::{Containerd, SharedStores},
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

/// A file that describes a container. It is read again when it changes: names
/// change while containers live.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Whose path it is.
    pub(crate) root: Root,
    /// The file.
    pub(crate) path: PathBuf,
    /// The version that was read.
    pub(crate) stamp: Stamp,
    /// How to read it.
    pub(crate) parse: fn(&[u8]) -> Option<Container>,
}

impl Record {
    /// Reads the file for the first time.
    pub(crate) fn read(
        root: &Root,
        path: PathBuf,
        parse: fn(&[u8]) -> Option<Container>,
    ) -> Option<(Container, Self)> {
        let (bytes, stamp) = root.read(&path).ok()?;
        let container = parse(&bytes)?;
        let root = root.clone();
        Some((
            container,
            Self {
                root,
                path,
                stamp,
                parse,
            },
        ))
    }

    /// Reads it again if it changed. `None` if not, or if it is gone: the last
    /// known answer stays.
    pub(crate) fn changed(&mut self) -> Option<Container> {
        if self.root.stamp(&self.path).ok()? == self.stamp {
            return None;
        }
        let (bytes, stamp) = self.root.read(&self.path).ok()?;
        let container = (self.parse)(&bytes)?;
        self.stamp = stamp;
        Some(container)
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
}

impl Resolvers {
    pub(crate) fn new(config: &EnrichConfig) -> Self {
        let stores = SharedStores::default();
        Self {
            docker: Docker::new(&config.docker_data_roots, SharedStores::clone(&stores)),
            containerd: Containerd::new(stores),
        }
    }

    fn each(&mut self) -> [&mut dyn Resolver; 2] {
        [&mut self.docker, &mut self.containerd]
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
