//! Results: what the guests printed, reduced to one row per workload and tracer.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    agent::{Agent, OneRun},
    other::Other,
};

/// Without a tracer.
pub(super) const UNTRACED: &str = "none";

/// All results.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) rows: Vec<Row>,
    /// Lines about something else than a workload, as they came.
    pub(super) others: Vec<Other>,
}

/// A workload with a tracer on a kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Series, as it was asked for.
    pub(super) kernel: String,
    pub(super) release: String,
    pub(super) workload: String,
    /// What a unit of it is.
    pub(super) what: String,
    pub(super) units: u64,
    pub(super) tracer: String,
    /// Of the workload, probes included: the least of all runs.
    pub(super) instructions: u64,
    /// The most of all runs.
    pub(super) most: u64,
    /// Of the tracer, until it observed, while it did; its memory in KiB, and how
    /// many events it wrote. `None` without one.
    pub(super) agent: Option<Agent>,
}

impl Measured {
    /// Takes what the guest of a kernel printed.
    pub(super) fn take(&mut self, kernel: &str, release: &str, lines: &[String]) -> Result<()> {
        for line in lines.iter().filter(|line| line.starts_with('{')) {
            let value: Value =
                serde_json::from_str(line).with_context(|| format!("no result: {line}"))?;
            if value.get("workload").is_some() {
                self.run(kernel, release, &value)
                    .with_context(|| format!("no result: {line}"))?;
            } else {
                self.others.push(Other {
                    kernel: kernel.to_owned(),
                    value,
                });
            }
        }
        Ok(())
    }

    fn run(&mut self, kernel: &str, release: &str, value: &Value) -> Result<()> {
        let text = |name: &str| value[name].as_str().map(str::to_owned).context("a word");
        let instructions = value["measured"]["workload_ns"]
            .as_u64()
            .context("instructions")?;
        let agent: Option<OneRun> = match value["measured"].get("tracer") {
            Some(agent) => Some(serde_json::from_value(agent.clone())?),
            None => None,
        };
        let (workload, tracer) = (text("workload")?, text("tracer")?);
        if let Some(row) = self.find_mut(kernel, &workload, &tracer) {
            row.instructions = row.instructions.min(instructions);
            row.most = row.most.max(instructions);
            row.agent = match (&row.agent, &agent) {
                (Some(before), Some(run)) => Some(before.and(run)),
                _ => None,
            };
            return Ok(());
        }
        self.rows.push(Row {
            kernel: kernel.to_owned(),
            release: release.to_owned(),
            workload,
            what: text("what")?,
            units: value["units"].as_u64().context("units")?,
            tracer,
            instructions,
            most: instructions,
            agent: agent.as_ref().map(Agent::of),
        });
        Ok(())
    }

    /// With what `newer` measured again in the place of what was known of it: the rows, and
    /// all other lines of a kind on a kernel.
    pub(super) fn renewed(mut self, newer: Self) -> Self {
        let is_old = |row: &Row| {
            newer
                .find(&row.kernel, &row.workload, &row.tracer)
                .is_some()
        };
        self.rows.retain(|row| !is_old(row));
        self.others
            .retain(|known| !newer.others.iter().any(|other| other.is_like(known)));
        self.rows.extend(newer.rows);
        self.others.extend(newer.others);
        self
    }

    fn find_mut(&mut self, kernel: &str, workload: &str, tracer: &str) -> Option<&mut Row> {
        self.rows
            .iter_mut()
            .find(|row| row.kernel == kernel && row.workload == workload && row.tracer == tracer)
    }

    /// A workload with a tracer.
    pub(super) fn find(&self, kernel: &str, workload: &str, tracer: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.kernel == kernel && row.workload == workload && row.tracer == tracer)
    }

    /// Instructions until a tracer observed, by kernel and tracer: the median of all runs,
    /// whatever the workload was. All are the same within a tenth of a percent, but for few
    /// that are far from it.
    pub(super) fn starts(&self) -> BTreeMap<(&str, &str), u64> {
        let mut all: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(agent) = &row.agent {
                all.entry((&row.kernel, &row.tracer))
                    .or_default()
                    .extend(&agent.starts);
            }
        }
        all.into_iter()
            .filter_map(|(of, starts)| Some((of, median(&starts)?)))
            .collect()
    }

    /// Instructions that the tracer adds to a unit of the workload. `None` for none,
    /// or where that was not measured.
    pub(super) fn added(&self, row: &Row) -> Option<f64> {
        if row.tracer == UNTRACED {
            return None;
        }
        let untraced = self.find(&row.kernel, &row.workload, UNTRACED)?;
        Some((row.instructions as f64 - untraced.instructions as f64) / row.units as f64)
    }

    pub(super) fn to_json(&self) -> Result<String> {
        let mut text = serde_json::to_string_pretty(self).context("the results as JSON")?;
        text.push('\n');
        Ok(text)
    }

    pub(super) fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("these are no results")
    }
}

