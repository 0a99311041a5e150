//! Sums over the rows of totals.

use std::collections::BTreeMap;

use super::percentile::percentile;
use crate::model::{
    Cause, CopyUpTotals, Filter, Histogram, Kind, Operation, Outcome, OverlayTotals, PhaseTotals,
    TotalsKey,
};

/// Everything counted for a container, or for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Numbers of copy-ups.
    pub copy_ups: CopyUpCounts,
    /// Sum of lower file sizes, of successful copy-ups.
    pub size_bytes: u64,
    /// Sum of bytes really written, of successful copy-ups whose bytes were
    /// measured; a lower bound if [`Self::copied_unknown`] is not 0.
    pub copied_bytes: u64,
    /// Successful copy-ups whose bytes could not be measured.
    pub copied_unknown: u64,
    /// Bytes that failed copy-ups had written in vain.
    pub wasted_bytes: u64,
    /// Latencies of successful copy-ups.
    pub latency: Latency,
    /// Their parts, as far as they were measured.
    pub phases: PhaseTotals,
    /// Numbers of whiteouts.
    pub whiteouts: WhiteoutCounts,
    /// The same by operation.
    pub triggers: BTreeMap<Operation, TriggerSums>,
}

/// Numbers of copy-ups: `total` and the kinds are successful ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of `Kind`")]
pub struct CopyUpCounts {
    /// All kinds.
    pub total: u64,
    pub data: u64,
    pub metadata: u64,
    pub directory: u64,
    pub symlink: u64,
    pub special: u64,
    /// Of a kind that this version does not know.
    pub unknown: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Waited while another task did it.
    pub raced: u64,
}

/// Latencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Sum in nanoseconds.
    pub sum_ns: u64,
    /// Shortest; `None` without copy-ups.
    pub min_ns: Option<u64>,
    /// Longest.
    pub max_ns: Option<u64>,
    /// Distribution.
    pub histogram: Histogram,
}

impl Latency {
    /// The latency that so many per cent of copy-ups did not exceed:
    /// interpolated inside its power of two, never outside of `min_ns` and
    /// `max_ns`. `None` without copy-ups.
    pub fn percentile_ns(&self, percent: u32) -> Option<u64> {
        percentile(&self.histogram, percent, self.min_ns, self.max_ns)
    }
}

/// Numbers of whiteouts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WhiteoutCounts {
    /// Names that disappeared: all but `opaque`.
    pub total: u64,
    /// By `unlink(2)`.
    pub unlink: u64,
    /// By `rmdir(2)`.
    pub rmdir: u64,
    /// By `rename(2)`.
    pub rename: u64,
    /// Directories that became opaque.
    pub opaque: u64,
}

/// Sums of one operation, of successful copy-ups but for `failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `Sums`")]
pub struct TriggerSums {
    pub copy_ups: u64,
    pub failed: u64,
    pub size_bytes: u64,
    pub copied_bytes: u64,
    pub latency_ns: u64,
}

impl Sums {
    /// Of the rows that the filter admits.
    pub(crate) fn new(totals: &OverlayTotals, filter: &Filter) -> Self {
        let mut sums = Self::default();
        for (key, row) in totals.copy_ups.iter() {
            if filter.admits_row(key) {
                sums.add_row(key, row);
            }
        }
        if filter.admits_whiteouts() {
            for (cause, count) in totals.whiteouts.iter() {
                sums.whiteouts.add_cause(*cause, *count);
            }
        }
        sums
    }

    /// Nothing happened.
    pub fn is_empty(&self) -> bool {
        let counts = &self.copy_ups;
        counts.total == 0
            && counts.failed == 0
            && counts.raced == 0
            && self.whiteouts.total == 0
            && self.whiteouts.opaque == 0
    }

    /// The time of copy-ups that was neither waiting for the lock, nor data, nor
    /// syncing, in nanoseconds.
    pub fn rest_ns(&self) -> u64 {
        let phases = &self.phases;
        [&phases.lock, &phases.data, &phases.sync]
            .iter()
            .fold(self.latency.sum_ns, |rest, phase| {
                rest.saturating_sub(phase.sum_ns)
            })
    }

