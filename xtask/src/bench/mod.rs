//! `cargo xtask bench`: what tracing costs, in instructions.
//!
//! Guests whose clock counts instructions run the same programs without a tracer,
//! with `ovl-trace` and with bpftrace (`ovl-trace-tests bench`). Processor time is
//! then a number of instructions, nearly the same from run to run on any machine.

mod agent;
mod compare;
mod counts;
mod guests;
mod measured;
mod other;
mod same;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Args;

use self::measured::Measured;
use crate::{
    build::{self, Profile},
    host::{Host, say},
    setup,
};

/// The root file system with the tracers to compare with.
const ROOTFS: &str = "bench";

/// What was measured last, to compare with.
const BASELINE: &str = "tests/bench/baseline.json";

/// `cargo xtask bench`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cargo xtask bench                           all workloads on 6.1, 6.12 and the newest kernel
  cargo xtask bench --kernels 6.12 'chmod 3000'
  cargo xtask bench --write-baseline          what later runs are compared with

It fails if a workload or a start takes over 3 % more instructions than in
tests/bench/baseline.json, if ovl-trace adds over 3 % more to a workload (and more than two
runs of the same differ by: 0.5 % of the workload, 0.1 % if nothing was added), or if two
runs of the same differ by over 1 %.")]
pub(crate) struct BenchOptions {
    /// The kernels: 5.10, 6.1, 6.12, 6.18, newest.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "6.1,6.12,newest"
    )]
    kernels: Vec<String>,
    /// How often each workload runs with each tracer; the least counts. The two largest run
    /// once.
    #[arg(long, value_name = "N", default_value_t = 3)]
    repeat: u32,
    /// Only these tracers ('none' is without one), separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    tracers: Vec<String>,
    /// Where the results go.
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,
    /// Write the table as Markdown, too.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Let the results take their place in what later runs are compared with; what was not
    /// measured this time stays there.
    #[arg(long)]
    write_baseline: bool,
    /// Fail as well if a number of instructions is not, within 1 %, that of another run, whose
    /// results these are.
    #[arg(long, value_name = "FILE")]
    same_as: Option<PathBuf>,
    /// Only these workloads; 'programs', 'growth' and 'flood' are the other parts, and
    /// 'flood 1000000' one that runs by its name only.
    #[arg(value_name = "WORKLOAD")]
    workloads: Vec<String>,
}

/// Measures, prints, compares.
pub(crate) fn command(host: &Host, options: &BenchOptions) -> Result<ExitCode> {
    let needed = setup::Guests {
        kernels: options.kernels.clone(),
        suites: vec![ROOTFS.to_owned()],
    };
    setup::for_tests(host, false, &needed)?;
    let programs = build::programs(host, Profile::Dist)?;
    // Before hours of work.
    let baseline = read(Path::new(BASELINE)).context(
        "what to compare with cannot be used: give it its old content back, or '{\"rows\":[],\
         \"others\":[]}' and run all of 'cargo xtask bench --write-baseline'",
    )?;
    let measured = guests::run(&programs, options)?;
    write(&options.json, &measured.to_json()?)?;
    let table = table::markdown(&measured);
    say(&table);
    if let Some(path) = &options.markdown {
        write(path, &table)?;
    }
    if options.write_baseline {
        write(Path::new(BASELINE), &baseline.renewed(measured).to_json()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut wrong = compare::regressions(&baseline, &measured);
    wrong.extend(same::unrepeatable(&measured));
    if let Some(path) = &options.same_as {
        wrong.extend(same::unlike(&read(path)?, &measured));
    }
    for line in &wrong {
        say(line);
    }
    Ok(ExitCode::from(u8::from(!wrong.is_empty())))
}

/// The results of another run.
fn read(path: &Path) -> Result<Measured> {
    fs::read_to_string(path)
        .with_context(|| format!("cannot read '{}'", path.display()))
        .and_then(|text| Measured::from_json(&text))
        .with_context(|| format!("the results '{}'", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write '{}'", path.display()))
}
