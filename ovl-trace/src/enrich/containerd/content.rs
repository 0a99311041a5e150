//! containerd's content store: from an image's digest to its layers.
//!
//! Blobs are named by their hash, so what was once read stays true.

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    rc::Rc,
};

use serde::Deserialize;

use crate::{
    enrich::{
        budget::{Budget, Share},
        image,
        patterns::is_hex64,
        root::Root,
    },
    model::Layer,
};

/// Blobs that are read for one image: an index has one manifest per platform.
const MAX_BLOBS: usize = 64;

/// Images that are remembered.
const MAX_IMAGES: usize = 1000;

/// The layers of an image, the base first, each with its chain id.
#[derive(Debug)]
pub(crate) struct Image {
    chain_ids: Vec<String>,
    layers: Vec<Layer>,
}

impl Image {
    /// The layer that completes a chain.
    pub(crate) fn layer(&self, chain_id: &str) -> Option<&Layer> {
        let at = self.chain_ids.iter().position(|known| known == chain_id)?;
        self.layers.get(at)
    }
}

#[derive(Debug)]
pub(crate) struct Content {
    root: Root,
    blobs: PathBuf,
    /// By digest of the configuration.
    images: HashMap<String, (Rc<Image>, Share)>,
    budget: Budget,
}

/// An index, a manifest or a configuration: only the latter has a `rootfs`.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(default)]
    digest: Option<String>,
}

impl Content {
    pub(crate) fn new(root: &Root, containerd_root: &Path, budget: &Budget) -> Self {
        Self {
            root: root.clone(),
            blobs: containerd_root.join("io.containerd.content.v1.content/blobs/sha256"),
            images: HashMap::new(),
            budget: budget.clone(),
        }
    }

    /// The first image below any of `digests` that has a layer with this chain
    /// id: an index has several images, and a name may stand for another image
    /// by now.
    pub(crate) fn image(
        &mut self,
        digests: impl IntoIterator<Item = String>,
        chain_id: &str,
    ) -> Option<Rc<Image>> {
        let mut open: VecDeque<String> = digests.into_iter().collect();
        for _ in 0..MAX_BLOBS {
            let digest = open.pop_front()?;
            if let Some(image) = self.read(&digest, &mut open)
                && image.layer(chain_id).is_some()
            {
                return Some(image);
            }
        }
        None
    }

    /// An image if the blob is a configuration; else adds what it refers to.
    fn read(&mut self, digest: &str, open: &mut VecDeque<String>) -> Option<Rc<Image>> {
        if let Some((image, _)) = self.images.get(digest) {
            return Some(Rc::clone(image));
        }
        let hex = digest
            .strip_prefix("sha256:")
            .filter(|hex| is_hex64(hex.as_bytes()))?;
        let (bytes, _) = self.root.read(&self.blobs.join(hex)).ok()?;
        let Some(layers) = image::layers(&bytes) else {
            let document: Document = serde_json::from_slice(&bytes).ok()?;
            let refers = document.manifests.unwrap_or_default();
            open.extend(
                document
                    .config
                    .into_iter()
                    .chain(refers)
                    .filter_map(|to| to.digest),
            );
            open.truncate(MAX_BLOBS);
            return None;
        };
        let image = Rc::new(Image {
            chain_ids: image::chain_ids(&layers),
            layers,
        });
        if self.images.len() >= MAX_IMAGES {
            self.images.clear();
        }
        if let Some(share) = image::share(&self.budget, &image.layers) {
            let remembered = (Rc::clone(&image), share);
            self.images.insert(digest.to_owned(), remembered);
        }
        Some(image)
    }
}
