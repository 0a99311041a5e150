//! `containers.json`, `layers.json` and `images.json`.
//!
//! Each is a list, written by `go.podman.io/storage` (`containers.go`,
//! `layers.go`, `images.go`) into a new file that replaces the old one. Go
//! writes an empty list as `[]` or as `null`, and leaves empty fields out.

use std::collections::HashMap;

use serde::Deserialize;

use crate::enrich::image::bounded;

/// A container, or a sandbox of CRI-O.
#[derive(Debug, Deserialize)]
pub(crate) struct ContainerRecord {
    pub(crate) id: String,
    #[serde(default)]
    names: Option<Vec<String>>,
    /// Id of the image; empty without one.
    #[serde(default)]
    pub(crate) image: String,
    /// Id of its own layer.
    #[serde(default)]
    pub(crate) layer: String,
    /// JSON of the program that made the container; Buildah leaves it empty.
    #[serde(default)]
    pub(crate) metadata: String,
}

impl ContainerRecord {
    pub(crate) fn name(&self) -> Option<String> {
        bounded(self.names.as_ref()?.first()?.clone())
    }
}

/// A layer, of an image or of a container.
#[derive(Debug, Deserialize)]
pub(crate) struct LayerRecord {
    id: String,
    /// The layer below. Ids are not Docker's chain ids; only this tells.
    #[serde(default)]
    pub(crate) parent: String,
    /// `DiffID`; missing for a container's layer, and for what was pulled in
    /// part (zstd:chunked).
    #[serde(rename = "diff-digest", default)]
    pub(crate) digest: Option<String>,
}

/// An image.
#[derive(Debug, Deserialize)]
pub(crate) struct ImageRecord {
    pub(crate) id: String,
    /// What is stored with it: its configuration is `sha256:…`, its manifests
    /// have other names.
    #[serde(rename = "big-data-names", default)]
    pub(crate) big_data: Option<Vec<String>>,
}

pub(crate) fn containers(file: &[u8]) -> Option<Vec<ContainerRecord>> {
    list(file)
}

/// By id.
pub(crate) fn layers(file: &[u8]) -> Option<HashMap<String, LayerRecord>> {
    let layers: Vec<LayerRecord> = list(file)?;
    Some(
        layers
            .into_iter()
            .map(|layer| (layer.id.clone(), layer))
            .collect(),
    )
}

pub(crate) fn images(file: &[u8]) -> Option<Vec<ImageRecord>> {
    list(file)
}

fn list<'a, T: Deserialize<'a>>(file: &'a [u8]) -> Option<Vec<T>> {
    let list: Option<Vec<T>> = serde_json::from_slice(file).ok()?;
    Some(list.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lists_and_other_forms() {
        for empty in ["[]", "null"] {
            assert_eq!(containers(empty.as_bytes()).unwrap().len(), 0, "{empty}");
        }
        for other in ["", "{}", "[{\"id\":1}]", "[{\"id\":\"a\"", "[1]"] {
            assert!(containers(other.as_bytes()).is_none(), "{other}");
            assert!(layers(other.as_bytes()).is_none(), "{other}");
            assert!(images(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn fields_that_are_left_out() {
        let containers = containers(br#"[{"id":"a","new-field":{}},{"id":"b","names":[""]}]"#);
        let containers = containers.unwrap();
        assert_eq!(containers[0].name(), None);
        assert_eq!(containers[1].name(), None);
        assert_eq!(containers[0].layer, "");
        let layers = layers(br#"[{"id":"a","parent":"b","diff-digest":"sha256:c"}]"#).unwrap();
        assert_eq!(layers["a"].parent, "b");
        assert_eq!(layers["a"].digest.as_deref(), Some("sha256:c"));
    }
}
