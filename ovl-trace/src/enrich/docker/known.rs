//! What the Engine API said, for later questions in both directions.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::api::ApiContainer;
use crate::model::Container;

/// Beyond this many, what is gone is forgotten.
const MAX_KNOWN: usize = 20_000;

/// Containers by id, and ids by path.
#[derive(Debug, Default)]
pub(crate) struct Known {
    containers: HashMap<String, Container>,
    by_path: HashMap<PathBuf, String>,
}

impl Known {
    /// Adds to what was known. Removed containers stay: their events may still
    /// be on the way, and neither ids nor paths come back.
    pub(crate) fn learn(&mut self, containers: Vec<ApiContainer>) {
        if self.containers.len() > MAX_KNOWN {
            self.containers.clear();
            self.by_path.clear();
        }
        for known in containers {
            for path in [known.upperdir, known.merged].into_iter().flatten() {
                self.by_path.insert(path, known.container.id.clone());
            }
            self.containers
                .insert(known.container.id.clone(), known.container);
        }
    }

    /// A container by its full id.
    pub(crate) fn container(&self, id: &str) -> Option<Container> {
        self.containers.get(id).cloned()
    }

    /// Whose upperdir or mount point it is.
    pub(crate) fn owner_of(&self, upper: Option<&Path>, points: &[PathBuf]) -> Option<Container> {
        let mut paths = upper.into_iter().chain(points.iter().map(PathBuf::as_path));
        let id = paths.find_map(|path| self.by_path.get(path))?;
        self.container(id)
    }
}
