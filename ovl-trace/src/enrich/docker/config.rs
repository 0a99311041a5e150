//! `containers/ID/config.v2.json`, and the bundle of a build step.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{
    enrich::bundle::Bundle,
    model::{Container, Runtime},
};

/// The few fields of moby's `container.Container` that matter here.
#[derive(Deserialize)]
struct ConfigV2 {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Name", default)]
    name: String,
    #[serde(rename = "Config")]
    config: Option<Config>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "Image", default)]
    image: String,
    #[serde(rename = "Labels", default)]
    labels: Option<HashMap<String, String>>,
}

/// Reads `config.v2.json`.
pub(crate) fn parse(bytes: &[u8]) -> Option<Container> {
    let file: ConfigV2 = serde_json::from_slice(bytes).ok()?;
    let (image, labels) = match file.config {
        Some(config) => (config.image, config.labels.unwrap_or_default()),
        None => (String::new(), HashMap::new()),
    };
    Some(describe(file.id, &file.name, image, labels))
}

/// The image that a container was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImageIds {
    /// Of the configuration; with the containerd store, of the index.
    pub(crate) image: Option<String>,
    /// Of the manifest of this platform; with the containerd store only.
    pub(crate) manifest: Option<String>,
}

#[derive(Deserialize)]
struct Images {
    #[serde(rename = "Image", default)]
    image: Option<String>,
    #[serde(rename = "ImageManifest", default)]
    manifest: Option<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: Option<String>,
}

/// Reads the image of a `config.v2.json`.
pub(crate) fn parse_image(bytes: &[u8]) -> ImageIds {
    let images = serde_json::from_slice(bytes).ok();
    images.map_or_else(ImageIds::default, |images: Images| ImageIds {
        image: images.image,
        manifest: images.manifest.and_then(|manifest| manifest.digest),
    })
}

/// A container from Docker's own description, whichever way it came.
///
/// cri-dockerd names its containers `k8s_CONTAINER_POD_NAMESPACE_UID_N` and
/// says the same in labels; the labels count only together with such a name,
/// because anybody may label a container.
pub(crate) fn describe(
    id: String,
    name: &str,
    image: String,
    mut labels: HashMap<String, String>,
) -> Container {
    let name = name.strip_prefix('/').unwrap_or(name).to_owned();
    let mut label = |key: &str| {
        let value = name.starts_with("k8s_").then(|| labels.remove(key))?;
        value.filter(|value| !value.is_empty())
    };
    let pod = label("io.kubernetes.pod.name");
    let namespace = label("io.kubernetes.pod.namespace");
    let in_pod = label("io.kubernetes.container.name").filter(|_| pod.is_some());
    Container {
        id,
        name: in_pod.or(Some(name)).filter(|name| !name.is_empty()),
        image: Some(image).filter(|image| !image.is_empty()),
        runtime: Runtime::Docker,
        pod,
        namespace,
    }
}

/// Reads the bundle of a running build step. The id is not in it: it is the
/// directory's name, and the caller puts it in.
pub(crate) fn parse_step(bytes: &[u8]) -> Option<Container> {
    Some(Container {
        id: String::new(),
        name: Bundle::parse(bytes)?.command(),
        image: None,
        runtime: Runtime::Buildkit,
        pod: None,
        namespace: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_of_cri_dockerd() {
        let text = br#"{"ID":"aa","Name":"/k8s_app_web-1_shop_uid_0","Config":{"Image":"x:1",
            "Labels":{"io.kubernetes.pod.name":"web-1","io.kubernetes.pod.namespace":"shop",
            "io.kubernetes.container.name":"app"}}}"#;
        let container = parse(text).unwrap();
        assert_eq!(container.name.as_deref(), Some("app"));
        assert_eq!(container.pod.as_deref(), Some("web-1"));
        assert_eq!(container.namespace.as_deref(), Some("shop"));
    }

    #[test]
    fn labels_alone_make_no_pod() {
        let text = br#"{"ID":"aa","Name":"/evil","Config":{"Image":"x:1",
            "Labels":{"io.kubernetes.pod.name":"web-1"}}}"#;
        let container = parse(text).unwrap();
        assert_eq!(
            (container.name.as_deref(), container.pod),
            (Some("evil"), None)
        );
    }

    #[test]
    fn half_written_or_odd_files() {
        assert_eq!(parse(b"{\"ID\":\"aa\",\"Na"), None);
        assert_eq!(parse(b"[]"), None);
        let bare = parse(br#"{"ID":"aa","Config":{"Labels":null}}"#).unwrap();
        assert_eq!((bare.name, bare.image), (None, None));
    }

    #[test]
    fn build_steps() {
        let name = |text: &str| parse_step(text.as_bytes()).and_then(|step| step.name);
        assert_eq!(
            name(r#"{"process":{"args":["/bin/sh","-c","make all"]}}"#).as_deref(),
            Some("make all")
        );
        assert_eq!(
            name(r#"{"process":{"args":["go","build","./..."]}}"#).as_deref(),
            Some("go build ./...")
        );
        assert_eq!(name("{}"), None);
    }
}
