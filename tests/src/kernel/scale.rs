//! A large host: 1,000 overlays in 200 mount namespaces, 3,000 processes.

use std::{
    collections::HashSet,
    fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    case::Case,
    merged::Merged,
    process::{Child, pause, unshare_mounts},
};
use crate::{command::run, harness, tracer::Tracer};

const NAMESPACES: usize = 200;
const OVERLAYS_EACH: usize = 5;
const PROCESSES: usize = 3000;

/// The file that says that a namespace has all its overlays.
const READY: &str = "ready";

/// What the agent may take up when it observes, in KiB: most of it is what was read of the
/// kernel's types, whose size differs most between kernels. A copy of them too many is more.
const RESIDENT_AT_START_MAX: u64 = 6 << 10;

/// What it may take up with all mounts, in KiB. Each overlay with a copy-up takes 5, and one
/// histogram too many for each would be 15 more.
const RESIDENT_MAX: u64 = 16 << 10;

/// Every namespace mounts and copies up while the agent runs; then all mounts are
/// listed.
pub(super) fn a_thousand_mounts() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let tracer = Tracer::start(&[])?;
    let at_start = resident(tracer.pid())?;
    let mut children = Vec::new();
    for namespace in 0..NAMESPACES {
        let root = directory.path().join(namespace.to_string());
        fs::create_dir(&root)?;
        children.push(Child::start(|| {
            mount_all(&root)?;
            pause()
        })?);
    }
    for (namespace, child) in children.iter().enumerate() {
        let ready = directory.path().join(namespace.to_string()).join(READY);
        while !ready.exists() {
            ensure!(!child.has_ended()?, "a child ended");
            thread::sleep(Duration::from_millis(10));
        }
    }
    for _ in NAMESPACES..PROCESSES {
        children.push(Child::start(pause)?);
    }
    let started = Instant::now();
    let listed = run("ovl-trace", &["mounts", "--output", "json"])?;
    let seconds = started.elapsed().as_secs_f32();
    let resident = resident(tracer.pid())?;
    harness::note(&format!(
        "1,000 mounts listed in {seconds:.2} s; 'live' takes up {resident} KiB, {at_start} at the start"
    ));
    let recorded = tracer.finish()?;
    drop(children);

    recorded.expect_no_loss()?;
    let rows = recorded.summary["containers"]
        .as_array()
        .context("no rows")?;
    let copied = uppers(directory.path(), rows.iter());
    ensure!(
        copied.len() == NAMESPACES * OVERLAYS_EACH && copied.len() == rows.len(),
        "{} of {} rows are right",
        copied.len(),
        rows.len()
    );
    ensure!(rows.iter().all(|row| row["copy_ups"]["data"] == 1));
    let listed: Value = serde_json::from_str(&listed).context("'mounts' wrote no JSON")?;
    let mounts = listed["mounts"].as_array().context("no mounts")?;
    ensure!(
        uppers(directory.path(), mounts.iter()) == copied,
        "'mounts' lists others"
    );
    ensure!(
        at_start < RESIDENT_AT_START_MAX,
        "'live' takes up {at_start} KiB at the start"
    );
    ensure!(resident < RESIDENT_MAX, "'live' takes up {resident} KiB");
    Ok(())
}

/// The upper directories below `root` in these rows.
fn uppers<'a>(root: &Path, rows: impl Iterator<Item = &'a Value>) -> HashSet<&'a str> {
    rows.filter_map(|row| row["mount"]["upperdir"].as_str())
        .filter(|upper| Path::new(upper).starts_with(root))
        .collect()
}

/// Overlays that no other process sees, with a copy-up in each.
fn mount_all(root: &Path) -> io::Result<()> {
    unshare_mounts()?;
    for index in 0..OVERLAYS_EACH {
        let case = Case::new("overlay").lower(|layer| layer.file("f", 100));
        let root = root.join(index.to_string());
        let merged = Merged::new(&case, &root, &root).map_err(io::Error::other)?;
        merged.touch("f")?;
    }
    fs::write(root.join(READY), "")
}

/// Returns the memory of a process in KiB, without the pages of files, which count as shared
/// where the file is in a tmpfs: how large the program is depends on how it was compiled.
fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(number.with_context(|| format!("no {name}"))?.parse()?)
    };
    kilobytes("RssAnon:")
}
