//! Image configurations: which layers an image has, and what made each.
//!
//! The format is that of the OCI image specification (`config.md`) and of
//! Docker before it; both have `rootfs.diff_ids` and `history`.

use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::budget::{Budget, Share};
use crate::model::Layer;

/// The kernel has no more (`OVL_MAX_STACK`).
pub(crate) const MAX_LAYERS: usize = 500;

/// Characters of one instruction that are kept.
const MAX_INSTRUCTION: usize = 4096;

#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
    #[serde(default)]
    history: Option<Vec<History>>,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

/// The layers of an image, the base first, without ids of directories.
///
/// A history that does not fit the layers (squashed or hand-made images) is
/// not used: a wrong instruction is worse than none. `None` if the text is no
/// image configuration.
pub(crate) fn layers(config: &[u8]) -> Option<Vec<Layer>> {
    let config: Config = serde_json::from_slice(config).ok()?;
    if config.rootfs.diff_ids.len() > MAX_LAYERS {
        return None;
    }
    let history: Vec<History> = config
        .history
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| !entry.empty_layer)
        .collect();
    let fits = history.len() == config.rootfs.diff_ids.len();
    let mut created_by = history.into_iter().map(|entry| entry.created_by);
    let layer = |digest| {
        let created_by = if fits {
            created_by.next().flatten().and_then(bounded)
        } else {
            None
        };
        let layer = Layer {
            id: String::new(),
            digest: Some(digest),
            created_by,
        };
        layer.bounded()
    };
    Some(config.rootfs.diff_ids.into_iter().map(layer).collect())
}

/// Takes room for the layers of an image to be remembered.
pub(crate) fn share(budget: &Budget, layers: &[Layer]) -> Option<Share> {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let bytes = |layer: &Layer| layer.id.len() + text(&layer.digest) + text(&layer.created_by);
    budget.take(layers.iter().map(bytes).sum(), layers.len())
}

/// An image's author can write a megabyte there, and it would be in every
/// event.
pub(crate) fn bounded(mut text: String) -> Option<String> {
    if let Some((end, _)) = text.char_indices().nth(MAX_INSTRUCTION) {
        text.truncate(end);
    }
    Some(text).filter(|text| !text.is_empty())
}

/// The chain ids of an image's layers: what a layer and all below it are
/// called together (OCI image specification, `config.md`, "Layer `ChainID`").
pub(crate) fn chain_ids(layers: &[Layer]) -> Vec<String> {
    let mut chain = String::new();
    let mut next = |layer: &Layer| {
        let digest = layer.digest.as_deref().unwrap_or_default();
        chain = if chain.is_empty() {
            digest.to_owned()
        } else {
            let mut name = "sha256:".to_owned();
            for byte in Sha256::digest(format!("{chain} {digest}")) {
                // Writing to a string cannot fail.
                let _written = write!(name, "{byte:02x}");
            }
            name
        };
        chain.clone()
    };
    layers.iter().map(&mut next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_without_empty_layers() {
        let config = br#"{"rootfs":{"diff_ids":["sha256:a","sha256:b"]},"history":[
            {"created_by":""},{"created_by":"ENV A=b","empty_layer":true},{"created_by":"COPY a /"}]}"#;
        let layers = layers(config).unwrap();
        let found: Vec<_> = layers
            .iter()
            .map(|layer| (layer.digest.as_deref(), layer.created_by.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (Some("sha256:a"), None),
                (Some("sha256:b"), Some("COPY a /"))
            ]
        );
    }

    #[test]
    fn a_history_that_does_not_fit_is_not_used() {
        let config = br#"{"rootfs":{"diff_ids":["sha256:a","sha256:b"]},"history":[{"created_by":"COPY a /"}]}"#;
        assert!(
            layers(config)
                .unwrap()
                .iter()
                .all(|layer| layer.created_by.is_none())
        );
        assert_eq!(layers(b"{}"), None);
        assert_eq!(layers(b"not json"), None);
    }
}
