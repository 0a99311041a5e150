//! A run of several steps of which none stops the others.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{counts::Counts, e2e::Timings, host::say};

/// What came out of the steps so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    counts: Counts,
    failed: Vec<String>,
    took: Vec<(String, Duration, Counts)>,
}

impl Steps {
    /// Runs a step under a heading and tells its time. An error counts as one
    /// failure.
    pub(crate) fn counted(&mut self, name: &str, step: impl FnOnce() -> Result<Counts>) {
        say(format_args!("== {name}"));
        let start = Instant::now();
        let counts = step().unwrap_or_else(|error| {
            say(format_args!("error: {error:#}"));
            Counts::FAILED
        });
        let verdict = if counts.failed == 0 { "done" } else { "FAILED" };
        say(format_args!(
            "== {name}: {verdict} in {:.1} s ({counts})",
            start.elapsed().as_secs_f64()
        ));
        self.took.push((name.to_owned(), start.elapsed(), counts));
        if counts.failed > 0 {
            self.failed.push(name.to_owned());
        }
        self.counts += counts;
    }

    /// Runs a step that is one check.
    pub(crate) fn check(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        self.counted(name, || step().map(|()| Counts::PASSED));
    }

    /// Adds the steps to the timings.
    pub(crate) fn tell(&self, timings: &mut Timings) {
        for (name, took, counts) in &self.took {
            timings.add(name, *took, *counts);
        }
    }

    /// The sum over all steps.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// An error that names what failed.
    pub(crate) fn verdict(&self) -> Result<()> {
        ensure!(self.failed.is_empty(), "failed: {}", self.failed.join(", "));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn every_step_runs_and_every_failure_is_named() {
        let mut steps = Steps::default();
        steps.check("one", || Ok(()));
        steps.check("two", || bail!("broken"));
        steps.counted("three", || {
            Ok(Counts {
                passed: 5,
                failed: 2,
                skipped: 1,
            })
        });
        steps.check("four", || Ok(()));
        assert_eq!(
            steps.counts(),
            Counts {
                passed: 7,
                failed: 3,
                skipped: 1
            }
        );
        assert_eq!(
            steps.verdict().unwrap_err().to_string(),
            "failed: two, three"
        );
    }

    #[test]
    fn no_failure_is_no_error() {
        let mut steps = Steps::default();
        steps.check("one", || Ok(()));
        assert!(steps.verdict().is_ok());
    }
}
