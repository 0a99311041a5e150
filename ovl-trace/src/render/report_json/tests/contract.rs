//! Every field that the contract names, and no other.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{super::write_summary_line, text};
use crate::render::test_report::{busy, degraded, quiet, without_events};

macro_rules! objects {
    ($($name:ident { $($field:ident: $type:ty,)+ })+) => {
        $(
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            #[expect(dead_code, reason = "deserialising is the check")]
            struct $name { $($field: $type,)+ }
        )+
    };
}

objects! {
    ReportObject {
        r#type: Option<String>,
        schema: u32,
        tool_version: String,
        kernel: String,
        hostname: String,
        started: String,
        ended: String,
        duration_seconds: f64,
        counted_from: String,
        containers: Vec<RowObject>,
        totals: TotalsObject,
        in_flight: usize,
        loss: LossObject,
        coverage: Vec<CoverageObject>,
        notes: Vec<String>,
    }
    RowObject {
        container: Option<Value>,
        mount: Value,
        overlays: usize,
        counted_from: String,
        copy_ups: CopyUpsObject,
        size_bytes: u64,
        copied_bytes: Option<u64>,
        copied_unknown: u64,
        wasted_bytes: u64,
        latency_ns: LatencyObject,
        histogram: Vec<BucketObject>,
        phases: PhasesObject,
        whiteouts: WhiteoutsObject,
        triggers: Vec<TriggerObject>,
        files: Vec<FileObject>,
        files_not_listed: OthersObject,
        processes: Vec<ProcessObject>,
        processes_not_listed: OthersObject,
        layers: Vec<LayerObject>,
        by_size: Vec<SizeObject>,
        timeline: TimelineObject,
        advice: Vec<Value>,
    }
    TotalsObject {
        copy_ups: CopyUpsObject,
        size_bytes: u64,
        copied_bytes: Option<u64>,
        copied_unknown: u64,
        wasted_bytes: u64,
        latency_ns: LatencyObject,
        histogram: Vec<BucketObject>,
        phases: PhasesObject,
        whiteouts: WhiteoutsObject,
    }
    CopyUpsObject {
        total: u64, data: u64, metadata: u64, directory: u64, symlink: u64, special: u64,
        unknown: u64, failed: u64, raced: u64,
    }
    WhiteoutsObject { total: u64, unlink: u64, rmdir: u64, rename: u64, opaque: u64, }
    LatencyObject {
        sum: u64, min: Option<u64>, max: Option<u64>,
        p50: Option<u64>, p90: Option<u64>, p99: Option<u64>,
    }
    PhasesObject { lock: PhaseObject, data: PhaseObject, sync: PhaseObject, rest_ns: u64, }
    PhaseObject { count: u64, sum_ns: u64, histogram: Vec<BucketObject>, }
    BucketObject { le_ns: Option<u64>, count: u64, }
    TriggerObject {
        operation: String, copy_ups: u64, failed: u64, size_bytes: u64, copied_bytes: u64,
        latency_ns: u64, calls: Vec<CallObject>,
    }
    CallObject { syscall: Option<String>, flags: Vec<String>, copy_ups: u64, failed: u64, }
    FileObject {
        path: String, path_bytes: Option<String>, copy_ups: u64, failed: u64, whiteouts: u64,
        opaque: u64, size_bytes: u64, copied_bytes: Option<u64>, latency_ns: u64,
        latency_max_ns: u64, missing_at_most: Option<TallyObject>, last: Option<LastObject>,
    }
    LastObject {
        time: String, kind: String, method: Option<String>, operation: String, pid: u32, comm: String,
        comm_bytes: Option<String>, result: String,
    }
    ProcessObject {
        pid: u32, comm: String, comm_bytes: Option<String>, copy_ups: u64, failed: u64,
        whiteouts: u64, opaque: u64, size_bytes: u64, copied_bytes: Option<u64>,
        latency_ns: u64, latency_max_ns: u64, missing_at_most: Option<TallyObject>,
    }
    TallyObject {
        copy_ups: u64, failed: u64, whiteouts: u64, opaque: u64, size_bytes: u64,
        copied_bytes: Option<u64>, latency_ns: u64, latency_max_ns: u64,
    }
    OthersObject {
        count: u64, dropped: u64, dropped_at_most: Option<TallyObject>, copy_ups: u64, failed: u64, whiteouts: u64, opaque: u64,
        size_bytes: u64, copied_bytes: Option<u64>, latency_ns: u64, latency_max_ns: u64,
    }
    LayerObject {
        index: Option<u32>, digest: Option<String>, instruction: Option<String>, copy_ups: u64,
        failed: u64, size_bytes: u64, copied_bytes: Option<u64>, latency_ns: u64,
    }
    SizeObject {
        up_to_bytes: Option<u64>, copy_ups: u64, size_bytes: u64, copied_bytes: Option<u64>,
        latency_ns: LatencyObject, histogram: Vec<BucketObject>,
    }
    TimelineObject { bucket_seconds: f64, buckets: Vec<TimeObject>, }
    TimeObject { start: String, copy_ups: u64, copied_bytes: Option<u64>, whiteouts: u64, }
    LossObject { ring: u64, queue: u64, probe: u64, path: u64, disarmed: u64, reasons: BTreeMap<String, u64>, }
    CoverageObject { probe: String, status: String, lost: Option<String>, }
}

#[test]
fn the_contract_holds() {
    for report in [busy(), degraded(), quiet(), without_events()] {
        serde_json::from_str::<ReportObject>(&text(&report)).unwrap();
    }
}

#[test]
fn the_summary_is_one_line_of_its_own_type() {
    let mut out = Vec::new();
    write_summary_line(&mut out, &busy()).unwrap();
    let line = String::from_utf8(out).unwrap();
    assert!(line.starts_with(r#"{"type":"summary","schema":1,"#));
    assert_eq!(line.matches('\n').count(), 1);
    serde_json::from_str::<ReportObject>(&line).unwrap();
}
