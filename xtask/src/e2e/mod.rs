//! The end-to-end tests, in guests: system calls on every kernel, containers
//! and real programs of each Debian suite on one.

mod cases;
mod suites;
mod table;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};

pub(crate) use self::suites::{Asked, DEFAULT as DEFAULT_SUITES, NAMES as SUITE_NAMES, Suite};
use self::table::Table;
use crate::{
    counts::Counts,
    guest::Guest,
    host::{Host, say},
    vm,
};

/// How the tests of every kernel are called.
const SYSTEM_CALLS: &str = "system calls";

/// How long the tests in one guest may take: some four times what they do where processors
/// are emulated by two. A guest that hangs is silent, which ends it long before.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Every kernel series that is tested, the oldest first.
pub(crate) const ALL_KERNELS: [&str; 5] = ["5.10", "6.1", "6.12", "6.18", "newest"];

/// What is tested unless asked otherwise: the oldest, the one with containers,
/// the newest. All of them take half an hour where the processor is emulated.
pub(crate) const DEFAULT_KERNELS: &str = "5.10,6.1,newest";

/// The kernel series that a list means: `all` is every one.
pub(crate) fn kernels(list: &[String]) -> Vec<String> {
    let mut kernels: Vec<String> = Vec::new();
    for name in list {
        let meant = match name.as_str() {
            "all" => &ALL_KERNELS[..],
            name => &[name],
        };
        for name in meant {
            if !kernels.iter().any(|known| known == name) {
                kernels.push((*name).to_owned());
            }
        }
    }
    kernels
}

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen<'a> {
    /// The kernel series for the system calls.
    pub(crate) kernels: &'a [String],
    /// Containers and real programs.
    pub(crate) suites: &'a [&'static Suite],
    /// Where the table of cases and kernels goes.
    pub(crate) table: Option<&'a Path>,
}

/// Runs the system calls in a guest of each kernel, and the suites in a guest
/// of their own each. A guest that does not boot, or does not say how many of its tests
/// passed, is one failure; the others run all the same.
pub(crate) fn run(host: &Host, programs: &Path, chosen: &Chosen<'_>) -> Result<Counts> {
    let Chosen {
        kernels,
        suites,
        table,
    } = *chosen;
    let mut all = Counts::default();
    let mut cases = Table::default();
    let mut all_kernels = true;
    for kernel in kernels {
        let guest = guest(programs, kernel);
        let script = if table.is_some() {
            "exec ovl-trace-tests kernel --describe"
        } else {
            "exec ovl-trace-tests kernel"
        };
        let mut lines = Vec::new();
        let outcome = in_guest(host, &guest, SYSTEM_CALLS, script, &mut |line| {
            lines.push(line.to_owned());
        });
        match &outcome {
            Ok(outcome) => {
                for line in &lines {
                    cases.take(&outcome.kernel, line);
                }
            }
            Err(_) => all_kernels = false,
        }
        all += counted(outcome);
    }
    for suite in suites {
        let guest = Guest {
            rootfs: suite.rootfs.to_owned(),
            docker: suite.docker,
            ..guest(programs, suite.kernel())
        };
        all += counted(in_guest(
            host,
            &guest,
            suite.name,
            suite.script,
            &mut |_| {},
        ));
    }
    if let Some(path) = table {
        ensure!(
            all_kernels,
            "no table of cases and kernels: a kernel has no outcome"
        );
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(path, cases.markdown()))
            .with_context(|| format!("cannot write '{}'", path.display()))?;
        say(format_args!("cases and kernels: {}", path.display()));
    }
    Ok(all)
}

fn guest(programs: &Path, kernel: &str) -> Guest {
    Guest {
        kernel: kernel.to_owned(),
        time_limit: LIMIT,
        ..Guest::new(programs.to_owned())
    }
}

/// What came of the tests in a guest.
struct Outcome {
    /// Release of its kernel.
    kernel: String,
    counts: Counts,
}

fn counted(outcome: Result<Outcome>) -> Counts {
    match outcome {
        Ok(outcome) => outcome.counts,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            Counts::FAILED
        }
    }
}

fn in_guest(
    host: &Host,
    guest: &Guest,
    name: &str,
    script: &str,
    on_line: &mut dyn FnMut(&str),
) -> Result<Outcome> {
    let mut counts = None;
    let finished = vm::in_guest(host, guest, script, &mut |line| {
        counts = Counts::parse(line).or(counts);
        on_line(line);
    })
    .with_context(|| format!("{name} on kernel {}", guest.kernel))?;
    let kernel = finished.kernel_version;
    let counts = counts.with_context(|| {
        format!(
            "the tests on kernel {kernel} ended with status {} before they said how many passed",
            finished.status
        )
    })?;
    ensure!(
        counts.failed > 0 || finished.status == 0,
        "the tests on kernel {kernel} ended with status {}",
        finished.status
    );
    say(format_args!("kernel {kernel}, {name}: {counts}"));
    Ok(Outcome { kernel, counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[&str]) -> Vec<String> {
        let list: Vec<String> = list.iter().map(|name| (*name).to_owned()).collect();
        kernels(&list)
    }

    #[test]
    fn all_is_every_kernel_once() {
        assert_eq!(of(&["all"]), ALL_KERNELS);
        assert_eq!(
            of(&["6.12", "all", "6.1"]),
            ["6.12", "5.10", "6.1", "6.18", "newest"]
        );
        assert_eq!(of(&["7.2"]), ["7.2"]);
    }
}
