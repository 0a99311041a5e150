//! From an overlay to its mount and its owner.

use std::path::Path;

use super::{
    image::MAX_LAYERS,
    namespaces::{NamespaceId, Namespaces},
    patterns::Rank,
    root::Root,
    runtime::{Claim, Owner, Record, Resolvers},
    table::{MountTable, Superblock},
    view::{KernelFacts, View, Views},
};
use crate::model::{Container, DeviceNumber, Layer, Mount};

/// A container that owns an overlay.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    /// Who.
    pub(crate) container: Container,
    /// Where that was read.
    pub(crate) record: Option<Record>,
    /// The container in which the owner's daemon runs (Docker-in-Docker).
    pub(crate) outer: Option<String>,
    /// The lower layers, topmost first; empty if they are not known.
    pub(crate) layers: Vec<Layer>,
}

impl Owned {
    /// A container of a daemon that runs in `outer`, without record and layers.
    pub(super) fn new(container: Container, outer: Option<String>) -> Self {
        Self {
            container: qualify(container, outer.as_deref()),
            record: None,
            outer,
            layers: Vec::new(),
        }
    }
}

/// What could be found out about an overlay.
#[derive(Debug)]
pub(crate) struct Resolution {
    /// Whose it is.
    pub(crate) owned: Option<Owned>,
    /// The mount.
    pub(crate) mount: Mount,
    /// Some mountinfo shows it.
    pub(crate) visible: bool,
    /// A runtime recognises it, but no record names the owner.
    pub(crate) pending: bool,
    /// The root that the mount's paths belong to, where that is certain: the
    /// owner was found there, or mountinfo shows the mount.
    pub(crate) root: Option<Root>,
}

/// What a daemon runs in.
pub(super) enum Around {
    /// No container that can be seen.
    Nothing,
    /// The container of that name.
    Container(String),
    /// A container that nothing names.
    Unknown,
}

/// Everything that an answer is made from.
pub(crate) struct Resolve<'a> {
    pub(crate) namespaces: &'a Namespaces,
    pub(crate) table: &'a MountTable,
    pub(crate) resolvers: &'a mut Resolvers,
}

