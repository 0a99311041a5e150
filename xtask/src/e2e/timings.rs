//! Where the time of a run goes: seconds per step, and the slowest cases.

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

use crate::counts::Counts;

/// How many of the slowest cases are shown.
const SHOWN: usize = 20;

/// Durations of steps and cases.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    steps: Vec<(String, Duration, Counts)>,
    /// Seconds, the guest's name and the case's.
    cases: Vec<(f32, String, String)>,
}

impl Timings {
    /// Adds a step.
    pub(crate) fn add(&mut self, name: &str, took: Duration, counts: Counts) {
        self.steps.push((name.to_owned(), took, counts));
    }

    /// Takes a line of a guest, if it says how long a case took:
    /// `test kernel::ext4::opens::append ... ok (0.3 s)`.
    pub(crate) fn take_case(&mut self, guest: &str, line: &str) {
        if let Some((name, seconds)) = parse(line) {
            self.cases
                .push((seconds, guest.to_owned(), name.to_owned()));
        }
    }
}

fn parse(line: &str) -> Option<(&str, f32)> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let (_, seconds) = verdict.strip_suffix(" s)")?.rsplit_once('(')?;
    Some((name, seconds.parse().ok()?))
}

impl Display for Timings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nseconds  passed  failed  skipped  step")?;
        for (name, took, counts) in &self.steps {
            writeln!(
                f,
                "{:7.1}  {:6}  {:6}  {:7}  {name}",
                took.as_secs_f32(),
                counts.passed,
                counts.failed,
                counts.skipped
            )?;
        }
        let mut cases: Vec<_> = self.cases.iter().collect();
        cases.sort_by(|a, b| b.0.total_cmp(&a.0));
        writeln!(f, "\nseconds  slowest case")?;
        for (seconds, guest, case) in cases.into_iter().take(SHOWN) {
            writeln!(f, "{seconds:7.1}  {case} ({guest})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cases_with_their_seconds_are_read() {
        assert_eq!(
            parse("test kernel::ext4::opens::append ... ok (0.3 s)"),
            Some(("kernel::ext4::opens::append", 0.3))
        );
        assert_eq!(parse("test a::b ... ignored: a newer kernel"), None);
        assert_eq!(parse("note: ext4: 20 s"), None);
    }

    #[test]
    fn the_slowest_case_comes_first() {
        let mut timings = Timings::default();
        timings.add("unit tests", Duration::from_secs(3), Counts::PASSED);
        for line in ["test a ... ok (1.0 s)", "test b ... ok (20.5 s)"] {
            timings.take_case("6.1 Docker", line);
        }
        let expected = "\nseconds  passed  failed  skipped  step\n    3.0       1       0        0  \
                        unit tests\n\nseconds  slowest case\n   20.5  b (6.1 Docker)\n    1.0  a \
                        (6.1 Docker)\n";
        assert_eq!(timings.to_string(), expected);
    }
}
