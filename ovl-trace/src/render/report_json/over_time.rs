//! By size of the file, and over time: both from events.

use serde::Serialize;

use super::sums::{BucketJson, LatencyJson, buckets, known};
use crate::{
    aggregate::{SizeRow, TimeBucket, Timeline},
    render::json::rfc3339,
};

/// First writes to files of about the same size; sizes without any are missing.
#[derive(Serialize)]
pub(super) struct SizeJson {
    /// `null`: larger than the limits of all others.
    up_to_bytes: Option<u64>,
    copy_ups: u64,
    size_bytes: u64,
    copied_bytes: Option<u64>,
    latency_ns: LatencyJson,
    histogram: Vec<BucketJson>,
}

impl SizeJson {
    pub(super) fn new(row: &SizeRow) -> Self {
        Self {
            up_to_bytes: row.up_to_bytes,
            copy_ups: row.copy_ups,
            size_bytes: row.size_bytes,
            copied_bytes: known(row.copied_bytes, row.copied_unknown),
            latency_ns: LatencyJson::new(&row.latency),
            histogram: buckets(&row.latency.histogram),
        }
    }
}

/// Each bucket is `bucket_seconds` wide; those without an event are missing.
#[derive(Serialize)]
pub(super) struct TimelineJson {
    bucket_seconds: f64,
    buckets: Vec<TimeJson>,
}

#[derive(Serialize)]
struct TimeJson {
    start: String,
    copy_ups: u64,
    copied_bytes: Option<u64>,
    whiteouts: u64,
}

impl TimelineJson {
    pub(super) fn new(timeline: &Timeline) -> Self {
        Self {
            bucket_seconds: timeline.width().as_secs_f64(),
            buckets: timeline
                .buckets()
                .map(|(start, bucket)| {
                    let TimeBucket {
                        copy_ups,
                        copied_bytes,
                        copied_unknown,
                        whiteouts,
                    } = *bucket;
                    TimeJson {
                        start: rfc3339(start),
                        copy_ups,
                        copied_bytes: known(copied_bytes, copied_unknown),
                        whiteouts,
                    }
                })
                .collect(),
        }
    }
}
