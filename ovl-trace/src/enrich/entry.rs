//! What is remembered of one overlay.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use super::{
    resolve::{Owned, Resolution, qualify},
    runtime::Record,
    view::KernelFacts,
};
use crate::model::{Container, DeviceNumber, Origin, OverlayKey};

/// When to look again after the first sight. Docker's `-init` mounts come some
/// milliseconds before the container's record does, and a mount is visible in
/// mountinfo only after it was reported.
pub(super) const RETRIES: [Duration; 4] = [
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(500),
];

/// After that, only when it causes events, and ever more rarely.
const LATER: Duration = Duration::from_secs(1);
const LATER_MAX: Duration = Duration::from_secs(60);

/// An API that did not know an overlay this often will not know it later.
const MAX_ASKED: u32 = 3;

/// How many ended overlays are remembered for events that are still queued and
/// for the report.
pub(crate) const MAX_GONE: usize = 4096;

/// How many of these are remembered with their layers and paths: some 12 kB each.
pub(crate) const MAX_GONE_WHOLE: usize = 256;

/// When, and which: an [`OverlayKey`] in a form that has an order.
pub(crate) type Plan = (Instant, u64, u64);

/// One overlay.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and no state"
)]
pub(crate) struct Entry {
    pub(crate) device: DeviceNumber,
    pub(crate) facts: KernelFacts,
    /// The last known answer.
    origin: Arc<Origin>,
    /// The whole answer after [`Self::shed`], as long as somebody else keeps it.
    whole: Weak<Origin>,
    /// Nothing more can be learned.
    pub(crate) settled: bool,
    /// A runtime recognises the mount, but its files do not name the owner.
    pub(crate) pending: bool,
    /// Its superblock is gone.
    pub(crate) gone: bool,
    /// How often the Engine API was asked in vain.
    pub(crate) asked: u32,
    /// Some mountinfo showed it at the last look.
    shown: bool,
    record: Option<Record>,
    outer: Option<String>,
    /// An event was answered with the origin.
    answered: bool,
    /// When it was seen first.
    pub(crate) first_seen: Instant,
    attempts: u32,
    not_before: Instant,
    rechecked: Instant,
}

impl Entry {
    pub(crate) fn new(device: DeviceNumber, facts: KernelFacts, now: Instant) -> Self {
        let mut origin = Arc::unwrap_or_clone(Origin::unknown(device));
        origin.mount.upperdir.clone_from(&facts.upperdir);
        origin.mount.workdir.clone_from(&facts.workdir);
        origin
            .mount
            .upper_filesystem
            .clone_from(&facts.upper_filesystem);
        Self {
            device,
            facts,
            origin: Arc::new(origin),
            whole: Weak::new(),
            settled: false,
            pending: false,
            gone: false,
            asked: 0,
            shown: false,
            record: None,
            outer: None,
            answered: false,
            first_seen: now,
            attempts: 0,
            not_before: now,
            rechecked: now,
        }
    }