impl<'a> Resolve<'a> {
    /// The superblock with this number, if it is the one that the kernel
    /// means: numbers are used again at once, so the upper directory's
    /// identity, or at least its path, has to agree.
    pub(crate) fn find(&self, device: DeviceNumber, facts: &KernelFacts) -> Option<&'a Superblock> {
        let superblocks = self.table.by_device(device);
        superblocks
            .iter()
            .find(|superblock| self.is_meant(superblock, facts))
    }

    fn is_meant(&self, superblock: &Superblock, facts: &KernelFacts) -> bool {
        let same_text = match (&facts.upperdir, &superblock.options.upperdir) {
            (Some(known), Some(shown)) if known != shown => return false,
            (known, shown) => known.is_some() && shown.is_some(),
        };
        let Some(identity) = facts.upper else {
            return same_text;
        };
        let mut seen = false;
        for view in self.views().of(Some(superblock), facts) {
            match view.has_upper(identity) {
                Some(true) => return true,
                Some(false) => seen = true,
                None => {}
            }
        }
        !seen && same_text
    }

    /// Whether the path of the upper directory leads to another directory than
    /// the kernel's. One that is gone contradicts nothing.
    pub(crate) fn is_contradicted(&self, facts: &KernelFacts) -> bool {
        let views = self.views().of(None, facts);
        facts.upper.is_some_and(|identity| {
            views
                .iter()
                .any(|view| view.has_upper(identity) == Some(false))
        })
    }

    /// Asks the runtimes about an overlay.
    pub(crate) fn resolve(
        &mut self,
        device: DeviceNumber,
        superblock: Option<&Superblock>,
        facts: &KernelFacts,
    ) -> Resolution {
        let mut answer = Resolution {
            owned: None,
            mount: self.mount(device, superblock, facts),
            visible: superblock.is_some(),
            pending: false,
            root: None,
        };
        for view in self.views().of(superblock, facts) {
            if !view.is_credible(facts) {
                continue;
            }
            if answer.root.is_none() && view.is_shown() {
                answer.root = Some(view.root.clone());
            }
            match self.resolvers.resolve(&view.evidence()) {
                Claim::Foreign => {}
                Claim::Pending => answer.pending = true,
                Claim::Owner(owner) => {
                    let outer = match self.around(view.namespace) {
                        Around::Nothing => None,
                        Around::Container(outer) => Some(outer),
                        // Its files may be made up to look like another's.
                        Around::Unknown => {
                            answer.pending = true;
                            continue;
                        }
                    };
                    answer.take(*owner, outer, view);
                    return answer;
                }
            }
        }
        answer.owned = superblock.and_then(|superblock| self.by_process(superblock));
        answer
    }

    pub(super) fn views(&self) -> Views<'a> {
        Views {
            namespaces: self.namespaces,
            bases: self.resolvers.layer_directories(),
        }
    }

    fn mount(
        &self,
        device: DeviceNumber,
        shown: Option<&Superblock>,
        facts: &KernelFacts,
    ) -> Mount {
        let options = shown.map(|superblock| &superblock.options);
        let point = shown.and_then(|superblock| superblock.best_point(self.namespaces.home()));
        Mount {
            device,
            merged: point.map(|point| point.path.clone()),
            upperdir: facts.upperdir.clone().or_else(|| options?.upperdir.clone()),
            workdir: facts.workdir.clone().or_else(|| options?.workdir.clone()),
            upper_filesystem: facts.upper_filesystem.clone(),
            lowerdirs: options
                .map(|options| options.lowerdirs.clone())
                .unwrap_or_default(),
        }
    }

    /// The container whose root directory is the root of this namespace: then
    /// the daemon runs inside it.
    pub(super) fn around(&mut self, namespace: Option<NamespaceId>) -> Around {
        let home = self.namespaces.home();
        let Some(namespace) = namespace.filter(|_| namespace != home) else {
            return Around::Nothing;
        };
        let mut roots = self.table.all().filter(|superblock| {
            superblock.points().any(|point| {
                let seen_by = |wanted| point.seen_by.iter().any(|(id, _)| *id == wanted);
                // Live systems have an overlay as the host's root.
                point.rank == Rank::Root && seen_by(namespace) && !home.is_some_and(seen_by)
            })
        });
        let Some(outer) = roots.next() else {
            return Around::Nothing;
        };
        let views = self.views().of(Some(outer), &KernelFacts::default());
        let view = views.into_iter().find(|view| view.home);
        let claim = view.map(|view| self.resolvers.resolve(&view.evidence()));
        if let Some(Claim::Owner(owner)) = claim {
            return Around::Container(owner.container.bounded().label().to_owned());
        }
        match self.by_cgroup(outer) {
            Some(found) => {
                let short = found.id.get(..12).unwrap_or(&found.id);
                Around::Container(short.to_owned())
            }
            None => Around::Unknown,
        }
    }
}

impl Resolution {
    fn take(&mut self, owner: Owner, outer: Option<String>, view: View) {
        let Owner {
            container,
            record,
            merged,
            mut layers,
        } = owner;
        if layers.len() > MAX_LAYERS {
            layers.clear();
        }
        self.owned = Some(Owned {
            record,
            layers: layers.into_iter().map(Layer::bounded).collect(),
            ..Owned::new(container, outer)
        });
        // `/` is where the container sees it; the runtime's own place says more.
        let poor = self
            .mount
            .merged
            .as_deref()
            .is_none_or(|merged| merged == Path::new("/"));
        if poor && merged.is_some() {
            self.mount.merged = merged;
        }
        self.root = Some(view.root);
        if let Some(upperdir) = view.upperdir.filter(|upper| upper.is_absolute()) {
            self.mount.upperdir = Some(upperdir);
        }
    }
}

/// Names a container of an inner daemon `OUTER/NAME`, and bounds its strings. One whose
/// name is not known stays without: it is looked for again.
pub(crate) fn qualify(mut container: Container, outer: Option<&str>) -> Container {
    if let (Some(outer), Some(name)) = (outer, &mut container.name) {
        *name = format!("{outer}/{name}");
    }
    container.bounded()
}
