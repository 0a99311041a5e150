//! More events than the ring takes: detail is lost and counted, the totals
//! stay exact.

use std::thread;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    case::Case,
    disks::Disks,
    merged::Merged,
    sys,
    upper::{self, Origins},
};
use crate::{events::Recorded, tracer::Tracer};

/// Its name among the cases.
pub(super) const NAME: &str = "storm::a_ring_of_4_kib";

// Ten times what the ring holds. Each is synced, which takes 50 ms in an emulated guest.
const COPIED: usize = 150;
const DELETED: usize = 100;
const BYTES: u64 = 100;

/// Copies up and deletes by two threads while nobody reads the ring.
pub(super) fn run(disks: &Disks) -> Result<()> {
    let case = Case::new("storm").lower(|layer| {
        (0..COPIED).try_for_each(|index| layer.file(&copied(index), BYTES))?;
        (0..DELETED).try_for_each(|index| layer.file(&deleted(index), BYTES))
    });
    // A tmpfs below: nothing is shared, so every byte counts.
    let merged = Merged::new(&case, &disks.tmpfs(), &disks.roomy())?;
    let origins = Origins::read(&merged.lowers)?;
    let tracer = Tracer::start(&["--ring-size", "4KiB"])?;
    tracer.pause()?;
    let worked = work(&merged);
    tracer.resume()?;
    worked.context("the operations")?;
    let entries = upper::read(&merged.upper, &origins)?;
    let recorded = tracer.finish()?;
    sys::umount(&merged.root)?;
    let held = |word: &str| {
        entries
            .values()
            .filter(|words| words.starts_with(word))
            .count()
    };
    ensure!(
        (held("copy of"), held("whiteout"), entries.len()) == (COPIED, DELETED, COPIED + DELETED),
        "the upper directory holds something else"
    );
    judge(&recorded, &merged.upper.display().to_string())
}

fn work(merged: &Merged) -> Result<()> {
    thread::scope(|scope| {
        let copier = scope.spawn(|| (0..COPIED).try_for_each(|index| merged.touch(&copied(index))));
        (0..DELETED).try_for_each(|index| merged.unlink(&deleted(index)))?;
        Ok(copier.join().ok().context("a thread panicked")??)
    })
}

fn copied(index: usize) -> String {
    format!("copied-{index}")
}

fn deleted(index: usize) -> String {
    format!("deleted-{index}")
}

fn judge(recorded: &Recorded, upper: &str) -> Result<()> {
    let of_upper = |value: &&Value| value["mount"]["upperdir"] == upper;
    let events = ["copy_up", "whiteout"]
        .iter()
        .flat_map(|kind| recorded.of_type(kind))
        .filter(of_upper)
        .count();
    let losses = &recorded.summary["loss"];
    // The overlay's own record may be lost, too; the agent asks for what it said.
    let of = |reason: &str| losses["reasons"][reason].as_u64().unwrap_or(0);
    let lost = of("ring_copy_up") + of("ring_whiteout");
    ensure!(lost > 0, "nothing was lost: the storm is too weak");
    ensure!(
        losses["probe"] == 0 && losses["queue"] == 0,
        "more was lost: {losses}"
    );
    ensure!(
        events as u64 + lost == (COPIED + DELETED) as u64,
        "{events} events and {lost} lost of {}",
        COPIED + DELETED
    );
    let rows = recorded.summary["containers"]
        .as_array()
        .context("no rows")?;
    let row = rows.iter().find(of_upper).context("no row")?;
    ensure!(row["copy_ups"]["data"] == COPIED, "{row}");
    ensure!(row["copied_bytes"] == BYTES * COPIED as u64, "{row}");
    ensure!(row["whiteouts"]["unlink"] == DELETED, "{row}");
    ensure!(row["phases"]["data"]["count"] == COPIED, "{row}");
    Ok(())
}