    /// Whether an event is reason enough to look again: the first one after
    /// the mount always is, since by then mountinfo shows it.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        !self.settled && (!self.answered || self.not_before <= now)
    }

    /// What an event is told. From then on the owner stays the same.
    pub(crate) fn answer(&mut self) -> Arc<Origin> {
        self.answered = true;
        self.origin()
    }

    /// The last known answer.
    pub(crate) fn origin(&self) -> Arc<Origin> {
        let whole = self.whole.upgrade();
        whole.unwrap_or_else(|| Arc::clone(&self.origin))
    }

    /// Forgets all but the container, unless its name is still to come. Whoever has the
    /// whole answer, as a report that is being made, gets it again.
    pub(super) fn shed(&mut self) {
        if self.is_unnamed() {
            return;
        }
        self.whole = Arc::downgrade(&self.origin);
        self.origin = Arc::new(Origin::clone(&self.origin).without_mount());
        self.facts = KernelFacts::default();
        self.record = None;
        self.settled = true;
    }

    /// Whether the Engine API may know what the files do not say.
    pub(crate) fn wants_api(&self) -> bool {
        let is_runtimes = self.origin.container.is_some() || self.pending;
        is_runtimes && self.is_unnamed() && self.asked < MAX_ASKED
    }

    /// Whether no name is known: there is none, or its record is not there yet.
    pub(crate) fn is_unnamed(&self) -> bool {
        let container = self.origin.container.as_ref();
        container.is_none_or(|container| !container.is_named())
    }

    /// Whether this is the last of the planned retries, or a later one.
    pub(crate) fn is_late(&self) -> bool {
        self.attempts as usize >= RETRIES.len()
    }

    /// Whether anything was tried yet.
    pub(crate) fn is_new(&self) -> bool {
        self.attempts == 0
    }

    /// Whether a container with a name may be called `found` from now on. An overlay has
    /// one owner as long as it lives, but not always one id: `BuildKit` makes a new record
    /// of a step's layer when it commits it (buildkit `cache/refs.go`, `mutableRef.commit`),
    /// maybe before all events of the step were read. What earlier ones were told stays.
    fn may_become(&self, known: &Container, found: &Container) -> bool {
        found.is_named() && (!self.answered || known.id == found.id)
    }

    /// Takes what was found out now. Whatever was known and cannot be found
    /// again stays: files vanish together with their container.
    pub(crate) fn take(&mut self, found: Resolution, now: Instant) {
        let mut origin = Origin::clone(&self.origin);
        if found.visible || origin.mount.merged.is_none() {
            origin.mount = found.mount;
        }
        let named = Container::is_named;
        let known = origin.container.as_ref().filter(|known| named(known));
        if let Some(owned) = found.owned
            && known.is_none_or(|known| self.may_become(known, &owned.container))
        {
            let Owned {
                container,
                record,
                outer,
                layers,
            } = owned;
            // A store that tells of more or fewer layers than the kernel has
            // is not about this mount; one that tells of none is about no
            // other.
            let fits = |count| count as usize == layers.len() + 1;
            if !layers.is_empty() && self.facts.layers.is_none_or(fits) {
                origin.layers = layers;
            }
            origin.container = Some(container);
            self.record = record;
            self.outer = outer;
        }
        self.shown = found.visible;
        self.pending = found.pending && origin.container.is_none();
        let named = origin.container.as_ref().is_some_and(named);
        self.settled = named && (found.visible || self.gone);
        if *self.origin != origin {
            self.origin = Arc::new(origin);
        }
        self.rechecked = now;
        // A look for another reason, as the next mount is, leaves the plan as it
        // is: hundreds of mounts in a row would use up every retry at once. What is
        // planned counts, too: an overlay that nobody owned may have got a plan by
        // this look, of which a part is in the past.
        let due = self.planned().unwrap_or(self.not_before);
        if now < due.min(self.not_before) {
            return;
        }
        self.attempts += 1;
        self.not_before = self.planned().unwrap_or_else(|| {
            let doublings = (self.attempts as usize)
                .saturating_sub(RETRIES.len())
                .min(6) as u32;
            now + LATER_MAX.min(LATER * 2_u32.pow(doublings))
        });
    }

    /// The next planned retry, in an order of time.
    pub(crate) fn plan(&self, key: OverlayKey) -> Option<Plan> {
        Some((self.planned()?, key.superblock, key.born_ns))
    }

    /// The next planned retry, which does not wait for an event.
    fn planned(&self) -> Option<Instant> {
        if self.settled || self.attempts == 0 || self.is_nobodys() {
            return None;
        }
        let delay = RETRIES.get(self.attempts as usize - 1)?;
        Some(self.first_seen + *delay)
    }

    /// Whether it was there before the observation, is shown, and no runtime
    /// recognises it: nothing more comes to light in half a second.
    fn is_nobodys(&self) -> bool {
        let claimed = self.pending || self.origin.container.is_some();
        self.shown && !self.facts.mounted && !claimed
    }

    /// For how long from now on an event leaves the answer as it is; 0 if the next one
    /// may be the reason to look again.
    pub(crate) fn certain_for(&self, now: Instant) -> Duration {
        if !self.settled || self.gone || self.is_unnamed() {
            return Duration::ZERO;
        }
        match &self.record {
            Some(record) => (self.rechecked + record.pause).saturating_duration_since(now),
            None => Duration::MAX,
        }
    }

    /// Reads the container's name again if its record changed. With `force`,
    /// even if that was done a moment ago.
    pub(crate) fn recheck(&mut self, now: Instant, force: bool) {
        let (Some(record), Some(known)) = (&mut self.record, &self.origin.container) else {
            return;
        };
        if !force && now.saturating_duration_since(self.rechecked) < record.pause {
            return;
        }
        self.rechecked = now;
        if let Some(container) = record.changed()
            && container.id == known.id
        {
            let container = qualify(container, self.outer.as_deref());
            let mut origin = Origin::clone(&self.origin);
            origin.container = Some(container);
            self.origin = Arc::new(origin);
        }
    }
}
