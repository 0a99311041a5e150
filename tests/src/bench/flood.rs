//! Very many events of a thousand overlays, as fast as two processes can make them: is any
//! lost, and what does the agent keep of them?

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{growth::Overlay, measured, priority::Priority, tracer::EVENTS};
use crate::{
    command::run,
    kernel::{process::Child, sys},
};

/// A tmpfs with the layers and what the tracer writes.
const DISK: &str = "/run/flood";

const OVERLAYS: usize = 1000;

/// The parts, and how many events there are in each.
pub(super) const SIZES: [(&str, usize); 2] = [("flood", 200_000), ("flood 1000000", 1_000_000)];

/// Processes that work at the same time.
const WORKERS: usize = 2;

/// The row of one of them.
pub(super) fn row(events: usize) -> Result<Value> {
    let root = PathBuf::from(DISK);
    fs::create_dir_all(&root)?;
    sys::mount("tmpfs", &root, "tmpfs", 0, "size=90%,nr_inodes=0")?;
    let measured = with(&root, events);
    sys::umount(&root)?;
    measured
}

fn with(root: &Path, events: usize) -> Result<Value> {
    // Each is copied up, then deleted: two events.
    let files = events / OVERLAYS / 2;
    let lower = root.join("lower");
    fs::create_dir(&lower)?;
    for index in 0..files {
        fs::write(lower.join(index.to_string()), "xx")?;
    }
    let overlays: Vec<Overlay> = (0..OVERLAYS)
        .map(|index| Overlay::below(&root.join(format!("overlay-{index}"))))
        .collect();
    overlays.iter().try_for_each(|one| one.mount(&lower))?;
    let output = root.join("output");
    let running = EVENTS
        .start(&output, Priority::Usual)?
        .context("nothing was started")?;
    let begun = Instant::now();
    let workers = overlays
        .chunks(OVERLAYS / WORKERS)
        .map(|part| Child::start(|| part.iter().try_for_each(|one| work(&one.merged, files))))
        .collect::<io::Result<Vec<_>>>()
        .context("fork")?;
    for worker in workers {
        measured::wait(worker.hand_over())?;
    }
    let milliseconds = begun.elapsed().as_millis().max(1);
    let cost = running.finish()?;
    for one in &overlays {
        run("umount", &[&one.merged.display().to_string()])?;
    }
    let made = 2 * OVERLAYS * files;
    Ok(json!({
        "flood": "copy-ups and whiteouts of 1,000 overlays",
        "made": made,
        "per_second": made as u128 * 1000 / milliseconds,
        "written": cost.events,
        "lost": cost.lost,
        "start_kib": cost.start_kib,
        "end_kib": cost.end_kib,
    }))
}

/// In an order that meets each overlay once: its files one after the other.
fn work(merged: &Path, files: usize) -> io::Result<()> {
    for index in 0..files {
        let file = merged.join(index.to_string());
        sys::chmod(&file, 0o600)?;
        fs::remove_file(&file)?;
    }
    Ok(())
}
