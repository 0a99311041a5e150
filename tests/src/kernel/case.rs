//! A case: what the lower layers hold, how they are mounted, what is done, and
//! what must come of it.

use anyhow::Result;
use serde_json::Value;

use super::{expected::Expected, layer::Layer, merged::Merged};

/// Fills a lower layer.
type Fill = Box<dyn Fn(&Layer) -> Result<()>>;
/// The operation.
type Run = Box<dyn Fn(&Merged) -> Result<()>>;
/// A judgement of events that have no fixed order or number.
type Check = Box<dyn Fn(&[&Value]) -> Result<()>>;

/// Which file system the lower layers are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lower {
    /// That of the upper layer.
    Same,
    /// A tmpfs: nothing can be shared with it.
    Tmpfs,
    /// That of the upper layer, seen through another overlay.
    Overlay,
}

/// Which file system the upper layer is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upper {
    /// The one under test.
    Roomy,
    /// One of the same type with hardly any space left.
    Full,
}

/// A test case.
pub(crate) struct Case {
    /// `topic::what`.
    pub(crate) name: &'static str,
    /// More mount options, like `metacopy=on`.
    pub(crate) options: &'static str,
    /// Lower layers, the topmost first.
    pub(crate) layers: Vec<Fill>,
    pub(crate) lower: Lower,
    pub(crate) upper: Upper,
    /// Whether the overlay is mounted before the operation.
    pub(crate) mounted: bool,
    pub(crate) run: Run,
    /// What must be reported: copy-ups in this order.
    pub(crate) events: Vec<Expected>,
    pub(crate) check: Option<Check>,
    /// What the upper directory holds in the end that does not follow from the
    /// events; `None`: nothing.
    pub(crate) entries: Vec<(&'static str, Option<&'static str>)>,
    /// The lower layer has no file handles: origins name nothing.
    pub(crate) anonymous: bool,
    /// Files are written to after they were copied up.
    pub(crate) changed: bool,
    /// Why it cannot run here.
    pub(crate) unsupported: Option<String>,
}

impl Case {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            options: "",
            layers: Vec::new(),
            lower: Lower::Same,
            upper: Upper::Roomy,
            mounted: true,
            run: Box::new(|_| Ok(())),
            events: Vec::new(),
            check: None,
            entries: Vec::new(),
            anonymous: false,
            changed: false,
            unsupported: None,
        }
    }

    /// More mount options.
    pub(crate) fn options(mut self, options: &'static str) -> Self {
        self.options = options;
        self
    }

    /// A lower layer below those before.
    pub(crate) fn lower(mut self, fill: impl Fn(&Layer) -> Result<()> + 'static) -> Self {
        self.layers.push(Box::new(fill));
        self
    }

    /// The lower layers are on a tmpfs.
    pub(crate) fn lower_on_tmpfs(mut self) -> Self {
        self.lower = Lower::Tmpfs;
        self
    }

    /// The upper layer has hardly any space.
    pub(crate) fn upper_is_full(mut self) -> Self {
        self.upper = Upper::Full;
        self
    }

    /// The operation mounts the overlay itself.
    pub(crate) fn unmounted(mut self) -> Self {
        self.mounted = false;
        self
    }

    /// The operation.
    pub(crate) fn run(mut self, run: impl Fn(&Merged) -> Result<()> + 'static) -> Self {
        self.run = Box::new(run);
        self
    }

    /// What must be reported.
    pub(crate) fn reports(mut self, events: impl IntoIterator<Item = Expected>) -> Self {
        self.events = events.into_iter().collect();
        self
    }

    /// Judges the events instead of comparing them one by one.
    pub(crate) fn check(mut self, check: impl Fn(&[&Value]) -> Result<()> + 'static) -> Self {
        self.check = Some(Box::new(check));
        self
    }

    /// The upper directory holds this in the end (see [`super::upper`] for the
    /// words).
    pub(crate) fn upper(mut self, path: &'static str, what: &'static str) -> Self {
        self.entries.push((path, Some(what)));
        self
    }

    /// The upper directory does not hold this any more.
    pub(crate) fn gone(mut self, path: &'static str) -> Self {
        self.entries.push((path, None));
        self
    }

    /// The lower layer has no file handles.
    pub(crate) fn anonymous_origins(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// The lower layer is an overlay itself, which has no file handles.
    pub(crate) fn nested(mut self) -> Self {
        self.lower = Lower::Overlay;
        self.anonymous_origins()
    }

    /// Files are written to after they were copied up.
    pub(crate) fn changes(mut self) -> Self {
        self.changed = true;
        self
    }

    /// It cannot run here unless `possible`.
    pub(crate) fn needs(mut self, possible: bool, why: &str) -> Self {
        if !possible {
            self.unsupported = Some(why.to_owned());
        }
        self
    }
}
