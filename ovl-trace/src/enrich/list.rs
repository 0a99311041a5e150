//! The overlay mounts that exist now, with their owners: the `mounts` command.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::ensure;

use super::{
    EnrichConfig,
    docker::api::EngineApi,
    namespaces::Namespaces,
    resolve::Resolve,
    root::Root,
    runtime::Resolvers,
    table::{MountTable, Superblock},
    usage,
    view::KernelFacts,
};
use crate::model::{Layer, Origin};

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
    /// For each of the origin's layers, how many containers of this list have
    /// that directory as a lower layer.
    pub shared_by: Vec<usize>,
    /// Where the upperdir can be found.
    root: Option<Root>,
}

impl MountRow {
    /// Bytes that the writable layer takes up on its file system. Walks through
    /// all of it. `None` without an upperdir, or if not all of it can be seen.
    pub fn upper_bytes(&self) -> Option<u64> {
        let upperdir = self.origin.mount.upperdir.as_deref()?;
        let root = self.root.as_ref().filter(|_| upperdir.is_absolute())?;
        usage::allocated(root, upperdir)
    }
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
            namespaces.home().is_some_and(|home| table.has(home)),
            "the host's mounts cannot be read from '{}'; run as root, with the host's /proc",
            config.proc_root.display(),
        );
        if namespaces.denied() > 0 {
            tracing::warn!(
                "{} processes may not be looked at: mounts that only they see are missing, and \
                 containers whose files are root's have no names; {}",
                namespaces.denied(),
                remedy(is_root()),
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
        let mut sharing = Sharing::default();
        let mut pending = false;
        let mut resolve = Resolve {
            namespaces: &self.namespaces,
            table: &self.table,
            resolvers: &mut self.resolvers,
        };
        for superblock in self.table.all() {
            let found = resolve.resolve(superblock.device, Some(superblock), &facts);
            let outer = found.owned.as_ref().and_then(|owned| owned.outer.clone());
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
            sharing.add(&origin, outer.as_deref());
            let row = row(superblock, origin, found.root, self.namespaces.home());
            rows.push((row, outer));
        }
        let mut rows: Vec<MountRow> = rows
            .into_iter()
            .map(|(row, outer)| MountRow {
                shared_by: sharing.of(&row.origin, outer.as_deref()),
                ..row
            })
            .collect();
        rows.sort_by_cached_key(|row| {
            let container = row.origin.container.as_ref();
            let name = container.map(|container| container.label().to_owned());
            (name.is_none(), name, row.origin.mount.device)
        });
        (rows, pending)
    }
}

/// Containers by the directory of a lower layer: the daemon's own container
/// (Docker-in-Docker), the store's directory, the layer's id there.
#[derive(Default)]
struct Sharing(HashMap<(Option<String>, PathBuf, String), HashSet<String>>);

impl Sharing {
    fn add(&mut self, origin: &Origin, outer: Option<&str>) {
        let Some((store, container)) = store(origin).zip(origin.container.as_ref()) else {
            return;
        };
        for layer in &origin.layers {
            let outer = outer.map(str::to_owned);
            let key = (outer, store.to_owned(), layer.id.clone());
            self.0.entry(key).or_default().insert(container.id.clone());
        }
    }

    fn of(&self, origin: &Origin, outer: Option<&str>) -> Vec<usize> {
        let count = |layer: &Layer| {
            let store = store(origin)?.to_owned();
            let key = (outer.map(str::to_owned), store, layer.id.clone());
            self.0.get(&key).map(HashSet::len)
        };
        let layers = origin.layers.iter();
        layers.map(|layer| count(layer).unwrap_or(1)).collect()
    }
}

/// All stores keep a layer in `STORE/ID/NAME`.
fn store(origin: &Origin) -> Option<&Path> {
    origin.mount.upperdir.as_deref()?.ancestors().nth(2)
}

/// Returns true if the process runs as root.
fn is_root() -> bool {
    // SAFETY: it has no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Says how to be allowed to look at all processes.
fn remedy(is_root: bool) -> &'static str {
    if is_root {
        "root needs the capability CAP_SYS_PTRACE for that, which a container or a security \
         module may withhold"
    } else {
        "run as root for all of them"
    }
}

fn row(superblock: &Superblock, origin: Origin, root: Option<Root>, home: Option<u64>) -> MountRow {
    let options = &superblock.options;
    let namespaces: HashSet<u64> = superblock
        .points()
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
        shared_by: Vec::new(),
        origin,
        root,
    }
}
