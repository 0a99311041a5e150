//! Counts, bytes, latencies: of a container, or of all.

use serde::Serialize;

use crate::{
    aggregate::{Latency, Sums, bucket_range},
    model::{Histogram, PhaseTotal},
};

/// `copied_bytes` is `null` if no copy-up of data was measured; else a lower
/// bound if `copied_unknown`, the number of those not measured, is not 0.
#[derive(Serialize)]
pub(super) struct SumsJson {
    copy_ups: CopyUpsJson,
    size_bytes: u64,
    copied_bytes: Option<u64>,
    copied_unknown: u64,
    wasted_bytes: u64,
    latency_ns: LatencyJson,
    histogram: Vec<BucketJson>,
    phases: PhasesJson,
    whiteouts: WhiteoutsJson,
}

impl SumsJson {
    pub(super) fn new(sums: &Sums) -> Self {
        let (counts, whiteouts) = (&sums.copy_ups, &sums.whiteouts);
        Self {
            copy_ups: CopyUpsJson {
                total: counts.total,
                data: counts.data,
                metadata: counts.metadata,
                directory: counts.directory,
                symlink: counts.symlink,
                special: counts.special,
                unknown: counts.unknown,
                failed: counts.failed,
                raced: counts.raced,
            },
            size_bytes: sums.size_bytes,
            copied_bytes: known(sums.copied_bytes, sums.copied_unknown),
            copied_unknown: sums.copied_unknown,
            wasted_bytes: sums.wasted_bytes,
            latency_ns: LatencyJson::new(&sums.latency),
            histogram: buckets(&sums.latency.histogram),
            phases: PhasesJson {
                lock: PhaseJson::new(&sums.phases.lock),
                data: PhaseJson::new(&sums.phases.data),
                sync: PhaseJson::new(&sums.phases.sync),
                rest_ns: sums.rest_ns(),
            },
            whiteouts: WhiteoutsJson {
                total: whiteouts.total,
                unlink: whiteouts.unlink,
                rmdir: whiteouts.rmdir,
                rename: whiteouts.rename,
                opaque: whiteouts.opaque,
            },
        }
    }
}

/// Bytes, unless none of them were measured.
pub(super) fn known(bytes: u64, unknown: u64) -> Option<u64> {
    (bytes > 0 || unknown == 0).then_some(bytes)
}

#[derive(Serialize)]
struct CopyUpsJson {
    total: u64,
    data: u64,
    metadata: u64,
    directory: u64,
    symlink: u64,
    special: u64,
    unknown: u64,
    failed: u64,
    raced: u64,
}

#[derive(Serialize)]
struct WhiteoutsJson {
    total: u64,
    unlink: u64,
    rmdir: u64,
    rename: u64,
    opaque: u64,
}

#[derive(Serialize)]
pub(super) struct LatencyJson {
    sum: u64,
    min: Option<u64>,
    max: Option<u64>,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
}

impl LatencyJson {
    pub(super) fn new(latency: &Latency) -> Self {
        Self {
            sum: latency.sum_ns,
            min: latency.min_ns,
            max: latency.max_ns,
            p50: latency.percentile_ns(50),
            p90: latency.percentile_ns(90),
            p99: latency.percentile_ns(99),
        }
    }
}

/// The parts of the latency. `rest_ns` is what is in none of them.
#[derive(Serialize)]
struct PhasesJson {
    lock: PhaseJson,
    data: PhaseJson,
    sync: PhaseJson,
    rest_ns: u64,
}

/// `count` is the number of copy-ups that had this phase.
#[derive(Serialize)]
struct PhaseJson {
    count: u64,
    sum_ns: u64,
    histogram: Vec<BucketJson>,
}

impl PhaseJson {
    fn new(phase: &PhaseTotal) -> Self {
        Self {
            count: phase.histogram.count(),
            sum_ns: phase.sum_ns,
            histogram: buckets(&phase.histogram),
        }
    }
}

/// `count` is of this bucket alone: above the bucket before, up to `le_ns`.
/// The last bucket has no upper limit: `null`.
#[derive(Serialize)]
pub(super) struct BucketJson {
    le_ns: Option<u64>,
    count: u64,
}

/// From the first to the last bucket that is not empty.
pub(super) fn buckets(histogram: &Histogram) -> Vec<BucketJson> {
    let counts = histogram.buckets();
    let used = |count: &u64| *count > 0;
    let Some(first) = counts.iter().position(used) else {
        return Vec::new();
    };
    let last = counts.iter().rposition(used).unwrap_or(first);
    (first..=last)
        .map(|index| BucketJson {
            le_ns: bucket_range(index).1,
            count: counts[index],
        })
        .collect()
}