    fn add_row(&mut self, key: &TotalsKey, row: &CopyUpTotals) {
        match key.outcome {
            Outcome::Ok => {}
            Outcome::Raced => return add(&mut self.copy_ups.raced, row.count),
            Outcome::Failed(_) => {
                add(&mut self.copy_ups.failed, row.count);
                add(&mut self.wasted_bytes, row.copied_bytes);
                let trigger = self.triggers.entry(key.operation).or_default();
                return add(&mut trigger.failed, row.count);
            }
        }
        self.copy_ups.add_kind(key.kind, row.count);
        add(&mut self.size_bytes, row.size_bytes);
        add(&mut self.copied_bytes, row.copied_bytes);
        add(&mut self.copied_unknown, row.copied_unknown);
        self.latency.add(&Latency {
            sum_ns: row.latency_ns,
            min_ns: row.latency_min_ns,
            max_ns: row.latency_max_ns,
            histogram: row.histogram.clone(),
        });
        self.phases.add(&row.phases);
        self.triggers
            .entry(key.operation)
            .or_default()
            .add(&TriggerSums {
                copy_ups: row.count,
                failed: 0,
                size_bytes: row.size_bytes,
                copied_bytes: row.copied_bytes,
                latency_ns: row.latency_ns,
            });
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.copy_ups.add(&other.copy_ups);
        add(&mut self.size_bytes, other.size_bytes);
        add(&mut self.copied_bytes, other.copied_bytes);
        add(&mut self.copied_unknown, other.copied_unknown);
        add(&mut self.wasted_bytes, other.wasted_bytes);
        self.latency.add(&other.latency);
        self.phases.add(&other.phases);
        self.whiteouts.add(&other.whiteouts);
        for (operation, sums) in &other.triggers {
            self.triggers.entry(*operation).or_default().add(sums);
        }
    }
}

impl CopyUpCounts {
    fn add_kind(&mut self, kind: Kind, count: u64) {
        add(&mut self.total, count);
        let field = match kind {
            Kind::Data => &mut self.data,
            Kind::Metadata => &mut self.metadata,
            Kind::Directory => &mut self.directory,
            Kind::Symlink => &mut self.symlink,
            Kind::Special => &mut self.special,
            Kind::Unknown(_) => &mut self.unknown,
        };
        add(field, count);
    }

    fn add(&mut self, other: &Self) {
        add(&mut self.total, other.total);
        add(&mut self.data, other.data);
        add(&mut self.metadata, other.metadata);
        add(&mut self.directory, other.directory);
        add(&mut self.symlink, other.symlink);
        add(&mut self.special, other.special);
        add(&mut self.unknown, other.unknown);
        add(&mut self.failed, other.failed);
        add(&mut self.raced, other.raced);
    }
}

impl Latency {
    pub(crate) fn add(&mut self, other: &Self) {
        add(&mut self.sum_ns, other.sum_ns);
        self.min_ns = [self.min_ns, other.min_ns].into_iter().flatten().min();
        self.max_ns = self.max_ns.max(other.max_ns);
        self.histogram.add(&other.histogram);
    }
}

impl WhiteoutCounts {
    fn add_cause(&mut self, cause: Cause, count: u64) {
        match cause {
            // Hides what is below, but is no whiteout.
            Cause::Opaque => return add(&mut self.opaque, count),
            Cause::Unlink => add(&mut self.unlink, count),
            Cause::Rmdir => add(&mut self.rmdir, count),
            Cause::Rename => add(&mut self.rename, count),
            Cause::Unknown(_) => {}
        }
        add(&mut self.total, count);
    }

    fn add(&mut self, other: &Self) {
        add(&mut self.total, other.total);
        add(&mut self.unlink, other.unlink);
        add(&mut self.rmdir, other.rmdir);
        add(&mut self.rename, other.rename);
        add(&mut self.opaque, other.opaque);
    }
}

impl TriggerSums {
    fn add(&mut self, other: &Self) {
        add(&mut self.copy_ups, other.copy_ups);
        add(&mut self.failed, other.failed);
        add(&mut self.size_bytes, other.size_bytes);
        add(&mut self.copied_bytes, other.copied_bytes);
        add(&mut self.latency_ns, other.latency_ns);
    }
}

/// Counters come from outside: they must not overflow into a panic.
fn add(sum: &mut u64, value: u64) {
    *sum = sum.saturating_add(value);
}
