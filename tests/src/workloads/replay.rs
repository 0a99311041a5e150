//! Applies events, in their order, to a model of the overlay's names. Each
//! must be possible when it comes, and say what the lower layers say.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{
    event::{CopyUp, Event},
    layers::{Kind, Layers, Lower},
};

/// A name that was copied up.
#[derive(Clone)]
pub(crate) struct Copied {
    pub(crate) lower: Lower,
    /// Bytes that were copied; `None` if it was to be truncated.
    pub(crate) bytes: Option<u64>,
}

/// What events say of the names in an upper directory.
#[derive(Default)]
pub(crate) struct Model {
    /// Names that were copied up.
    pub(crate) copied: BTreeMap<String, Copied>,
    /// Names that lower layers have and that were removed. They stay here when
    /// something new gets the name, since what was below is gone for good.
    pub(crate) removed: BTreeSet<String>,
    /// Directories that are opaque.
    pub(crate) opaque: BTreeSet<String>,
    /// Names that were removed once more: something new had the name between.
    pub(crate) again: Vec<String>,
    /// Bytes that were copied.
    pub(crate) bytes: u64,
    /// Whiteouts that were made, those of [`Self::again`] as well.
    pub(crate) whiteouts: u64,
    /// What is wrong.
    pub(crate) problems: Vec<String>,
}

impl Model {
    /// Applies all events.
    pub(crate) fn replay(events: &[Event], layers: &dyn Layers) -> Result<Self> {
        let mut model = Self::default();
        for event in events {
            let problem = match event {
                Event::CopyUp(copy_up) => model.copy_up(copy_up, layers)?,
                Event::Whiteout { path, cause } if cause == "opaque" => model.mark(path),
                Event::Whiteout { path, cause } => model.whiteout(path, cause, layers)?,
            };
            if let Some(problem) = problem {
                model.problems.push(format!("{problem}: {event:?}"));
            }
        }
        Ok(model)
    }

    /// Whether the overlay shows what lower layers have under the name, unless
    /// something new has it. Not so below a directory that was removed.
    pub(crate) fn shows_lower(&self, path: &str) -> bool {
        !ancestors(path).any(|above| self.removed.contains(above) || self.opaque.contains(above))
    }

    fn copy_up(&mut self, event: &CopyUp, layers: &dyn Layers) -> Result<Option<&'static str>> {
        self.bytes += event.copied;
        let Some(lower) = layers.find(&event.path)? else {
            return Ok(Some("no lower layer has it"));
        };
        let wrong = self
            .order(&event.path)
            .or(self
                .removed
                .contains(&event.path)
                .then_some("it was removed"))
            .or_else(|| contradiction(event, &lower));
        let bytes = (!event.truncates).then_some(event.copied);
        let before = self
            .copied
            .insert(event.path.clone(), Copied { lower, bytes });
        Ok(wrong.or(before.map(|_| "it was copied up before")))
    }

    fn whiteout(
        &mut self,
        path: &str,
        cause: &str,
        layers: &dyn Layers,
    ) -> Result<Option<&'static str>> {
        self.whiteouts += 1;
        let Some(lower) = layers.find(path)? else {
            return Ok(Some("no lower layer has it"));
        };
        self.opaque.remove(path);
        if !self.removed.insert(path.to_owned()) {
            self.again.push(path.to_owned());
            return Ok(self.order(path));
        }
        // A directory that is removed is empty: all in it was removed before.
        if cause == "rmdir"
            && let children = layers.children(path)?
            && !children.is_subset(&self.removed)
        {
            return Ok(Some("there is something in it"));
        }
        let is_directory = lower.kind == Kind::Directory;
        let wrong = match cause {
            "rmdir" => !is_directory,
            // A directory of a lower layer is not renamed, but copied by mv(1).
            _ => is_directory,
        };
        Ok(self
            .order(path)
            .or(wrong.then_some("the cause is not one for its kind")))
    }

    fn mark(&mut self, path: &str) -> Option<&'static str> {
        self.whiteouts += 1;
        let wrong = self.order(path);
        self.opaque.insert(path.to_owned());
        wrong
    }

    /// The directory of a name is copied up before the name is touched.
    fn order(&self, path: &str) -> Option<&'static str> {
        if !self.shows_lower(path) {
            return Some("its directory was removed");
        }
        let parent = ancestors(path).next()?;
        (!self.copied.contains_key(parent)).then_some("its directory was not copied up")
    }
}

/// The directories above a name, the nearest first; not the root.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(parent(path), |above| parent(above))
}

fn parent(path: &str) -> Option<&str> {
    let end = path.rfind('/')?;
    path.get(..end).filter(|above| !above.is_empty())
}

/// What the event says of the file that the lower layer does not.
fn contradiction(event: &CopyUp, lower: &Lower) -> Option<&'static str> {
    if event.kind != lower.kind.name() {
        return Some("the lower file is of another kind");
    }
    if event.size != lower.size {
        return Some("the lower file has another size");
    }
    let (method, bytes) = if lower.size == 0 {
        ("none", 0)
    } else if event.truncates {
        ("truncated", 0)
    } else {
        ("copy", lower.data)
    };
    if event.method != method {
        return Some("the method does not fit");
    }
    (event.copied != bytes).then_some("the lower file has other data")
}
