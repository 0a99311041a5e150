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

/// Hands over a row per program that ran in the first workload.
pub(super) fn each(mut row: impl FnMut(&Value) -> Result<()>) -> Result<()> {
    let workload = WORKLOADS.first().context("no workload")?;
    let stage = workload.prepare()?;
    fs::write(STATISTICS, "1").context(STATISTICS)?;
    let listed = statistics(&stage);
    fs::write(STATISTICS, "0").context(STATISTICS)?;
    stage.clear()?;
    for program in listed? {
        let runs = program["run_cnt"].as_u64().unwrap_or(0);
        if runs > 0 {
            let time = program["run_time_ns"].as_u64().context("run_time_ns")?;
            row(&json!({
                "program": program["name"],
                "verified": program["verified"],
                "runs": runs,
                "instructions_per_run": time / runs,
            }))?;
        }
    }
    Ok(())
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
