//! Recordings of real observations, read by every command that reads them: all
//! must say the same.
//!
//! Each `*.ovlrec` in `tests/fixtures/recordings` is taken. README.md there says
//! how they are made.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, Write},
    path::PathBuf,
};

use serde_json::Value;

use crate::{
    aggregate::Report,
    cli::{
        config::{Environment, Observation},
        exit::ExitCode,
        run::Agent,
        run_with,
    },
    observe,
    recording::test_support::fixtures,
    render::{self, agree::agree, style::Style},
};

/// What `ovl-trace COMMAND --from FILE OPTIONS` prints where no terminal is.
fn read(path: &PathBuf, command: &str, options: &[&str]) -> String {
    read_at(None, path, command, options)
}

/// The same on a terminal that is so wide.
fn read_at(width: Option<u16>, path: &PathBuf, command: &str, options: &[&str]) -> String {
    let mut args = vec![OsString::from("ovl-trace"), command.into()];
    args.extend([OsString::from("--from"), path.into()]);
    args.extend(options.iter().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let environment = Environment {
        width,
        ..Environment::default()
    };
    let code = run_with(args, environment, &Agent, &mut out, &mut err);
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
    for path in fixtures() {
        let report: Value =
            serde_json::from_str(&read(&path, "report", &["--output", "json"])).unwrap();
        let (events, summary) = events(&read(&path, "live", &["--output", "json"]));
        assert_eq!(summary, report, "{}", path.display());
        let has_lost = ["ring", "queue", "probe", "disarmed"]
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

/// The report as values, for what only a renderer takes.
fn report_of(path: &PathBuf) -> Report {
    let bytes = fs::read(path).unwrap();
    observe::replay(&bytes[..], &Observation::default(), None, &mut Vec::new()).unwrap()
}

#[test]
fn every_format_of_a_recording_has_the_same_numbers() {
    for path in fixtures() {
        let report = report_of(&path);
        assert!(agree(&report) > 20, "{}: little to compare", path.display());
        let written = |write: fn(&mut dyn Write, &Report) -> io::Result<()>| {
            let mut out = Vec::new();
            write(&mut out, &report).unwrap();
            String::from_utf8(out).unwrap()
        };
        // What was compared is what the command prints.
        for (format, expected) in [
            ("json", written(render::report_json::write_report)),
            ("markdown", written(render::markdown::write_report)),
            ("html", written(render::html::write_report)),
        ] {
            let printed = read(&path, "report", &["--output", format]);
            assert!(printed == expected, "{}: {format} differs", path.display());
        }
        for width in [None, Some(80), Some(200)] {
            let mut expected = Vec::new();
            let style = Style { colour: false };
            render::table::write_report(&mut expected, style, &report, width).unwrap();
            let expected = String::from_utf8(expected).unwrap();
            assert_eq!(read_at(width, &path, "report", &[]), expected);
            let lines = read_at(width, &path, "live", &["--output", "lines"]);
            assert_eq!(lines.split_once("\n\n").unwrap().1, expected);
        }
    }
}

#[test]
fn filters_and_limits_work_on_recordings() {
    for path in fixtures() {
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
