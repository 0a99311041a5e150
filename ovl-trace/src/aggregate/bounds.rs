//! What the fold does when there is more than it keeps: rows of the largest tables
//! are dropped (`top`), the longest timelines grow wider, and overlays are summed up
//! into one.

use super::{Aggregator, overlay::Overlay};
use crate::model::OverlayKey;

/// Most rows of detail (files, processes and activities) over all overlays: the usual
/// ten files of each of a thousand containers, and 5 MB.
pub(super) const ROWS_MAX: usize = 20_480;

/// Overlays that are gone are summed up into one when there are more than
/// this many overlays.
pub(super) const OVERLAYS_MAX: usize = 4_096;

/// The oldest overlays are summed up into one, gone or not, beyond these: what
/// no kernel side can send, but a recording can hold.
pub(super) const LIVING_MAX: usize = 4 * OVERLAYS_MAX;

/// Most rows of totals.
const TOTALS_MAX: usize = 131_072;

/// An overlay with more rows than this has more than one in some table.
const ROWS_OF_ONE: usize = 3;

/// Most buckets of timelines over all overlays.
pub(super) const STRETCHES_MAX: usize = 32_768;

/// How much is kept of one overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Rows of detail.
    pub(super) rows: usize,
    /// Rows of totals.
    pub(super) totals: usize,
    /// Buckets of its timeline.
    pub(super) stretches: usize,
}

impl Aggregator {
    /// There is more than is kept.
    pub(super) const fn is_large(&self) -> bool {
        self.rows > ROWS_MAX || self.totals > TOTALS_MAX || self.stretches > STRETCHES_MAX
    }

    /// Keeps less.
    pub(super) fn shrink(&mut self) {
        if self.totals > TOTALS_MAX {
            self.retire_half();
        }
        if self.rows > ROWS_MAX {
            self.drop_rows();
        }
        if self.stretches > STRETCHES_MAX {
            self.widen();
        }
    }

    /// Another overlay is about to come.
    pub(super) fn make_room_for_overlay(&mut self) {
        if self.overlays.len() >= OVERLAYS_MAX {
            self.retire_oldest();
        }
        if self.overlays.len() >= LIVING_MAX {
            self.retire_half();
        }
    }

    /// Makes the longest timelines wider until a quarter of the room is free. In a
    /// report all have the same width anyway.
    fn widen(&mut self) {
        let lengths = |it: &Self| {
            it.overlays
                .values()
                .map(|it| it.detail.timeline.len())
                .collect()
        };
        let mut all: Vec<usize> = lengths(self);
        self.stretches = all.iter().sum();
        while self.stretches > STRETCHES_MAX / 4 * 3 {
            let longest = all.iter().copied().max().unwrap_or_default();
            if longest <= 1 {
                return;
            }
            for (_, overlay) in self.overlays.iter_mut() {
                let timeline = &mut overlay.detail.timeline;
                if 2 * timeline.len() >= longest {
                    timeline.double();
                }
            }
            all = lengths(self);
            self.stretches = all.iter().sum();
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
            self.gone -= usize::from(overlay.gone);
            let size = overlay.size();
            self.rows = self.rows.saturating_sub(size.rows);
            self.totals = self.totals.saturating_sub(size.totals);
            self.stretches = self.stretches.saturating_sub(size.stretches);
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
            // The only process of a container is not to go for files of others, as
            // long as there are some.
            let least = usize::from(largest > ROWS_OF_ONE);
            let mut rows = self.rows;
            self.overlays.for_each_mut(|overlay| {
                let before = overlay.rows();
                if rows > keep && 2 * before >= largest {
                    overlay.drop_rows(sort, least);
                    rows -= before - overlay.rows();
                }
            });
            self.rows = rows;
        }
    }
}
