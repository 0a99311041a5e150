//! The command line of `cargo xtask`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{
    bench::{self, BenchOptions},
    build::{self, BuildOptions},
    check, demo,
    guest::VmOptions,
    host::Host,
    install::{self, InstallOptions},
    screenshot::{self, ScreenshotOptions},
    setup,
    steps::Steps,
    test::{self, TestOptions},
    vm,
};

/// Development tasks of ovl-trace.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:
  cargo xtask demo                see copy-ups of real containers
  cargo xtask test                the short tests
  cargo xtask test --full         what has to pass before a change lands
  cargo xtask test --unit         the part that needs neither root nor a guest
  cargo xtask setup --no-install  list what is missing, and change nothing

Every command that changes the machine is printed with its reason before it
runs. Downloads and tools are kept in ~/.cache/ovl-trace."
)]
pub(crate) struct Cli {
    /// Install nothing: list what is missing and the commands that would get it.
    #[arg(long, global = true)]
    no_install: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what building, all checks and the short tests need.
    Setup,
    /// Build the eBPF object and the agent that embeds it.
    Build(BuildOptions),
    /// Check format, lints, licences and documentation.
    Check,
    /// Run what the project tests, in one of three tiers.
    Test(TestOptions),
    /// Boot a guest kernel.
    Vm(VmOptions),
    /// Measure what tracing costs, side by side with bpftrace.
    Bench(BenchOptions),
    /// Show copy-ups of real containers, here or in a guest.
    Demo,
    /// Install the agent.
    Install(InstallOptions),
    /// Draw the full-screen view of a recording, as in the README.
    Screenshot(ScreenshotOptions),
}

impl Cli {
    /// Runs the task. A guest's command has exit codes of its own, and the
    /// tests print nothing after their counts.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let host = Host::new(!self.no_install)?;
        std::env::set_current_dir(&host.workspace)?;
        match self.task {
            Task::Setup => setup::command(&host),
            Task::Build(options) => build::command(&host, &options),
            Task::Check => {
                let toolchain = setup::for_tests(&host, true, &setup::Guests::default())?;
                let mut steps = Steps::default();
                check::all(&host, &toolchain, true, &mut steps);
                steps.verdict()
            }
            Task::Test(options) => return test::command(&host, &options),
            Task::Vm(options) => return vm::command(&host, &options),
            Task::Bench(options) => return bench::command(&host, &options),
            Task::Demo => demo::command(&host),
            Task::Install(options) => install::command(&host, &options),
            Task::Screenshot(options) => screenshot::command(&host, &options),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_install_is_taken_after_the_task_too() {
        let cli = Cli::parse_from(["cargo xtask", "test", "--no-install"]);
        assert!(cli.no_install);
    }
}
