//! Every system call that makes overlayfs copy up or hide a file, on every
//! file system for upper layers: the events must be exactly the right ones,
//! and the upper directory must agree.
//!
//! `ovl-trace-tests kernel [--describe] [--on FILE-SYSTEM,…] [NAME…]`; a name is a part of
//! `FILE-SYSTEM::TOPIC::CASE`. `any` stands for the cases that belong to no file system. With
//! `--describe`, the events that each case must report are printed, too.

mod bpf_map;
mod bytes;
mod case;
mod clock;
mod coverage;
mod disarmed;
mod disks;
mod doctored;
mod expected;
mod facts;
mod filters;
mod int80;
pub(crate) mod judge;
mod layer;
mod limits;
mod mapped;
mod means;
pub(crate) mod merged;
mod module;
mod print;
pub(crate) mod process;
mod run;
mod scale;
mod skipped;
mod store;
mod storm;
pub(crate) mod sys;
mod topics;
pub(crate) mod totals;
pub(crate) mod upper;
mod uring;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Instant,
};

use anyhow::Result;
use print::{Column, Counts, Ended};
use run::Verdict;

use crate::harness;

/// The cases that the arguments choose.
struct Chosen {
    describe: bool,
    /// File systems; all if empty.
    on: Vec<String>,
    /// Parts of names; all cases if empty.
    names: Vec<String>,
}

impl Chosen {
    fn parse(arguments: &[String]) -> Self {
        let mut chosen = Self {
            describe: false,
            on: Vec::new(),
            names: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--describe" => chosen.describe = true,
                "--on" => chosen.on.extend(
                    arguments
                        .next()
                        .iter()
                        .flat_map(|list| list.split(','))
                        .map(str::to_owned),
                ),
                name => chosen.names.push(name.to_owned()),
            }
        }
        chosen
    }
}

/// Runs the cases that the arguments choose (all without names).
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    match all(&Chosen::parse(arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// Whether all passed.
fn all(chosen: &Chosen) -> io::Result<bool> {
    let Chosen {
        describe,
        on,
        names,
    } = chosen;
    let mut out = io::stdout();
    let mut counts = Counts::default();
    let mut columns = Vec::new();
    let mut add = |name, run: &dyn Fn() -> Result<Vec<Ended>>| {
        if !on.is_empty() && !on.iter().any(|wanted| wanted == name) {
            return Ok(());
        }
        let started = Instant::now();
        let verdicts = run().unwrap_or_else(|error| {
            vec![Ended::of("all::the_run", || {
                Verdict::Failed(format!("{error:#}"))
            })]
        });
        let column = Column { name, verdicts };
        print::lines(&mut out, &column, &mut counts)?;
        let seconds = started.elapsed().as_secs_f32();
        harness::note(&format!("{name}: {seconds:.1} s"));
        columns.push(column);
        io::Result::Ok(())
    };
    // The module first: later, overlays may linger that use it.
    add("any", &|| module::cases(names))?;
    for kind in disks::KINDS {
        add(kind.name, &|| run::cases(kind, names, *describe))?;
    }
    print::summary(&mut out, &columns, counts)?;
    out.flush()?;
    Ok(counts.is_good())
}
