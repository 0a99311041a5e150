//! The overlay mounts that exist now, with their owners: the `mounts` command.

use std::{collections::HashSet, time::Instant};

use anyhow::ensure;

use super::{
    EnrichConfig,
    docker::api::EngineApi,
    namespaces::Namespaces,
    resolve::Resolve,
    runtime::Resolvers,
    table::{MountTable, Superblock},
    view::KernelFacts,
};
use crate::model::Origin;

/// One overlay superblock, with its best mount point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountRow {
    /// The mount and whose it is.
    pub origin: Origin,
    /// No file in it can be changed: the mount or the superblock is read-only.
    pub read_only: bool,
    /// In how many mount namespaces it can be seen.
    pub mount_namespaces: usize,
    /// Layers, the upper one included.
    pub layers: usize,
    /// Mounted `volatile`: nothing is synced.
    pub volatile: bool,
}

/// Every overlay mount of the host, in all mount namespaces, each superblock
/// once; sorted by container, then device.
///
/// Fails only if the host's own mounts cannot be read; namespaces and files
/// that cannot be read are left out.
pub fn list_mounts(config: &EnrichConfig) -> anyhow::Result<Vec<MountRow>> {
    let mut listing = Listing::read(config)?;
    Ok(listing.rows().0)
}

/// The same, asking the Docker API if files leave a mount of Docker without a
/// name.
pub async fn list_mounts_with_api(config: &EnrichConfig) -> anyhow::Result<Vec<MountRow>> {
    let mut listing = Listing::read(config)?;
    let (rows, pending) = listing.rows();
    if !pending {
        return Ok(rows);
    }
    let api = EngineApi::new(config.docker_sockets.clone());
    let containers = api.containers().await;
    listing.resolvers.docker.learn(containers);
    Ok(listing.rows().0)
}

struct Listing {
    namespaces: Namespaces,
    table: MountTable,
    resolvers: Resolvers,
}

impl Listing {
    fn read(config: &EnrichConfig) -> anyhow::Result<Self> {
        let mut namespaces = Namespaces::new(&config.proc_root, &config.host_root);
        let mut table = MountTable::default();
        namespaces.refresh_all(&mut table, Instant::now());
        ensure!(
            namespaces
                .home()
                .is_some_and(|home| table.read_at(home).is_some()),
            "the host's mounts cannot be read from '{}'; run as root, with the host's /proc",
            config.proc_root.display(),
        );
        if namespaces.denied() > 0 {
            tracing::warn!(
                "{} processes may not be looked at: mounts that only they see are missing, and \
                 containers whose files are root's have no names; run as root for all of them",
                namespaces.denied(),
            );
        }
        Ok(Self {
            namespaces,
            table,
            resolvers: Resolvers::new(config),
        })
    }

    /// The rows, and whether a runtime left one of its own without a name.
    fn rows(&mut self) -> (Vec<MountRow>, bool) {
        let facts = KernelFacts::default();
        let mut rows = Vec::new();
        let mut pending = false;
        let mut resolve = Resolve {
            namespaces: &self.namespaces,
            table: &self.table,
            resolvers: &mut self.resolvers,
        };
        for superblock in self.table.all() {
            let found = resolve.resolve(superblock.device, Some(superblock), &facts);
            let (container, layers) = match found.owned {
                // A store that tells of more or fewer is not about this mount.
                Some(owned) if owned.layers.len() != superblock.options.lowerdirs.len() => {
                    (Some(owned.container), Vec::new())
                }
                Some(owned) => (Some(owned.container), owned.layers),
                None => (None, Vec::new()),
            };
            pending |= match &container {
                Some(container) => !container.is_named(),
                None => found.pending,
            };
            let origin = Origin {
                container,
                mount: found.mount,
                layers,
            };
            rows.push(row(superblock, origin, self.namespaces.home()));
        }
        rows.sort_by_cached_key(|row| {
            let container = row.origin.container.as_ref();
            let name = container.map(|container| container.label().to_owned());
            (name.is_none(), name, row.origin.mount.device)
        });
        (rows, pending)
    }
}

fn row(superblock: &Superblock, origin: Origin, home: Option<u64>) -> MountRow {
    let options = &superblock.options;
    let namespaces: HashSet<u64> = superblock
        .points
        .iter()
        .flat_map(|point| point.seen_by.iter().map(|(id, _)| *id))
        .collect();
    let point_read_only = superblock
        .best_point(home)
        .is_some_and(|point| point.read_only);
    MountRow {
        read_only: options.read_only || options.upperdir.is_none() || point_read_only,
        mount_namespaces: namespaces.len(),
        layers: options.lowerdirs.len() + usize::from(options.upperdir.is_some()),
        volatile: options.volatile,
        origin,
    }
}
