//! What tracing costs: the same workload without a tracer, with `ovl-trace`
//! and with bpftrace, in processor time.
//!
//! `ovl-trace-tests bench [--repeat N] [--tracers NAMES] [WORKLOAD…]`, where `programs` and
//! `growth`, and only by name `flood` and `flood 1000000`, are the parts that have no
//! workload of their own. In a guest whose clock counts instructions (`cargo xtask bench`),
//! processor time is a number of instructions. One JSON object per line goes to standard
//! output.

mod containers;
mod cost;
mod flood;
mod growth;
mod measured;
mod priority;
mod programs;
mod tracer;
mod workload;

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    thread,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use self::{
    priority::Priority,
    tracer::{TRACERS, Tracer},
    workload::{WORKLOADS, Workload},
};
use crate::command::run as run_program;

/// How often each pair of workload and tracer runs, unless asked otherwise.
const REPEAT: usize = 3;

/// How long the lists of free pages of a processor are: a fixed part of the memory, if this
/// is set. Else the kernel makes them longer and shorter by what has lately been asked for
/// (since 6.7, `mm/page_alloc.c`), and a copy of 64 KiB takes 1 % more or less after that.
const PAGE_LISTS: &str = "/proc/sys/vm/percpu_pagelist_high_fraction";

/// Runs what the arguments choose.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::harness::note(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let asked = Asked::parse(arguments)?;
    fs::write(PAGE_LISTS, "8").with_context(|| format!("writing to '{PAGE_LISTS}'"))?;
    print(&environment()?)?;
    let tracers: Vec<&Tracer> = TRACERS
        .iter()
        .filter(|tracer| asked.traces(tracer.name))
        .collect();
    let workloads: Vec<&Workload> = WORKLOADS
        .iter()
        .filter(|workload| asked.names(workload.name))
        .collect();
    if !workloads.is_empty() {
        tracers.iter().try_for_each(|tracer| warm_up(tracer))?;
    }
    for workload in workloads {
        let stage = workload.prepare()?;
        // The first run fills caches, which no later one does: it does not count.
        stage.run(&TRACERS[0])?;
        for tracer in &tracers {
            for _ in 0..workload.repeat(asked.repeat) {
                let measured = stage.run(tracer).with_context(|| {
                    format!("the workload '{}' with '{}'", workload.name, tracer.name)
                })?;
                print(&json!({
                    "workload": workload.name,
                    "what": workload.what,
                    "units": workload.units,
                    "tracer": tracer.name,
                    "measured": measured,
                }))?;
            }
        }
        stage.clear()?;
    }
    if asked.names("programs") {
        programs::each(|row| Ok(print(row)?))?;
    }
    if asked.names("growth") {
        growth::each(|row| Ok(print(row)?))?;
    }
    // Only by name: what they show is no number of instructions.
    for (name, events) in flood::SIZES {
        if asked.workloads.contains(&name) {
            print(&flood::row(events)?)?;
        }
    }
    Ok(())
}

/// Starts a tracer and ends it: the first start reads files that no later one does, and does
/// not count.
fn warm_up(tracer: &Tracer) -> Result<()> {
    let context = || format!("the first start of '{}'", tracer.name);
    let output = Path::new(FIRST_OUTPUT);
    if let Some(running) = tracer
        .start(output, Priority::First)
        .with_context(context)?
    {
        running.finish().with_context(context)?;
    }
    Ok(())
}

/// What the first start of a tracer writes.
const FIRST_OUTPUT: &str = "/run/first";

/// Where the programs are that are measured.
const PROGRAMS: &str = "/host";

/// What was measured with what.
fn environment() -> Result<Value> {
    let version = |program: &str| -> Result<String> {
        let text = run_program(program, &["--version"])?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    Ok(json!({
        "environment": fs::read_to_string("/proc/version")?.trim(),
        "processors": thread::available_parallelism()?.get(),
        "ovl_trace": version("ovl-trace")?,
        "ovl_trace_bytes": fs::metadata(Path::new(PROGRAMS).join("ovl-trace"))?.len(),
        // Not in each root file system.
        "bpftrace": version("bpftrace").ok(),
    }))
}

fn print(value: &Value) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{value}")?;
    out.flush()
}

/// What the arguments ask for.
struct Asked<'a> {
    workloads: Vec<&'a str>,
    tracers: Vec<&'a str>,
    repeat: usize,
}

impl<'a> Asked<'a> {
    fn parse(arguments: &'a [String]) -> Result<Self> {
        let mut asked = Self {
            workloads: Vec::new(),
            tracers: Vec::new(),
            repeat: REPEAT,
        };
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--repeat" => {
                    let number = words.next().context("'--repeat' needs a number")?;
                    asked.repeat = number
                        .parse()
                        .with_context(|| format!("'{number}' is no number"))?;
                }
                "--tracers" => {
                    let names = words.next().context("'--tracers' needs names")?;
                    asked.tracers = names.split(',').collect();
                }
                word if word.starts_with('-') => bail!("unknown option '{word}'"),
                word => asked.workloads.push(word),
            }
        }
        Ok(asked)
    }

    fn names(&self, workload: &str) -> bool {
        self.workloads.is_empty() || self.workloads.contains(&workload)
    }

    fn traces(&self, tracer: &str) -> bool {
        self.tracers.is_empty() || self.tracers.contains(&tracer)
    }
}
