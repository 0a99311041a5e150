//! Runs the end-to-end tests in guests: system calls on the kernels of the tier, and each suite
//! of containers or real programs on one kernel.

mod cases;
mod suites;
mod table;
mod timings;

use std::{
    collections::VecDeque,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use self::table::Table;
pub(crate) use self::{
    suites::{Job, SUITE_WORDS, Tier, kernels},
    timings::Timings,
};
use crate::{
    counts::Counts,
    guest::Guest,
    host::{Host, say},
    vm,
};

/// Time limit for the tests in one guest: about four times what they take in an emulator on two
/// processors. A guest that hangs prints nothing and is ended much earlier.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// How many guests run at the same time, with a processor each. Most tests keep one processor
/// busy. Two guests with two processors each on two of this machine are no faster than one
/// after the other: a processor that holds a lock stands still while others wait for it.
const SIDE_BY_SIDE: usize = 2;

/// Runs the jobs, some side by side, each in a guest with these programs. A guest that does
/// not boot, or does not say how many of its tests passed, is one failure; the others run
/// all the same. The table of cases and kernels goes to `table`.
pub(crate) fn run(
    programs: &Path,
    jobs: Vec<Job>,
    table: Option<&Path>,
    timings: &mut Timings,
) -> Result<Counts> {
    let waiting = Mutex::new(VecDeque::from(jobs));
    // A function, so that the lock ends before the guest begins.
    let next = || lock(&waiting).pop_front();
    let ended = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(job) = next() {
                    let started = Instant::now();
                    let outcome = in_guest(programs, &job);
                    if let Err(error) = &outcome {
                        say(format_args!("error: {error:#}"));
                    }
                    lock(&ended).push((job, outcome, started.elapsed()));
                }
            });
        }
    });
    let mut all = Counts::default();
    let mut cases = Table::default();
    let mut complete = true;
    for (job, outcome, took) in ended.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let name = job.to_string();
        let counts = if let Ok(outcome) = outcome {
            for line in &outcome.lines {
                cases.take(&outcome.kernel, line);
                timings.take_case(&name, line);
            }
            outcome.counts
        } else {
            complete = false;
            Counts::FAILED
        };
        timings.add(&name, took, counts);
        all += counts;
    }
    if let Some(path) = table {
        ensure!(
            complete,
            "the table of cases was not written: the tests on a kernel did not finish; run them again"
        );
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(path, cases.markdown()))
            .with_context(|| format!("cannot write '{}'", path.display()))?;
        say(format_args!("cases and kernels: {}", path.display()));
    }
    Ok(all)
}

/// Locks a list. A thread that panicked cannot leave the list in a broken state.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result of the tests in one guest.
struct Outcome {
    /// Release of its kernel.
    kernel: String,
    counts: Counts,
    lines: Vec<String>,
}

fn in_guest(programs: &Path, job: &Job) -> Result<Outcome> {
    // The set-up is done.
    let host = Host::new(false)?;
    let guest = Guest {
        kernel: job.kernel.clone(),
        rootfs: job.rootfs.to_owned(),
        docker: job.docker,
        cpus: 1,
        time_limit: LIMIT,
        ..Guest::new(programs.to_owned())
    };
    let mut counts = None;
    let mut lines = Vec::new();
    let label = format!("[{job}] ");
    let finished = vm::in_guest(&host, &guest, &job.script, &label, &mut |line| {
        counts = Counts::parse(line).or(counts);
        lines.push(line.to_owned());
    })
    .with_context(|| format!("{} on kernel {}", job.name, job.kernel))?;
    let kernel = finished.kernel_version;
    let counts = counts.with_context(|| {
        format!(
            "the tests '{}' on kernel {kernel} ended with status {} before they said how many passed",
            job.name, finished.status
        )
    })?;
    ensure!(
        counts.failed > 0 || finished.status == 0,
        "the tests '{}' on kernel {kernel} ended with status {}",
        job.name,
        finished.status
    );
    say(format_args!("kernel {kernel}, {}: {counts}", job.name));
    Ok(Outcome {
        kernel,
        counts,
        lines,
    })
}
