//! Recordings of real observations, read by every command that reads them: all
//! must say the same.
//!
//! Each `*.ovlrec` in `tests/fixtures/recordings` is taken. README.md there says
//! how they are made.

use std::{collections::BTreeMap, ffi::OsString, fs, path::PathBuf};

use serde_json::Value;

use crate::{
    cli::{config::Environment, exit::ExitCode, run::Agent, run_with},
    recording::EXTENSION,
};

fn recordings() -> Vec<PathBuf> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/recordings");
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == EXTENSION))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no recording in '{directory}'");
    paths
}

/// What `ovl-trace COMMAND --from FILE OPTIONS` prints.
fn read(path: &PathBuf, command: &str, options: &[&str]) -> String {
    let mut args = vec![OsString::from("ovl-trace"), command.into()];
    args.extend([OsString::from("--from"), path.into()]);
    args.extend(options.iter().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_with(args, Environment::default(), &Agent, &mut out, &mut err);
    let err = String::from_utf8(err).unwrap();
    assert_eq!(code, ExitCode::Ok, "{}: {err}", path.display());
    String::from_utf8(out).unwrap()
}

fn number(value: &Value, pointer: &str) -> u64 {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("no number at '{pointer}' of {value}"))
}

/// The events of `live --output json`, and its last line.
fn events(text: &str) -> (Vec<Value>, Value) {
    let mut events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut summary = events.pop().unwrap();
    let object = summary.as_object_mut().unwrap();
    assert_eq!(object.shift_remove("type").unwrap(), "summary");
    (events, summary)
}

/// The number that ends where a column's heading does: names may hold anything.
fn cell(row: &str, heading: &str, column: &str) -> u64 {
    let end = heading.find(column).unwrap() + column.len();
    let text: String = row.chars().take(end).collect();
    text.split_whitespace().last().unwrap().parse().unwrap()
}

/// The events must be those that the kernel counted, if none was lost.
fn compare_events(events: &[Value], report: &Value) {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for event in events {
        let (counted, sum) = match event["type"].as_str().unwrap() {
            "copy_up" if event["result"] == "ok" => ("copy_ups", &event["copied_bytes"]),
            "whiteout" if event["cause"] == "opaque" => ("opaque", &Value::Null),
            "whiteout" => ("whiteouts", &Value::Null),
            _ => continue,
        };
        *found.entry(counted).or_default() += 1;
        *found.entry("bytes").or_default() += sum.as_u64().unwrap_or(0);
    }
    let of = |name| found.get(name).copied().unwrap_or(0);
    assert_eq!(of("copy_ups"), number(report, "/totals/copy_ups/total"));
    assert_eq!(of("bytes"), number(report, "/totals/copied_bytes"));
    assert_eq!(of("whiteouts"), number(report, "/totals/whiteouts/total"));
    assert_eq!(of("opaque"), number(report, "/totals/whiteouts/opaque"));
}

/// The rows of the first table are the containers of the JSON.
fn compare_table(table: &str, report: &Value) {
    let containers = report["containers"].as_array().unwrap();
    if containers.is_empty() {
        return;
    }
    let mut lines = table.lines().skip_while(|line| !line.contains("COPY-UPS"));
    let heading = lines.next().unwrap();
    for container in containers {
        let row = lines.next().unwrap();
        let copy_ups = number(container, "/copy_ups/total");
        assert_eq!(cell(row, heading, "COPY-UPS"), copy_ups, "{row}");
        let whiteouts = number(container, "/whiteouts/total");
        assert_eq!(cell(row, heading, "WHITEOUTS"), whiteouts, "{row}");
    }
}

#[test]
fn every_way_to_read_a_recording_says_the_same() {
    for path in recordings() {
        let report: Value =
            serde_json::from_str(&read(&path, "report", &["--output", "json"])).unwrap();
        let (events, summary) = events(&read(&path, "live", &["--output", "json"]));
        assert_eq!(summary, report, "{}", path.display());
        let has_lost = ["ring", "queue", "probe"]
            .iter()
            .any(|source| number(&report, &format!("/loss/{source}")) > 0);
        if !has_lost {
            compare_events(&events, &report);
        }
        let table = read(&path, "report", &[]);
        compare_table(&table, &report);
        let lines = read(&path, "live", &[]);
        let heading = 1;
        let (shown, rest) = lines.split_once("\n\n").unwrap();
        assert_eq!(shown.lines().count(), heading + events.len());
        assert_eq!(rest, table, "{}", path.display());
    }
}

#[test]
fn filters_and_limits_work_on_recordings() {
    for path in recordings() {
        let report = |options: &[&str]| -> Value {
            let options = [options, &["--output", "json"]].concat();
            serde_json::from_str(&read(&path, "report", &options)).unwrap()
        };
        let all = report(&[]);
        let none = report(&["--pid", "4194304"]);
        assert_eq!(none["containers"].as_array().unwrap().len(), 0);
        let first = &all["containers"][0];
        if let Some(name) = first["container"]["name"].as_str() {
            let one = report(&["-c", name]);
            assert_eq!(one["containers"][0]["copy_ups"], first["copy_ups"]);
        }
        let (events, _) = events(&read(&path, "live", &["--count", "1", "--output", "json"]));
        let counted = events
            .iter()
            .filter(|event| matches!(event["type"].as_str(), Some("copy_up" | "whiteout")));
        assert_eq!(counted.count(), 1);
    }
}
