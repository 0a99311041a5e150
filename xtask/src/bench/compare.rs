//! Is it worse than before?

use super::measured::{Measured, Row};

/// How much more is too much.
const TOLERANCE: f64 = 0.03;

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
    ours.filter_map(|row| regression(before, now, row))
        .chain(slower_starts(before, now))
        .collect()
}

fn slower_starts(before: &Measured, now: &Measured) -> Vec<String> {
    let before = before.starts();
    let ours = now.starts().into_iter();
    ours.filter(|((_, tracer), _)| OURS.contains(tracer))
        .filter_map(|(of, is)| {
            let was = *before.get(&of)?;
            let (kernel, tracer) = of;
            (is as f64 > was as f64 * (1.0 + TOLERANCE)).then(|| {
                format!("worse: '{tracer}' starts with {is} instructions on {kernel}, before {was}")
            })
        })
        .collect()
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
    fn fewer_are_never_worse() {
        assert!(regressions(&measured(1000, 90_000), &measured(1000, 2000)).is_empty());
    }
}
