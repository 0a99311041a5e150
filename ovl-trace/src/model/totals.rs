//! Totals, as the kernel keeps them: exact under any load.

use ovl_trace_common::aggregate::{BUCKETS, bucket};

use super::{Cause, Kind, Method, Operation, Outcome, SortedRows};

/// log2 latency histogram: bucket `i` counts `2^i ..= 2^(i+1) - 1` ns.
///
/// Kept are the buckets from the first to the last that is not 0: those of one
/// kind of copy-up are close together, and there are thousands of histograms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The number of the first of `counts`; 0 if there are none.
    first: usize,
    /// The first and the last one are not 0.
    counts: Vec<u64>,
}

impl Histogram {
    /// Of these counts.
    pub fn new(buckets: &[u64; BUCKETS]) -> Self {
        let is_some = |count: &u64| *count > 0;
        let Some(first) = buckets.iter().position(is_some) else {
            return Self::default();
        };
        let last = buckets.iter().rposition(is_some).unwrap_or(first);
        Self {
            first,
            counts: buckets[first..=last].to_vec(),
        }
    }

    /// All counts.
    pub fn buckets(&self) -> [u64; BUCKETS] {
        let mut buckets = [0; BUCKETS];
        buckets[self.first..][..self.counts.len()].copy_from_slice(&self.counts);
        buckets
    }

    /// Counts one duration.
    pub fn count_one(&mut self, duration_ns: u64) {
        let index = bucket(duration_ns);
        let count = match self.counts.get_mut(index.wrapping_sub(self.first)) {
            Some(count) => count,
            None => self.bucket(index),
        };
        *count = count.saturating_add(1);
    }

    /// Adds another histogram.
    pub fn add(&mut self, other: &Self) {
        for (index, theirs) in other.counts.iter().enumerate() {
            if *theirs > 0 {
                let ours = self.bucket(other.first + index);
                *ours = ours.saturating_add(*theirs);
            }
        }
    }

    /// The count of a bucket, which is about to be more than 0.
    #[cold]
    fn bucket(&mut self, index: usize) -> &mut u64 {
        if self.counts.is_empty() {
            self.first = index;
        }
        if index < self.first {
            let missing = self.first - index;
            self.counts.reserve_exact(missing);
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = index;
        }
        let at = index - self.first;
        if at >= self.counts.len() {
            if at >= self.counts.capacity() {
                // Neighbours come, too.
                self.counts.reserve_exact(at + 4 - self.counts.len());
            }
            self.counts.resize(at + 1, 0);
        }
        &mut self.counts[at]
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// What distinguishes the rows of a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
            self.histogram.count_one(duration);
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
    pub copy_ups: SortedRows<TotalsKey, CopyUpTotals>,
    /// Whiteouts and opaque marks by cause.
    pub whiteouts: SortedRows<Cause, u64>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_histogram_is_its_counts(
            durations in prop::collection::vec(any::<u64>().prop_map(|it| it >> (it % 64)), 0..40),
            more in prop::collection::vec(0_u64..1 << 20, 0..5),
        ) {
            let of = |durations: &[u64]| {
                let mut buckets = [0; BUCKETS];
                let mut histogram = Histogram::default();
                for duration in durations {
                    buckets[bucket(*duration)] += 1;
                    histogram.count_one(*duration);
                }
                (buckets, histogram)
            };
            let (buckets, mut histogram) = of(&durations);
            prop_assert_eq!(histogram.buckets(), buckets);
            prop_assert_eq!(&Histogram::new(&buckets), &histogram);
            prop_assert_eq!(histogram.count(), durations.len() as u64);
            histogram.add(&of(&more).1);
            prop_assert_eq!(histogram, of(&[durations, more].concat()).1);
        }
    }
}
