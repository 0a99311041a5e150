//! An overlay seen from one mount namespace after the other, and the owner
//! that one of these views gives.

use std::path::{Path, PathBuf};

use super::{
    cgroup,
    docker::unnamed,
    namespaces::{NamespaceId, Namespaces},
    patterns::Rank,
    root::Root,
    runtime::{Claim, Evidence, Owner, Record, Resolvers},
    table::{MountTable, Superblock},
};
use crate::model::{Container, DeviceNumber, Mount};

/// How many namespaces are asked about one overlay. The best come first; one
/// that has been copied into hundreds of namespaces is no clearer in the last.
const MAX_VIEWS: usize = 8;

/// What the kernel said about an overlay.
#[derive(Clone, Debug, Default)]
pub(crate) struct KernelFacts {
    /// `upperdir=` as mounted.
    pub(crate) upperdir: Option<PathBuf>,
    /// `workdir=` as mounted.
    pub(crate) workdir: Option<PathBuf>,
    /// The upper directory itself.
    pub(crate) upper: Option<(DeviceNumber, u64)>,
    /// The process that mounted it, or touched it first.
    pub(crate) pid: Option<u32>,
    /// Its mount namespace.
    pub(crate) namespace: Option<NamespaceId>,
    /// The mount was observed: the process is the mounter.
    pub(crate) mounted: bool,
    /// The mounter's working directory, the base of a relative upperdir.
    pub(crate) working_directory: Option<PathBuf>,
}

/// What could be found out.
#[derive(Debug)]
pub(crate) struct Resolution {
    /// Whose it is.
    pub(crate) container: Option<Container>,
    /// Where that was read.
    pub(crate) record: Option<Record>,
    /// The container in which the owner's daemon runs (Docker-in-Docker).
    pub(crate) outer: Option<String>,
    /// The mount.
    pub(crate) mount: Mount,
    /// Some mountinfo shows it.
    pub(crate) visible: bool,
    /// A runtime recognises it, but no record names the owner.
    pub(crate) pending: bool,
}

