//! Whose overlay it is, by the container's own processes: for containers whose
//! store is not known or has no record of them.

use super::{
    cgroup::{self, CgroupOwner},
    docker::unnamed,
    namespaces::NamespaceId,
    outside, process_arguments,
    resolve::{Around, Owned, Resolve},
    table::Superblock,
};

impl Resolve<'_> {
    /// By a process whose root directory the overlay is: by its cgroup, and by
    /// the arguments of its monitor, which knows the name, too.
    pub(super) fn by_process(&mut self, superblock: &Superblock) -> Option<Owned> {
        let cgroup = self.by_cgroup(superblock);
        let (namespace, pid) = superblock.root_process()?;
        let monitor = self.by_monitor(namespace, pid);
        match (cgroup, monitor) {
            (Some(found), monitor) => {
                let monitor = monitor.filter(|owned| owned.container.id == found.id);
                let known = self.by_id(&found.id).or(monitor);
                known.or_else(|| Some(Owned::new(unnamed(found.id, found.runtime?), None)))
            }
            (None, Some(owned)) if owned.outer.is_none() => {
                self.by_id(&owned.container.id).or(Some(owned))
            }
            (None, monitor) => monitor,
        }
    }

    pub(super) fn by_cgroup(&self, superblock: &Superblock) -> Option<CgroupOwner> {
        let (namespace, pid) = superblock.root_process()?;
        cgroup::owner(&self.namespaces.cgroup(namespace, pid)?)
    }

    fn by_id(&mut self, id: &str) -> Option<Owned> {
        let home = self.namespaces.home_root();
        let owner = self.resolvers.docker.by_id(&home, id)?;
        Some(Owned {
            record: owner.record,
            layers: owner.layers,
            ..Owned::new(owner.container, None)
        })
    }

    fn by_monitor(&mut self, namespace: NamespaceId, pid: u32) -> Option<Owned> {
        let monitor = outside::parent(self.namespaces, namespace, pid)?;
        let container = process_arguments::owner(&monitor.command_line)?;
        // In a container anything can be called a monitor: then the name has
        // to say whose word it is.
        let outer = if monitor.on_host {
            None
        } else {
            match self.around(Some(monitor.namespace)) {
                Around::Container(outer) => Some(outer),
                Around::Nothing | Around::Unknown => return None,
            }
        };
        Some(Owned::new(container, outer))
    }
}
