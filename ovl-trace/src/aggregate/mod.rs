//! From events and the kernel's totals to the per-container report. A pure
//! fold: no clock, no I/O.
//!
//! **What is counted.** A copy-up counts when it succeeded: the kinds, bytes,
//! latencies and the histogram are those of successful copy-ups, and `total`
//! is their number. Failed ones are counted in `failed` only; a task that
//! waited while another one did the copy-up, in `raced` only. `whiteouts`
//! count names that disappeared (unlink, rmdir, rename); a directory that
//! became opaque hides what is below it without a whiteout, so opaque marks
//! stand apart from that total.
//!
//! **From where.** The counts come from the kernel's totals, which are exact
//! even if events were lost. If the filter asks for what totals do not
//! distinguish (path, process, size or latency of one file), or if an overlay
//! has no totals (a recording without them), the events are counted instead,
//! and the report says so.
//!
//! **Whose.** Everything is kept per overlay (superblock) and joined only
//! when a report is made: by then the container of an overlay is known, even
//! if its first events came before its runtime had written it down. A
//! container that was restarted has several overlays and is one row; an
//! overlay of nobody is a row of its own.
//!
//! **How much memory.** Totals are small. Rows for files and processes are
//! bounded (see `top`): what does not fit is still in the sums, and in the
//! number of rows left out. So is the number of stretches of time (`timeline`),
//! which grow wider instead.

mod advice;
mod by_size;
mod detail;
mod examine;
mod family;
mod file;
mod group;
mod habits;
mod loss;
mod overlay;
mod overview;
mod percentile;
mod recording;
mod report;
mod share;
mod sums;
mod timeline;
mod top;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::model::{Event, Filter, LossSource, Origin, OverlayKey, OverlaySeen, OverlayTotals};
use habits::Mounted;
use overlay::Overlay;

pub use advice::{Advice, Evidence};
pub use by_size::{SIZE_LIMITS, SizeRow};
pub use detail::{CallKey, FileLast, ProcessKey, Tally};
pub use examine::ToExamine;
pub use loss::LossReport;
pub use overview::{ContainerId, ContainerSums, Overview};
pub(crate) use percentile::range as bucket_range;
pub use recording::RecordingState;
pub use report::{
    ContainerReport, CountedFrom, Coverage, LayerRow, Report, ReportContext, SortKey, TopList,
    TriggerRow,
};
pub use sums::{CopyUpCounts, Latency, Sums, TriggerSums, WhiteoutCounts};
pub use timeline::{BUCKETS_MAX, TimeBucket, Timeline};

/// Most rows of detail (files and processes) over all overlays.
const ROWS_MAX: usize = 32_768;

/// Overlays that are gone are summed up into one when there are more than
/// this many overlays.
const OVERLAYS_MAX: usize = 8_192;

/// The oldest overlays are summed up into one, gone or not, beyond these: what
/// no kernel side can send, but a recording can hold.
const LIVING_MAX: usize = 4 * OVERLAYS_MAX;
const TOTALS_MAX: usize = 131_072;

/// The fold.
#[derive(Debug)]
pub struct Aggregator {
    filter: Filter,
    top: usize,
    sort: SortKey,
    overlays: BTreeMap<OverlayKey, Overlay>,
    /// Rows of detail, roughly: recounted whenever some are dropped.
    rows: usize,
    /// Rows of totals.
    totals: usize,
    /// Overlays that are gone.
    gone: usize,
    losses: BTreeMap<(LossSource, String), u64>,
    retired: Sums,
    retired_overlays: u64,
    /// Overlays that were mounted, and had no event yet.
    mounted: HashMap<OverlayKey, Mounted>,
}

