//! Filters that are decided in the kernel, by what the agent has found out: what nobody
//! wants is not sent, and nothing else is missing.

use std::{
    ops::Range,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{case::Case, layer::Layer, merged::Merged, store::Store, sys};
use crate::{events::paths, tracer::Tracer};

/// Files of each overlay.
const FILES: usize = 200;

/// How long an event may take to come, where the processor is emulated.
const PATIENCE: Duration = Duration::from_secs(60);

fn name(index: usize) -> String {
    format!("f-{index:03}")
}

fn fill(layer: &Layer) -> Result<()> {
    (0..FILES).try_for_each(|index| layer.file(&name(index), 10))
}

/// Operations that were not asked for.
pub(super) fn triggers() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let case = Case::new("triggers").lower(fill);
    let merged = Merged::new(&case, directory.path(), directory.path())?;
    let tracer = Tracer::start(&["--trigger", "chmod,truncate"])?;
    // An open as the rest will be, and an event after it: then it is ruled out.
    merged.touch(&name(0))?;
    merged.chmod(&name(1), 0o600)?;
    wait_for(&tracer, |events| !events.is_empty())?;
    (2..FILES - 2).try_for_each(|index| merged.touch(&name(index)))?;
    // Also by `ovl_setattr`, and so by the same function as the next.
    merged.utimes(&name(FILES - 2))?;
    merged.truncate(&name(FILES - 1), 3)?;
    let recorded = tracer.finish()?;
    sys::umount(&merged.root)?;
    recorded.expect_no_loss()?;
    let shown = paths(&recorded.of_type("copy_up"));
    let expected = [1, FILES - 1].map(|index| format!("/{}", name(index)));
    ensure!(shown == expected, "{shown:?}");
    ensure!(recorded.withheld()? == FILES - 4, "{}", recorded.log);
    let totals = &recorded.summary["totals"]["copy_ups"]["total"];
    ensure!(*totals == 2, "{totals}");
    Ok(())
}

/// Containers that were not asked for, and one that is mounted meanwhile.
pub(super) fn containers() -> Result<()> {
    let mut store = Store::new()?;
    store.name(&["web", "db"])?;
    let (web, db) = (store.mount("web", fill)?, store.mount("db", fill)?);
    let tracer = Tracer::start(&["--container", "web,fresh"])?;
    touch(&db, 0..1)?;
    touch(&web, 0..1)?;
    wait_for(&tracer, |events| !events.is_empty())?;
    touch(&db, 1..FILES)?;
    touch(&web, 1..3)?;
    store.name(&["fresh", "other"])?;
    let fresh = store.mount("fresh", fill)?;
    touch(&fresh, 0..3)?;
    sys::unlink(&fresh.join(name(FILES - 1)))?;
    // The last word is the other's, of what it says all the time.
    sys::unlink(&db.join(name(FILES - 1)))?;
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    for (container, count) in [("web", 3), ("fresh", 3)] {
        let shown = paths(&recorded.copy_ups(container));
        let expected: Vec<_> = (0..count)
            .map(|index| format!("/{}", name(index)))
            .collect();
        ensure!(shown == expected, "{container}: {shown:?}");
        let counted = &recorded.row(container)?["copy_ups"]["total"];
        ensure!(*counted == count, "{container}: {counted}");
    }
    ensure!(recorded.whiteouts("fresh").len() == 1);
    ensure!(recorded.of_type("copy_up").len() == 6 && recorded.of_type("whiteout").len() == 1);
    ensure!(recorded.withheld()? > 0, "{}", recorded.log);
    Ok(())
}

/// A container that gets the name that was asked for.
pub(super) fn renamed() -> Result<()> {
    let mut store = Store::new()?;
    store.name(&["db", "web"])?;
    let (web, db) = (store.mount("web", fill)?, store.mount("db", fill)?);
    let tracer = Tracer::start(&["--container", "web,late"])?;
    touch(&db, 0..1)?;
    touch(&web, 0..1)?;
    wait_for(&tracer, |events| !events.is_empty())?;
    let before = 10;
    touch(&db, 1..before)?;
    store.rename("db", "late")?;
    let late = |events: &[Value]| {
        let is_late = |event: &&Value| event["container"]["name"] == "late";
        events.iter().filter(is_late).count()
    };
    let mut next = before;
    let started = Instant::now();
    while late(&tracer.so_far()?) == 0 {
        ensure!(started.elapsed() < PATIENCE, "it was not noticed");
        // A kernel that is slow has few of them, others have not enough files.
        if next < FILES - 10 {
            touch(&db, next..next + 1)?;
            next += 1;
        }
        thread::sleep(Duration::from_millis(20));
    }
    touch(&db, FILES - 10..FILES)?;
    let recorded = tracer.finish()?;
    let shown = paths(&recorded.copy_ups("late"));
    let shown_first = shown.first().context("nothing")?;
    // From the first one on, all of them.
    let touched = (1..next).chain(FILES - 10..FILES);
    let touched: Vec<_> = touched.map(|index| format!("/{}", name(index))).collect();
    let first = touched.iter().position(|path| path == shown_first);
    // Which one that is is a matter of when the agent comes to it.
    let first = first.context("of before its verdict")?;
    ensure!(shown == touched[first..], "{shown:?}");
    let counted = &recorded.row("late")?["copy_ups"]["total"];
    ensure!(*counted == 1 + touched.len(), "{counted}");
    // What the report lacks of it, but for what came all the same.
    let lost = recorded.summary["loss"]["reasons"]["renamed"].as_u64();
    let lost = lost.unwrap_or(0) as usize;
    ensure!(lost <= first, "{lost} of {first}");
    ensure!(lost == recorded.withheld()?, "{lost}");
    Ok(())
}

fn touch(root: &Path, files: Range<usize>) -> Result<()> {
    files
        .map(|index| root.join(name(index)))
        .try_for_each(|path| sys::open(&path, libc::O_WRONLY).map(drop))
        .context("touching")
}

fn wait_for(tracer: &Tracer, are_there: impl Fn(&[Value]) -> bool) -> Result<()> {
    let started = Instant::now();
    while !are_there(&tracer.so_far()?) {
        ensure!(started.elapsed() < PATIENCE, "an event did not come");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
