//! The tests that need neither root nor a guest.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use anyhow::{Context as _, Result};

use crate::{
    cargo,
    check::HOST_PACKAGES,
    counts::Counts,
    host::{Host, announce, cannot_start},
};

/// Runs them all, passing their output on, and counts.
pub(crate) fn run(host: &Host) -> Result<Counts> {
    let mut command = cargo::static_target(host, "test");
    command.args(HOST_PACKAGES).arg("--no-fail-fast");
    // A snapshot that differs is a failure, never a file to review.
    command
        .env("INSTA_UPDATE", "no")
        .env_remove("INSTA_FORCE_PASS");
    announce("unit tests", &command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(&command))?;
    let mut counts = Counts::default();
    let output = child
        .stdout
        .take()
        .context("the output of the tests is not there")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the output of the tests")?;
        let mut out = io::stdout().lock();
        out.write_all(&line)
            .and_then(|()| out.write_all(b"\n"))
            .context("cannot write")?;
        counts += Counts::parse(&String::from_utf8_lossy(&line)).unwrap_or_default();
    }
    let status = child.wait()?;
    Ok(judged(counts, status.success()))
}

/// A run that fails without a failed test (it did not compile, or a test
/// program died) is a failure all the same.
fn judged(mut counts: Counts, success: bool) -> Counts {
    if !success && counts.failed == 0 {
        counts += Counts::FAILED;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_dies_counts_as_a_failure() {
        assert_eq!(judged(Counts::default(), false), Counts::FAILED);
        assert_eq!(
            judged(Counts::PASSED, false),
            Counts {
                passed: 1,
                failed: 1,
                skipped: 0
            }
        );
        assert_eq!(judged(Counts::FAILED, false), Counts::FAILED);
        assert_eq!(judged(Counts::PASSED, true), Counts::PASSED);
    }
}
