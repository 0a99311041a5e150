//! Containers.

use std::fmt;

use super::text::cut;

/// Most bytes of a container's id, name, pod and namespace. Kubernetes and the runtimes
/// allow fewer; the command of a build step may have more.
const TEXT_BYTES_MAX: usize = 255;

/// Most bytes of an image's reference, which has at most 255 for the name
/// (distribution `reference.NameTotalLengthMax`), a tag and a digest.
const IMAGE_BYTES_MAX: usize = 512;

/// containerd's namespace for Kubernetes (`internal/cri/constants`).
pub(crate) const KUBERNETES: &str = "k8s.io";

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
    /// Cuts each string that is longer than any that a runtime writes by itself. A record
    /// in a store may be a stranger's, and its strings are kept and printed.
    #[must_use]
    pub fn bounded(self) -> Self {
        let text = |text: Option<String>| text.map(|text| cut(text, TEXT_BYTES_MAX));
        Self {
            id: cut(self.id, TEXT_BYTES_MAX),
            name: text(self.name),
            image: self.image.map(|image| cut(image, IMAGE_BYTES_MAX)),
            runtime: match self.runtime {
                Runtime::Other(name) => Runtime::Other(cut(name, TEXT_BYTES_MAX)),
                known => known,
            },
            pod: text(self.pod),
            namespace: text(self.namespace),
        }
    }

    /// The container that the engine runs in, if the name says so: `OUTER/NAME`. Names of
    /// engines have no `/`; that of a build step is a command, and may have some.
    pub fn outer(&self) -> Option<&str> {
        if matches!(self.runtime, Runtime::Buildkit | Runtime::Buildah) {
            return None;
        }
        Some(self.name.as_deref()?.rsplit_once('/')?.0)
    }

    /// The namespace in which the runtime's ids are unique. Only containerd has such; it
    /// keeps all pods in one, and a pod's container has the pod's namespace.
    pub fn id_namespace(&self) -> Option<&str> {
        let is_in_a_pod = self.pod.is_some();
        match self.runtime {
            Runtime::Containerd if is_in_a_pod => Some(KUBERNETES),
            Runtime::Containerd => self.namespace.as_deref(),
            _ => None,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_is_bounded() {
        let long = || "x".repeat(70_000);
        let container = Container {
            id: long(),
            name: Some(long()),
            image: Some(long()),
            runtime: Runtime::Other(long()),
            pod: Some(long()),
            namespace: Some(long()),
        };
        let Container {
            id,
            name,
            image,
            runtime,
            pod,
            namespace,
        } = container.bounded();
        let texts = [Some(id), name, pod, namespace, Some(runtime.to_string())];
        for text in texts.into_iter().flatten() {
            assert_eq!(text.len(), TEXT_BYTES_MAX);
        }
        assert_eq!(image.unwrap().len(), IMAGE_BYTES_MAX);
    }
}