struct View {
    namespace: Option<NamespaceId>,
    root: Root,
    home: bool,
    upperdir: Option<PathBuf>,
    /// Empty if mountinfo does not show it there.
    mount_points: Vec<PathBuf>,
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
        self.table
            .by_device(device)
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
        let views = self.views(Some(superblock), facts);
        let checks: Vec<bool> = views
            .iter()
            .filter_map(|view| view.root.is_directory(view.upperdir.as_deref()?, identity))
            .collect();
        checks.contains(&true) || (checks.is_empty() && same_text)
    }

    /// Asks the runtimes about an overlay.
    pub(crate) fn resolve(
        &mut self,
        device: DeviceNumber,
        superblock: Option<&Superblock>,
        facts: &KernelFacts,
    ) -> Resolution {
        let mut answer = Resolution {
            container: None,
            record: None,
            outer: None,
            mount: self.mount(device, superblock, facts),
            visible: superblock.is_some(),
            pending: false,
        };
        for view in self.views(superblock, facts) {
            if !self.is_credible(&view, facts) {
                continue;
            }
            match self.resolvers.resolve(&view.evidence()) {
                Claim::Foreign => {}
                Claim::Pending => answer.pending = true,
                Claim::Owner(owner) => {
                    answer.outer = self.outer(&view);
                    answer.take(*owner, view);
                    return answer;
                }
            }
        }
        if let Some(owner) = superblock.and_then(|superblock| self.by_cgroup(superblock)) {
            answer.record = owner.record;
            answer.container = Some(owner.container);
        }
        answer
    }

    /// The views in the order of trust.
    fn views(&self, superblock: Option<&Superblock>, facts: &KernelFacts) -> Vec<View> {
        let home = self.namespaces.home();
        let mut views = Vec::new();
        let shown = superblock.and_then(|superblock| superblock.options.upperdir.clone());
        let upperdir = facts.upperdir.clone().or(shown);
        for (namespace, pid) in superblock.map(Superblock::namespaces).unwrap_or_default() {
            let mount_points: Vec<PathBuf> = superblock
                .map(|superblock| {
                    superblock
                        .points_in(namespace)
                        .map(Path::to_owned)
                        .collect()
                })
                .unwrap_or_default();
            let at_home = Some(namespace) == home;
            // The container's own root: its files are not the mounter's, and
            // could be made up to look like a runtime's.
            if !at_home && mount_points.iter().any(|point| point == Path::new("/")) {
                continue;
            }
            let Some(root) = self.namespaces.root_of(namespace, pid) else {
                continue;
            };
            let namespace = Some(namespace);
            let upperdir = upperdir
                .as_deref()
                .map(|upper| absolute(upper, &mount_points));
            views.push(View {
                namespace,
                root,
                home: at_home,
                upperdir,
                mount_points,
            });
        }
        views.sort_by_key(|view| !view.home);
        views.truncate(MAX_VIEWS);
        self.add_mounter(&mut views, upperdir.as_deref(), facts);
        views
    }

    /// The mounter's own view, where mountinfo does not show the mount (yet),
    /// and the host's as a last resort.
    fn add_mounter(&self, views: &mut Vec<View>, upper: Option<&Path>, facts: &KernelFacts) {
        let Some(upper) = upper else {
            return;
        };
        let home = self.namespaces.home();
        if let (Some(pid), Some(namespace)) = (facts.pid, facts.namespace)
            && facts.mounted
            && Some(namespace) != home
            && views.iter().all(|view| view.namespace != Some(namespace))
            && let Some(root) = self.namespaces.root_of(namespace, pid)
        {
            let base = facts.working_directory.as_deref();
            views.push(View {
                namespace: Some(namespace),
                root,
                home: false,
                upperdir: Some(base.map_or(upper.to_owned(), |base| base.join(upper))),
                mount_points: Vec::new(),
            });
        }
        if views.iter().any(|view| view.home) {
            return;
        }
        let root = self.namespaces.home_root();
        let upperdir = if upper.is_absolute() {
            upper.to_owned()
        } else {
            let directory = facts.working_directory.clone().into_iter();
            let mut bases = directory.chain(self.resolvers.docker.layer_directories());
            let exists = |base: PathBuf| {
                let path = base.join(upper);
                root.stamp(&path).is_ok().then_some(path)
            };
            bases.find_map(exists).unwrap_or_else(|| upper.to_owned())
        };
        views.push(View {
            namespace: home,
            root,
            home: true,
            upperdir: Some(upperdir),
            mount_points: Vec::new(),
        });
    }

    /// Whether the paths of a view are those that the mounter meant. The same
    /// path exists in many roots (Docker-in-Docker), so the directory behind
    /// it has to be the kernel's.
    fn is_credible(&self, view: &View, facts: &KernelFacts) -> bool {
        let Some(identity) = facts.upper else {
            return !view.mount_points.is_empty()
                || facts.namespace.is_none()
                || facts.namespace == view.namespace;
        };
        let found = view.upperdir.as_deref().filter(|upper| upper.is_absolute());
        match found.and_then(|upper| view.root.is_directory(upper, identity)) {
            Some(same) => same,
            // Gone already. The host's own mounter meant the host's path.
            None => view.home && facts.mounted && facts.namespace == self.namespaces.home(),
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
            lowerdirs: options
                .map(|options| options.lowerdirs.clone())
                .unwrap_or_default(),
        }
    }

    /// By a process whose root directory the overlay is.
    fn by_cgroup(&mut self, superblock: &Superblock) -> Option<Owner> {
        let (namespace, pid) = superblock.root_process()?;
        let file = self.namespaces.cgroup(namespace, pid)?;
        let found = cgroup::owner(&file)?;
        let home = self.namespaces.home_root();
        self.resolvers.docker.by_id(&home, &found.id).or_else(|| {
            let container = unnamed(found.id, found.runtime?);
            Some(Owner {
                container,
                record: None,
                merged: None,
            })
        })
    }

    /// The container whose root directory is the root of this view: then the
    /// daemon runs inside it.
    fn outer(&mut self, view: &View) -> Option<String> {
        let namespace = view.namespace.filter(|_| !view.home)?;
        let outer = self.table.all().find(|superblock| {
            superblock.points.iter().any(|point| {
                point.rank == Rank::Root && point.seen_by.iter().any(|(id, _)| *id == namespace)
            })
        })?;
        let home = self
            .views(Some(outer), &KernelFacts::default())
            .into_iter()
            .find(|v| v.home)?;
        match self.resolvers.resolve(&home.evidence()) {
            Claim::Owner(owner) => Some(owner.container.label().to_owned()),
            _ => None,
        }
    }
}

impl View {
    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            root: &self.root,
            home: self.home,
            upperdir: self.upperdir.as_deref(),
            mount_points: &self.mount_points,
        }
    }
}

impl Resolution {
    fn take(&mut self, owner: Owner, view: View) {
        let mut container = owner.container;
        qualify(&mut container, self.outer.as_deref());
        self.container = Some(container);
        self.record = owner.record;
        // `/` is where the container sees it; the runtime's own place says more.
        let poor = self
            .mount
            .merged
            .as_deref()
            .is_none_or(|merged| merged == Path::new("/"));
        if poor && owner.merged.is_some() {
            self.mount.merged = owner.merged;
        }
        if let Some(upperdir) = view.upperdir.filter(|upper| upper.is_absolute()) {
            self.mount.upperdir = Some(upperdir);
        }
    }
}

/// Names a container of an inner daemon `OUTER/NAME`.
pub(crate) fn qualify(container: &mut Container, outer: Option<&str>) {
    if let Some(outer) = outer {
        container.name = Some(format!("{outer}/{}", container.label()));
    }
}

/// Docker mounts with a relative `ID/diff` when the options would be too long;
/// the mount point `BASE/ID/merged` has the base.
fn absolute(upper: &Path, mount_points: &[PathBuf]) -> PathBuf {
    if upper.is_absolute() {
        return upper.to_owned();
    }
    let base = mount_points.iter().find_map(|point| {
        let layer = point.parent()?;
        (layer.file_name()? == upper.parent()?.as_os_str()).then(|| layer.parent())?
    });
    base.map_or_else(|| upper.to_owned(), |base| base.join(upper))
}
