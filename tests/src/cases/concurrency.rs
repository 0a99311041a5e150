//! Many copy-ups at once, and too many events.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    at_once::at_once,
    events::{Recorded, of_kind, paths, sum},
    oracle::Upper,
    overlay::Overlay,
    tracer::Tracer,
};

fn files(lower: &Path, count: usize, bytes: usize) -> Result<()> {
    for index in 0..count {
        fs::write(lower.join(format!("file-{index}")), vec![b'x'; bytes])?;
    }
    Ok(())
}

/// Writes to every path at the same moment.
fn write_together(paths: Vec<PathBuf>) -> Result<()> {
    at_once(paths, |path| {
        OpenOptions::new().append(true).open(path)?.write_all(b"y")
    })
}

/// Events and report row of the one overlay without a container.
fn of_overlay<'a>(
    recorded: &'a Recorded,
    overlay: &Overlay,
) -> Result<(Vec<&'a Value>, &'a Value)> {
    let upper = overlay.layers().upper.display().to_string();
    let events = recorded
        .of_type("copy_up")
        .into_iter()
        .filter(|event| event["mount"]["upperdir"] == upper.as_str())
        .collect();
    let rows = recorded.summary["containers"]
        .as_array()
        .context("no rows")?;
    let row = rows
        .iter()
        .find(|row| row["mount"]["upperdir"] == upper.as_str())
        .with_context(|| format!("no row for {upper}: {}", recorded.summary))?;
    Ok((events, row))
}

pub(crate) fn two_hundred_at_once() -> Result<()> {
    const COUNT: usize = 200;
    let overlay = Overlay::mount(|lower| files(lower, COUNT, 4096))?;
    let tracer = Tracer::start(&[])?;
    let merged = overlay.merged();
    write_together(
        (0..COUNT)
            .map(|index| merged.join(format!("file-{index}")))
            .collect(),
    )?;
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    let upper = Upper::read(&overlay.layers())?;
    let (events, row) = of_overlay(&recorded, &overlay)?;
    let data = of_kind(&events, "data");
    assert_eq!(data.len(), COUNT);
    assert_eq!(paths(&data), upper.data_paths());
    assert_eq!(sum(&data, "copied_bytes")?, upper.bytes());
    assert_eq!(row["copy_ups"]["data"], COUNT, "{row}");
    assert_eq!(row["copied_bytes"], upper.bytes(), "{row}");
    ensure!(
        events.iter().all(|event| event["container"].is_null()),
        "a container was made up"
    );
    Ok(())
}

pub(crate) fn a_race_for_one_file() -> Result<()> {
    const TASKS: usize = 32;
    let overlay = Overlay::mount(|lower| files(lower, 1, 8 << 20))?;
    let tracer = Tracer::start(&[])?;
    write_together(vec![overlay.merged().join("file-0"); TASKS])?;
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    let (events, row) = of_overlay(&recorded, &overlay)?;
    let done = events
        .iter()
        .filter(|event| event["result"] == "ok")
        .count();
    let raced = events
        .iter()
        .filter(|event| event["result"] == "raced")
        .count();
    assert_eq!(done, 1, "one task copies");
    assert_eq!(row["copy_ups"]["data"], 1, "{row}");
    assert_eq!(row["copy_ups"]["raced"], raced, "{row}");
    assert_eq!(row["copied_bytes"], 8 << 20, "{row}");
    ensure!(raced < TASKS, "{raced} raced");
    Ok(())
}
