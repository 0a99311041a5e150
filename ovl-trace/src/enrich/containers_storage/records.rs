//! `containers.json`, `layers.json` and `images.json`.
//!
//! Each is a list, written by `go.podman.io/storage` (`containers.go`,
//! `layers.go`, `images.go`) into a new file that replaces the old one. Go
//! writes an empty list as `[]` or as `null`, and leaves empty fields out.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, de::DeserializeSeed as _};

use crate::{bounded_list::BoundedList, enrich::image::bounded};

/// Names of a container that are read: only the first one is used.
const NAMES_MAX: usize = 1;

/// Names of an image's data that are read. An image has some ten.
const DATA_NAMES_MAX: usize = 64;

/// A container, or a sandbox of CRI-O.
#[derive(Debug, Deserialize)]
pub(crate) struct ContainerRecord {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "first_name")]
    names: Vec<String>,
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
        bounded(self.names.first()?.clone())
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
    #[serde(rename = "big-data-names", default, deserialize_with = "data_names")]
    pub(crate) big_data: Vec<String>,
}

fn first_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    BoundedList::cut(NAMES_MAX).deserialize(deserializer)
}

fn data_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    BoundedList::cut(DATA_NAMES_MAX).deserialize(deserializer)
}

pub(crate) fn containers(file: &[u8], records_max: usize) -> Option<Vec<ContainerRecord>> {
    list(file, records_max)
}

/// By id.
pub(crate) fn layers(file: &[u8], records_max: usize) -> Option<HashMap<String, LayerRecord>> {
    let layers: Vec<LayerRecord> = list(file, records_max)?;
    Some(
        layers
            .into_iter()
            .map(|layer| (layer.id.clone(), layer))
            .collect(),
    )
}

pub(crate) fn images(file: &[u8], records_max: usize) -> Option<Vec<ImageRecord>> {
    list(file, records_max)
}

fn list<'a, T: Deserialize<'a>>(file: &'a [u8], records_max: usize) -> Option<Vec<T>> {
    let mut deserializer = serde_json::Deserializer::from_slice(file);
    let list = BoundedList::new(records_max).deserialize(&mut deserializer);
    deserializer.end().ok()?;
    list.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 10;

    #[test]
    fn empty_lists_and_other_forms() {
        for empty in ["[]", "null"] {
            assert_eq!(
                containers(empty.as_bytes(), MAX).unwrap().len(),
                0,
                "{empty}"
            );
        }
        for other in ["", "{}", "[{\"id\":1}]", "[{\"id\":\"a\"", "[1]"] {
            assert!(containers(other.as_bytes(), MAX).is_none(), "{other}");
            assert!(layers(other.as_bytes(), MAX).is_none(), "{other}");
            assert!(images(other.as_bytes(), MAX).is_none(), "{other}");
        }
    }

    #[test]
    fn fields_that_are_left_out() {
        let containers = containers(
            br#"[{"id":"a","new-field":{}},{"id":"b","names":[""]}]"#,
            MAX,
        );
        let containers = containers.unwrap();
        assert_eq!(containers[0].name(), None);
        assert_eq!(containers[1].name(), None);
        assert_eq!(containers[0].layer, "");
        let layers = layers(
            br#"[{"id":"a","parent":"b","diff-digest":"sha256:c"}]"#,
            MAX,
        )
        .unwrap();
        assert_eq!(layers["a"].parent, "b");
        assert_eq!(layers["a"].digest.as_deref(), Some("sha256:c"));
    }

    /// `[{"id":""},…]` takes ten times its text.
    #[test]
    fn a_file_of_too_many_records_is_refused() {
        let file = format!("[{}]", [r#"{"id":"a"}"#; MAX].join(","));
        assert_eq!(containers(file.as_bytes(), MAX).unwrap().len(), MAX);
        let file = format!("[{}]", [r#"{"id":"a"}"#; MAX + 1].join(","));
        assert!(containers(file.as_bytes(), MAX).is_none());
        assert!(layers(file.as_bytes(), MAX).is_none());
        assert!(images(file.as_bytes(), MAX).is_none());
    }

    #[test]
    fn of_many_names_the_first_is_kept() {
        let names = [r#""x""#; 1000].join(",");
        let file = format!(r#"[{{"id":"a","names":[{names}]}}]"#);
        assert_eq!(containers(file.as_bytes(), MAX).unwrap()[0].names.len(), 1);
    }
}
