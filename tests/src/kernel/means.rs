//! By what means functions are probed: trampolines where no task can be interrupted
//! while it runs a program, else kprobes.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use anyhow::{Context as _, Result, ensure};

use super::{case::Case, coverage, merged::Merged, skipped, sys};
use crate::{loaded_programs, tracer::Tracer};

/// Of each file: four chunks.
const BYTES: u64 = 4 << 20;

/// More than are needed.
const FILES: u64 = 20_000;

/// `enum bpf_prog_type`
const TYPE_KPROBE: u64 = 2;
const TYPE_TRACING: u64 = 26;

/// The doctor, the kernel and the programs that are loaded agree.
pub(super) fn by_preemption() -> Result<()> {
    let checks = coverage::doctor()?;
    let check = checks.iter().find(|check| check["name"] == "trampolines");
    let found = check.and_then(|check| check["found"].as_str());
    let found = found.context("doctor does not speak of trampolines")?;
    let expected = fs::read_to_string(skipped::PREEMPTION)
        .is_ok_and(|modes| modes.contains("(voluntary)") || modes.contains("(none)"));
    ensure!(found.starts_with("used") == expected, "doctor: {found}");

    let tracer = Tracer::start(&[])?;
    let (trampolines, kprobes) = in_use()?;
    tracer.finish()?.expect_no_loss()?;
    if expected {
        // One caller is in a register, and seven returns may not be missed, three of
        // them of functions whose entry is probed, too.
        ensure!(kprobes == 11, "{kprobes} kprobes");
        ensure!(trampolines >= 10, "{trampolines} trampolines");
    } else {
        ensure!(trampolines == 0, "{trampolines} trampolines");
        ensure!(kprobes > 15, "{kprobes} kprobes");
    }
    Ok(())
}

/// While copy-ups and deletions run, a second `ovl-trace` attaches to the same functions
/// and leaves them, which changes their trampolines: the first misses nothing.
pub(super) fn another_tracer_comes_and_goes() -> Result<()> {
    // All of one inode, so that there are enough of them.
    let case = Case::new("another").lower(|layer| {
        layer.file("0", BYTES)?;
        let at = |index: u64| layer.root.join(index.to_string());
        Ok((1..FILES).try_for_each(|index| fs::hard_link(at(0), at(index)))?)
    });
    let directory = tempfile::tempdir()?;
    let merged = Merged::new(&case, directory.path(), directory.path())?;
    let tracer = Tracer::start(&[])?;
    let is_over = AtomicBool::new(false);
    let worked = thread::scope(|scope| {
        let thread = scope.spawn(|| work(&merged, &is_over));
        let other = Tracer::start(&[]).and_then(Tracer::finish);
        is_over.store(true, Ordering::Relaxed);
        let worked = thread.join().ok().context("a thread panicked")?;
        other?;
        worked
    })?;
    let recorded = tracer.finish()?;
    sys::umount(&merged.root)?;

    recorded.expect_no_loss()?;
    let upper = merged.upper.display().to_string();
    let rows = recorded.summary["containers"].as_array();
    let mut rows = rows.context("no rows")?.iter();
    let row = rows.find(|row| row["mount"]["upperdir"] == upper.as_str());
    let row = row.context("no row of the overlay")?;
    ensure!(row["copy_ups"]["data"] == worked, "of {worked}: {row}");
    ensure!(row["copied_bytes"] == worked * BYTES, "of {worked}: {row}");
    ensure!(row["whiteouts"]["unlink"] == worked, "of {worked}: {row}");
    Ok(())
}

/// Copies up and deletes one file after the other; how many.
fn work(merged: &Merged, is_over: &AtomicBool) -> Result<u64> {
    for index in 0..FILES {
        if is_over.load(Ordering::Relaxed) {
            return Ok(index);
        }
        let name = index.to_string();
        merged.touch(&name)?;
        merged.unlink(&name)?;
    }
    Ok(FILES)
}

/// Programs of all running `ovl-trace`: those in trampolines, and those of kprobes.
pub(super) fn in_use() -> Result<(usize, usize)> {
    let programs = loaded_programs::all()?;
    let of = |kind| programs.iter().filter(|it| it.kind == kind).count();
    Ok((of(TYPE_TRACING), of(TYPE_KPROBE)))
}
