//! The contract, checked from the reader's side.

mod contract;

use serde_json::{Value, json};

use super::*;
use crate::render::test_report::{busy, degraded, quiet, without_events};

fn text(report: &Report) -> String {
    let mut out = Vec::new();
    write_report(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a whole report")]
fn an_empty_report() {
    insta::assert_snapshot!(text(&quiet()), @r#"
    {
      "schema": 1,
      "tool_version": "0.1.0",
      "kernel": "6.18.2",
      "hostname": "host",
      "started": "2026-11-21T07:10:31.000000000Z",
      "ended": "2026-11-21T07:10:41.500000000Z",
      "duration_seconds": 10.5,
      "counted_from": "kernel",
      "containers": [],
      "totals": {
        "copy_ups": {
          "total": 0,
          "data": 0,
          "metadata": 0,
          "directory": 0,
          "symlink": 0,
          "special": 0,
          "unknown": 0,
          "failed": 0,
          "raced": 0
        },
        "size_bytes": 0,
        "copied_bytes": 0,
        "copied_unknown": 0,
        "wasted_bytes": 0,
        "latency_ns": {
          "sum": 0,
          "min": null,
          "max": null,
          "p50": null,
          "p90": null,
          "p99": null
        },
        "histogram": [],
        "phases": {
          "lock": {
            "count": 0,
            "sum_ns": 0,
            "histogram": []
          },
          "data": {
            "count": 0,
            "sum_ns": 0,
            "histogram": []
          },
          "sync": {
            "count": 0,
            "sum_ns": 0,
            "histogram": []
          },
          "rest_ns": 0
        },
        "whiteouts": {
          "total": 0,
          "unlink": 0,
          "rmdir": 0,
          "rename": 0,
          "opaque": 0
        }
      },
      "in_flight": 0,
      "loss": {
        "ring": 0,
        "queue": 0,
        "probe": 0,
        "path": 0,
        "disarmed": 0,
        "reasons": {}
      },
      "coverage": [],
      "notes": []
    }
    "#);
}

#[test]
fn numbers_of_a_container() {
    let value: Value = serde_json::from_str(&text(&busy())).unwrap();
    let row = &value["containers"][0];
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}\n{}\n{}",
        row["copy_ups"], row["latency_ns"], row["histogram"][0], row["whiteouts"], row["triggers"]
    ), @r#"
    {"total":6,"data":5,"metadata":0,"directory":1,"symlink":0,"special":0,"unknown":0,"failed":0,"raced":0}
    {"sum":186309000,"min":61000,"max":183000000,"p50":786432,"p90":153730637,"p99":180073064}
    {"le_ns":65535,"count":1}
    {"total":1,"unlink":1,"rmdir":0,"rename":0,"opaque":1}
    [{"operation":"chown","copy_ups":4,"failed":0,"size_bytes":600000,"copied_bytes":600000,"latency_ns":3248000,"calls":[{"syscall":"fchownat","flags":[],"copy_ups":4,"failed":0}]},{"operation":"open","copy_ups":2,"failed":0,"size_bytes":52432896,"copied_bytes":52428800,"latency_ns":183061000,"calls":[{"syscall":"openat","flags":["O_WRONLY","O_APPEND"],"copy_ups":2,"failed":0}]}]
    "#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&row["files"][0]).unwrap(), @r#"
    {
      "path": "/srv/model.bin",
      "copy_ups": 1,
      "failed": 0,
      "whiteouts": 0,
      "opaque": 0,
      "size_bytes": 52428800,
      "copied_bytes": 52428800,
      "latency_ns": 183000000,
      "latency_max_ns": 183000000,
      "last": {
        "time": "2026-11-21T07:10:32.000000000Z",
        "kind": "data",
        "method": "copy",
        "operation": "open",
        "pid": 216,
        "comm": "sh",
        "result": "ok"
      }
    }
    "#);
    insta::assert_snapshot!(row["files_not_listed"], @r#"{"count":5,"dropped":0,"copy_ups":3,"failed":0,"whiteouts":1,"opaque":1,"size_bytes":104096,"copied_bytes":100000,"latency_ns":1685000,"latency_max_ns":812000}"#);
}

#[test]
fn layers_with_their_instruction() {
    let value: Value = serde_json::from_str(&text(&busy())).unwrap();
    insta::assert_snapshot!(format!("{}\n{}", value["containers"][0]["layers"], value["containers"][1]["layers"]), @r#"
    [{"index":1,"digest":"sha256:f9fc76","instruction":"COPY model.bin /srv/","copy_ups":6,"failed":0,"size_bytes":53032896,"copied_bytes":53028800,"latency_ns":186309000}]
    [{"index":1,"digest":null,"instruction":null,"copy_ups":0,"failed":1,"size_bytes":0,"copied_bytes":0,"latency_ns":0}]
    "#);
}

#[test]
fn sizes_and_times() {
    let value: Value = serde_json::from_str(&text(&busy())).unwrap();
    let row = &value["containers"][0];
    insta::assert_snapshot!(format!("{}\n{}", row["by_size"], row["timeline"]), @r#"
    [{"up_to_bytes":65536,"copy_ups":1,"size_bytes":0,"copied_bytes":0,"latency_ns":{"sum":812000,"min":812000,"max":812000,"p50":812000,"p90":812000,"p99":812000},"histogram":[{"le_ns":1048575,"count":1}]},{"up_to_bytes":1048576,"copy_ups":3,"size_bytes":600000,"copied_bytes":600000,"latency_ns":{"sum":2436000,"min":812000,"max":812000,"p50":812000,"p90":812000,"p99":812000},"histogram":[{"le_ns":1048575,"count":3}]},{"up_to_bytes":67108864,"copy_ups":1,"size_bytes":52428800,"copied_bytes":52428800,"latency_ns":{"sum":183000000,"min":183000000,"max":183000000,"p50":183000000,"p90":183000000,"p99":183000000},"histogram":[{"le_ns":268435455,"count":1}]}]
    {"bucket_seconds":0.25,"buckets":[{"start":"2026-11-21T07:10:31.250000000Z","copy_ups":1,"copied_bytes":0,"whiteouts":0},{"start":"2026-11-21T07:10:32.000000000Z","copy_ups":1,"copied_bytes":52428800,"whiteouts":0},{"start":"2026-11-21T07:10:32.500000000Z","copy_ups":0,"copied_bytes":0,"whiteouts":1},{"start":"2026-11-21T07:10:34.000000000Z","copy_ups":1,"copied_bytes":0,"whiteouts":0},{"start":"2026-11-21T07:10:34.750000000Z","copy_ups":1,"copied_bytes":100000,"whiteouts":0},{"start":"2026-11-21T07:10:35.500000000Z","copy_ups":1,"copied_bytes":200000,"whiteouts":0},{"start":"2026-11-21T07:10:36.000000000Z","copy_ups":1,"copied_bytes":300000,"whiteouts":0}]}
    "#);
}

#[test]
fn histograms_count_every_copy_up_once() {
    let value: Value = serde_json::from_str(&text(&busy())).unwrap();
    let row = &value["containers"][0];
    let buckets = row["histogram"].as_array().unwrap();
    let sum: u64 = buckets
        .iter()
        .map(|bucket| bucket["count"].as_u64().unwrap())
        .sum();
    assert_eq!(Some(sum), row["copy_ups"]["total"].as_u64());
    let limits: Vec<_> = buckets
        .iter()
        .map(|bucket| bucket["le_ns"].as_u64())
        .collect();
    assert!(limits.is_sorted());
}

#[test]
fn hostile_names_are_whole() {
    let value: Value = serde_json::from_str(&text(&busy())).unwrap();
    let file = &value["containers"][1]["files"][0];
    assert_eq!(file["path_bytes"], "2f610a62ff1b5d303b7407e280ae");
    assert_eq!(file["last"]["comm_bytes"], "1b5b324a78ff");
    assert_eq!(file["last"]["result"], "ENOSPC");
}

#[test]
fn events_are_in_the_coverage() {
    let value: Value = serde_json::from_str(&text(&without_events())).unwrap();
    insta::assert_snapshot!(value["coverage"][1], @r#"{"probe":"events","status":"not asked for (--totals-only)","lost":"files, processes, layers and single latencies"}"#);
    assert_eq!(value["notes"], json!([]));
}

#[test]
fn losses_and_coverage() {
    let value: Value = serde_json::from_str(&text(&degraded())).unwrap();
    insta::assert_snapshot!(format!("{}\n{}\n{}", value["loss"], value["coverage"], value["notes"]), @r#"
    {"ring":12,"queue":0,"probe":1,"path":0,"disarmed":1,"reasons":{"ftrace_disabled":1,"in_flight_full":1,"ring_copy_up":12}}
    [{"probe":"do_splice_direct","status":"no such symbol","lost":"bytes are unknown"}]
    ["12 events were lost, and counts come from events: all numbers are lower bounds","probes missed something 1 time: counts may be short, too","the kernel's probes were switched off 1 time: nothing that happened then is in any number","2 copy-ups were still running at the end: not counted"]
    "#);
}
