//! A container as its client described it, in labels or in the bundle.

use std::collections::HashMap;

use serde::Deserialize;

use super::metadata::Object;
use crate::{
    enrich::patterns::is_hex64,
    model::{Container, KUBERNETES, Runtime},
};

/// The part of an OCI runtime bundle's `config.json` that says whose it is.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Bundle {
    #[serde(default)]
    annotations: Option<HashMap<String, String>>,
    #[serde(default)]
    linux: Option<Linux>,
}

#[derive(Debug, Deserialize)]
struct Linux {
    #[serde(rename = "cgroupsPath", default)]
    cgroups_path: Option<String>,
}

impl Bundle {
    /// Reads `config.json`. `None` if it is none, or another container's.
    pub(crate) fn parse(bytes: &[u8], id: &str) -> Option<Self> {
        let bundle: Self = serde_json::from_slice(bytes).ok()?;
        let path = bundle.linux.as_ref()?.cgroups_path.as_deref();
        // `/NAMESPACE/ID`, or `SLICE:NAME:ID` with systemd; or anything that
        // the user chose.
        let named = path.and_then(|path| path.rsplit(['/', ':']).next());
        let another = named.is_some_and(|named| is_hex64(named.as_bytes()) && named != id);
        (!another).then_some(bundle)
    }
}

/// Puts together what the bundle and the record say.
///
/// Pod and container names of Kubernetes count only in its own namespace of
/// containerd: elsewhere anybody may label a container.
pub(crate) fn describe(
    id: String,
    namespace: &str,
    bundle: Option<&Bundle>,
    object: Option<&Object>,
) -> Container {
    let annotation = |key: &str| {
        let annotations = bundle?.annotations.as_ref()?;
        annotations.get(key).filter(|value| !value.is_empty())
    };
    let label = |key: &str| object?.labels.get(key).filter(|value| !value.is_empty());
    let either = |key: &str| label(key).or(annotation(key)).cloned();
    let cri = |key: &str, labelled: &str| {
        let found = annotation(&format!("io.kubernetes.cri.{key}")).or(label(labelled));
        found.filter(|_| namespace == KUBERNETES).cloned()
    };
    let pod = cri("sandbox-name", "io.kubernetes.pod.name");
    let image = object
        .and_then(|object| object.image.clone())
        .or_else(|| cri("image-name", "").or_else(|| cri("podsandbox.image-name", "")));
    let name = match pod {
        // A sandbox has no name of its own.
        Some(_) => cri("container-name", "io.kubernetes.container.name"),
        // `ctr` has no names: its ids are chosen by the user.
        None => either("nerdctl/name").or_else(|| (!is_hex64(id.as_bytes())).then(|| id.clone())),
    };
    let namespace = cri("sandbox-namespace", "io.kubernetes.pod.namespace")
        .or_else(|| Some(namespace.to_owned()));
    Container {
        id,
        name,
        image,
        runtime: Runtime::Containerd,
        pod,
        namespace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Object {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Object {
            id: "x".to_owned(),
            image: Some("x:1".to_owned()),
            labels: pairs.collect(),
        }
    }

    #[test]
    fn nerdctl() {
        let id = "ab".repeat(32);
        let object = labels(&[("nerdctl/name", "web"), ("nerdctl/namespace", "default")]);
        let container = describe(id.clone(), "default", None, Some(&object));
        assert_eq!(container.name.as_deref(), Some("web"));
        assert_eq!(container.namespace.as_deref(), Some("default"));
        let text = format!(
            r#"{{"annotations":{{"nerdctl/name":"web"}},"linux":{{"cgroupsPath":"system.slice:nerdctl:{id}"}}}}"#
        );
        let bundle = Bundle::parse(text.as_bytes(), &id).unwrap();
        let container = describe(id, "default", Some(&bundle), None);
        assert_eq!(container.name.as_deref(), Some("web"));
        assert_eq!(container.image, None);
    }

    #[test]
    fn a_record_names_pods_without_the_bundle() {
        let object = labels(&[
            ("io.kubernetes.pod.name", "web-1"),
            ("io.kubernetes.pod.namespace", "shop"),
            ("io.kubernetes.container.name", "app"),
        ]);
        let pod = describe("aa".into(), "k8s.io", None, Some(&object));
        assert_eq!(
            (
                pod.pod.as_deref(),
                pod.namespace.as_deref(),
                pod.name.as_deref()
            ),
            (Some("web-1"), Some("shop"), Some("app"))
        );
        let forged = describe("aa".into(), "default", None, Some(&object));
        assert_eq!((forged.pod, forged.name.as_deref()), (None, Some("aa")));
    }

    #[test]
    fn the_bundle_of_another_container_is_not_used() {
        let (id, other) = ("ab".repeat(32), "cd".repeat(32));
        let text = format!(r#"{{"linux":{{"cgroupsPath":"/kubepods/pod1/{other}"}}}}"#);
        assert!(Bundle::parse(text.as_bytes(), &id).is_none());
        assert!(Bundle::parse(text.as_bytes(), &other).is_some());
        assert!(Bundle::parse(br#"{"linux":{"cgroupsPath":"/my/group"}}"#, &id).is_some());
        assert!(Bundle::parse(br#"{"linux":"#, &id).is_none());
    }
}
