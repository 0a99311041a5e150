//! `cargo xtask test`: what the project tests, in three tiers, from a bare machine.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    browser,
    build::{self, Profile},
    check,
    e2e::{self, Job, Tier, Timings},
    host::{Host, say},
    setup,
    steps::Steps,
    toolchain, unit_tests,
};

/// `cargo xtask test`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cargo xtask test                           the short tests: some minutes
  cargo xtask test --full                    what has to pass before a change lands
  cargo xtask test --everything --timings    all kernels and suites, and where the time goes
  cargo xtask test --unit                    without root and without a guest
  cargo xtask test --e2e --kernels 5.10,6.12 --suites none
                                             system calls on two kernels
  cargo xtask test --e2e --kernels none --suites trixie
                                             Docker of trixie

The last line of the output is `N passed, N failed, N skipped`; each check and
each test counts as one. The exit code is 0 only when nothing failed.")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line"
)]
pub(crate) struct TestOptions {
    /// Every check, the HTML report in a browser, system calls on 5.10, 6.1 and the newest
    /// kernel and four file systems, containers of bookworm and sid, real programs.
    #[arg(long, conflicts_with = "everything")]
    full: bool,
    /// All of that, on 6.12 and 6.18 as well, containers of trixie, and two hundred containers
    /// one after another.
    #[arg(long)]
    everything: bool,
    /// Only the unit tests.
    #[arg(long, conflicts_with = "e2e")]
    unit: bool,
    /// Only the end-to-end tests, in guests.
    #[arg(long)]
    e2e: bool,
    /// Leave out format, lints, licences and documentation.
    #[arg(long)]
    no_checks: bool,
    /// The kernels for the system calls on all file systems, instead of the tier's: 5.10, 6.1,
    /// 6.12, 6.18, newest, 'all' or 'none'.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        conflicts_with = "unit"
    )]
    kernels: Option<Vec<String>>,
    /// The suites of containers and real programs, instead of the tier's.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = e2e::SUITE_WORDS,
        conflicts_with = "unit"
    )]
    suites: Option<Vec<String>>,
    /// Print seconds per step, and the slowest cases.
    #[arg(long)]
    timings: bool,
    /// Write the table of cases and kernels, as Markdown.
    #[arg(long, value_name = "FILE", conflicts_with = "unit")]
    write_cases: Option<PathBuf>,
}

/// What is to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    checks: bool,
    unit: bool,
    e2e: bool,
}

impl TestOptions {
    fn tier(&self) -> Tier {
        match (self.full, self.everything) {
            (_, true) => Tier::Everything,
            (true, false) => Tier::Full,
            (false, false) => Tier::Short,
        }
    }

    fn parts(&self) -> Parts {
        Parts {
            checks: !(self.no_checks || self.unit || self.e2e),
            unit: !self.e2e,
            e2e: !self.unit,
        }
    }

    /// The guests to run, those first that take longest.
    fn jobs(&self) -> Vec<Job> {
        if !self.parts().e2e {
            return Vec::new();
        }
        let kernels = self.kernels.as_deref().map(e2e::kernels);
        self.tier().jobs(
            kernels.as_deref(),
            self.suites.as_deref(),
            self.write_cases.is_some(),
        )
    }
}

/// Runs the parts and prints what failed, then the line with the counts.
pub(crate) fn command(host: &Host, options: &TestOptions) -> Result<ExitCode> {
    let mut steps = Steps::default();
    let mut timings = Timings::default();
    run(host, options, &mut steps, &mut timings);
    steps.tell(&mut timings);
    if options.timings {
        say(&timings);
    }
    let verdict = steps.verdict();
    if let Err(error) = &verdict {
        say(format_args!("error: {error:#}"));
    }
    writeln!(io::stdout(), "{}", steps.counts()).context("cannot write the counts")?;
    Ok(ExitCode::from(u8::from(verdict.is_err())))
}

fn run(host: &Host, options: &TestOptions, steps: &mut Steps, timings: &mut Timings) {
    let Parts { checks, unit, e2e } = options.parts();
    let thorough = options.tier() > Tier::Short;
    let jobs = options.jobs();
    if checks || e2e {
        let guests = setup::Guests::of(&jobs);
        let Some(toolchain) = prepare(host, checks && thorough, &guests, steps) else {
            return;
        };
        if checks {
            check::all(host, &toolchain, thorough, steps);
        }
    }
    if unit {
        steps.counted("unit tests", || unit_tests::run(host));
        if thorough {
            steps.counted("the HTML report in a browser", || browser::run(host));
        }
    }
    if e2e {
        steps.counted("end-to-end tests", || {
            let programs = build::programs(host, Profile::Dev)?;
            e2e::run(&programs, jobs, options.write_cases.as_deref(), timings)
        });
    }
}

/// Set-up, then the eBPF object, which the agent embeds. `None`: set-up
/// failed, so nothing further can run.
fn prepare(
    host: &Host,
    thorough: bool,
    guests: &setup::Guests,
    steps: &mut Steps,
) -> Option<toolchain::Toolchain> {
    let mut toolchain = None;
    steps.check("set-up", || {
        toolchain = Some(setup::for_tests(host, thorough, guests)?);
        Ok(())
    });
    let toolchain = toolchain?;
    steps.check("eBPF object", || {
        build::native_object(host, &toolchain).map(drop)
    });
    if thorough {
        steps.check("eBPF object of the other architecture", || {
            build::foreign_object(host, &toolchain).map(drop)
        });
    }
    Some(toolchain)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: TestOptions,
    }

    fn options(args: &[&str]) -> TestOptions {
        Cli::parse_from([&["test"], args].concat()).options
    }

    #[test]
    fn each_part_can_be_run_alone() {
        let parts = |args: &[&str]| {
            let Parts { checks, unit, e2e } = options(args).parts();
            (checks, unit, e2e)
        };
        assert_eq!(parts(&[]), (true, true, true));
        assert_eq!(parts(&["--full", "--no-checks"]), (false, true, true));
        assert_eq!(parts(&["--unit"]), (false, true, false));
        assert_eq!(parts(&["--e2e"]), (false, false, true));
    }

    #[test]
    fn the_tier_decides_how_many_guests_there_are() {
        assert_eq!(options(&["--unit"]).jobs().len(), 0);
        let count = |args: &[&str]| options(args).jobs().len();
        assert!(0 < count(&[]) && count(&[]) < count(&["--full"]));
        assert!(count(&["--full"]) < count(&["--everything"]));
        assert_eq!(count(&["--kernels", "none", "--suites", "sid"]), 1);
    }
}
