//! tracefs and kprobes.

use std::fs;

use super::{Check, Roots};
use crate::kernel::{ProbeSwitches, Survey, probe_table::REGISTER_KPROBE, tracefs::Tracefs};

const KPROBES_REMEDY: &str = "Use a kernel with CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y, as \
                              the kernels of all large distributions are. On a machine whose \
                              kernel is given (a microVM), trace in a guest with one of those.";

pub(super) fn checks(roots: &Roots, survey: &Survey) -> Vec<Check> {
    let missing = kprobes_missing(roots, survey);
    let mut checks = vec![tracefs(roots, survey, missing.is_some())];
    checks.push(match (missing, &survey.tracefs) {
        (Some(found), _) => Check::fatal("kprobes", found, KPROBES_REMEDY),
        (None, None) => Check::info("kprobes", "not known before tracefs is mounted"),
        (None, Some(tracefs)) => kprobe_events(tracefs),
    });
    checks.extend(disarmed(roots));
    checks.push(means(survey));
    checks.extend(survey.tracefs.as_ref().and_then(|it| leftovers(roots, it)));
    checks
}

/// Says so if the kernel was built without kprobes. Symbols are certain;
/// the configuration file may be of another build.
fn kprobes_missing(roots: &Roots, survey: &Survey) -> Option<String> {
    let built_without = "this kernel was built without CONFIG_KPROBES";
    match &survey.symbols {
        Ok(symbols) if symbols.contains(REGISTER_KPROBE) => None,
        Ok(_) => Some(format!(
            "{built_without} (no '{REGISTER_KPROBE}' in /proc/kallsyms)"
        )),
        Err(_) => {
            let name = format!("config-{}", survey.release);
            let config = fs::read_to_string(roots.kernel.boot.join(&name)).ok()?;
            let is_off = !config.lines().any(|line| line == "CONFIG_KPROBES=y");
            is_off.then(|| format!("{built_without} (/boot/{name})"))
        }
    }
}

fn tracefs(roots: &Roots, survey: &Survey, no_kprobes: bool) -> Check {
    const NAME: &str = "tracefs";
    if let Some(tracefs) = &survey.tracefs {
        return Check::ok(NAME, format!("'{}'", tracefs.root().display()));
    }
    let filesystems = fs::read_to_string(roots.kernel.proc.join("filesystems"));
    let exists = filesystems
        .unwrap_or_default()
        .split_whitespace()
        .any(|word| word == "tracefs");
    match (exists, no_kprobes) {
        // Mounting it would not help.
        (true, true) => Check::info(NAME, "not mounted"),
        (true, false) => Check::fatal(
            NAME,
            "not mounted",
            "mount -t tracefs tracefs /sys/kernel/tracing",
        ),
        (false, _) => Check::fatal(
            NAME,
            "this kernel was built without it (CONFIG_FTRACE)",
            KPROBES_REMEDY,
        ),
    }
}

fn kprobe_events(tracefs: &Tracefs) -> Check {
    const NAME: &str = "kprobes";
    if !tracefs.has_kprobe_events() {
        return Check::fatal(
            NAME,
            "this kernel was built without CONFIG_KPROBE_EVENTS (no 'kprobe_events' in tracefs)",
            KPROBES_REMEDY,
        );
    }
    match tracefs.can_write() {
        Ok(()) => Check::ok(NAME, "'kprobe_events' can be written"),
        Err(error) => Check::fatal(
            NAME,
            format!("'kprobe_events' cannot be written: {error}"),
            "Run it as root; in a container, mount tracefs writable \
             ('-v /sys/kernel/tracing:/sys/kernel/tracing').",
        ),
    }
}

/// One check for each switch that is off: the kernel would accept every probe, and run none.
fn disarmed(roots: &Roots) -> Vec<Check> {
    let switches = ProbeSwitches::open(&roots.kernel);
    let off = switches.read_off().map(|switch| {
        Check::fatal(
            "probes switched off",
            format!("'{}' is 0: the kernel runs no probe", switch.name()),
            switch.remedy(),
        )
    });
    off.collect()
}

/// By what means functions are probed: the cheaper one where it misses nothing.
fn means(survey: &Survey) -> Check {
    const NAME: &str = "trampolines";
    let preemption = survey.preemption;
    let has_functions = survey
        .types
        .as_ref()
        .map(|types| !types.functions.is_empty());
    Check::info(
        NAME,
        if preemption.interrupts_programs() {
            format!("not used, but kprobes (preemption: {preemption})")
        } else if has_functions.unwrap_or(false) {
            format!("used where the kernel allows it (preemption: {preemption})")
        } else {
            "not used, but kprobes (this kernel is too old, or does not describe its functions)"
                .to_owned()
        },
    )
}

/// Events of killed runs cost a little at every call of the probed functions.
fn leftovers(roots: &Roots, tracefs: &Tracefs) -> Option<Check> {
    let groups = tracefs.stale_groups(&roots.kernel).ok()?;
    (!groups.is_empty()).then(|| {
        Check::info(
            "leftovers",
            format!("probe events of killed runs: {}", groups.join(", ")),
        )
        .remedy("The next 'ovl-trace live' removes them.")
    })
}
