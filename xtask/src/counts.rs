//! How many tests passed, failed and were skipped.

use std::{
    fmt::{self, Display, Formatter},
    ops::AddAssign,
};

/// Results of tests, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Counts {
    /// One that passed.
    pub(crate) const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    /// One that failed.
    pub(crate) const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };
    /// One that could not run.
    pub(crate) const SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };

    /// Reads a summary line of Rust's test harness (`test result: ok. 5
    /// passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …`).
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let rest = line.trim().strip_prefix("test result: ")?;
        let (_, numbers) = rest.split_once(". ")?;
        let count = |name: &str| {
            numbers.split(';').find_map(|part| {
                let (number, unit) = part.trim().split_once(' ')?;
                (unit == name).then(|| number.parse().ok()).flatten()
            })
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            skipped: count("ignored")?,
        })
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_summary_is_read() {
        let line = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s";
        assert_eq!(
            Counts::parse(line),
            Some(Counts {
                passed: 5,
                failed: 0,
                skipped: 1
            })
        );
        let line = "test result: FAILED. 10 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(
            Counts::parse(line),
            Some(Counts {
                passed: 10,
                failed: 3,
                skipped: 0
            })
        );
    }

    #[test]
    fn other_lines_are_no_summary() {
        for line in [
            "",
            "test a::b ... ok",
            "test result: ok.",
            "test result: ok. x passed; 0 failed; 0 ignored",
        ] {
            assert_eq!(Counts::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_last_line_has_its_form() {
        let mut sum = Counts::PASSED;
        sum += Counts {
            passed: 40,
            failed: 0,
            skipped: 2,
        };
        assert_eq!(sum.to_string(), "41 passed, 0 failed, 2 skipped");
    }
}
