//! Compares what was reported with what was expected and with what is on the
//! disk.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{bytes, expected::Expected, run::Done, upper::Entries};
use crate::events::Recorded;

/// Judges one case.
pub(crate) fn case(done: &Done, recorded: &Recorded) -> Result<()> {
    let upper = done.upper.display().to_string();
    let events = of_upper(recorded, &upper);
    let mut problems = Vec::new();
    match &done.case.check {
        Some(check) => problems.extend(check(&events).err().map(|error| format!("{error:#}"))),
        None => problems.extend(compare(&done.case.events, &events)),
    }
    problems.extend(events.iter().filter_map(|event| sanity(event).err()));
    problems.extend(
        totals(recorded, &upper, &events)
            .err()
            .map(|error| format!("{error:#}")),
    );
    problems.extend(entries(done));
    problems.extend(
        contents(done, &events)
            .err()
            .map(|error| format!("{error:#}")),
    );
    if problems.is_empty() {
        return Ok(());
    }
    let mut text = problems.join("; ");
    for event in events.iter().take(12) {
        let _written = write!(text, "\n    {event}");
    }
    bail!("{text}")
}

/// Everything reported belongs to a case, and nothing was lost.
pub(crate) fn nothing_else(done: &[Done], recorded: &Recorded) -> Result<()> {
    recorded.expect_no_loss()?;
    let uppers: HashSet<String> = done
        .iter()
        .map(|done| done.upper.display().to_string())
        .collect();
    no_strays(recorded, &uppers)
}

/// Everything reported belongs to these upper directories.
pub(crate) fn no_strays(recorded: &Recorded, uppers: &HashSet<String>) -> Result<()> {
    let strays: Vec<&Value> = events(recorded)
        .filter(|event| !uppers.contains(event["mount"]["upperdir"].as_str().unwrap_or_default()))
        .collect();
    ensure!(
        strays.is_empty(),
        "{} events of other overlays: {:?}",
        strays.len(),
        &strays[..strays.len().min(5)]
    );
    Ok(())
}

fn events(recorded: &Recorded) -> impl Iterator<Item = &Value> {
    recorded
        .events
        .iter()
        .filter(|event| event["type"] == "copy_up" || event["type"] == "whiteout")
}

pub(crate) fn of_upper<'a>(recorded: &'a Recorded, upper: &str) -> Vec<&'a Value> {
    events(recorded)
        .filter(|event| event["mount"]["upperdir"] == upper)
        .collect()
}

/// Copy-ups in their order, then whiteouts by path.
fn compare(expected: &[Expected], events: &[&Value]) -> Vec<String> {
    let mut problems = Vec::new();
    let (mut wanted_copies, mut wanted_whiteouts) = (Vec::new(), Vec::new());
    for event in expected {
        if event.is_copy_up() {
            wanted_copies.push(event);
        } else {
            wanted_whiteouts.push(event);
        }
    }
    let (copies, mut whiteouts): (Vec<&Value>, Vec<&Value>) =
        events.iter().partition(|event| event["type"] == "copy_up");
    wanted_whiteouts.sort_by_key(|event| (event.text("/path"), event.text("/cause")));
    whiteouts.sort_by_key(|event| (event["path"].to_string(), event["cause"].to_string()));
    for (wanted, found) in [(wanted_copies, copies), (wanted_whiteouts, whiteouts)] {
        if wanted.len() != found.len() {
            let wanted: Vec<String> = wanted.iter().map(|event| event.describe()).collect();
            problems.push(format!("{} events, expected {wanted:?}", found.len()));
            continue;
        }
        for (wanted, found) in wanted.iter().zip(found) {
            let wrong = wanted.mismatches(found);
            if !wrong.is_empty() {
                problems.push(format!("{}: {}", wanted.describe(), wrong.join(", ")));
            }
        }
    }
    problems
}

