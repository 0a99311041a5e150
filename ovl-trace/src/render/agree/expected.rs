//! What JSON says, in the words of the tables. From the text of the JSON, not from
//! the values that it was made of.

use serde_json::Value;

use crate::render::units;

/// The cell of a column, for a row of some array of the JSON report. `None`: a
/// column without numbers.
pub(super) fn cell(row: &Value, heading: &str) -> Option<String> {
    let number = |key: &str| row[key].as_u64();
    // Of a container, `copy_ups` is an object.
    let counts = &row["copy_ups"];
    let copy_ups = counts.as_u64().or_else(|| counts["total"].as_u64())?;
    let latency = |key: &str| Some(duration(row["latency_ns"][key].as_u64()));
    match heading {
        "COPY-UPS" if row["path"].is_string() || row["comm"].is_string() => Some(dash(copy_ups)),
        "COPY-UPS" => Some(copy_ups.to_string()),
        "DATA" => counts["data"].as_u64().map(|it| it.to_string()),
        "DIRS" => counts["directory"].as_u64().map(|it| it.to_string()),
        "BYTES" => Some(bytes(row, copy_ups)),
        "TIME" => {
            let time = number("latency_ns").map(|ns| (copy_ups > 0).then_some(ns));
            time.map(duration)
        }
        "LOCK" | "COPYING" | "SYNC" | "OTHER" => Some(phase(row, heading)),
        "P50" => latency("p50"),
        "P90" => latency("p90"),
        "P99" => latency("p99"),
        "MAX" => latency("max"),
        "WHITEOUTS" => match row["whiteouts"].as_u64() {
            Some(count) if row["start"].is_string() => Some(count.to_string()),
            Some(count) => Some(dash(count)),
            None => row["whiteouts"]["total"].as_u64().map(|it| it.to_string()),
        },
        "FAILED" => number("failed").map(dash),
        "LAYER" => Some(number("index").map_or_else(|| "?".to_owned(), |it| it.to_string())),
        "KIND" => Some(row["last"]["kind"].as_str().unwrap_or("-").to_owned()),
        "METHOD" if row["last"].is_null() => Some("-".to_owned()),
        "METHOD" => Some(row["last"]["method"].as_str().unwrap_or("?").to_owned()),
        "OPERATION" => row["operation"].as_str().map(str::to_owned),
        "FILE SIZE" => Some(match number("up_to_bytes") {
            Some(limit) => format!("≤ {}", units::bytes(limit)),
            None => "> 1.0 GiB".to_owned(),
        }),
        "FROM (UTC)" => {
            let start = row["start"].as_str()?;
            let (date, time) = start.split_once('T')?;
            Some(format!("{date} {}", time.get(..12)?))
        }
        _ => None,
    }
}

fn dash(count: u64) -> String {
    match count {
        0 => "-".to_owned(),
        count => count.to_string(),
    }
}

fn duration(ns: Option<u64>) -> String {
    ns.map_or_else(|| "-".to_owned(), units::duration)
}

/// Rows without `copied_unknown` cannot tell a lower bound: the caller takes the
/// mark away.
fn bytes(row: &Value, copy_ups: u64) -> String {
    match row["copied_bytes"].as_u64() {
        _ if copy_ups == 0 => "-".to_owned(),
        Some(bytes) => units::bytes(bytes),
        None => "?".to_owned(),
    }
}

fn phase(row: &Value, heading: &str) -> String {
    let phases = &row["phases"];
    let count = |key: &str| phases[key]["count"].as_u64().unwrap_or(0);
    let (key, counted) = match heading {
        "LOCK" => ("lock", count("lock")),
        "COPYING" => ("data", count("data")),
        "SYNC" => ("sync", count("sync")),
        _ => ("rest_ns", count("lock") + count("data") + count("sync")),
    };
    let sum = phases[key]["sum_ns"]
        .as_u64()
        .or_else(|| phases[key].as_u64());
    duration(sum.filter(|_| counted > 0))
}
