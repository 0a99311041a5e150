//! Is it worse than before? And would the next run say the same?

use std::{collections::BTreeSet, fmt};

use super::measured::{Measured, Row};

/// How much more is too much.
const TOLERANCE: f64 = 0.03;

/// By how much two runs of the same may differ.
const REPEATABLE: f64 = 0.01;

/// Instructions per unit that are noise, however few there are.
const NOISE: f64 = 30.0;

/// By which part of the workload itself two runs of the same may differ in what is added to it:
/// where that is something, and where it is nothing. (Seen on 6.1, 6.12 and 7.2: 0.4 % and
/// 0.06 %.)
const NOISE_OF_SOME: f64 = 0.005;
const NOISE_OF_NONE: f64 = 0.001;

/// What is added is nothing if it is a smaller part of the workload.
const NOTHING: f64 = 0.01;

/// Whose cost is ours.
const OURS: [&str; 3] = ["totals", "filtered", "events"];

/// A line for each number that grew by more than the tolerance. What only one of the
/// two has is not compared.
pub(super) fn regressions(before: &Measured, now: &Measured) -> Vec<String> {
    let ours = now
        .rows
        .iter()
        .filter(|row| OURS.contains(&row.tracer.as_str()));
    let starts = starts(before, now).into_iter().filter(Start::is_slower);
    ours.filter_map(|row| regression(before, now, row))
        .chain(starts.map(|start| format!("worse: {start}")))
        .collect()
}

/// A line for each number of instructions that differs too much between runs of the
/// same.
pub(super) fn unrepeatable(now: &Measured) -> Vec<String> {
    now.rows
        .iter()
        .filter(|row| spread(row) > REPEATABLE)
        .map(|row| {
            format!(
                "not repeatable: '{}' with '{}' on {}: {} to {} instructions",
                row.workload, row.tracer, row.kernel, row.instructions, row.most
            )
        })
        .collect()
}

/// A line for each number of instructions that is not, within a percent, that of another run
/// of this command: of the workloads with every tracer, and of our starts (those of bpftrace
/// differ by up to a fifth).
pub(super) fn unlike(before: &Measured, now: &Measured) -> Vec<String> {
    let workloads = now.rows.iter().filter_map(|row| {
        let was = before.find(&row.kernel, &row.workload, &row.tracer)?;
        let (workload, tracer, kernel) = (&row.workload, &row.tracer, &row.kernel);
        let (was, is) = (was.instructions, row.instructions);
        is_unlike(was, is).then(|| {
            format!(
                "not the same: '{workload}' with '{tracer}' on {kernel}: {is} instructions, \
                 before {was}"
            )
        })
    });
    let starts = starts(before, now).into_iter();
    workloads
        .chain(
            starts
                .filter(|start| is_unlike(start.was, start.is))
                .map(|start| format!("not the same: {start}")),
        )
        .collect()
}

fn is_unlike(was: u64, is: u64) -> bool {
    was.abs_diff(is) as f64 > was as f64 * REPEATABLE
}

/// The starts of one of our tracers on a kernel.
struct Start {
    kernel: String,
    tracer: &'static str,
    was: u64,
    is: u64,
}

impl Start {
    fn is_slower(&self) -> bool {
        self.is as f64 > self.was as f64 * (1.0 + TOLERANCE)
    }
}

impl fmt::Display for Start {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "'{}' starts with {} instructions on {}, before {}",
            self.tracer, self.is, self.kernel, self.was
        )
    }
}

/// Those that both have.
fn starts(before: &Measured, now: &Measured) -> Vec<Start> {
    let kernels: BTreeSet<&str> = now.rows.iter().map(|row| row.kernel.as_str()).collect();
    let each = kernels
        .into_iter()
        .flat_map(|kernel| OURS.map(|tracer| (kernel, tracer)));
    each.filter_map(|(kernel, tracer)| {
        Some(Start {
            kernel: kernel.to_owned(),
            tracer,
            was: before.start(kernel, tracer)?,
            is: now.start(kernel, tracer)?,
        })
    })
    .collect()
}

/// By which part of it the runs of a workload differed.
pub(super) fn spread(row: &Row) -> f64 {
    row.most as f64 / row.instructions as f64 - 1.0
}

