//! Totals, as the kernel keeps them: exact under any load.

use std::collections::BTreeMap;

use ovl_trace_common::aggregate::BUCKETS;

use super::{Cause, Kind, Method, Operation, Outcome};

/// log2 latency histogram: bucket `i` counts `2^i ..= 2^(i+1) - 1` ns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Counts.
    pub buckets: [u64; BUCKETS],
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
    /// Sum of bytes really written.
    pub copied_bytes: u64,
    /// Sum of latencies.
    pub latency_ns: u64,
    /// Shortest; `None` while `count` is 0.
    pub latency_min_ns: Option<u64>,
    /// Longest; likewise.
    pub latency_max_ns: Option<u64>,
    /// Sum of lock waits.
    pub lock_ns: u64,
    /// Sum of data times.
    pub data_ns: u64,
    /// Sum of sync times.
    pub sync_ns: u64,
    /// Latencies.
    pub histogram: Histogram,
}

impl CopyUpTotals {
    /// Adds another sum. The numbers come from outside: they must not overflow
    /// into a panic.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.count, other.count),
            (&mut self.size_bytes, other.size_bytes),
            (&mut self.copied_bytes, other.copied_bytes),
            (&mut self.latency_ns, other.latency_ns),
            (&mut self.lock_ns, other.lock_ns),
            (&mut self.data_ns, other.data_ns),
            (&mut self.sync_ns, other.sync_ns),
        ] {
            *ours = ours.saturating_add(theirs);
        }
        self.latency_min_ns = match (self.latency_min_ns, other.latency_min_ns) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        self.latency_max_ns = self.latency_max_ns.max(other.latency_max_ns);
        for (ours, theirs) in self
            .histogram
            .buckets
            .iter_mut()
            .zip(other.histogram.buckets)
        {
            *ours = ours.saturating_add(theirs);
        }
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
