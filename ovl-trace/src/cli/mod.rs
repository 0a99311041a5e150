//! The command line: parse, validate, act, exit with a meaning.
//!
//! The clap structs (`live`, `report`, `record`, `mounts`, `doctor`, `filters`) only
//! parse; [`config`] has what comes out of them, checked; [`Commands`] hands it
//! to the parts that do the work.

pub mod config;
pub mod exit;

mod completions;
mod doctor;
mod filters;
mod live;
pub(crate) mod log;
mod mounts;
mod record;
mod report;
mod run;
mod terminal;
mod values;

use std::{
    ffi::OsString,
    io::{self, BufWriter, Write},
    process::ExitCode as ProcessExitCode,
};

use clap::{ArgAction, Args, Parser, Subcommand};

use config::{Command, Environment};
pub use run::Commands;

const ABOUT: &str = "\
Shows overlayfs copy-ups and whiteouts per container: which file, how many \
bytes, how long it took, and why";

/// Buffer of standard output: some 200 events.
const OUT_BYTES: usize = 64 << 10;

const EXAMPLES: &str = "\
Examples:
  ovl-trace doctor                       what can be traced on this machine
  ovl-trace live                         watch copy-ups and whiteouts
  ovl-trace report --duration 60s        one minute, summed up per container
  ovl-trace record -w a.ovlrec           for another time, or another machine

Exit codes: 0 ok, 1 runtime error, 2 usage, 3 the kernel or the privileges do
not allow it, 4 more was copied up than --fail-over allows.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "ovl-trace", version, about = ABOUT, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Subcommands,
    #[command(flatten)]
    global: Global,
}

/// Options of every command.
#[derive(Debug, Args)]
struct Global {
    /// Write the tool's own log to standard error; repeat for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        help = "Colours: auto (on a terminal, unless NO_COLOR is set), always, never",
        default_value = "auto",
        hide_possible_values = true
    )]
    color: config::ColourChoice,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    Live(live::LiveArgs),
    Report(report::ReportArgs),
    Record(record::RecordArgs),
    Mounts(mounts::MountsArgs),
    Doctor(doctor::DoctorArgs),
    Completions(completions::CompletionsArgs),
    Man(completions::ManArgs),
}

impl Cli {
    /// The validated configuration.
    fn validate(self, environment: Environment) -> anyhow::Result<Command> {
        let style = self.global.color.style(environment);
        Ok(match self.command {
            Subcommands::Live(args) => Command::Live(args.config(environment, style)?),
            Subcommands::Report(args) => Command::Report(args.config(environment, style)?),
            Subcommands::Record(args) => Command::Record(args.config(environment)?),
            Subcommands::Mounts(args) => Command::Mounts(args.config(environment, style)),
            Subcommands::Doctor(args) => Command::Doctor(args.config(environment, style)),
            Subcommands::Completions(args) => Command::Text(args.into()),
            Subcommands::Man(args) => Command::Text(args.into()),
        })
    }
}

/// Parses the command line, runs the command, and returns its exit code.
pub fn main() -> ProcessExitCode {
    let environment = terminal::environment();
    // Standard output alone would write line by line, and cost events under
    // load; whoever writes lines flushes when there are no more for now.
    let mut out = BufWriter::with_capacity(OUT_BYTES, io::stdout().lock());
    let code = run_with(
        std::env::args_os(),
        environment,
        &run::Agent,
        &mut out,
        &mut io::stderr(),
    );
    code.into()
}

/// [`main`] with these arguments, and what is printed after a view.
#[cfg(test)]
pub(crate) fn on_terminal(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ProcessExitCode {
    run_with(args, terminal::environment(), &run::Agent, out, err).into()
}

/// [`main`] with everything that it touches.
fn run_with(
    args: impl IntoIterator<Item = OsString>,
    environment: Environment,
    commands: &dyn Commands,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> exit::ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error, environment, out, err),
    };
    log::init(cli.global.verbose, environment);
    let command = match cli.validate(environment) {
        Ok(command) => command,
        Err(error) => return exit::wrong(&error, err),
    };
    let result = match &command {
        Command::Live(config) => commands.live(config, out),
        Command::Report(config) => commands.report(config, out),
        Command::Record(config) => commands.record(config, out),
        Command::Mounts(config) => commands.mounts(config, out),
        Command::Doctor(config) => commands.doctor(config, out),
        Command::Text(text) => completions::write(text, out),
    };
    // After a failure, too: what was written before belongs before the message.
    let flushed = out.flush();
    exit::code(result.and_then(|ending| Ok(flushed.map(|()| ending)?)), err)
}

#[cfg(test)]
mod tests;