/// What is true of every event.
fn sanity(event: &Value) -> Result<(), String> {
    let comm = event["process"]["comm"].as_str().unwrap_or_default();
    if !comm.starts_with("ovl-trace-test") {
        return Err(format!("done by '{comm}'"));
    }
    if event["type"] != "copy_up" {
        return Ok(());
    }
    let Some(latency) = event["latency_ns"].as_u64().filter(|latency| *latency > 0) else {
        return Err("no latency".to_owned());
    };
    let phases: u64 = ["lock_ns", "data_ns", "sync_ns"]
        .iter()
        .filter_map(|name| event["phases"][name].as_u64())
        .sum();
    if phases > latency {
        return Err(format!("phases of {phases} ns in {latency} ns"));
    }
    Ok(())
}

/// The kernel's own totals agree with the events.
pub(crate) fn totals(recorded: &Recorded, upper: &str, events: &[&Value]) -> Result<()> {
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
    for cause in ["unlink", "rmdir", "rename", "opaque"] {
        let seen = count(&|event| event["type"] == "whiteout" && event["cause"] == cause);
        ensure!(
            row["whiteouts"][cause] == seen,
            "the report counts {} whiteouts by {cause}, there were {seen} events",
            row["whiteouts"][cause]
        );
    }
    for field in ["size_bytes", "copied_bytes"] {
        let seen: u64 = events
            .iter()
            .filter(|event| event["result"] == "ok")
            .filter_map(|event| event[field].as_u64())
            .sum();
        ensure!(
            row[field] == seen,
            "{field} is {} in the report, {seen} in the events",
            row[field]
        );
    }
    Ok(())
}

/// What follows from the expected events must be in the upper directory.
fn entries(done: &Done) -> Option<String> {
    let mut wanted = Entries::new();
    for event in &done.case.events {
        let path = event.text("/path");
        if event.is_copy_up() {
            if event.text("/result") == "ok" {
                let mut words = if done.case.anonymous {
                    "copy".to_owned()
                } else {
                    done.origins.copy_of(&path)
                };
                if event.text("/kind") == "metadata" {
                    words.push_str(" metacopy");
                }
                wanted.insert(path, words);
            }
        } else if event.text("/cause") == "opaque" {
            wanted
                .entry(path)
                .or_insert_with(|| "new".to_owned())
                .push_str(" opaque");
        } else {
            wanted.insert(path, "whiteout".to_owned());
        }
    }
    for (path, words) in &done.case.entries {
        match words {
            Some(words) => wanted.insert((*path).to_owned(), (*words).to_owned()),
            None => wanted.remove(*path),
        };
    }
    if done.case.check.is_some() || wanted == done.entries {
        return None;
    }
    Some(format!(
        "the upper directory holds {:?}, expected {wanted:?}",
        done.entries
    ))
}

/// Copied files hold the bytes of the lower ones, in the way that was said.
fn contents(done: &Done, events: &[&Value]) -> Result<()> {
    if done.case.changed {
        return Ok(());
    }
    // Of several copy-ups of a file (metacopy), the last counts.
    let mut last = HashMap::new();
    for event in events.iter().filter(|event| event["result"] == "ok") {
        if let (Some(path), Some(method)) = (event["path"].as_str(), event["method"].as_str()) {
            last.insert(path, (method, event["copied_bytes"].as_u64()));
        }
    }
    for (path, (method, copied)) in last {
        let upper = done.upper.join(&path[1..]);
        // It may be renamed, deleted, or something else now.
        let words = done.entries.get(path).map_or("", String::as_str);
        let still = words.starts_with("copy") && is_file(&upper);
        let lower = done
            .lowers
            .iter()
            .map(|lower| lower.join(&path[1..]))
            .find(|lower| is_file(lower));
        if let (true, true, Some(lower)) = (
            still,
            ["copy", "reflink", "metacopy"].contains(&method),
            lower,
        ) {
            let copied = copied.unwrap_or_default();
            bytes::check(&upper, &lower, method, copied).with_context(|| path.to_owned())?;
        }
    }
    Ok(())
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file())
}
