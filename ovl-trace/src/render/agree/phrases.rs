//! Numbers outside of tables: from the JSON, in the words of the reports.

use serde_json::Value;

use super::{expected, html::Token};
use crate::render::units;

/// What every format says of a container.
pub(super) fn of_container(row: &Value) -> Vec<String> {
    let mut said = Vec::new();
    let counts = &row["copy_ups"];
    for (count, name) in [
        (&counts["failed"], "failed"),
        (&counts["metadata"], "metadata"),
        (&counts["symlink"], "symlink"),
        (&counts["special"], "special"),
        (&counts["raced"], "waited for another task's copy-up"),
        (&row["whiteouts"]["opaque"], "opaque"),
    ] {
        if *count != 0 {
            said.push(format!("{count} {name}"));
        }
    }
    let wasted = row["wasted_bytes"].as_u64().unwrap();
    if wasted > 0 {
        said.push(format!("{} written in vain", units::bytes(wasted)));
    }
    let phases = &row["phases"];
    let sums = [
        ("data", phases["data"]["sum_ns"].as_u64()),
        ("sync", phases["sync"]["sum_ns"].as_u64()),
        ("waiting for the lock", phases["lock"]["sum_ns"].as_u64()),
    ];
    let measured = sums.iter().any(|(_, sum)| *sum > Some(0));
    let rest = phases["rest_ns"].as_u64().filter(|_| measured);
    for (name, sum) in sums {
        said.extend(phase(name, sum.filter(|sum| *sum > 0)));
    }
    said.extend(phase("other", rest));
    for advice in row["advice"].as_array().unwrap() {
        let evidence = &advice["evidence"];
        let number = |key: &str| evidence[key].as_u64().unwrap();
        if number("copy_ups") > 0 {
            said.push(format!(
                "{}, {}",
                units::bytes(number("copied_bytes")),
                units::duration(number("latency_ns")),
            ));
        }
    }
    said
}

fn phase(name: &str, sum_ns: Option<u64>) -> Option<String> {
    sum_ns.map(|ns| format!("{name} {}", units::duration(ns)))
}

/// What the table and Markdown say of its operations.
pub(super) fn of_triggers(row: &Value) -> Vec<String> {
    let triggers = row["triggers"].as_array().unwrap().iter();
    triggers
        .map(|it| format!("{} {}", it["operation"].as_str().unwrap(), it["copy_ups"]))
        .collect()
}

/// What the page says of a container beside its charts.
pub(super) fn of_section(row: &Value) -> Vec<String> {
    let mut said = Vec::new();
    let total = row["copy_ups"]["total"].as_u64().unwrap();
    let plural = if total == 1 { "copy-up" } else { "copy-ups" };
    let bytes = expected::cell(row, "BYTES").unwrap();
    said.push(format!("{total} {plural} · "));
    said.push(format!("{bytes} written"));
    for file in row["files"].as_array().unwrap() {
        if file["copy_ups"] != 0 {
            let [bytes, time] = ["BYTES", "TIME"].map(|it| expected::cell(file, it).unwrap());
            said.push(format!("{bytes} in {time}"));
        }
    }
    for size in row["by_size"].as_array().unwrap() {
        said.push(format!("P50 {}", expected::cell(size, "P50").unwrap()));
    }
    said
}

/// The tiles of a page against the totals; how many there are.
pub(super) fn tiles(tokens: &[Token], totals: &Value) -> usize {
    let mut compared = 0;
    let mut inside = None;
    let mut name = String::new();
    for token in tokens {
        match token {
            Token::Open(tag, ..) if tag == "dt" || tag == "dd" => inside = Some(tag.as_str()),
            Token::Close(_) => inside = None,
            Token::Text(text) if inside == Some("dt") => name.clone_from(text),
            Token::Text(text) if inside == Some("dd") => {
                let expected = match name.as_str() {
                    "Bytes written" => expected::cell(totals, "BYTES"),
                    "Time spent" => totals["latency_ns"]["sum"].as_u64().map(units::duration),
                    "Copy-ups" | "P50" | "P99" | "Max" | "Whiteouts" => {
                        expected::cell(totals, &name.to_uppercase())
                    }
                    _ => continue,
                };
                assert_eq!(
                    Some(text.trim_start_matches('≥').to_owned()),
                    expected,
                    "{name}"
                );
                compared += 1;
            }
            _ => {}
        }
    }
    compared
}
