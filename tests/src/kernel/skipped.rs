//! Another user of BPF makes the kernel skip our programs: what is missing then
//! is counted as lost.
//!
//! While a system call on a BPF map runs, `trace_call_bpf` (`kernel/trace/bpf_trace.c`)
//! skips the programs of kprobes on that CPU. Where the kernel can be preempted
//! anywhere, other tasks run on that CPU meanwhile. `ovl-trace` uses kprobes on such a
//! kernel, and on others trampolines, which are not skipped for others.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use super::{bpf_map::EmptyMap, case::Case, means, merged::Merged, sys};
use crate::tracer::Tracer;

const FILES: usize = 300;

/// `none voluntary (full) lazy`: the mode in use is in brackets.
pub(super) const PREEMPTION: &str = "/sys/kernel/debug/sched/preempt";

/// The reason of the loss where the model was switched.
const SWITCHED: &str = "preemption_switched";

/// Copies up while every CPU reads a map.
pub(super) fn other_users_of_bpf() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let name = |index| format!("f{index}");
    let case = Case::new("skipped")
        .lower(move |layer| (0..FILES).try_for_each(|i| layer.file(&name(i), 100)));
    let merged = Merged::new(&case, directory.path(), directory.path())?;
    let preemption = Preemption::full()?;
    let tracer = Tracer::start(&[])?;
    let worked = while_maps_are_read(|| {
        for index in 0..FILES {
            // The readers get their turn, to be preempted.
            thread::sleep(Duration::from_millis(1));
            merged.touch(&name(index))?;
        }
        Ok(())
    });
    let preemptible = preemption.is_some();
    drop(preemption);
    worked?;
    let recorded = tracer.finish()?;
    let held = fs::read_dir(&merged.upper)?.count();
    sys::umount(&merged.root)?;
    ensure!(held == FILES, "{held} files were copied up");
    let counted = recorded.summary["totals"]["copy_ups"]["data"]
        .as_u64()
        .context("no totals")?;
    let losses = &recorded.summary["loss"];
    let lost = losses["probe"].as_u64().context("no loss.probe")?;
    let missing = (FILES as u64).saturating_sub(counted);
    if preemptible {
        ensure!(missing > 0, "nothing was skipped: the readers are too weak");
        ensure!(lost >= missing, "{missing} are missing, {losses}");
    } else {
        ensure!((missing, lost) == (0, 0), "{missing} are missing, {losses}");
    }
    Ok(())
}

/// A kernel that becomes preemptible while trampolines are used: that is said.
pub(super) fn preemption_switched() -> Result<()> {
    let tracer = Tracer::start(&[])?;
    let (trampolines, _) = means::in_use()?;
    let preemption = Preemption::full()?;
    let recorded = tracer.finish()?;
    let loss = &recorded.summary["loss"];
    let said = loss["reasons"].to_string().contains(SWITCHED);
    ensure!(said == (trampolines > 0 && preemption.is_some()), "{loss}");
    Ok(())
}

/// Does `work` while a thread on each CPU, which gives way to everybody, does
/// nothing but read a map.
fn while_maps_are_read(work: impl FnOnce() -> Result<()>) -> Result<()> {
    let map = EmptyMap::new(1 << 20).context("making a BPF map")?;
    let ended = Arc::new(AtomicBool::new(false));
    let cpus = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let readers: Vec<_> = (0..cpus)
            .map(|cpu| {
                let (map, ended) = (&map, Arc::clone(&ended));
                scope.spawn(move || -> Result<()> {
                    sys::run_when_idle_on(cpu)?;
                    while !ended.load(Ordering::Relaxed) {
                        map.walk()?;
                    }
                    Ok(())
                })
            })
            .collect();
        let worked = work();
        ended.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().ok().context("a thread panicked")??;
        }
        worked
    })
}

/// The kernel's mode of preemption, restored when dropped.
struct Preemption(String);

impl Preemption {
    /// Anywhere; `None` if this kernel cannot be switched to that.
    fn full() -> Result<Option<Self>> {
        let Ok(modes) = fs::read_to_string(PREEMPTION) else {
            return Ok(None);
        };
        let before = modes
            .split_whitespace()
            .find_map(|mode| mode.strip_prefix('(')?.strip_suffix(')'))
            .with_context(|| format!("the mode in '{modes}'"))?
            .to_owned();
        fs::write(PREEMPTION, "full").context("switching the preemption")?;
        Ok(Some(Self(before)))
    }
}

impl Drop for Preemption {
    fn drop(&mut self) {
        if let Err(error) = fs::write(PREEMPTION, &self.0) {
            crate::harness::note(&format!("the preemption stays full: {error}"));
        }
    }
}
