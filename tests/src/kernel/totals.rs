//! The report's totals, against the events: they are counted apart in the
//! kernel.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::events::Recorded;

/// The kernel's own totals agree with the events.
pub(crate) fn agree(recorded: &Recorded, upper: &str, events: &[&Value]) -> Result<()> {
    let rows = recorded.summary["containers"].as_array();
    let row = rows
        .context("no rows")?
        .iter()
        .find(|row| row["mount"]["upperdir"] == upper);
    let Some(row) = row else {
        ensure!(events.is_empty(), "no row in the report");
        return Ok(());
    };
    let count = |wanted: &dyn Fn(&Value) -> bool| {
        events.iter().filter(|event| wanted(event)).count() as u64
    };
    for kind in ["data", "metadata", "directory", "symlink", "special"] {
        let seen = count(&|event| event["kind"] == kind && event["result"] == "ok");
        ensure!(
            row["copy_ups"][kind] == seen,
            "the report counts {} of {kind}, there were {seen} events",
            row["copy_ups"][kind]
        );
    }
    for (name, result) in [("raced", "raced"), ("failed", "")] {
        let seen = count(&|event| {
            let found = event["result"].as_str().unwrap_or("raced");
            event["type"] == "copy_up"
                && (found == result || result.is_empty() && !["ok", "raced"].contains(&found))
        });
        ensure!(
            row["copy_ups"][name] == seen,
            "the report counts {} {name}, there were {seen} events",
            row["copy_ups"][name]
        );
    }
    for cause in ["unlink", "rmdir", "rename", "opaque"] {
        let seen = count(&|event| event["type"] == "whiteout" && event["cause"] == cause);
        ensure!(
            row["whiteouts"][cause] == seen,
            "the report counts {} whiteouts by {cause}, there were {seen} events",
            row["whiteouts"][cause]
        );
    }
    let failed = |event: &Value| event["result"] != "ok" && event["result"] != "raced";
    for (field, of_event, of_failed) in [
        ("size_bytes", "size_bytes", false),
        ("copied_bytes", "copied_bytes", false),
        ("wasted_bytes", "copied_bytes", true),
    ] {
        let seen: u64 = events
            .iter()
            .filter(|event| event["result"] != "raced" && failed(event) == of_failed)
            .filter_map(|event| event[of_event].as_u64())
            .sum();
        ensure!(
            row[field] == seen,
            "{field} is {} in the report, {seen} in the events",
            row[field]
        );
    }
    phases(row, events)
}

/// Where the time went, of copy-ups that succeeded.
fn phases(row: &Value, events: &[&Value]) -> Result<()> {
    for phase in ["lock", "data", "sync"] {
        let field = format!("{phase}_ns");
        let durations: Vec<u64> = events
            .iter()
            .filter(|event| event["result"] == "ok")
            .filter_map(|event| event["phases"][&field].as_u64())
            .collect();
        let total = &row["phases"][phase];
        let buckets = total["histogram"].as_array().context("no histogram")?;
        let counted: u64 = buckets
            .iter()
            .filter_map(|bucket| bucket["count"].as_u64())
            .sum();
        ensure!(
            total["sum_ns"] == durations.iter().sum::<u64>()
                && total["count"] == durations.len()
                && counted == durations.len() as u64,
            "the phase {phase} is {total} in the report, {durations:?} in the events"
        );
    }
    Ok(())
}
