//! `cargo xtask bench`: what tracing costs, in instructions.
//!
//! Guests whose clock counts instructions run the same programs without a tracer,
//! with `ovl-trace` and with bpftrace (`ovl-trace-tests bench`). Processor time is
//! then a number of instructions, nearly the same from run to run on any machine.

mod compare;
mod measured;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use self::measured::Measured;
use crate::{
    build,
    guest::Guest,
    host::{Host, say},
    setup, vm,
};

/// The root file system with the tracers to compare with.
const ROOTFS: &str = "bench";

/// What was measured last, to compare with.
const BASELINE: &str = "tests/bench/baseline.json";

/// How long one kernel may take.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Two copies of a file of 1 GiB, and what the rest needs.
const MEMORY_MIB: u32 = 6144;

/// Addresses that change from boot to boot change hash tables, and so the numbers.
const KERNEL_ARGS: [&str; 2] = ["nokaslr", "norandmaps"];

/// `cargo xtask bench`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cargo xtask bench                           all workloads on 6.1, 6.12 and the newest kernel
  cargo xtask bench --kernels 6.12 'chmod 3000'
  cargo xtask bench --write-baseline          what later runs are compared with

It fails if a workload or a start takes over 3 % more instructions than in
tests/bench/baseline.json, if ovl-trace adds over 3 % (and 30 instructions) more to a
workload, or if two runs of the same differ by over 1 %.")]
pub(crate) struct BenchOptions {
    /// The kernels: 5.10, 6.1, 6.12, 6.18, newest.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "6.1,6.12,newest"
    )]
    kernels: Vec<String>,
    /// How often each workload runs with each tracer; the least counts.
    #[arg(long, value_name = "N", default_value_t = 3)]
    repeat: u32,
    /// Where the results go.
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,
    /// Write the table as Markdown, too.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Let the results be what later runs are compared with.
    #[arg(long)]
    write_baseline: bool,
    /// Only these workloads; 'programs', 'growth' and 'million' are the other parts.
    #[arg(value_name = "WORKLOAD")]
    workloads: Vec<String>,
}

/// Measures, prints, compares.
pub(crate) fn command(host: &Host, options: &BenchOptions) -> Result<ExitCode> {
    let guests = setup::Guests {
        kernels: &options.kernels,
        suites: &[ROOTFS],
    };
    setup::for_tests(host, false, guests)?;
    let binaries = build::guest_binaries(host)?;
    let mut measured = Measured::default();
    for kernel in &options.kernels {
        let guest = Guest {
            kernel: kernel.clone(),
            rootfs: ROOTFS.to_owned(),
            memory_mib: MEMORY_MIB,
            time_limit: LIMIT,
            count_instructions: true,
            kernel_args: KERNEL_ARGS.map(str::to_owned).to_vec(),
            ..Guest::new(binaries.dir.clone())
        };
        let mut lines = Vec::new();
        let finished = vm::in_guest(host, &guest, &script(options), &mut |line| {
            lines.push(line.to_owned());
        })?;
        ensure!(
            finished.status == 0,
            "the benchmarks on kernel {} ended with status {}",
            finished.kernel_version,
            finished.status
        );
        measured.take(kernel, &finished.kernel_version, &lines)?;
    }
    write(&options.json, &measured.to_json()?)?;
    let table = table::markdown(&measured);
    say(&table);
    if let Some(path) = &options.markdown {
        write(path, &table)?;
    }
    if options.write_baseline {
        write(Path::new(BASELINE), &measured.to_json()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = fs::read_to_string(BASELINE)
        .with_context(|| format!("no '{BASELINE}': run this once with --write-baseline"))?;
    let baseline = Measured::from_json(&text).with_context(|| format!("'{BASELINE}'"))?;
    let mut wrong = compare::regressions(&baseline, &measured);
    wrong.extend(compare::unrepeatable(&measured));
    for line in &wrong {
        say(line);
    }
    Ok(ExitCode::from(u8::from(!wrong.is_empty())))
}

/// What runs in the guest.
fn script(options: &BenchOptions) -> String {
    let mut words = vec![
        "exec ovl-trace-tests bench --repeat".to_owned(),
        options.repeat.to_string(),
    ];
    let names = options.workloads.iter();
    words.extend(names.map(|name| format!("'{}'", name.replace('\'', ""))));
    words.join(" ")
}

fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write '{}'", path.display()))
}
