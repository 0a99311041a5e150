//! Image layers of the overlay2 graph driver: from the directory of a layer to
//! its place in an image (moby `layer/filestore.go`, `image/fs.go`).

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use crate::{
    enrich::{
        budget::{Budget, Share},
        image::{self, MAX_LAYERS},
        patterns::is_hex64,
        root::Root,
    },
    model::Layer,
};

/// Images that are remembered.
const MAX_IMAGES: usize = 1000;

/// The chain id of an image's topmost layer, and the image's id.
type ImageKey = (String, Option<String>);

/// The layers of an image, and what they take of the budget.
type Remembered = (Rc<[Layer]>, Share);

/// The database of layers below one data root.
#[derive(Debug)]
pub(crate) struct LayerDb {
    root: Root,
    directory: PathBuf,
    /// By chain id and image. Both are hashes of what they name.
    images: HashMap<ImageKey, Remembered>,
    budget: Budget,
}

impl LayerDb {
    pub(crate) fn new(root: &Root, data_root: &Path, budget: &Budget) -> Self {
        Self {
            root: root.clone(),
            directory: data_root.join("image/overlay2"),
            images: HashMap::new(),
            budget: budget.clone(),
        }
    }

    /// What is below a container's own layer, topmost first; empty if that is
    /// not on record. `init`: below its init layer.
    pub(crate) fn of_container(
        &mut self,
        container: &str,
        init: bool,
        image: Option<String>,
    ) -> Vec<Layer> {
        let mount = self.directory.join("layerdb/mounts").join(container);
        let own = self.text(&mount.join("init-id")).map(|id| Layer {
            id,
            ..Layer::default()
        });
        // An image without layers has no parent: then there is only the init.
        let below = match self.text(&mount.join("parent")) {
            Some(top) => self.of_image(top, image),
            None => None,
        };
        match (own, below) {
            (_, Some(below)) if init => below.to_vec(),
            (Some(own), Some(below)) => [&[own], &*below].concat(),
            _ => Vec::new(),
        }
    }

    fn of_image(&mut self, top: String, image: Option<String>) -> Option<Rc<[Layer]>> {
        let key = (top, image);
        if let Some((layers, _)) = self.images.get(&key) {
            return Some(Rc::clone(layers));
        }
        let mut layers = self.chain(&key.0)?;
        if let Some(named) = key.1.as_deref().and_then(|image| self.named(image)) {
            add_instructions(&mut layers, &named);
        }
        let layers: Rc<[Layer]> = layers.into();
        if self.images.len() >= MAX_IMAGES {
            self.images.clear();
        }
        if let Some(share) = image::share(&self.budget, &layers) {
            self.images.insert(key, (Rc::clone(&layers), share));
        }
        Some(layers)
    }

    /// A layer and its parents, topmost first.
    fn chain(&self, top: &str) -> Option<Vec<Layer>> {
        let mut layers = Vec::new();
        let mut next = Some(top.to_owned());
        while let Some(chain_id) = next {
            let directory = self.directory.join("layerdb/sha256").join(hex(&chain_id)?);
            layers.push(Layer {
                id: self.text(&directory.join("cache-id"))?,
                digest: Some(self.text(&directory.join("diff"))?),
                created_by: None,
            });
            if layers.len() > MAX_LAYERS {
                return None;
            }
            next = self.text(&directory.join("parent"));
        }
        Some(layers)
    }

    /// An image's layers by its id, the base first.
    fn named(&self, image: &str) -> Option<Vec<Layer>> {
        let path = self.directory.join("imagedb/content/sha256");
        let (bytes, _) = self.root.read(&path.join(hex(image)?)).ok()?;
        image::layers(&bytes)
    }

    /// The digests of layers by the name of their directory.
    pub(crate) fn digests(&self) -> HashMap<String, String> {
        let directory = self.directory.join("layerdb/sha256");
        let chains = self.root.list(&directory).unwrap_or_default();
        let digest = |chain: &std::ffi::OsString| {
            let layer = directory.join(chain);
            let cache_id = self.text(&layer.join("cache-id"))?;
            Some((cache_id, self.text(&layer.join("diff"))?))
        };
        chains.iter().filter_map(digest).collect()
    }

    fn text(&self, path: &Path) -> Option<String> {
        self.root.read_name(path)
    }
}

/// Adds what made each layer, if the image has exactly these.
fn add_instructions(layers: &mut [Layer], image: &[Layer]) {
    let digests = |layer: &Layer| layer.digest.clone();
    let same = layers
        .iter()
        .map(digests)
        .eq(image.iter().rev().map(digests));
    if same {
        for (layer, named) in layers.iter_mut().zip(image.iter().rev()) {
            layer.created_by.clone_from(&named.created_by);
        }
    }
}

/// The name of a file after a digest.
fn hex(digest: &str) -> Option<&str> {
    let hex = digest.strip_prefix("sha256:")?;
    is_hex64(hex.as_bytes()).then_some(hex)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(directory: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(directory).unwrap();
        for (name, text) in files {
            fs::write(directory.join(name), text).unwrap();
        }
    }

    /// A container above one layer, of an image with another history.
    fn database(config: &str) -> (tempfile::TempDir, LayerDb, String) {
        let dir = tempfile::tempdir().unwrap();
        let (chain, image) = ("aa".repeat(32), "bb".repeat(32));
        let base = dir.path().join("image/overlay2");
        put(
            &base.join("layerdb/mounts/c"),
            &[
                ("init-id", "own-init"),
                ("parent", &format!("sha256:{chain}")),
            ],
        );
        put(
            &base.join("layerdb/sha256").join(&chain),
            &[("cache-id", "dir"), ("diff", "sha256:d1")],
        );
        put(&base.join("imagedb/content/sha256"), &[(&image, config)]);
        let database = LayerDb::new(&Root::new("/"), dir.path(), &Budget::default());
        (dir, database, format!("sha256:{image}"))
    }

    #[test]
    fn the_history_of_another_image_is_not_used() {
        let history = r#""history":[{"created_by":"RUN x"}]"#;
        for (diff, expected) in [("d1", Some("RUN x")), ("d2", None)] {
            let config = format!(r#"{{"rootfs":{{"diff_ids":["sha256:{diff}"]}},{history}}}"#);
            let (_dir, mut database, image) = database(&config);
            let layers = database.of_container("c", false, Some(image));
            let found: Vec<_> = layers
                .iter()
                .map(|layer| (layer.id.as_str(), layer.created_by.as_deref()))
                .collect();
            assert_eq!(found, [("own-init", None), ("dir", expected)]);
        }
    }

    #[test]
    fn a_broken_chain_gives_no_layers() {
        let (dir, mut database, image) = database("");
        let below_init = database.of_container("c", true, Some(image.clone()));
        assert_eq!(below_init.len(), 1);
        let layer = dir.path().join("image/overlay2/layerdb/sha256");
        let layer = layer.join("aa".repeat(32));
        put(&layer, &[("parent", "sha256:../../etc")]);
        assert_eq!(database.of_container("c", false, None), []);
        put(
            &layer,
            &[("parent", &format!("sha256:{}", "aa".repeat(32)))],
        );
        assert_eq!(database.of_container("c", false, None), []);
        assert_eq!(database.of_container("other", false, None), []);
    }
}
