//! Totals, as the kernel keeps them: exact under any load.

use std::collections::BTreeMap;

use ovl_trace_common::aggregate::{BUCKETS, bucket};

use super::{Cause, Kind, Method, Operation, Outcome};

/// log2 latency histogram: bucket `i` counts `2^i ..= 2^(i+1) - 1` ns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Counts.
    pub buckets: [u64; BUCKETS],
}

impl Histogram {
    /// Adds another histogram.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *ours = ours.saturating_add(theirs);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [0; BUCKETS],
        }
    }
}

/// What distinguishes the rows of a total.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TotalsKey {
    /// What was copied.
    pub kind: Kind,
    /// How.
    pub method: Option<Method>,
    /// Why.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
}

/// Sums over copy-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyUpTotals {
    /// Copy-ups.
    pub count: u64,
    /// Sum of sizes.
    pub size_bytes: u64,
    /// Sum of bytes really written, as far as they were measured.
    pub copied_bytes: u64,
    /// Copy-ups whose bytes could not be measured.
    pub copied_unknown: u64,
    /// Sum of latencies.
    pub latency_ns: u64,
    /// Shortest; `None` while `count` is 0.
    pub latency_min_ns: Option<u64>,
    /// Longest; likewise.
    pub latency_max_ns: Option<u64>,
    /// Latencies.
    pub histogram: Histogram,
    /// Their parts.
    pub phases: PhaseTotals,
}

/// Where the time of copy-ups went, as far as it was measured; what remains of
/// the latency is everything else (attributes, creating and moving the file).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseTotals {
    /// Waiting for the inode's copy-up lock.
    pub lock: PhaseTotal,
    /// Moving data.
    pub data: PhaseTotal,
    /// Syncing.
    pub sync: PhaseTotal,
}

impl PhaseTotals {
    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.lock.add(&other.lock);
        self.data.add(&other.data);
        self.sync.add(&other.sync);
    }
}

/// One phase of many copy-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseTotal {
    /// Sum in nanoseconds.
    pub sum_ns: u64,
    /// One count for each copy-up that had this phase.
    pub histogram: Histogram,
}

impl PhaseTotal {
    fn add(&mut self, other: &Self) {
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.histogram.add(&other.histogram);
    }

    /// Adds one copy-up, if its phase was measured.
    pub fn add_one(&mut self, duration_ns: Option<u64>) {
        if let Some(duration) = duration_ns {
            self.sum_ns = self.sum_ns.saturating_add(duration);
            self.histogram.buckets[bucket(duration)] += 1;
        }
    }
}

impl CopyUpTotals {
    /// Adds another sum. The numbers come from outside: they must not overflow
    /// into a panic.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.count, other.count),
            (&mut self.size_bytes, other.size_bytes),
            (&mut self.copied_bytes, other.copied_bytes),
            (&mut self.copied_unknown, other.copied_unknown),
            (&mut self.latency_ns, other.latency_ns),
        ] {
            *ours = ours.saturating_add(theirs);
        }
        self.latency_min_ns = match (self.latency_min_ns, other.latency_min_ns) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        self.latency_max_ns = self.latency_max_ns.max(other.latency_max_ns);
        self.histogram.add(&other.histogram);
        self.phases.add(&other.phases);
    }
}

/// Everything counted for one overlay since its birth (or the start of the
/// observation).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverlayTotals {
    /// Copy-ups.
    pub copy_ups: BTreeMap<TotalsKey, CopyUpTotals>,
    /// Whiteouts and opaque marks by cause.
    pub whiteouts: BTreeMap<Cause, u64>,
}