/// The one in the middle, of two the smaller. `None` of nothing.
pub(super) fn median(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::bench) fn line(tracer: &str, instructions: u64) -> String {
        let agent = if tracer == UNTRACED {
            String::new()
        } else {
            ",\"tracer\":{\"start_ns\":7,\"work_ns\":9,\"end_ns\":1,\"start_kib\":2,\
             \"end_kib\":3,\"events\":10}"
                .to_owned()
        };
        format!(
            "{{\"workload\":\"w\",\"what\":\"copy-up\",\"units\":10,\"tracer\":\"{tracer}\",\
             \"measured\":{{\"workload_ns\":{instructions}{agent}}}}}"
        )
    }

    pub(in crate::bench) fn measured(untraced: u64, traced: u64) -> Measured {
        let mut measured = Measured::default();
        let lines = [line(UNTRACED, untraced), line("events", traced)];
        measured.take("6.12", "6.12.1", &lines).unwrap();
        measured
    }

    #[test]
    fn the_least_of_the_runs_counts() {
        let mut measured = Measured::default();
        let lines = [
            line(UNTRACED, 1000),
            line("events", 1300),
            line("events", 1200),
        ];
        measured.take("6.12", "6.12.1", &lines).unwrap();
        let row = measured.find("6.12", "w", "events").unwrap();
        assert_eq!((row.instructions, row.most), (1200, 1300));
        assert_eq!(measured.added(row), Some(20.0));
        assert_eq!(row.agent.as_ref().map(|agent| agent.events), Some(10));
    }

    #[test]
    fn the_median_of_all_starts_counts() {
        let mut all = Measured::default();
        for (workload, start) in [("w", 9), ("w", 100), ("v", 8)] {
            let line = line("events", 1000)
                .replace("\"w\"", &format!("\"{workload}\""))
                .replace("\"start_ns\":7", &format!("\"start_ns\":{start}"));
            all.take("6.12", "6.12.1", &[line]).unwrap();
        }
        assert_eq!(all.rows.len(), 2);
        assert_eq!(all.starts(), BTreeMap::from([(("6.12", "events"), 9)]));
    }

    #[test]
    fn results_are_read_back() {
        let one = measured(1000, 1200);
        let other = Measured::from_json(&one.to_json().unwrap()).unwrap();
        assert_eq!(one.rows, other.rows);
    }

    #[test]
    fn what_is_measured_again_takes_the_place_of_what_was() {
        let mut known = measured(1000, 1200);
        for (kernel, line) in [
            ("6.12", "{\"program\":\"a\"}"),
            ("6.12", "{\"growth\":\"b\"}"),
            ("6.1", "{\"program\":\"c\"}"),
        ] {
            known.take(kernel, kernel, &[line.to_owned()]).unwrap();
        }
        let mut newer = Measured::default();
        let lines = [
            line("events", 1300),
            "{\"program\":\"d\"}".to_owned(),
            "{\"program\":\"e\"}".to_owned(),
        ];
        newer.take("6.12", "6.12.2", &lines).unwrap();
        let all = known.renewed(newer);
        let rows = |tracer| all.find("6.12", "w", tracer).map(|row| row.instructions);
        assert_eq!(all.rows.len(), 2);
        assert_eq!((rows(UNTRACED), rows("events")), (Some(1000), Some(1300)));
        let others: Vec<&Value> = all.others.iter().map(|other| &other.value).collect();
        assert_eq!(
            others,
            [
                &serde_json::json!({"growth": "b"}),
                &serde_json::json!({"program": "c"}),
                &serde_json::json!({"program": "d"}),
                &serde_json::json!({"program": "e"}),
            ]
        );
    }

    #[test]
    fn other_lines_are_kept_and_noise_is_not() {
        let mut measured = Measured::default();
        let lines = ["{\"growth\":1}".to_owned(), "note: x".to_owned()];
        measured.take("6.1", "6.1.0", &lines).unwrap();
        assert_eq!((measured.rows.len(), measured.others.len()), (0, 1));
        assert!(measured.take("6.1", "6.1.0", &["{".to_owned()]).is_err());
    }
}