impl Aggregator {
    /// `top` is the number of files, processes and calls per container that a
    /// report lists, `sort` the order of these and of the containers.
    pub fn new(filter: Filter, top: usize, sort: SortKey) -> Self {
        Self {
            filter,
            top,
            sort,
            overlays: BTreeMap::new(),
            rows: 0,
            totals: 0,
            gone: 0,
            losses: BTreeMap::new(),
            retired: Sums::default(),
            retired_overlays: 0,
            mounted: HashMap::new(),
        }
    }

    /// Takes an event in. A copy-up that only started is not counted; a loss
    /// is counted as by [`Self::loss`]: report each by one of the two.
    ///
    /// After [`Event::OverlayGone`] the overlay's last totals may still be
    /// given, but not long after: it may be retired.
    pub fn event(&mut self, event: &Event, origin: &Arc<Origin>, wall: Timestamp) {
        let key = match event {
            Event::CopyUp(event) => event.overlay,
            Event::Whiteout(event) => event.overlay,
            Event::OverlayGone { overlay, .. } => {
                self.mounted.remove(overlay);
                if let Some(state) = self.overlays.get_mut(overlay)
                    && !std::mem::replace(&mut state.gone, true)
                {
                    self.gone += 1;
                }
                return;
            }
            Event::OverlaySeen(seen) => return self.seen(seen),
            Event::Loss(loss) => return self.loss(loss.source, loss.reason, loss.count),
            Event::CopyUpStarted(_) | Event::CopyUpRunning(_) => return,
        };
        if !self.filter.admits_event(event) {
            return;
        }
        let sort = self.sort;
        let overlay = self.overlay(key, origin);
        let before = overlay.totals();
        let rows = overlay.event(event, wall, sort);
        let totals = overlay.totals() - before;
        self.rows += rows;
        self.totals += totals;
        if self.totals > TOTALS_MAX {
            self.retire_half();
        }
        if self.rows > ROWS_MAX {
            self.drop_rows();
        }
    }

    /// Replaces the kernel's totals of an overlay, which are cumulative.
    pub fn totals(&mut self, overlay: OverlayKey, origin: &Arc<Origin>, totals: &OverlayTotals) {
        let overlay = self.overlay(overlay, origin);
        let before = overlay.totals();
        overlay.kernel = Some(totals.clone());
        let after = overlay.totals();
        self.totals = (self.totals + after).saturating_sub(before);
        if self.totals > TOTALS_MAX {
            self.retire_half();
        }
    }

    /// The totals given last are older than the last events: overlays of which
    /// they count less than arrived are counted from their events.
    pub fn prefer_newer_events(&mut self) {
        for overlay in self.overlays.values_mut() {
            overlay.prefer_newer_events(&self.filter);
        }
    }

    /// Asks for the owners of overlays that have none yet. An overlay may have been
    /// gone, its last totals taken, before its runtime wrote down whose it was.
    pub fn learn(&mut self, mut origin_of: impl FnMut(OverlayKey) -> Arc<Origin>) {
        for (key, overlay) in &mut self.overlays {
            let container = overlay.origin.container.as_ref();
            if container.is_none_or(|container| !container.is_named()) {
                let origin = origin_of(*key);
                // One that was forgotten says less than is known.
                if origin.container.is_some() {
                    overlay.learn(&origin);
                }
            }
        }
    }

