//! `cargo xtask test`: everything that the project tests, from a bare machine.

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
    check, e2e,
    host::{Host, say},
    setup,
    steps::Steps,
    toolchain, unit_tests,
};

/// `cargo xtask test`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cargo xtask test                           everything
  cargo xtask test --unit                    without root and without a guest
  cargo xtask test --e2e --kernels 5.10,6.12 the end-to-end tests on two kernels
  cargo xtask test --e2e --kernels all       the same on every kernel
  cargo xtask test --e2e --kernels 6.12 --suites trixie
                                             Docker of trixie

The last line of the output is `N passed, N failed, N skipped`; each check and
each test counts as one. The exit code is 0 only when nothing failed.")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line"
)]
pub(crate) struct TestOptions {
    /// Only the unit tests.
    #[arg(long, conflicts_with = "e2e")]
    unit: bool,
    /// Only the end-to-end tests, in a guest.
    #[arg(long)]
    e2e: bool,
    /// Leave out format, lints, licences and documentation.
    #[arg(long)]
    no_checks: bool,
    /// The kernels for the end-to-end tests, or 'all' (5.10, 6.1, 6.12, 6.18
    /// and newest). Containers and workloads are tested on one each: bookworm's
    /// and workloads on 6.1, trixie's on 6.12, sid's on the newest.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = e2e::DEFAULT_KERNELS
    )]
    kernels: Vec<String>,
    /// The Debian suites whose container runtimes are tested, or 'all': bookworm,
    /// trixie (only with '--kernels 6.12' or 'all') and sid; and 'many', two hundred
    /// containers one after another.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = e2e::DEFAULT_SUITES,
        value_parser = e2e::SUITE_NAMES
    )]
    suites: Vec<String>,
    /// Leave out the tests with containers.
    #[arg(long, conflicts_with_all = ["unit", "suites"])]
    no_containers: bool,
    /// Leave out the tests with real programs (package managers, databases).
    #[arg(long, conflicts_with = "unit")]
    no_workloads: bool,
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
    fn parts(&self) -> Parts {
        Parts {
            checks: !(self.no_checks || self.unit || self.e2e),
            unit: !self.e2e,
            e2e: !self.unit,
        }
    }
}

/// Runs the parts and prints what failed, then the line with the counts.
pub(crate) fn command(host: &Host, options: &TestOptions) -> Result<ExitCode> {
    let mut steps = Steps::default();
    run(host, options, &mut steps);
    let verdict = steps.verdict();
    if let Err(error) = &verdict {
        say(format_args!("error: {error:#}"));
    }
    writeln!(io::stdout(), "{}", steps.counts()).context("cannot write the counts")?;
    Ok(ExitCode::from(u8::from(verdict.is_err())))
}

fn run(host: &Host, options: &TestOptions, steps: &mut Steps) {
    let Parts { checks, unit, e2e } = options.parts();
    let kernels = e2e::kernels(&options.kernels);
    let asked = e2e::Asked {
        containers: if options.no_containers {
            &[]
        } else {
            &options.suites
        },
        workloads: !options.no_workloads,
    };
    let (suites, left_out) = e2e::Suite::choose(asked, &kernels);
    if checks || e2e {
        let guests = setup::Guests {
            kernels: if e2e { &kernels } else { &[] },
            suites: &suites.iter().map(|suite| suite.rootfs).collect::<Vec<_>>(),
        };
        let Some(toolchain) = prepare(host, checks, guests, steps) else {
            return;
        };
        if checks {
            check::all(host, &toolchain, steps);
        }
    }
    if unit {
        steps.counted("unit tests", || unit_tests::run(host));
        steps.counted("the HTML report in a browser", || browser::run(host));
    }
    if e2e {
        for suite in left_out {
            say(format_args!(
                "left out: the tests with {}, which run on kernel {}",
                suite.name,
                suite.kernel()
            ));
        }
        steps.counted("end-to-end tests", || {
            let programs = build::programs(host, Profile::Dev)?;
            let chosen = e2e::Chosen {
                kernels: &kernels,
                suites: &suites,
                table: options.write_cases.as_deref(),
            };
            e2e::run(host, &programs, &chosen)
        });
    }
}

/// Set-up, then the eBPF object, which the agent embeds. `None`: set-up
/// failed, so nothing further can run.
fn prepare(
    host: &Host,
    checks: bool,
    guests: setup::Guests<'_>,
    steps: &mut Steps,
) -> Option<toolchain::Toolchain> {
    let mut toolchain = None;
    steps.check("set-up", || {
        toolchain = Some(setup::for_tests(host, checks, guests)?);
        Ok(())
    });
    let toolchain = toolchain?;
    steps.check("eBPF object", || {
        build::native_object(host, &toolchain).map(drop)
    });
    if checks {
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
    fn the_default_is_everything() {
        assert_eq!(
            options(&[]).parts(),
            Parts {
                checks: true,
                unit: true,
                e2e: true
            }
        );
        assert_eq!(
            options(&["--no-checks"]).parts(),
            Parts {
                checks: false,
                unit: true,
                e2e: true
            }
        );
        assert_eq!(
            options(&["--unit"]).parts(),
            Parts {
                checks: false,
                unit: true,
                e2e: false
            }
        );
        assert_eq!(
            options(&["--e2e"]).parts(),
            Parts {
                checks: false,
                unit: false,
                e2e: true
            }
        );
    }

    #[test]
    fn kernels_are_a_list() {
        assert_eq!(options(&[]).kernels, ["5.10", "6.1", "newest"]);
        assert_eq!(options(&["--kernels", "5.10,7.2"]).kernels, ["5.10", "7.2"]);
    }
}