fn regression(before: &Measured, now: &Measured, row: &Row) -> Option<String> {
    let old = before.find(&row.kernel, &row.workload, &row.tracer)?;
    let (was, is) = (before.added(old)?, now.added(row)?);
    let (all_was, all_is) = (per_unit(old), per_unit(row));
    let is_worse = is > was + (was.abs() * TOLERANCE).max(noise(all_was - was, was));
    let is_all_worse = all_is > all_was * (1.0 + TOLERANCE) && is > was;
    (is_worse || is_all_worse).then(|| {
        format!(
            "worse: '{}' with '{}' on {}: {is:.0} instructions are added to each {}, before {was:.0} \
             (in all {all_is:.0}, before {all_was:.0})",
            row.workload, row.tracer, row.kernel, row.what
        )
    })
}

/// What two runs of the same may differ by, of what is added to an `untraced` unit.
fn noise(untraced: f64, added: f64) -> f64 {
    let part = if added.abs() < untraced * NOTHING {
        NOISE_OF_NONE
    } else {
        NOISE_OF_SOME
    };
    (untraced * part).max(NOISE)
}

fn per_unit(row: &Row) -> f64 {
    row.instructions as f64 / row.units as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::tests::measured;

    #[test]
    fn three_percent_more_are_too_many() {
        let before = measured(100_000, 120_000);
        assert!(regressions(&before, &measured(100_000, 120_500)).is_empty());
        let worse = regressions(&before, &measured(100_000, 121_000));
        assert_eq!(worse.len(), 1);
        assert!(worse[0].contains("2100 instructions"), "{}", worse[0]);
    }

    #[test]
    fn what_costs_nothing_may_not_begin_to() {
        let before = measured(100_000, 100_010);
        assert!(regressions(&before, &measured(100_000, 100_200)).is_empty());
        assert_eq!(regressions(&before, &measured(100_000, 100_400)).len(), 1);
    }

    #[test]
    fn noise_is_a_part_of_the_workload() {
        // 100,000 and 2,000 per unit: 3 % are 60.
        let before = measured(1_000_000, 1_020_000);
        assert!(regressions(&before, &measured(1_000_000, 1_024_900)).is_empty());
        assert_eq!(
            regressions(&before, &measured(1_000_000, 1_025_100)).len(),
            1
        );
        let nothing = measured(1_000_000, 1_000_000);
        assert!(regressions(&nothing, &measured(1_000_000, 1_000_900)).is_empty());
        assert_eq!(
            regressions(&nothing, &measured(1_000_000, 1_001_100)).len(),
            1
        );
    }

    #[test]
    fn the_baseline_can_be_read() {
        let text = include_str!("../../../tests/bench/baseline.json");
        let baseline = Measured::from_json(text).unwrap();
        for kernel in ["6.1", "6.12", "newest"] {
            let row = baseline.find(kernel, "chmod 3000", "events").unwrap();
            assert!(row.agent.as_ref().is_some_and(|agent| agent.events > 3000));
        }
        assert!(regressions(&baseline, &baseline).is_empty());
    }

    #[test]
    fn a_slower_start_is_worse() {
        let start = |instructions| {
            let mut measured = measured(1000, 1100);
            for row in &mut measured.rows {
                if let Some(agent) = &mut row.agent {
                    agent.starts = vec![instructions];
                }
            }
            measured
        };
        assert!(regressions(&start(1000), &start(1030)).is_empty());
        let worse = regressions(&start(1000), &start(1031));
        assert_eq!(worse.len(), 1);
        assert!(worse[0].contains("1031 instructions"), "{}", worse[0]);
    }

    #[test]
    fn runs_of_the_same_may_differ_by_a_percent() {
        let mut now = measured(1000, 1100);
        assert!(unrepeatable(&now).is_empty());
        now.rows[1].most = 1110;
        assert!(unrepeatable(&now).is_empty());
        now.rows[1].most = 1112;
        let lines = unrepeatable(&now);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("1100 to 1112"), "{}", lines[0]);
    }

    #[test]
    fn two_runs_may_differ_by_a_percent() {
        let before = measured(1000, 1100);
        assert!(unlike(&before, &measured(1010, 1089)).is_empty());
        let lines = unlike(&before, &measured(989, 1112));
        assert_eq!(lines.len(), 2);
        assert!(
            lines[1].contains("1112 instructions, before 1100"),
            "{lines:?}"
        );
        let mut now = measured(1000, 1100);
        now.rows[1].agent.as_mut().unwrap().starts = vec![8];
        assert_eq!(unlike(&before, &now).len(), 1, "the start was 7");
    }

    #[test]
    fn fewer_are_never_worse() {
        assert!(regressions(&measured(1000, 90_000), &measured(1000, 2000)).is_empty());
    }
}
