//! An overlay seen from one mount namespace after the other.

use std::path::{Path, PathBuf};

use super::{
    namespaces::{NamespaceId, Namespaces},
    root::Root,
    runtime::Evidence,
    table::Superblock,
};
use crate::model::DeviceNumber;

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
    /// Number of layers, the upper one included.
    pub(crate) layers: Option<u32>,
    /// The type of the upper directory's file system.
    pub(crate) upper_filesystem: Option<String>,
}

/// One namespace's view.
pub(crate) struct View {
    pub(crate) namespace: Option<NamespaceId>,
    pub(crate) root: Root,
    pub(crate) home: bool,
    /// Absolute where its base is known.
    pub(crate) upperdir: Option<PathBuf>,
    /// Empty if mountinfo does not show the overlay there.
    mount_points: Vec<PathBuf>,
    /// Empty if no mountinfo shows the overlay.
    lowerdirs: Vec<PathBuf>,
}

impl View {
    pub(crate) fn evidence(&self) -> Evidence<'_> {
        Evidence {
            root: &self.root,
            home: self.home,
            upperdir: self.upperdir.as_deref(),
            mount_points: &self.mount_points,
            lowerdirs: &self.lowerdirs,
        }
    }

    /// Whether mountinfo shows the overlay there.
    pub(crate) fn is_shown(&self) -> bool {
        !self.mount_points.is_empty()
    }

    /// Whether the upper directory of this view is the kernel's. `None` if that
    /// cannot be seen.
    pub(crate) fn has_upper(&self, identity: (DeviceNumber, u64)) -> Option<bool> {
        let upper = self
            .upperdir
            .as_deref()
            .filter(|upper| upper.is_absolute())?;
        self.root.is_directory(upper, identity)
    }

    /// Whether the paths of this view are those that the mounter meant. The
    /// same path exists in many roots (Docker-in-Docker), so the directory
    /// behind it has to be the kernel's.
    pub(crate) fn is_credible(&self, facts: &KernelFacts) -> bool {
        let Some(identity) = facts.upper else {
            return !self.mount_points.is_empty()
                || facts.namespace.is_none()
                || facts.namespace == self.namespace;
        };
        // Gone already? The host's own mounter meant the host's path.
        self.has_upper(identity)
            .unwrap_or(self.home && facts.mounted && facts.namespace == self.namespace)
    }
}

/// Makes the views of an overlay.
pub(crate) struct Views<'a> {
    pub(crate) namespaces: &'a Namespaces,
    /// Where a relative upperdir may start from.
    pub(crate) bases: Vec<PathBuf>,
}

impl Views<'_> {
    /// All views, the most trustworthy first.
    pub(crate) fn of(&self, superblock: Option<&Superblock>, facts: &KernelFacts) -> Vec<View> {
        let shown = superblock.and_then(|superblock| superblock.options.upperdir.clone());
        let upperdir = facts.upperdir.clone().or(shown);
        let mut views = superblock.map_or_else(Vec::new, |superblock| {
            self.shown(superblock, upperdir.as_deref())
        });
        // Where mountinfo does not show it (yet): the mounter's view, and the
        // host's as a last resort.
        if let Some(upper) = &upperdir
            && views.iter().all(|view| view.namespace != facts.namespace)
        {
            views.extend(self.of_mounter(upper, facts));
        }
        if views.iter().all(|view| !view.home) {
            views.push(self.of_host(upperdir.as_deref(), facts));
        }
        if let Some(superblock) = superblock {
            let lowerdirs = &superblock.options.lowerdirs;
            for view in &mut views {
                view.lowerdirs.clone_from(lowerdirs);
            }
        }
        views
    }

    /// Where mountinfo shows it, at home first. Each takes a look at a process, so
    /// no more are made than are used.
    fn shown(&self, superblock: &Superblock, upper: Option<&Path>) -> Vec<View> {
        let home = self.namespaces.home();
        let mut views = Vec::new();
        let mut namespaces = superblock.namespaces();
        namespaces.sort_by_key(|(id, _)| Some(*id) != home);
        for (namespace, pid) in namespaces {
            if views.len() == MAX_VIEWS {
                break;
            }
            let points = superblock.points_in(namespace).into_iter();
            let mount_points: Vec<PathBuf> = points.map(Path::to_owned).collect();
            let at_home = Some(namespace) == home;
            // The container's own root: its files are not the mounter's, and
            // could be made up to look like a runtime's.
            if !at_home && mount_points.iter().any(|point| point == Path::new("/")) {
                continue;
            }
            let Some(root) = self.namespaces.root_of(namespace, pid) else {
                continue;
            };
            views.push(View {
                namespace: Some(namespace),
                root,
                home: at_home,
                upperdir: upper.map(|upper| self.absolute(upper, &mount_points)),
                mount_points,
                lowerdirs: Vec::new(),
            });
        }
        views
    }

    fn of_mounter(&self, upper: &Path, facts: &KernelFacts) -> Option<View> {
        let (pid, namespace) = (facts.pid?, facts.namespace?);
        if !facts.mounted || Some(namespace) == self.namespaces.home() {
            return None;
        }
        let base = facts.working_directory.as_deref();
        Some(View {
            namespace: Some(namespace),
            root: self.namespaces.root_of(namespace, pid)?,
            home: false,
            upperdir: Some(base.map_or(upper.to_owned(), |base| base.join(upper))),
            mount_points: Vec::new(),
            lowerdirs: Vec::new(),
        })
    }

    fn of_host(&self, upper: Option<&Path>, facts: &KernelFacts) -> View {
        let root = self.namespaces.home_root();
        let absolute = |upper: &Path| {
            let directory = facts.working_directory.iter();
            let mut candidates = directory
                .filter(|_| upper.is_relative())
                .map(|base| base.join(upper));
            candidates
                .find(|path| root.stamp(path).is_ok())
                .unwrap_or_else(|| self.absolute(upper, &[]))
        };
        View {
            namespace: self.namespaces.home(),
            upperdir: upper.map(absolute),
            root,
            home: true,
            mount_points: Vec::new(),
            lowerdirs: Vec::new(),
        }
    }

    /// Docker mounts with a relative `ID/diff` when the options would be too
    /// long. The mount point `BASE/ID/merged` has the base; else it is one of
    /// the known ones.
    fn absolute(&self, upper: &Path, mount_points: &[PathBuf]) -> PathBuf {
        if upper.is_absolute() {
            return upper.to_owned();
        }
        let by_point = mount_points.iter().find_map(|point| {
            let layer = point.parent()?;
            (layer.file_name()? == upper.parent()?.as_os_str()).then(|| layer.parent())?
        });
        if let Some(base) = by_point {
            return base.join(upper);
        }
        let root = self.namespaces.home_root();
        let mut candidates = self.bases.iter().map(|base| base.join(upper));
        candidates
            .find(|path| root.stamp(path).is_ok())
            .unwrap_or_else(|| upper.to_owned())
    }
}
