//! From a store's record to a container.

use serde::Deserialize;

use super::records::{self, ContainerRecord};
use crate::{
    enrich::{docker::unnamed, image::bounded, root::Contents},
    model::{Container, Runtime},
};

/// What Podman (`libpod/storage.go`) and CRI-O (`internal/storage/runtime.go`)
/// keep as `metadata`, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "image-name", default)]
    image: String,
    /// Only CRI-O. For a sandbox, its own id.
    #[serde(rename = "pod-id")]
    pod_id: Option<String>,
    /// Only CRI-O: the container's name in its pod; for a sandbox, the pod's.
    #[serde(rename = "metadata-name", default)]
    name: String,
    /// Only for a sandbox of CRI-O.
    #[serde(default)]
    namespace: String,
}

/// Who made a container.
pub(crate) enum Maker {
    /// Podman or CRI-O, with all that is on record.
    Known(Container),
    /// It left no metadata: Buildah, or something else.
    Silent,
}

/// Describes a container. The lists have its sandbox, too.
pub(crate) fn describe(record: &ContainerRecord, lists: &[&[ContainerRecord]]) -> Maker {
    let Some(metadata) = metadata(record) else {
        return Maker::Silent;
    };
    let image = bounded(metadata.image);
    let Some(pod_id) = metadata.pod_id else {
        // The name in the metadata is the one before `podman rename`.
        let name = record.name();
        let container = unnamed(record.id.clone(), Runtime::Podman);
        return Maker::Known(Container {
            name,
            image,
            ..container
        });
    };
    let (name, sandbox) = if pod_id == record.id {
        // As kubelet and Docker call it.
        (
            Some("POD".to_owned()),
            Some((metadata.name, metadata.namespace)),
        )
    } else {
        let mut all = lists.iter().copied().flatten();
        let sandbox = all
            .find(|sandbox| sandbox.id == pod_id)
            .and_then(self::metadata)
            .map(|sandbox| (sandbox.name, sandbox.namespace));
        (bounded(metadata.name), sandbox)
    };
    let (pod, namespace) = sandbox.unwrap_or_default();
    Maker::Known(Container {
        name: name.or_else(|| record.name()),
        image,
        pod: bounded(pod),
        namespace: bounded(namespace),
        ..unnamed(record.id.clone(), Runtime::Crio)
    })
}

fn metadata(record: &ContainerRecord) -> Option<Metadata> {
    serde_json::from_str(&record.metadata).ok()
}

/// A container of Podman, from the whole file: for [`super::super::runtime::Record`].
pub(crate) fn podman(file: &Contents, id: &str) -> Option<Container> {
    let all = records::containers(&file.bytes, file.limits.records)?;
    let record = all.iter().find(|record| record.id == id)?;
    match describe(record, &[&all]) {
        Maker::Known(container) => Some(container),
        Maker::Silent => None,
    }
}

/// `userdata/config.json` of a container of CRI-O (OCI runtime specification;
/// CRI-O `internal/annotations`).
#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Default, Deserialize)]
struct Annotations {
    #[serde(rename = "io.container.manager")]
    manager: Option<String>,
    #[serde(rename = "io.kubernetes.cri-o.ContainerID")]
    id: Option<String>,
    #[serde(rename = "io.kubernetes.pod.name")]
    pod: Option<String>,
    #[serde(rename = "io.kubernetes.pod.namespace")]
    namespace: Option<String>,
}

/// Adds pod and namespace from the container's bundle.
pub(crate) fn add_annotations(container: &mut Container, bundle: &[u8]) {
    let Ok(Bundle { annotations }) = serde_json::from_slice(bundle) else {
        return;
    };
    let is_its_own = annotations.manager.as_deref() == Some("cri-o")
        && annotations.id.as_ref() == Some(&container.id);
    if is_its_own {
        container.pod = container.pod.take().or(annotations.pod.and_then(bounded));
        container.namespace = container
            .namespace
            .take()
            .or(annotations.namespace.and_then(bounded));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::fixtures;

    fn first(file: &str) -> Maker {
        let all = records::containers(file.as_bytes(), 10).unwrap();
        describe(&all[0], &[&all])
    }

    #[test]
    fn a_container_without_its_sandbox() {
        let metadata =
            r#"{\"pod-name\":\"k8s_p_n_u_0\",\"pod-id\":\"b\",\"metadata-name\":\"app\"}"#;
        let file = format!(r#"[{{"id":"a","names":["k8s_app_p_n_u_0"],"metadata":"{metadata}"}}]"#);
        let Maker::Known(container) = first(&file) else {
            panic!("CRI-O leaves metadata");
        };
        assert_eq!(container.name.as_deref(), Some("app"));
        assert_eq!(container.runtime, Runtime::Crio);
        assert_eq!((container.pod, container.namespace), (None, None));
    }

    #[test]
    fn no_metadata() {
        for metadata in ["", "{", "[]", "3"] {
            let file = format!(r#"[{{"id":"a","names":["x"],"metadata":"{metadata}"}}]"#);
            assert!(matches!(first(&file), Maker::Silent), "{metadata}");
        }
    }

    #[test]
    fn a_bundle_of_cri_o() {
        let id = "8ffd8ac376814deacfd73c6962316413b1f5886a54050e1e44a8b65488289d26";
        let bundle = fixtures::text(&format!(
            "cri-o-1.37/root/overlay-containers/{id}/userdata/config.json"
        ));
        let mut container = unnamed(id.to_owned(), Runtime::Crio);
        add_annotations(&mut container, bundle.as_bytes());
        assert_eq!(container.pod.as_deref(), Some("web-crio-pqr"));
        assert_eq!(container.namespace.as_deref(), Some("shop"));
        let mut other = unnamed("ab".repeat(32), Runtime::Crio);
        add_annotations(&mut other, bundle.as_bytes());
        assert_eq!((other.pod, other.namespace), (None, None));
    }
}
