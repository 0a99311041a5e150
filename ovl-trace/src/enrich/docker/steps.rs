//! Build steps of `BuildKit` in Docker, with either image store.

use std::path::{Path, PathBuf};

use super::{
    Docker, buildkit::step_name, config::ImageIds, owner, paths, snapshot::Own, store::Store,
    unnamed,
};
use crate::{
    enrich::{
        image::MAX_LAYERS,
        root::Root,
        runtime::{Claim, Owner},
    },
    model::{Layer, Runtime},
};

/// A step that runs: where its bundle is.
pub(super) struct Step {
    pub(super) data_root: PathBuf,
    pub(super) id: String,
}

impl Docker {
    /// A running step: by its bundle, which is removed as soon as it ends, or
    /// by the record of what it makes.
    pub(super) fn build_step(
        &mut self,
        root: &Root,
        step: &Step,
        layer: Option<&paths::Layer>,
        own: Option<&Own>,
    ) -> Claim {
        let data_root = &step.data_root;
        let bundle = self.store(root, data_root).build_step(&step.id);
        let container = bundle.unwrap_or_else(|| {
            let record = match (own, layer) {
                (Some(own), _) => self.step_record(root, data_root, own),
                (None, Some(layer)) => self
                    .store(root, data_root)
                    .records("")
                    .layer(&layer.mount_id),
                (None, None) => Layer::default(),
            };
            let mut container = unnamed(step.id.clone(), Runtime::Buildkit);
            container.name = step_name(&record);
            container
        });
        let layers = match (own, layer) {
            (Some(own), _) => self.lower_layers(root, own, ImageIds::default(), Some(data_root)),
            (None, Some(layer)) => self.store(root, data_root).below(&layer.mount_id),
            (None, None) => Vec::new(),
        };
        owner(Owner {
            layers,
            ..Owner::new(container)
        })
    }
}

impl Store {
    /// A step of the overlay2 graph driver whose bundle is not known, by the
    /// record of what it makes.
    pub(super) fn recorded_step(&mut self, directory: &str) -> Option<Owner> {
        let record = self.records("").layer(directory);
        let mut container = unnamed(directory.to_owned(), Runtime::Buildkit);
        container.name = Some(step_name(&record)?);
        let layers = self.below(directory);
        Some(Owner {
            layers,
            ..Owner::new(container)
        })
    }

    /// The layers below a directory of the graph driver, topmost first, as it
    /// has noted them itself; empty if that cannot be followed.
    fn below(&mut self, directory: &str) -> Vec<Layer> {
        let Some(names) = self.lower_directories(directory) else {
            return Vec::new();
        };
        let digests = self.layers.digests();
        let records = self.records("");
        names
            .into_iter()
            .map(|id| {
                let record = records.layer(&id);
                Layer {
                    digest: digests.get(&id).cloned().or(record.digest),
                    created_by: record.created_by,
                    id,
                }
            })
            .collect()
    }

    /// `overlay2/ID/lower` is a list of `l/SHORT`, and each of these a link to
    /// `../ID/diff` (moby `daemon/graphdriver/overlay2/overlay.go`).
    fn lower_directories(&self, directory: &str) -> Option<Vec<String>> {
        let base = self.data_root.join("overlay2");
        let (bytes, _) = self.root.read(&base.join(directory).join("lower")).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let target = |short: &str| {
            let name = short.strip_prefix("l/")?;
            let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let link = plain.then(|| self.root.read_link(&base.join("l").join(name)).ok())??;
            let id = link.strip_prefix("..").ok()?.parent()?;
            let known = id != Path::new("") && link.ends_with("diff");
            known.then(|| Some(id.to_str()?.to_owned()))?
        };
        let shorts: Vec<&str> = text.trim().split(':').collect();
        if shorts.len() > MAX_LAYERS {
            return None;
        }
        shorts.into_iter().map(target).collect()
    }
}
