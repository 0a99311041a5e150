//! More than there is room for: what is not counted is counted as lost.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{case::Case, merged::Merged, process::Child, sys};
use crate::{events::Recorded, tracer::Tracer};

/// Rows of the kernel's tables.
const ROWS: usize = 4;
/// Overlays, each with two rows of totals and a whiteout.
const OVERLAYS: usize = 12;

/// A path of more directories than an event carries shows the lowest of them.
pub(super) fn deep_path() -> Result<()> {
    const DEPTH: usize = 80;
    let names: Vec<String> = (0..DEPTH).map(|index| format!("d{index}")).collect();
    let path = format!("{}/f", names.join("/"));
    let directory = tempfile::tempdir()?;
    let deep = path.clone();
    let case = Case::new("deep").lower(move |layer| layer.file(&deep, 5000));
    let merged = Merged::new(&case, directory.path(), directory.path())?;
    let tracer = Tracer::start(&[])?;
    merged.touch(&path)?;
    let recorded = tracer.finish()?;
    sys::umount(&merged.root)?;
    let events = recorded.of_type("copy_up");
    ensure!(events.len() == DEPTH + 1, "{} events", events.len());
    let file = events.last().context("no event")?;
    let shown = file["path"].as_str().unwrap_or_default();
    let lowest = shown.strip_prefix("…").context("its top is not missing")?;
    ensure!(
        path.ends_with(lowest) && lowest.matches('/').count() == 64,
        "{shown}"
    );
    let losses = &recorded.summary["loss"];
    // Directories below the 64th, and the file.
    ensure!(losses["path"] == DEPTH - 64 + 1, "{losses}");
    ensure!(losses["probe"] == 0 && losses["ring"] == 0, "{losses}");
    ensure!(recorded.summary["totals"]["copy_ups"]["total"] == DEPTH + 1);
    Ok(())
}

/// More overlays and rows of totals than the tables hold.
pub(super) fn full_tables() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let case = Case::new("full").lower(|layer| layer.files(&["f", "g"], 5000));
    let overlays = (0..OVERLAYS)
        .map(|index| {
            let root = directory.path().join(index.to_string());
            fs::create_dir(&root)?;
            Merged::new(&case, &root, &root)
        })
        .collect::<Result<Vec<_>>>()?;
    let tracer = Tracer::start(&["--table-size", &ROWS.to_string()])?;
    for merged in &overlays {
        merged.touch("f")?;
        merged.unlink("g")?;
    }
    let recorded = tracer.finish()?;
    for merged in &overlays {
        sys::umount(&merged.root)?;
    }
    let losses = &recorded.summary["loss"]["reasons"];
    ensure!(number(&losses["overlays_full"]) > 0, "{losses}");
    let totals = &recorded.summary["totals"];
    // The rest was counted from its events.
    for (what, counted, lost) in [
        ("copy-ups", &totals["copy_ups"]["total"], "copy_ups_full"),
        (
            "whiteouts",
            &totals["whiteouts"]["unlink"],
            "whiteouts_full",
        ),
    ] {
        let (counted, lost) = (number(counted), number(&losses[lost]));
        ensure!(
            counted == OVERLAYS as u64 && lost == (OVERLAYS - ROWS) as u64,
            "{what}: {counted} counted, {lost} lost"
        );
    }
    // The events came all the same.
    every_event(&recorded)
}

fn every_event(recorded: &Recorded) -> Result<()> {
    let of = |kind| recorded.of_type(kind).len();
    ensure!(
        (of("copy_up"), of("whiteout")) == (OVERLAYS, OVERLAYS),
        "{} copy-ups, {} whiteouts",
        of("copy_up"),
        of("whiteout")
    );
    Ok(())
}

/// More running copy-ups than the table holds.
pub(super) fn too_many_at_once() -> Result<()> {
    const FILES: usize = 24;
    let directory = tempfile::tempdir()?;
    let case = Case::new("many")
        .lower(|layer| (0..FILES).try_for_each(|index| layer.file(&format!("f-{index}"), 4 << 20)));
    let merged = Merged::new(&case, directory.path(), directory.path())?;
    let tracer = Tracer::start(&["--table-size", "1"])?;
    let tasks = (0..FILES)
        .map(|index| Child::start(|| merged.touch(&format!("f-{index}"))))
        .collect::<Result<Vec<_>, _>>()?;
    for task in tasks {
        ensure!(task.wait()? == Some(0), "a copy-up failed");
    }
    let recorded = tracer.finish()?;
    sys::umount(&merged.root)?;
    let lost = number(&recorded.summary["loss"]["reasons"]["in_flight_full"]);
    let counted = number(&recorded.summary["totals"]["copy_ups"]["data"]);
    ensure!(
        counted + lost == FILES as u64,
        "{counted} counted, {lost} lost"
    );
    Ok(())
}

/// 0 if there is none.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}
