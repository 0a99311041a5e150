//! Compares what was reported with what was expected and with what is on the
//! disk.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt::Write as _,
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{bytes, expected::Expected, run::Done, totals, upper::Entries};
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
    problems.extend(events.iter().filter_map(|event| sanity(done, event).err()));
    problems.extend(
        totals::agree(recorded, &upper, &events)
            .err()
            .map(|error| format!("{error:#}")),
    );
    problems.extend(if done.case.check.is_some() {
        agreement(done, &events)
    } else {
        entries(done)
    });
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
fn sanity(done: &Done, event: &Value) -> Result<(), String> {
    let comm = event["process"]["comm"].as_str().unwrap_or_default();
    // io_uring's worker threads have names of their own: up to 5.11, and since.
    let ours = ["ovl-trace-test", "io_wqe_worker", "iou-wrk-"];
    if !ours.iter().any(|prefix| comm.starts_with(prefix)) {
        return Err(format!("done by '{comm}'"));
    }
    if event["mount"]["upper_filesystem"] != done.filesystem {
        return Err(format!("upper on {}", event["mount"]["upper_filesystem"]));
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
    let layer = &event["layer"];
    if layer["filesystem"] != done.lower_filesystem() || !layer["device"].is_string() {
        return Err(format!("from {layer}"));
    }
    if event["result"] == "ok" {
        syncs(done, event)?;
    }
    Ok(())
}

/// What was synced, of a copy-up that succeeded.
fn syncs(done: &Done, event: &Value) -> Result<(), String> {
    let phases = &event["phases"];
    let sync = phases["sync_ns"].as_u64();
    let volatile = done.case.options.contains("volatile");
    let strict = done.case.options.contains("fsync=strict")
        || done.attributes_are_synced && !volatile && !done.case.options.contains("metacopy=on");
    let can_be_synced = event["kind"] == "data" || event["kind"] == "directory";
    let wanted = match event["method"].as_str().unwrap_or_default() {
        "copy" | "reflink" if phases["data_ns"].is_null() => {
            return Err(format!("no time for its data: {phases}"));
        }
        "copy" => Some(!volatile),
        "reflink" => Some(strict || !(volatile || done.clones_are_not_synced)),
        // Its own attributes, not those of something with another name.
        "none" | "truncated" if strict && can_be_synced => Some(true),
        _ => None,
    };
    if sync.map(|sync| sync > 0) == wanted {
        Ok(())
    } else {
        Err(format!("synced: {wanted:?} expected, {phases}"))
    }
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
    if wanted == done.entries {
        return None;
    }
    Some(format!(
        "the upper directory holds {:?}, expected {wanted:?}",
        done.entries
    ))
}

/// Where the events are not known beforehand: the upper directory holds exactly
/// the copies that were reported.
fn agreement(done: &Done, events: &[&Value]) -> Option<String> {
    let reported: BTreeSet<&str> = events
        .iter()
        .filter(|event| event["type"] == "copy_up" && event["result"] == "ok")
        .filter_map(|event| event["path"].as_str())
        .collect();
    let found: BTreeSet<&str> = done
        .entries
        .iter()
        .filter(|(_, words)| words.starts_with("copy"))
        .map(|(path, _)| path.as_str())
        .collect();
    (reported != found)
        .then(|| format!("the upper directory holds copies of {found:?}, reported {reported:?}"))
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
