//! Every system call that makes overlayfs copy up or hide a file, on every
//! file system for upper layers: the events must be exactly the right ones,
//! and the upper directory must agree.
//!
//! `ovl-trace-tests kernel [--describe] [NAME…]`; a name is a part of
//! `FILE-SYSTEM::TOPIC::CASE`. With `--describe`, the events that each case
//! must report are printed, too.

mod bpf_map;
mod bytes;
mod case;
mod coverage;
mod disks;
mod doctored;
mod expected;
mod facts;
mod filters;
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
use print::{Column, Counts};
use run::Verdict;

use crate::harness;

/// Runs the cases that the arguments choose (all without names).
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let describe = arguments.iter().any(|argument| argument == "--describe");
    let names: Vec<String> = arguments
        .iter()
        .filter(|argument| *argument != "--describe")
        .cloned()
        .collect();
    match all(&names, describe) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// Whether all passed.
fn all(names: &[String], describe: bool) -> io::Result<bool> {
    let mut out = io::stdout();
    let mut counts = Counts::default();
    let mut columns = Vec::new();
    // The module first: later, overlays may linger that use it.
    let mut add = |name, run: &dyn Fn() -> Result<Vec<(&'static str, Verdict)>>| {
        let started = Instant::now();
        let verdicts = run()
            .unwrap_or_else(|error| vec![("all::the_run", Verdict::Failed(format!("{error:#}")))]);
        let column = Column { name, verdicts };
        print::lines(&mut out, &column, &mut counts)?;
        let seconds = started.elapsed().as_secs_f32();
        harness::note(&format!("{name}: {seconds:.1} s"));
        columns.push(column);
        io::Result::Ok(())
    };
    add("any", &|| module::cases(names))?;
    for kind in disks::KINDS {
        add(kind.name, &|| run::cases(kind, names, describe))?;
    }
    print::summary(&mut out, &columns, counts)?;
    out.flush()?;
    Ok(counts.is_good())
}
