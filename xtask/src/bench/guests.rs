//! The guests that measure: those that count side by side, one processor each, then one by
//! one those that cannot.

use std::{path::Path, thread, time::Duration};

use anyhow::{Result, ensure};

use super::{BenchOptions, ROOTFS, measured::Measured};
use crate::{
    guest::Guest,
    host::{Host, say},
    vm,
};

/// What the parts begin with that run in a guest with two processors, which cannot count.
const UNCOUNTED: &str = "flood";

/// How long one guest may take.
const LIMIT: Duration = Duration::from_secs(90 * 60);

/// Two copies of a file of 1 GiB, and what the rest needs.
const MEMORY_MIB: u32 = 6144;

/// How many guests count at the same time: what they count does not depend on each other,
/// but each may take up all its memory.
const SIDE_BY_SIDE: usize = 2;

/// Addresses that change from boot to boot change hash tables, and so the numbers.
const KERNEL_ARGS: [&str; 2] = ["nokaslr", "norandmaps"];

/// A guest to be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Job {
    kernel: String,
    counts: bool,
    /// Nothing for all that it can do.
    parts: Vec<String>,
}

/// Measures what is asked for, with the programs in `binaries`.
///
/// # Errors
/// When a guest fails, which is said at once; the others are run to their ends.
pub(super) fn run(binaries: &Path, options: &BenchOptions) -> Result<Measured> {
    let (counted, others): (Vec<Job>, Vec<Job>) = jobs(&options.kernels, &options.workloads)
        .into_iter()
        .partition(|job| job.counts);
    let mut measured = Measured::default();
    let mut failed = 0;
    for group in counted.chunks(SIDE_BY_SIDE).chain(others.chunks(1)) {
        let group = thread::scope(|scope| {
            let guests: Vec<_> = group
                .iter()
                .map(|job| (job, scope.spawn(|| in_guest(binaries, options, job))))
                .collect();
            let ends = guests.into_iter();
            ends.map(|(job, guest)| (job, guest.join()))
                .collect::<Vec<_>>()
        });
        for (job, end) in group {
            match end {
                Ok(Some((release, lines))) => measured.take(&job.kernel, &release, &lines)?,
                Ok(None) | Err(_) => failed += 1,
            }
        }
    }
    ensure!(failed == 0, "{failed} guests failed, as said above");
    Ok(measured)
}

/// Release and output; `None` if there is none, which is said.
fn in_guest(binaries: &Path, options: &BenchOptions, job: &Job) -> Option<(String, Vec<String>)> {
    measure(binaries, options, job)
        .inspect_err(|error| say(format_args!("kernel {}: {error:#}", job.kernel)))
        .ok()
}

fn measure(binaries: &Path, options: &BenchOptions, job: &Job) -> Result<(String, Vec<String>)> {
    // All that is needed is there by now.
    let host = Host::new(false)?;
    let guest = Guest {
        kernel: job.kernel.clone(),
        rootfs: ROOTFS.to_owned(),
        memory_mib: MEMORY_MIB,
        time_limit: LIMIT,
        count_instructions: job.counts,
        kernel_args: KERNEL_ARGS.map(str::to_owned).to_vec(),
        ..Guest::new(binaries.to_owned())
    };
    let mut lines = Vec::new();
    let finished = vm::in_guest(
        &host,
        &guest,
        &script(options, &job.parts),
        "",
        &mut |line| {
            lines.push(line.to_owned());
        },
    )?;
    ensure!(
        finished.status == 0,
        "the benchmarks on kernel {} ended with status {}",
        finished.kernel_version,
        finished.status
    );
    Ok((finished.kernel_version, lines))
}

/// A guest or two of each kernel.
fn jobs(kernels: &[String], asked: &[String]) -> Vec<Job> {
    let (uncounted, counted): (Vec<String>, Vec<String>) = asked
        .iter()
        .cloned()
        .partition(|name| name.starts_with(UNCOUNTED));
    let mut jobs = Vec::new();
    for kernel in kernels {
        let mut add = |counts, parts: &[String]| {
            jobs.push(Job {
                kernel: kernel.clone(),
                counts,
                parts: parts.to_vec(),
            });
        };
        if asked.is_empty() || !counted.is_empty() {
            add(true, &counted);
        }
        if asked.is_empty() {
            add(false, &[UNCOUNTED.to_owned()]);
        } else if !uncounted.is_empty() {
            add(false, &uncounted);
        }
    }
    jobs
}

/// What runs in the guest.
fn script(options: &BenchOptions, parts: &[String]) -> String {
    let quoted = |word: &str| format!("'{}'", word.replace('\'', ""));
    let mut words = vec![format!(
        "exec ovl-trace-tests bench --repeat {}",
        options.repeat
    )];
    if !options.tracers.is_empty() {
        words.push(format!("--tracers {}", quoted(&options.tracers.join(","))));
    }
    words.extend(parts.iter().map(|part| quoted(part)));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(asked: &[&str]) -> Vec<(bool, Vec<String>)> {
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        let jobs = jobs(&["6.12".to_owned()], &asked).into_iter();
        jobs.map(|job| (job.counts, job.parts)).collect()
    }

    fn job(counts: bool, parts: &[&str]) -> (bool, Vec<String>) {
        let parts = parts.iter().map(|name| (*name).to_owned());
        (counts, parts.collect())
    }

    #[test]
    fn what_cannot_be_counted_has_a_guest_of_its_own() {
        assert_eq!(of(&[]), [job(true, &[]), job(false, &["flood"])]);
        assert_eq!(of(&["flood"]), [job(false, &["flood"])]);
        assert_eq!(of(&["rm -r"]), [job(true, &["rm -r"])]);
        assert_eq!(
            of(&["flood", "growth", "flood 1000000"]),
            [
                job(true, &["growth"]),
                job(false, &["flood", "flood 1000000"])
            ]
        );
    }

    #[test]
    fn each_kernel_has_its_guests() {
        let kernels = ["6.1", "6.12"].map(str::to_owned);
        let jobs = jobs(&kernels, &["growth".to_owned()]);
        let kernels: Vec<&str> = jobs.iter().map(|job| job.kernel.as_str()).collect();
        assert_eq!(kernels, ["6.1", "6.12"]);
    }
}
