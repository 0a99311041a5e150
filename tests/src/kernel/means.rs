//! By what means functions are probed: trampolines where no task can be interrupted
//! while it runs a program, else kprobes.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::{coverage, skipped};
use crate::tracer::Tracer;

/// `enum bpf_prog_type`
const TYPE_KPROBE: &str = "2";
const TYPE_TRACING: &str = "26";

/// The doctor, the kernel and the programs that are loaded agree.
pub(super) fn by_preemption() -> Result<()> {
    let checks = coverage::doctor()?;
    let check = checks.iter().find(|check| check["name"] == "trampolines");
    let found = check.and_then(|check| check["found"].as_str());
    let found = found.context("doctor does not speak of trampolines")?;
    let expected = fs::read_to_string(skipped::PREEMPTION)
        .is_ok_and(|modes| modes.contains("(voluntary)") || modes.contains("(none)"));
    ensure!(found.starts_with("used") == expected, "doctor: {found}");

    let tracer = Tracer::start(&[])?;
    let (trampolines, kprobes) = in_use()?;
    tracer.finish()?.expect_no_loss()?;
    if expected {
        // The caller of this one is in a register.
        ensure!(kprobes == 1, "{kprobes} kprobes");
        ensure!(trampolines > 15, "{trampolines} trampolines");
    } else {
        ensure!(trampolines == 0, "{trampolines} trampolines");
        ensure!(kprobes > 15, "{kprobes} kprobes");
    }
    Ok(())
}

/// Programs of all running `ovl-trace`: those in trampolines, and those of kprobes.
pub(super) fn in_use() -> Result<(usize, usize)> {
    let mut types = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let comm = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        if comm.trim_end() != "ovl-trace" {
            continue;
        }
        for descriptor in fs::read_dir(process.path().join("fdinfo"))?.flatten() {
            let text = fs::read_to_string(descriptor.path()).unwrap_or_default();
            let mut lines = text.lines();
            let number = lines.find_map(|line| line.strip_prefix("prog_type:"));
            types.extend(number.map(|number| number.trim().to_owned()));
        }
    }
    let of = |wanted: &str| types.iter().filter(|it| *it == wanted).count();
    Ok((of(TYPE_TRACING), of(TYPE_KPROBE)))
}
