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
//! **How much memory.** It does not grow with what happened. Totals are small.
//! Rows for files and processes are bounded for each overlay and over all
//! (`bounds`): what does not fit is still in the sums, and in the number of rows
//! left out, and of a listed row the report says how much of it may be among
//! these (`top`). So is the number of stretches of time (`timeline`), which grow
//! wider instead, and that of overlays, the oldest of which become one.

mod activity;
mod advice;
mod bounds;
mod by_size;
mod detail;
mod directory;
mod examine;
mod family;
mod file;
mod group;
mod habits;
mod loss;
mod overlay;
mod overlays;
mod overview;
mod percentile;
mod recording;
mod report;
mod share;
mod summary;
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
use overlays::Overlays;

pub use advice::{Advice, Evidence};
pub use by_size::{SIZE_LIMITS, SizeRow};
pub use detail::{CallKey, FileLast, ProcessKey, Tally};
pub use examine::ToExamine;
pub use group::ContainerKey;
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

/// The fold.
#[derive(Debug)]
pub struct Aggregator {
    filter: Filter,
    top: usize,
    sort: SortKey,
    overlays: Overlays,
    /// Rows of detail, roughly: recounted whenever some are dropped.
    rows: usize,
    /// Rows of totals.
    totals: usize,
    /// Buckets of timelines.
    stretches: usize,
    /// Overlays that are gone.
    gone: usize,
    /// The filter admits everything.
    admits_all: bool,
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
            admits_all: filter.admits_all(),
            filter,
            top,
            sort,
            overlays: Overlays::default(),
            rows: 0,
            totals: 0,
            stretches: 0,
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
        if !self.admits_all && !self.filter.admits_event(event) {
            return;
        }
        let sort = self.sort;
        let overlay = match self.overlays.get_mut(&key) {
            Some(overlay) => overlay,
            None => self.new_overlay(key, origin),
        };
        overlay.learn(origin);
        let before = overlay.size();
        overlay.event(event, wall, sort);
        let after = overlay.size();
        self.rows = (self.rows + after.rows).saturating_sub(before.rows);
        self.totals = (self.totals + after.totals).saturating_sub(before.totals);
        self.stretches = (self.stretches + after.stretches).saturating_sub(before.stretches);
        if self.is_large() {
            self.shrink();
        }
    }

    /// Replaces the kernel's totals of an overlay, which are cumulative.
    pub fn totals(&mut self, overlay: OverlayKey, origin: &Arc<Origin>, totals: &OverlayTotals) {
        let overlay = match self.overlays.get_mut(&overlay) {
            Some(overlay) => overlay,
            None => self.new_overlay(overlay, origin),
        };
        overlay.learn(origin);
        let before = overlay.size().totals;
        overlay.kernel = Some(totals.clone());
        let after = overlay.size().totals;
        self.totals = (self.totals + after).saturating_sub(before);
        if self.is_large() {
            self.shrink();
        }
    }

    /// The totals given last are older than the last events: overlays of which
    /// they count less than arrived are counted from their events.
    pub fn prefer_newer_events(&mut self) {
        for (_, overlay) in self.overlays.iter_mut() {
            overlay.prefer_newer_events(&self.filter);
        }
    }

    /// Asks for the owners of overlays that have none yet. An overlay may have been
    /// gone, its last totals taken, before its runtime wrote down whose it was.
    pub fn learn(&mut self, mut origin_of: impl FnMut(OverlayKey) -> Arc<Origin>) {
        for (key, overlay) in self.overlays.iter_mut() {
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

    fn new_overlay(&mut self, key: OverlayKey, origin: &Arc<Origin>) -> &mut Overlay {
        self.make_room_for_overlay();
        let mut overlay = Overlay::new(Arc::clone(origin));
        overlay.habits.mounted = self.mounted.remove(&key);
        self.overlays.insert(key, overlay)
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
        } else if self.mounted.len() < bounds::OVERLAYS_MAX {
            self.mounted.insert(seen.overlay, mounted);
        }
    }
}

#[cfg(test)]
mod tests;
