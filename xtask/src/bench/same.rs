//! Would the next run say the same?

use std::collections::BTreeMap;

use super::{
    counts::counts,
    measured::{Measured, Row},
};

/// By how much two runs of the same may differ.
const REPEATABLE: f64 = 0.01;

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
/// of this command. What only one of the two has is not compared.
pub(super) fn unlike(before: &Measured, now: &Measured) -> Vec<String> {
    let before: BTreeMap<_, _> = counts(before)
        .into_iter()
        .map(|count| (count.name, count.instructions))
        .collect();
    counts(now)
        .into_iter()
        .filter_map(|count| {
            let was = *before.get(&count.name)?;
            let is = count.instructions;
            let differs = was.abs_diff(is) as f64;
            (differs > (was as f64).max(count.least as f64) * REPEATABLE).then(|| {
                format!(
                    "not the same: {}: {is} instructions, before {was}",
                    count.name
                )
            })
        })
        .collect()
}

/// By which part of it the runs of a workload differed.
pub(super) fn spread(row: &Row) -> f64 {
    row.most as f64 / row.instructions as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::tests::measured;

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
    }

    #[test]
    fn starts_and_all_else_are_compared() {
        let before = measured(1000, 1100);
        let mut now = measured(1000, 1100);
        now.rows[1].agent.as_mut().unwrap().starts = vec![8];
        let lines = unlike(&before, &now);
        assert_eq!(lines.len(), 1, "the start was 7: {lines:?}");
        assert!(lines[0].contains("start of 'events'"), "{lines:?}");
    }
}
