//! The overlay module comes and goes.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    case, clock, coverage, disarmed, filters, limits, means, merged::Merged, print::Ended,
    run::Verdict, scale, skipped, sys,
};
use crate::{
    command::{output, run},
    events::Recorded,
    harness::Case,
    tracer::{self, Tracer},
};

/// How often the module is unloaded and loaded again while it is looked for.
const RELOADS: usize = 20;

/// Its cases, which belong to no file system.
const CASES: [Case; 23] = [
    Case {
        name: "module::loaded_anew_while_tracing",
        run: loaded_anew,
    },
    Case {
        name: "module::not_loaded_is_refused",
        run: not_loaded,
    },
    Case {
        name: "module::loaded_after_the_start",
        run: loaded_later,
    },
    Case {
        name: "module::comes_and_goes_while_it_is_looked_for",
        run: comes_and_goes,
    },
    Case {
        name: "coverage::doctor_and_report_agree",
        run: coverage::complete,
    },
    Case {
        name: "coverage::without_each_function",
        run: coverage::without_each,
    },
    Case {
        name: "coverage::required_functions",
        run: coverage::required,
    },
    Case {
        name: "coverage::too_few_descriptors",
        run: coverage::too_few_descriptors,
    },
    Case {
        name: "limits::deep_path",
        run: limits::deep_path,
    },
    Case {
        name: "limits::full_tables",
        run: limits::full_tables,
    },
    Case {
        name: "limits::too_many_at_once",
        run: limits::too_many_at_once,
    },
    Case {
        name: "scale::a_thousand_mounts",
        run: scale::a_thousand_mounts,
    },
    Case {
        name: "filters::triggers",
        run: filters::triggers,
    },
    Case {
        name: "filters::containers",
        run: filters::containers,
    },
    Case {
        name: "filters::renamed",
        run: filters::renamed,
    },
    Case {
        name: "skipped::other_users_of_bpf",
        run: skipped::other_users_of_bpf,
    },
    Case {
        name: "skipped::preemption_switched",
        run: skipped::preemption_switched,
    },
    Case {
        name: "disarmed::before_the_start",
        run: disarmed::before_the_start,
    },
    Case {
        name: "disarmed::while_observing",
        run: disarmed::while_observing,
    },
    Case {
        name: "disarmed::budget_is_not_confirmed",
        run: disarmed::budget_is_not_confirmed,
    },
    Case {
        name: "clock::set_while_observing",
        run: clock::set_while_observing,
    },
    Case {
        name: "means::by_preemption",
        run: means::by_preemption,
    },
    Case {
        name: "means::another_tracer_comes_and_goes",
        run: means::another_tracer_comes_and_goes,
    },
];

/// Runs those whose name contains one of `names`.
pub(super) fn cases(names: &[String]) -> Result<Vec<Ended>> {
    let is_module = fs::read_to_string("/proc/modules")?
        .lines()
        .any(|line| line.starts_with("overlay "));
    let wanted = |case: &str| names.is_empty() || names.iter().any(|name| case.contains(name));
    let verdict = |case: &Case| {
        if !is_module {
            return Verdict::Unsupported("overlayfs as a module".to_owned());
        }
        (case.run)().into()
    };
    Ok(CASES
        .iter()
        .filter(|case| wanted(case.name))
        .map(|case| Ended::of(case.name, || verdict(case)))
        .collect())
}

/// Kprobes survive that their module is unloaded, which aya's own would not.
/// Trampolines keep it loaded.
fn loaded_anew() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let tracer = Tracer::start(&[])?;
    if let (1.., _) = means::in_use()? {
        let upper = copy_up(directory.path(), "kept")?;
        ensure!(run("rmmod", &["overlay"]).is_err(), "it was unloaded");
        let recorded = tracer.finish()?;
        recorded.expect_no_loss()?;
        seen(&recorded, &upper)?;
        run("rmmod", &["overlay"])?;
        run("modprobe", &["overlay"])?;
        return Ok(());
    }
    let mut uppers = Vec::new();
    for name in ["before", "after"] {
        uppers.push(copy_up(directory.path(), name)?);
        run("rmmod", &["overlay"])?;
        run("modprobe", &["overlay"])?;
    }
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    uppers.iter().try_for_each(|upper| seen(&recorded, upper))
}

/// A copy-up in an overlay of its own, which is gone then. Returns upperdir.
fn copy_up(directory: &Path, name: &'static str) -> Result<String> {
    let case = case::Case::new(name).lower(|layer| layer.file("f", 5000));
    let merged = Merged::new(&case, directory, directory)?;
    merged.touch("f")?;
    sys::umount(&merged.root)?;
    Ok(merged.upper.display().to_string())
}

fn seen(recorded: &Recorded, upper: &str) -> Result<()> {
    let seen = recorded
        .of_type("copy_up")
        .iter()
        .filter(|event| event["mount"]["upperdir"] == upper)
        .count();
    ensure!(seen == 1, "{seen} events of {upper}: {:?}", recorded.events);
    Ok(())
}

fn loaded_later() -> Result<()> {
    let directory = tempfile::tempdir()?;
    run("rmmod", &["overlay"])?;
    let starting = thread::spawn(|| Tracer::start(&[]));
    // Most likely it waits by then; the outcome is the same if not.
    thread::sleep(Duration::from_secs(1));
    run("modprobe", &["overlay"])?;
    let tracer = starting.join().ok().context("the tracer's thread")??;
    let upper = copy_up(directory.path(), "later")?;
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    seen(&recorded, &upper)
}

/// The kernel's list of functions changes while it is read, so that one in ten readings
/// lacks some of them (seen on 5.10): the doctor never misses one where there is a module.
fn comes_and_goes() -> Result<()> {
    let missed = thread::scope(|scope| {
        let reloads = scope.spawn(|| {
            (0..RELOADS).try_for_each(|_| {
                run("rmmod", &["overlay"])?;
                run("modprobe", &["overlay"]).map(drop)
            })
        });
        let mut missed = Vec::new();
        loop {
            let is_last = reloads.is_finished();
            missed.extend(missing_functions()?);
            if is_last {
                break;
            }
        }
        reloads.join().ok().context("the thread that reloads")??;
        anyhow::Ok(missed)
    })?;
    ensure!(missed.is_empty(), "{missed:?}");
    coverage::complete()
}

/// What the doctor says of functions that are not there, however it ends.
fn missing_functions() -> Result<Vec<String>> {
    let output = output("ovl-trace", &["doctor", "--output", "json"])?;
    let diagnosis: Value = serde_json::from_slice(&output.stdout)?;
    let checks = diagnosis["checks"].as_array().context("no checks")?;
    let is_missing = |check: &&Value| {
        let name = check["name"].as_str().unwrap_or_default();
        name.starts_with("probe ") || name == "kernel symbols"
    };
    let missing = checks.iter().filter(is_missing);
    Ok(missing.map(Value::to_string).collect())
}

/// Without the module there is nothing to attach to: it waits, and says what
/// would end that.
fn not_loaded() -> Result<()> {
    run("rmmod", &["overlay"])?;
    let ended = tracer::run(Command::new("ovl-trace").args(["live", "--duration", "1s"]));
    run("modprobe", &["overlay"])?;
    let ended = ended?;
    ensure!(ended.code == Some(3), "{:?}: {}", ended.code, ended.stderr);
    ensure!(
        ended.stderr.contains("modprobe overlay"),
        "{}",
        ended.stderr
    );
    Ok(())
}
