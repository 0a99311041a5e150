//! Overlays of one observation, from the first sight of each to its last event.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;

use super::{
    EnrichConfig,
    entry::{Entry, MAX_GONE, MAX_GONE_WHOLE, Plan},
    mountinfo,
    namespaces::Namespaces,
    resolve::{Owned, Resolve},
    runtime::Resolvers,
    table::MountTable,
    view::KernelFacts,
};
use crate::model::{DeviceNumber, Event, Origin, OverlayKey, OverlaySeen, Process};

/// Knows every overlay of an observation and whose it is.
#[derive(Debug)]
pub struct Enricher {
    pub(super) namespaces: Namespaces,
    pub(super) table: MountTable,
    pub(super) resolvers: Resolvers,
    pub(super) entries: HashMap<OverlayKey, Entry>,
    /// Ended overlays, the oldest first.
    gone: VecDeque<OverlayKey>,
    /// What the mounts at the start of the observation were, by device and
    /// upperdir. Their files may be gone at their first event.
    at_start: HashMap<(DeviceNumber, PathBuf), Owned>,
    /// Overlays to look at again without waiting for an event.
    pub(super) planned: BTreeSet<Plan>,
}

impl Enricher {
    /// Reads nothing yet.
    pub fn new(config: &EnrichConfig) -> Self {
        Self {
            namespaces: Namespaces::new(&config.proc_root, &config.host_root),
            table: MountTable::default(),
            resolvers: Resolvers::new(config),
            entries: HashMap::new(),
            gone: VecDeque::new(),
            at_start: HashMap::new(),
            planned: BTreeSet::new(),
        }
    }

    /// Reads the mounts that exist now, for the start of an observation.
    ///
    /// Fails if the host's own mounts cannot be read. Events can be enriched
    /// all the same, from what the kernel sends with them.
    pub fn scan(&mut self) -> anyhow::Result<()> {
        self.namespaces.refresh_all(&mut self.table, Instant::now());
        let home = self.namespaces.home();
        ensure!(
            home.is_some_and(|home| self.table.has(home)),
            "the host's mounts cannot be read; run as root, with the host's /proc"
        );
        let mut resolve = Resolve {
            namespaces: &self.namespaces,
            table: &self.table,
            resolvers: &mut self.resolvers,
        };
        let facts = KernelFacts::default();
        for superblock in self.table.all() {
            let found = resolve.resolve(superblock.device, Some(superblock), &facts);
            if let (Some(owned), Some(upper)) = (found.owned, &superblock.options.upperdir) {
                self.at_start
                    .insert((superblock.device, upper.clone()), owned);
            }
        }
        Ok(())
    }

    /// Learns from the event, then says where it happened. Never waits for a
    /// socket. For a loss, which happens nowhere, the origin is unknown.
    pub fn origin(&mut self, event: &Event) -> Arc<Origin> {
        self.origin_at(event, Instant::now())
    }

    pub(super) fn origin_at(&mut self, event: &Event, now: Instant) -> Arc<Origin> {
        match event {
            Event::CopyUp(e) | Event::CopyUpStarted(e) | Event::CopyUpRunning(e) => {
                self.touched(e.overlay, e.device, &e.process, now)
            }
            Event::Whiteout(e) => self.touched(e.overlay, e.device, &e.process, now),
            Event::OverlaySeen(e) => self.seen(e, now),
            Event::OverlayGone { overlay, device } => self.ended(*overlay, *device),
            Event::Loss(_) => Origin::unknown(DeviceNumber { major: 0, minor: 0 }),
        }
    }

    /// Whether an event of this overlay was seen.
    pub fn knows(&self, overlay: OverlayKey) -> bool {
        self.entries.contains_key(&overlay)
    }

    /// The overlay whose superblock is at this address now, and its device; `None`
    /// if no event of it was seen.
    pub fn at(&self, superblock: u64) -> Option<(OverlayKey, DeviceNumber)> {
        self.entries
            .iter()
            .filter(|(key, entry)| key.superblock == superblock && !entry.gone)
            .max_by_key(|(key, _)| key.born_ns)
            .map(|(key, entry)| (*key, entry.device))
    }

    /// By key, for totals. Reads the container's name again if its record
    /// changed. A key that no event had gives an unknown origin.
    pub fn origin_of(&mut self, overlay: OverlayKey) -> Arc<Origin> {
        match self.entries.get_mut(&overlay) {
            Some(entry) => {
                entry.recheck(Instant::now(), true);
                entry.origin()
            }
            None => Origin::unknown(DeviceNumber { major: 0, minor: 0 }),
        }
    }

    /// For how long from `now` on events of this overlay would be answered with the same
    /// origin, so that none are needed: 0 if it is not certain, and `Duration::MAX` if it
    /// is for ever.
    pub fn certain_for(&self, overlay: OverlayKey, now: Instant) -> Duration {
        let entry = self.entries.get(&overlay);
        entry.map_or(Duration::ZERO, |entry| entry.certain_for(now))
    }

