//! Every system call that makes overlayfs copy up or hide a file, on every
//! file system for upper layers: the events must be exactly the right ones,
//! and the upper directory must agree.
//!
//! `ovl-trace-tests kernel [NAME…]`

mod bytes;
mod case;
mod disks;
mod expected;
mod facts;
mod judge;
mod layer;
mod merged;
mod process;
mod run;
mod sys;
mod topics;
mod upper;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Instant,
};

use run::Verdict;

/// Runs the cases whose name contains one of `names` (all without names).
pub(crate) fn main(names: &[String]) -> ExitCode {
    match all(names) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

fn all(names: &[String]) -> io::Result<bool> {
    let mut out = io::stdout();
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for kind in disks::KINDS {
        let started = Instant::now();
        let verdicts = run::cases(kind, names)
            .unwrap_or_else(|error| vec![("all::the_run", Verdict::Failed(format!("{error:#}")))]);
        for (name, verdict) in &verdicts {
            let name = format!("kernel::{}::{name}", kind.name);
            match verdict {
                Verdict::Passed => {
                    passed += 1;
                    writeln!(out, "test {name} ... ok")?;
                }
                Verdict::Failed(why) => {
                    failed += 1;
                    writeln!(out, "test {name} ... FAILED: {why}")?;
                }
                Verdict::Unsupported(why) => {
                    ignored += 1;
                    writeln!(out, "test {name} ... ignored: {why}")?;
                }
            }
        }
        let seconds = started.elapsed().as_secs_f32();
        writeln!(out, "note: {}: {seconds:.1} s", kind.name)?;
        out.flush()?;
    }
    let good = failed == 0 && passed > 0;
    let verdict = if good { "ok" } else { "FAILED" };
    writeln!(
        out,
        "\ntest result: {verdict}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out"
    )?;
    Ok(good)
}
