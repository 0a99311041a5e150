//! Runs the cases one after another (they share one kernel) and prints what
//! Rust's own harness would.

use std::{
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Instant,
};

/// A test case: panics when it fails.
pub(crate) struct Case {
    /// Its name.
    pub(crate) name: &'static str,
    /// The test.
    pub(crate) run: fn() -> anyhow::Result<()>,
}

/// Runs the cases whose name contains one of `names` (all without names).
pub(crate) fn main(cases: &[Case], names: &[String]) -> ExitCode {
    match run(cases, names) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) | Err(_) => ExitCode::FAILURE,
    }
}

fn run(cases: &[Case], names: &[String]) -> io::Result<usize> {
    let wanted = |case: &&Case| {
        names.is_empty() || names.iter().any(|name| case.name.contains(name.as_str()))
    };
    let cases: Vec<&Case> = cases.iter().filter(wanted).collect();
    let mut out = io::stdout();
    writeln!(out, "running {} tests", cases.len())?;
    let mut failed = 0;
    for case in &cases {
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(case.run));
        let verdict = match outcome {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(error)) => format!("FAILED: {error:#}"),
            // The panic's own message is on standard error.
            Err(_) => "FAILED: panicked".to_owned(),
        };
        failed += usize::from(verdict != "ok");
        let seconds = started.elapsed().as_secs_f32();
        writeln!(out, "test {} ... {verdict} ({seconds:.1} s)", case.name)?;
        out.flush()?;
    }
    let passed = cases.len() - failed;
    let verdict = if failed == 0 && passed > 0 {
        "ok"
    } else {
        "FAILED"
    };
    writeln!(
        out,
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
    )?;
    Ok(if passed == 0 { failed.max(1) } else { failed })
}

/// Prints a remark that fails nothing.
pub(crate) fn note(text: &str) {
    let mut err = io::stderr();
    // If standard error is closed there is nobody to tell.
    let _written = writeln!(err, "note: {text}");
}