    fn touched(
        &mut self,
        overlay: OverlayKey,
        device: DeviceNumber,
        process: &Process,
        now: Instant,
    ) -> Arc<Origin> {
        // The event that announced it was lost.
        let entry = self.entries.entry(overlay).or_insert_with(|| {
            let facts = KernelFacts {
                pid: Some(process.pid),
                namespace: process.mount_namespace,
                ..KernelFacts::default()
            };
            Entry::new(device, facts, now)
        });
        if entry.is_due(now) {
            self.look(overlay, now);
        } else {
            entry.recheck(now, false);
        }
        self.entries
            .get_mut(&overlay)
            .map_or_else(|| Origin::unknown(device), Entry::answer)
    }

    fn seen(&mut self, event: &OverlaySeen, now: Instant) -> Arc<Origin> {
        let path = |bytes: &Option<Vec<u8>>| bytes.clone().map(mountinfo::path);
        let upperdir = path(&event.upperdir);
        let relative = upperdir.as_deref().is_some_and(Path::is_relative);
        let facts = KernelFacts {
            workdir: path(&event.workdir),
            upper: event.upper,
            pid: Some(event.process.pid),
            namespace: event.process.mount_namespace,
            mounted: event.mounted,
            // At once: the process that mounts ends within milliseconds.
            working_directory: (relative && event.mounted)
                .then(|| self.namespaces.working_directory(event.process.pid))
                .flatten(),
            upperdir,
            layers: event.layers,
            upper_filesystem: event.upper_filesystem.clone(),
        };
        match self.entries.get_mut(&event.overlay) {
            Some(entry) => entry.facts = facts,
            None => {
                self.entries
                    .insert(event.overlay, Entry::new(event.device, facts, now));
            }
        }
        self.look(event.overlay, now);
        if event.mounted {
            self.look_at_earlier(event.overlay, now);
        }
        self.known(event.overlay, event.device)
    }

    fn ended(&mut self, overlay: OverlayKey, device: DeviceNumber) -> Arc<Origin> {
        let Some(entry) = self.entries.get_mut(&overlay) else {
            return Origin::unknown(device);
        };
        let origin = entry.origin();
        if !std::mem::replace(&mut entry.gone, true) {
            self.gone.push_back(overlay);
            self.shed_oldest();
        }
        if self.gone.len() > MAX_GONE
            && let Some(oldest) = self.gone.pop_front()
            && let Some(entry) = self.entries.remove(&oldest)
            && let Some(plan) = entry.plan(oldest)
        {
            self.planned.remove(&plan);
        }
        origin
    }

    /// Lets go of what the oldest ended overlay that is whole takes in memory.
    fn shed_oldest(&mut self) {
        let oldest = self.gone.len().checked_sub(MAX_GONE_WHOLE + 1);
        let Some(key) = oldest.and_then(|at| self.gone.get(at)).copied() else {
            return;
        };
        if let Some(entry) = self.entries.get_mut(&key) {
            if let Some(plan) = entry.plan(key) {
                self.planned.remove(&plan);
            }
            entry.shed();
        }
    }

    fn known(&self, overlay: OverlayKey, device: DeviceNumber) -> Arc<Origin> {
        self.entries
            .get(&overlay)
            .map_or_else(|| Origin::unknown(device), Entry::origin)
    }

    /// One attempt to find the owner, and the plan for the next.
    pub(super) fn look(&mut self, key: OverlayKey, now: Instant) {
        let Some(entry) = self.entries.get(&key) else {
            return;
        };
        let (device, facts) = (entry.device, entry.facts.clone());
        // A mount being made is in no mountinfo yet, and one that ended in
        // none any more: only its paths can tell.
        let show = !(entry.gone || facts.mounted && entry.is_new());
        if show {
            let thorough = !facts.mounted || entry.is_late();
            self.refresh(device, &facts, thorough, now);
        }
        let mut resolve = Resolve {
            namespaces: &self.namespaces,
            table: &self.table,
            resolvers: &mut self.resolvers,
        };
        let superblock = show.then(|| resolve.find(device, &facts)).flatten();
        let mut found = resolve.resolve(device, superblock, &facts);
        if found.owned.is_none()
            && !facts.mounted
            && !resolve.is_contradicted(&facts)
            && let Some(upper) = facts.upperdir
        {
            found.owned = self.at_start.get(&(device, upper)).cloned();
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            if let Some(plan) = entry.plan(key) {
                self.planned.remove(&plan);
            }
            entry.take(found, now);
            self.planned.extend(entry.plan(key));
        }
    }

    /// Makes sure that the mount is in the table, if it can be found with
    /// reasonable effort.
    fn refresh(&mut self, device: DeviceNumber, facts: &KernelFacts, thorough: bool, now: Instant) {
        // A number alone proves nothing, whatever mountinfo shows.
        let provable = facts.upper.is_some() || facts.upperdir.is_some();
        if !provable || self.is_listed(device, facts) {
            return;
        }
        self.namespaces.refresh(&mut self.table, facts.pid, now);
        if thorough && !self.is_listed(device, facts) {
            self.namespaces.refresh_all(&mut self.table, now);
        }
    }

    fn is_listed(&mut self, device: DeviceNumber, facts: &KernelFacts) -> bool {
        let resolve = Resolve {
            namespaces: &self.namespaces,
            table: &self.table,
            resolvers: &mut self.resolvers,
        };
        resolve.find(device, facts).is_some()
    }
}
