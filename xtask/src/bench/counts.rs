//! Every number of instructions among the results, by name.

use super::{
    measured::{Measured, Row},
    other::Other,
};

/// A number of instructions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// The same in each run.
    pub(super) name: String,
    pub(super) instructions: u64,
    /// What it is a part of, if it is a small part of something.
    pub(super) least: u64,
}

impl Count {
    fn new(name: String, instructions: u64) -> Self {
        Self {
            name,
            instructions,
            least: 0,
        }
    }
}

/// Numbers of instructions in the lines of programs and of growth.
const FIELDS: [&str; 7] = [
    "verified",
    "instructions_per_run",
    "to_start",
    "idle_per_second",
    "per_overlay_at_once",
    "per_overlay_one_by_one",
    "mounts_command",
];

/// All of them: of workloads, of the tracers beside them, of starts, programs and growth.
pub(super) fn counts(measured: &Measured) -> Vec<Count> {
    let rows = measured.rows.iter();
    rows.clone()
        .map(workload)
        .chain(rows.filter_map(tracer))
        .chain(starts(measured))
        .chain(measured.others.iter().flat_map(other))
        .collect()
}

fn workload(row: &Row) -> Count {
    let (workload, tracer, kernel) = (&row.workload, &row.tracer, &row.kernel);
    Count::new(
        format!("'{workload}' with '{tracer}' on {kernel}"),
        row.instructions,
    )
}

fn tracer(row: &Row) -> Option<Count> {
    let (workload, tracer, kernel) = (&row.workload, &row.tracer, &row.kernel);
    let work = row.agent.as_ref()?.work;
    Some(Count {
        least: row.instructions + work,
        ..Count::new(
            format!("'{tracer}' itself beside '{workload}' on {kernel}"),
            work,
        )
    })
}

fn starts(measured: &Measured) -> impl Iterator<Item = Count> {
    measured
        .starts()
        .into_iter()
        .map(|((kernel, tracer), instructions)| {
            Count::new(format!("start of '{tracer}' on {kernel}"), instructions)
        })
}

fn other(line: &Other) -> impl Iterator<Item = Count> {
    let name = line.name();
    FIELDS.into_iter().filter_map(move |field| {
        let instructions = line.value.get(field)?.as_u64()?;
        Some(Count::new(
            format!("{field} of {name} on {}", line.kernel),
            instructions,
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::tests::measured;

    #[test]
    fn all_that_was_counted_has_a_name() {
        let mut all = measured(1000, 1200);
        let lines = [
            "{\"growth\":\"overlays\",\"number\":10,\"to_start\":5,\"start_kib\":8}",
            "{\"program\":\"sync\",\"verified\":40,\"runs\":3,\"instructions_per_run\":90}",
            "{\"flood\":\"x\",\"made\":200,\"per_second\":30}",
        ];
        all.take("6.12", "6.12.1", &lines.map(str::to_owned))
            .unwrap();
        let counts: Vec<(String, u64, u64)> = counts(&all)
            .into_iter()
            .map(|count| (count.name, count.instructions, count.least))
            .collect();
        let expected = [
            ("'w' with 'none' on 6.12", 1000, 0),
            ("'w' with 'events' on 6.12", 1200, 0),
            ("'events' itself beside 'w' on 6.12", 9, 1209),
            ("start of 'events' on 6.12", 7, 0),
            ("to_start of growth overlays 10 on 6.12", 5, 0),
            ("verified of program sync on 6.12", 40, 0),
            ("instructions_per_run of program sync on 6.12", 90, 0),
        ];
        let expected = expected.map(|(name, count, least)| (name.to_owned(), count, least));
        assert_eq!(counts, expected);
    }
}