    /// Counts a loss: `count` more since the last call.
    pub fn loss(&mut self, source: LossSource, reason: &str, count: u64) {
        if count > 0 {
            let sum = self.losses.entry((source, reason.to_owned())).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// The report as of now.
    pub fn report(&self, context: ReportContext) -> Report {
        let mut groups = group::join(&self.overlays, &self.filter);
        let mut totals = self.retired.clone();
        for group in &groups {
            totals.add(&group.sums);
        }
        groups.retain(|group| !group.sums.is_empty());
        let repeated = family::repeated(&self.overlays, &self.filter);
        let loss = LossReport::new(&self.losses);
        let mut containers: Vec<_> = groups
            .into_iter()
            .map(|group| {
                let advice = group.advice(&repeated, loss.events());
                group.into_report(self.sort, self.top, advice)
            })
            .collect();
        report::sort_containers(&mut containers, self.sort);
        let mut timelines: Vec<_> = containers.iter_mut().map(|it| &mut it.timeline).collect();
        timeline::align(&mut timelines, context.started, context.ended);
        Report {
            context,
            counted_from: if self.filter.totals_answerable() {
                CountedFrom::Kernel
            } else {
                CountedFrom::Events
            },
            containers,
            totals,
            retired_overlays: self.retired_overlays,
            loss,
            recording: RecordingState::default(),
        }
    }

    fn overlay(&mut self, key: OverlayKey, origin: &Arc<Origin>) -> &mut Overlay {
        if !self.overlays.contains_key(&key) && self.overlays.len() >= OVERLAYS_MAX {
            self.retire_oldest();
        }
        if self.overlays.len() >= LIVING_MAX {
            self.retire_half();
        }
        let mounted = &mut self.mounted;
        let overlay = self.overlays.entry(key).or_insert_with(|| {
            let mut overlay = Overlay::new(Arc::clone(origin));
            overlay.habits.mounted = mounted.remove(&key);
            overlay
        });
        overlay.learn(origin);
        overlay
    }

    /// A mount is remembered for the events that it may have.
    fn seen(&mut self, seen: &OverlaySeen) {
        let mounted = Mounted {
            time_ns: seen.time_ns,
            namespace: seen.process.mount_namespace,
        };
        if !seen.mounted {
            return;
        }
        if let Some(overlay) = self.overlays.get_mut(&seen.overlay) {
            overlay.habits.mounted = Some(mounted);
        } else if self.mounted.len() < OVERLAYS_MAX {
            self.mounted.insert(seen.overlay, mounted);
        }
    }

    /// Sums up the oldest overlay that is gone. If all are alive, they stay:
    /// the kernel side bounds their number.
    fn retire_oldest(&mut self) {
        if self.gone == 0 {
            return;
        }
        let oldest = self
            .overlays
            .iter()
            .filter(|(_, overlay)| overlay.gone)
            .map(|(key, _)| *key)
            .min_by_key(|key| key.born_ns);
        if let Some(oldest) = oldest {
            self.retire(oldest);
        }
    }

    /// Sums up half of the overlays, those that are gone first, then the oldest.
    fn retire_half(&mut self) {
        let mut keys: Vec<_> = self
            .overlays
            .iter()
            .map(|(key, overlay)| (!overlay.gone, key.born_ns, *key))
            .collect();
        keys.sort_unstable();
        for (.., key) in keys.iter().take(keys.len().div_ceil(2)) {
            self.retire(*key);
        }
    }

    fn retire(&mut self, key: OverlayKey) {
        if let Some(overlay) = self.overlays.remove(&key) {
            self.rows = self.rows.saturating_sub(overlay.rows());
            self.gone -= usize::from(overlay.gone);
            self.totals = self.totals.saturating_sub(overlay.totals());
            if self.filter.admits_origin(&overlay.origin) {
                self.retired.add(&overlay.sums(&self.filter).0);
                self.retired_overlays += 1;
            }
        }
    }

    /// Halves the largest tables until the rows fit, with room for a while: looking
    /// for the largest of many takes its time.
    fn drop_rows(&mut self) {
        let (sort, keep) = (self.sort, ROWS_MAX / 4 * 3);
        self.rows = self.overlays.values().map(Overlay::rows).sum();
        if self.rows <= ROWS_MAX {
            return;
        }
        while self.rows > keep {
            let rows = self.overlays.values().map(Overlay::rows);
            let largest = rows.max().unwrap_or_default();
            for overlay in self.overlays.values_mut() {
                let before = overlay.rows();
                if self.rows > keep && 2 * before >= largest {
                    overlay.drop_rows(sort);
                    self.rows -= before - overlay.rows();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
