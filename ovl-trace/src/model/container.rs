//! Containers.

use std::fmt;

/// Which program made the overlay mount.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runtime {
    /// Docker, with either image store.
    Docker,
    /// A build step of `BuildKit` (`docker build`).
    Buildkit,
    /// containerd without Docker (`ctr`, nerdctl, CRI).
    Containerd,
    /// CRI-O.
    Crio,
    /// Podman.
    Podman,
    /// A build step of Buildah (`podman build`).
    Buildah,
    /// One of a newer version, in a recording.
    Other(String),
}

impl Runtime {
    /// The name that JSON and metrics use.
    pub fn name(&self) -> &str {
        match self {
            Self::Docker => "docker",
            Self::Buildkit => "buildkit",
            Self::Containerd => "containerd",
            Self::Crio => "cri-o",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
            Self::Other(name) => name,
        }
    }

    /// From that name.
    pub fn from_name(name: &str) -> Self {
        let known = [
            Self::Docker,
            Self::Buildkit,
            Self::Containerd,
            Self::Crio,
            Self::Podman,
            Self::Buildah,
        ];
        let found = known.into_iter().find(|runtime| runtime.name() == name);
        found.unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A container, as its runtime describes it. The id is its identity; the name
/// may change while it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Full id (64 hexadecimal digits for most runtimes).
    pub id: String,
    /// Name without Docker's leading `/`. `None` while no record of the
    /// container exists yet.
    pub name: Option<String>,
    /// Image reference as the user gave it.
    pub image: Option<String>,
    /// Who runs it.
    pub runtime: Runtime,
    /// Pod name.
    pub pod: Option<String>,
    /// Kubernetes (or containerd) namespace.
    pub namespace: Option<String>,
}

impl Container {
    /// Whether its record was read. The sandbox of a pod has no name of its
    /// own, only the pod's.
    pub fn is_named(&self) -> bool {
        self.name.is_some() || self.pod.is_some()
    }

    /// What to call it: the name, else the short id.
    pub fn label(&self) -> &str {
        self.name
            .as_deref()
            .unwrap_or_else(|| self.id.get(..12).unwrap_or(&self.id))
    }
}
