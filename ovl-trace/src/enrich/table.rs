//! Every overlay superblock that some mountinfo shows, each once.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    mountinfo::{OverlayLine, overlay_lines, path, unescape},
    namespaces::NamespaceId,
    options::OverlayOptions,
    patterns::{Rank, rank},
};
use crate::model::DeviceNumber;

/// One superblock and the places where it is mounted.
#[derive(Debug)]
pub(crate) struct Superblock {
    /// Its number.
    pub(crate) device: DeviceNumber,
    /// Its options.
    pub(crate) options: OverlayOptions,
    /// As printed: equal text is the same superblock, and needs no parsing.
    raw_options: Box<[u8]>,
    /// By the path as printed: one overlay may be mounted at any number of places. Never
    /// empty.
    points: HashMap<Box<[u8]>, MountPoint>,
}

/// A mount point, as far as its text goes, in all namespaces that have it.
#[derive(Debug)]
pub(crate) struct MountPoint {
    /// From the root of the namespace.
    pub(crate) path: PathBuf,
    /// How much it says about the owner.
    pub(crate) rank: Rank,
    /// A namespace and a process that sees it.
    pub(crate) seen_by: Vec<(NamespaceId, u32)>,
    /// Whether the mount is read-only where it was seen first.
    pub(crate) read_only: bool,
}

/// The superblocks by device number. Two different ones can have the same
/// number only if one ended while the namespaces were read one by one.
#[derive(Debug, Default)]
pub(crate) struct MountTable {
    superblocks: HashMap<DeviceNumber, Vec<Superblock>>,
    /// Those that were read, and how long each need not be read again.
    namespaces: HashMap<NamespaceId, Instant>,
}

impl MountTable {
    /// Whether the namespace was read.
    pub(crate) fn has(&self, namespace: NamespaceId) -> bool {
        self.namespaces.contains_key(&namespace)
    }

    /// Whether it was read so recently that it need not be read again.
    pub(crate) fn is_fresh(&self, namespace: NamespaceId, now: Instant) -> bool {
        let until = self.namespaces.get(&namespace);
        until.is_some_and(|until| now < *until)
    }

    /// The superblocks with this number; nearly always none or one.
    pub(crate) fn by_device(&self, device: DeviceNumber) -> &[Superblock] {
        self.superblocks.get(&device).map_or(&[], Vec::as_slice)
    }

    /// All superblocks, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Superblock> {
        self.superblocks.values().flatten()
    }

    /// Forgets what a namespace showed, before [`Self::take`].
    pub(crate) fn forget(&mut self, namespace: NamespaceId) {
        if self.namespaces.remove(&namespace).is_some() {
            for point in self.points() {
                point.seen_by.retain(|(id, _)| *id != namespace);
            }
        }
    }

    /// The same for all of them.
    pub(crate) fn forget_all(&mut self) {
        self.namespaces.clear();
        for point in self.points() {
            point.seen_by.clear();
        }
    }

    /// Takes what a namespace that was forgotten shows now, which need not be
    /// read again until then.
    pub(crate) fn take(
        &mut self,
        namespace: NamespaceId,
        pid: u32,
        mountinfo: &[u8],
        until: Instant,
    ) {
        self.namespaces.insert(namespace, until);
        for line in overlay_lines(mountinfo) {
            self.add(namespace, pid, &line);
        }
    }

    /// Drops what no namespace shows any more. What was forgotten and taken again
    /// needs no parsing, so this comes last.
    pub(crate) fn drop_unmounted(&mut self) {
        self.superblocks.retain(|_, superblocks| {
            for superblock in superblocks.iter_mut() {
                superblock
                    .points
                    .retain(|_, point| !point.seen_by.is_empty());
            }
            superblocks.retain(|superblock| !superblock.points.is_empty());
            !superblocks.is_empty()
        });
    }

    fn add(&mut self, namespace: NamespaceId, pid: u32, line: &OverlayLine<'_>) {
        let same_device = self.superblocks.entry(line.device).or_default();
        let known = same_device
            .iter()
            .position(|superblock| *superblock.raw_options == *line.super_options);
        let index = known.unwrap_or_else(|| {
            same_device.push(Superblock {
                device: line.device,
                options: OverlayOptions::parse(line.super_options),
                raw_options: line.super_options.into(),
                points: HashMap::new(),
            });
            same_device.len() - 1
        });
        same_device[index].add_point(namespace, pid, line);
    }

    fn points(&mut self) -> impl Iterator<Item = &mut MountPoint> {
        let superblocks = self.superblocks.values_mut().flatten();
        superblocks.flat_map(|superblock| superblock.points.values_mut())
    }
}

