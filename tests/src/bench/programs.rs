//! What each eBPF program costs: instructions that the verifier walked, and of one run.

use std::{collections::HashMap, fs};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    tracer::EVENTS,
    workload::{Stage, WORKLOADS},
};
use crate::{command::run, loaded_programs};

/// Counts the time of every program's runs while it is 1 (sysctl(8)).
const STATISTICS: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// How often the workload runs. The least of each program counts: an interrupt in the middle
/// of one of 3,000 runs is some instructions more for each.
const REPEAT: usize = 3;

/// A program in one run of the workload.
struct Program {
    name: Value,
    verified: Value,
    runs: u64,
    instructions_per_run: u64,
}

/// Hands over a row per program that ran in the first workload.
pub(super) fn each(mut row: impl FnMut(&Value) -> Result<()>) -> Result<()> {
    let workload = WORKLOADS.first().context("no workload")?;
    let stage = workload.prepare()?;
    fs::write(STATISTICS, "1").context(STATISTICS)?;
    let listed: Result<Vec<Vec<Program>>> = (0..REPEAT).map(|_| programs(&stage)).collect();
    fs::write(STATISTICS, "0").context(STATISTICS)?;
    stage.clear()?;
    for program in least(listed?) {
        row(&json!({
            "program": program.name,
            "verified": program.verified,
            "runs": program.runs,
            "instructions_per_run": program.instructions_per_run,
        }))?;
    }
    Ok(())
}

/// Of each program that run in which it took the least.
fn least(runs: Vec<Vec<Program>>) -> Vec<Program> {
    let mut all: Vec<Program> = Vec::new();
    for program in runs.into_iter().flatten() {
        match all.iter_mut().find(|known| known.name == program.name) {
            Some(known) if known.instructions_per_run <= program.instructions_per_run => {}
            Some(known) => *known = program,
            None => all.push(program),
        }
    }
    all
}

/// Those that ran.
fn programs(stage: &Stage<'_>) -> Result<Vec<Program>> {
    let mut ran = Vec::new();
    for program in statistics(stage)? {
        let runs = program["run_cnt"].as_u64().unwrap_or(0);
        if runs > 0 {
            let time = program["run_time_ns"].as_u64().context("run_time_ns")?;
            ran.push(Program {
                name: program["name"].clone(),
                verified: program["verified"].clone(),
                runs,
                instructions_per_run: time / runs,
            });
        }
    }
    Ok(ran)
}

fn statistics(stage: &Stage<'_>) -> Result<Vec<Value>> {
    let mut listed: Vec<Value> = Vec::new();
    stage.run_and(&EVENTS, || {
        let text = run("bpftool", &["--json", "prog", "show"])?;
        listed = serde_json::from_str(&text).context("bpftool wrote no list")?;
        let loaded = loaded_programs::all()?.into_iter();
        let verified: HashMap<_, _> = loaded.map(|it| (it.id, it.verified)).collect();
        for program in &mut listed {
            let number = program["id"].as_u64().and_then(|id| verified.get(&id));
            program["verified"] = json!(number);
        }
        Ok(())
    })?;
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_each_program_counts() {
        let program = |name: &str, instructions_per_run| Program {
            name: json!(name),
            verified: json!(1),
            runs: 3000,
            instructions_per_run,
        };
        let runs = vec![
            vec![program("a", 143), program("b", 90)],
            vec![program("a", 140), program("b", 93), program("c", 7)],
        ];
        let least: Vec<(Value, u64)> = least(runs)
            .into_iter()
            .map(|program| (program.name, program.instructions_per_run))
            .collect();
        assert_eq!(
            least,
            [(json!("a"), 140), (json!("b"), 90), (json!("c"), 7)]
        );
    }
}
