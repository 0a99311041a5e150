//! Prints the results of the cases, for people and for `cargo xtask test`.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use super::run::Verdict;

/// How a case ended.
pub(crate) struct Ended {
    pub(crate) case: &'static str,
    pub(crate) verdict: Verdict,
    /// Time of this case alone, without the set-up that cases share.
    pub(crate) took: Duration,
}

impl Ended {
    /// Runs a case and takes its time.
    pub(crate) fn of(case: &'static str, run: impl FnOnce() -> Verdict) -> Self {
        let started = Instant::now();
        let verdict = run();
        Self {
            case,
            verdict,
            took: started.elapsed(),
        }
    }
}

/// The cases of one file system.
pub(super) struct Column {
    /// Type of the file system, or `any`.
    pub(super) name: &'static str,
    pub(super) verdicts: Vec<Ended>,
}

/// Number of cases by verdict.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Counts {
    /// Returns true if at least one case passed and none failed.
    pub(super) fn is_good(self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

/// One line for each case, as Rust's own harness prints them.
pub(super) fn lines(out: &mut dyn Write, column: &Column, counts: &mut Counts) -> io::Result<()> {
    for Ended {
        case,
        verdict,
        took,
    } in &column.verdicts
    {
        let seconds = took.as_secs_f32();
        let name = format!("kernel::{}::{case}", column.name);
        match verdict {
            Verdict::Passed => {
                counts.passed += 1;
                writeln!(out, "test {name} ... ok ({seconds:.1} s)")?;
            }
            Verdict::Failed(why) => {
                counts.failed += 1;
                writeln!(out, "test {name} ... FAILED: {why}")?;
            }
            Verdict::Unsupported(why) => {
                counts.ignored += 1;
                writeln!(out, "test {name} ... ignored: {why}")?;
            }
        }
    }
    out.flush()
}

/// The table of cases and file systems, then the line with the counts.
pub(super) fn summary(out: &mut dyn Write, columns: &[Column], counts: Counts) -> io::Result<()> {
    let mut names: Vec<&str> = Vec::new();
    for ended in columns.iter().flat_map(|column| &column.verdicts) {
        if !names.contains(&ended.case) {
            names.push(ended.case);
        }
    }
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    write!(out, "\n{:width$}", "case")?;
    for column in columns {
        write!(out, "  {:7}", column.name)?;
    }
    writeln!(out)?;
    for name in names {
        write!(out, "{name:width$}")?;
        for column in columns {
            let verdict = column.verdicts.iter().find(|ended| ended.case == name);
            let word = match verdict.map(|ended| &ended.verdict) {
                Some(Verdict::Passed) => "ok",
                Some(Verdict::Failed(_)) => "FAILED",
                Some(Verdict::Unsupported(_)) => "-",
                None => "",
            };
            write!(out, "  {word:7}")?;
        }
        writeln!(out)?;
    }
    let Counts {
        passed,
        failed,
        ignored,
    } = counts;
    let verdict = if counts.is_good() { "ok" } else { "FAILED" };
    writeln!(
        out,
        "\ntest result: {verdict}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out"
    )
}