impl Superblock {
    fn add_point(&mut self, namespace: NamespaceId, pid: u32, line: &OverlayLine<'_>) {
        if let Some(point) = self.points.get_mut(line.mount_point) {
            point.seen_by.push((namespace, pid));
            return;
        }
        let mount_point = path(unescape(line.mount_point));
        let point = MountPoint {
            rank: rank(&mount_point),
            path: mount_point,
            seen_by: vec![(namespace, pid)],
            read_only: line.read_only(),
        };
        self.points.insert(line.mount_point.into(), point);
    }

    /// All mount points, in no order.
    pub(crate) fn points(&self) -> impl Iterator<Item = &MountPoint> {
        self.points.values()
    }

    /// The mount point that says most; the host's namespace wins a tie.
    pub(crate) fn best_point(&self, home: Option<NamespaceId>) -> Option<&MountPoint> {
        self.points().min_by_key(|point| {
            let at_home = point.seen_by.iter().any(|(id, _)| Some(*id) == home);
            (point.rank, !at_home, &point.path)
        })
    }

    /// Mount points as one namespace sees them, sorted.
    pub(crate) fn points_in(&self, namespace: NamespaceId) -> Vec<&Path> {
        let seen = |point: &&MountPoint| point.seen_by.iter().any(|(id, _)| *id == namespace);
        let points = self.points().filter(seen);
        let mut paths: Vec<&Path> = points.map(|point| point.path.as_path()).collect();
        paths.sort_unstable();
        paths
    }

    /// Namespaces with a mount of it and a process in each; the more telling
    /// mount points first.
    pub(crate) fn namespaces(&self) -> Vec<(NamespaceId, u32)> {
        let mut points: Vec<&MountPoint> = self.points().collect();
        points.sort_by(|a, b| (a.rank, &a.path).cmp(&(b.rank, &b.path)));
        let mut found: Vec<(NamespaceId, u32)> = Vec::new();
        let mut known = HashSet::new();
        for &(id, pid) in points.iter().flat_map(|point| &point.seen_by) {
            if known.insert(id) {
                found.push((id, pid));
            }
        }
        found
    }

    /// A process whose root directory this is: one of the container's own.
    pub(crate) fn root_process(&self) -> Option<(NamespaceId, u32)> {
        let point = self.points().find(|point| point.rank == Rank::Root)?;
        point.seen_by.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(minor: u32) -> DeviceNumber {
        DeviceNumber { major: 0, minor }
    }

    const HOST: &[u8] = b"1 2 0:42 / /r/overlay2/x/merged rw - overlay o rw,upperdir=/u\n\
                          1 2 0:42 / /copy rw - overlay o rw,upperdir=/u\n";
    const INSIDE: &[u8] = b"1 2 0:42 / / ro - overlay o rw,upperdir=/u\n";

    #[test]
    fn a_superblock_is_kept_once_and_forgotten() {
        let now = Instant::now();
        let mut table = MountTable::default();
        table.take(1, 100, HOST, now);
        table.take(2, 200, INSIDE, now);
        assert_eq!(table.all().count(), 1);
        let superblock = &table.by_device(device(42))[0];
        assert_eq!(superblock.namespaces().len(), 2);
        assert_eq!(superblock.root_process(), Some((2, 200)));
        table.forget(1);
        table.take(1, 100, b"", now);
        table.drop_unmounted();
        assert_eq!(table.by_device(device(42))[0].namespaces(), [(2, 200)]);
        table.forget_all();
        assert!(!table.has(1));
        table.drop_unmounted();
        assert_eq!(table.all().count(), 0);
    }

    #[test]
    fn a_recycled_number_is_another_superblock() {
        let now = Instant::now();
        let mut table = MountTable::default();
        table.take(1, 100, HOST, now);
        let next = b"1 2 0:42 / /m rw - overlay o rw,upperdir=/other\n";
        table.take(2, 200, next, now);
        assert_eq!(table.by_device(device(42)).len(), 2);
    }

    /// One comparison per line: a linear search takes 10^10 for so many.
    #[test]
    fn a_hundred_thousand_mounts_of_one_overlay_are_read_at_once() {
        use std::fmt::Write as _;
        let mut text = String::new();
        for number in 0..100_000 {
            writeln!(text, "1 2 0:42 / /m/{number} rw - overlay o rw,upperdir=/u").unwrap();
        }
        let mut table = MountTable::default();
        table.take(1, 100, text.as_bytes(), Instant::now());
        let superblock = &table.by_device(device(42))[0];
        assert_eq!(superblock.points_in(1).len(), 100_000);
        assert_eq!(superblock.points_in(1)[1], Path::new("/m/1"));
    }
}
