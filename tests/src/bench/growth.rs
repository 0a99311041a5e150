//! How the agent's cost grows with the machine: with overlays, and with processes.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    measured,
    tracer::{EVENTS, Running},
};
use crate::{
    command::run,
    kernel::{
        merged::overlay,
        process::{Child, pause},
        sys,
    },
};

/// A tmpfs with the layers.
const DISK: &str = "/run/growth";

/// How many overlays there are, with few processes.
const OVERLAYS: [usize; 3] = [10, 100, 1000];

/// How many processes there are, with few overlays.
const PROCESSES: [usize; 3] = [100, 1000, 3000];

/// Over which time the cost of doing nothing is taken.
const IDLE: Duration = Duration::from_secs(30);

/// Hands over a row per size.
pub(super) fn each(mut row: impl FnMut(&Value) -> Result<()>) -> Result<()> {
    for count in OVERLAYS {
        row(&of("overlays", count, count, 0)?)?;
    }
    for count in PROCESSES {
        row(&of("processes", count, 10, count)?)?;
    }
    Ok(())
}

fn of(what: &str, count: usize, overlays: usize, processes: usize) -> Result<Value> {
    let root = PathBuf::from(DISK);
    fs::create_dir_all(&root)?;
    sys::mount("tmpfs", &root, "tmpfs", 0, "size=90%,nr_inodes=0")?;
    let mut idle = Vec::new();
    for _ in 0..processes {
        idle.push(Child::start(pause)?);
    }
    let measured = with(&root, what, count, overlays);
    drop(idle);
    sys::umount(&root)?;
    measured
}

fn with(root: &Path, what: &str, count: usize, overlays: usize) -> Result<Value> {
    let lower = root.join("lower");
    fs::create_dir(&lower)?;
    fs::write(lower.join("file"), "xx")?;
    let merged: Vec<PathBuf> = (0..overlays)
        .map(|index| root.join(index.to_string()))
        .collect();
    // Half of them are there before the agent, half come while it observes.
    let (before, later) = merged.split_at(overlays / 2);
    before.iter().try_for_each(|at| mount(&lower, at))?;
    let output = root.join("output");
    let running = EVENTS.start(&output)?.context("nothing was started")?;
    let idle = idle(&running)?;
    later.iter().try_for_each(|at| mount(&lower, at))?;
    for at in &merged {
        sys::chmod(&at.join("merged/file"), 0o600)?;
    }
    let cost = running.finish()?;
    for at in &merged {
        run("umount", &[&at.join("merged").display().to_string()])?;
    }
    Ok(json!({
        "growth": what,
        "number": count,
        "to_start": cost.start_ns,
        "idle_per_second": idle,
        "per_overlay": cost.work_ns.saturating_sub(idle * IDLE.as_secs()) / overlays as u64,
        "start_kib": cost.start_kib,
        "end_kib": cost.end_kib,
        "events": cost.events,
    }))
}

fn idle(running: &Running<'_>) -> Result<u64> {
    let before = measured::so_far(running.pid())?;
    thread::sleep(IDLE);
    Ok((measured::so_far(running.pid())? - before) / IDLE.as_secs())
}

/// An overlay over `lower`, in directories below `at`.
pub(super) fn mount(lower: &Path, at: &Path) -> Result<()> {
    for name in ["upper", "work", "merged"] {
        fs::create_dir_all(at.join(name))?;
    }
    let lower = lower.display().to_string();
    let (upper, work, merged) = (at.join("upper"), at.join("work"), at.join("merged"));
    overlay(&lower, &upper, &work, &merged, "").with_context(|| merged.display().to_string())
}
