//! Kernels that lack a function: what still counts stays exact, and what is
//! lost is said.
//!
//! A function is hidden by another `/proc/kallsyms` and other types, which is where
//! `ovl-trace` learns of it. So the cases are the same on every kernel.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{case::Case, doctored::Doctored, merged::Merged, sys};
use crate::{command::run, harness::note, tracer::Tracer};

/// What must be reported of [`work`], by JSON pointer, unless a function is
/// hidden.
const EXPECTED: [(&str, u64); 9] = [
    ("/copy_ups/data", 2),
    ("/copy_ups/directory", 1),
    ("/copy_ups/failed", 0),
    ("/copied_bytes", 2 * BYTES),
    ("/copied_unknown", 0),
    ("/whiteouts/unlink", 1),
    ("/whiteouts/rmdir", 1),
    ("/whiteouts/rename", 1),
    ("/whiteouts/opaque", 2),
];

const BYTES: u64 = 5000;

/// A function that is not there.
struct Hidden {
    /// Its name in the list of probes, then others that it may have.
    names: &'static [&'static str],
    /// What is reported then instead of [`EXPECTED`].
    lost: &'static [(&'static str, Option<u64>)],
}

/// All of them are lost together.
const WHITEOUTS: [(&str, Option<u64>); 3] = [
    ("/whiteouts/unlink", Some(0)),
    ("/whiteouts/rmdir", Some(0)),
    ("/whiteouts/rename", Some(0)),
];

const HIDDEN: [Hidden; 12] = [
    hidden(&["ovl_copy_up_flags"], &[]),
    hidden(&["ovl_copy_up_one"], &[]),
    // The bytes that were spliced are known all the same.
    hidden(&["ovl_copy_up_file", "ovl_copy_up_data"], &[]),
    hidden(&["vfs_clone_file_range", "do_clone_file_range"], &[]),
    hidden(
        &["do_splice_direct"],
        &[("/copied_bytes", None), ("/copied_unknown", Some(2))],
    ),
    hidden(&["vfs_fsync"], &[]),
    hidden(&["ovl_lower_positive"], &WHITEOUTS),
    hidden(&["ovl_unlink"], &WHITEOUTS),
    hidden(&["ovl_rmdir"], &WHITEOUTS),
    hidden(
        &["ovl_rename"],
        &[
            WHITEOUTS[0],
            WHITEOUTS[1],
            WHITEOUTS[2],
            ("/whiteouts/opaque", Some(1)),
        ],
    ),
    hidden(&["ovl_mkdir"], &[("/whiteouts/opaque", Some(1))]),
    hidden(&["ovl_fill_super"], &[]),
];

const fn hidden(
    names: &'static [&'static str],
    lost: &'static [(&'static str, Option<u64>)],
) -> Hidden {
    Hidden { names, lost }
}

/// Nothing is missing: `doctor` and the report agree on that.
pub(super) fn complete() -> Result<()> {
    let checks = doctor()?;
    let bad: Vec<&Value> = checks
        .iter()
        .filter(|check| check["status"] != "ok" && check["status"] != "info")
        .filter(|check| is_about_the_kernel(check))
        .collect();
    ensure!(bad.is_empty(), "doctor: {bad:?}");
    let described = Path::new("/sys/kernel/btf/overlay").exists();
    let types = checks
        .iter()
        .find(|check| check["name"] == "overlayfs types")
        .context("doctor does not speak of overlayfs' types")?;
    ensure!((types["status"] == "ok") == described, "{types}");
    let summary = observe()?;
    ensure!(missing(&summary).is_empty(), "{}", summary["coverage"]);
    expect(&summary, &[])
}

/// Every function without which one can do, one after the other.
pub(super) fn without_each() -> Result<()> {
    for hidden in &HIDDEN {
        without(hidden).with_context(|| format!("without {}", hidden.names[0]))?;
    }
    Ok(())
}

/// Nothing is traced without these.
pub(super) fn required() -> Result<()> {
    for name in ["ovl_copy_up_start", "ovl_copy_up_end", "ovl_put_super"] {
        let _hidden = Doctored::hide(&[name])?;
        let ended = crate::tracer::run(std::process::Command::new("ovl-trace").args([
            "live",
            "--duration",
            "1s",
        ]))?;
        ensure!(ended.code == Some(3), "without {name}: {}", ended.stderr);
        ensure!(ended.stderr.contains(name), "{}", ended.stderr);
    }
    Ok(())
}

/// With too few descriptors some probes cannot be attached although their functions exist.
/// It either says that and counts right all the same, or does not start.
pub(super) fn too_few_descriptors() -> Result<()> {
    let starts = |limit| -> Result<bool> {
        let ended = crate::tracer::run(std::process::Command::new("prlimit").args([
            &format!("--nofile={limit}"),
            "ovl-trace",
            "live",
            "--duration",
            "1s",
        ]))?;
        // Killed by nothing, and no panic.
        ensure!(
            matches!(ended.code, Some(0 | 1 | 3 | 4)),
            "{limit}: {:?}, {}",
            ended.code,
            ended.stderr
        );
        let started = ended.code == Some(0);
        ensure!(
            started || ended.stderr.contains("ulimit -n"),
            "{limit}: no advice in {}",
            ended.stderr
        );
        Ok(started)
    };
    let (mut too_few, mut enough) = (64, 160);
    ensure!(
        !starts(too_few)? && starts(enough)?,
        "it needs other numbers"
    );
    while enough - too_few > 1 {
        let middle = u32::midpoint(too_few, enough);
        if starts(middle)? {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    let mut incomplete = 0;
    for limit in enough..enough + 4 {
        let summary = observe_by(|| Tracer::start_within(limit))?;
        let missing = missing(&summary);
        note(&format!(
            "{limit} descriptors: {} probes are missing",
            missing.len()
        ));
        incomplete += missing.len();
        expect(&summary, &[]).with_context(|| format!("{limit} descriptors: {missing:?}"))?;
    }
    ensure!(incomplete > 0, "no probe was ever missing");
    Ok(())
}

fn without(hidden: &Hidden) -> Result<()> {
    let _hidden = Doctored::hide(hidden.names)?;
    let name = format!("probe {}", hidden.names[0]);
    let checks = doctor()?;
    let check = checks
        .iter()
        .find(|check| check["name"] == name.as_str())
        .context("doctor does not miss it")?;
    ensure!(
        check["status"] == "degraded" && check["lost"].is_string(),
        "{check}"
    );
    let summary = observe()?;
    let missing = missing(&summary);
    ensure!(!missing.is_empty(), "the report does not miss it");
    for probe in missing {
        ensure!(probe["lost"].is_string(), "{probe}");
    }
    expect(&summary, hidden.lost)
}

fn expect(summary: &Value, lost: &[(&str, Option<u64>)]) -> Result<()> {
    let row = &summary["containers"][0];
    for (pointer, expected) in EXPECTED {
        let expected = lost
            .iter()
            .find(|(name, _)| *name == pointer)
            .map_or(json!(expected), |(_, value)| json!(value));
        let found = row.pointer(pointer).context("no such field")?;
        ensure!(
            *found == expected,
            "{pointer} is {found}, expected {expected}"
        );
    }
    ensure!(summary["loss"]["probe"] == 0, "{}", summary["loss"]);
    Ok(())
}

fn missing(summary: &Value) -> Vec<&Value> {
    let coverage = summary["coverage"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    coverage
        .iter()
        .filter(|probe| probe["status"] != "attached")
        .collect()
}

pub(super) fn doctor() -> Result<Vec<Value>> {
    let diagnosis: Value =
        serde_json::from_str(&run("ovl-trace", &["doctor", "--output", "json"])?)?;
    ensure!(diagnosis["can_trace"] == true, "{diagnosis}");
    Ok(diagnosis["checks"].as_array().context("no checks")?.clone())
}

fn is_about_the_kernel(check: &Value) -> bool {
    let name = check["name"].as_str().unwrap_or_default();
    name.starts_with("probe") || name.starts_with("field") || name.starts_with("overlayfs")
}

/// The summary of an observation of [`work`].
fn observe() -> Result<Value> {
    observe_by(|| Tracer::start(&[]))
}

/// The same by a tracer that is started otherwise.
fn observe_by(start: impl FnOnce() -> Result<Tracer>) -> Result<Value> {
    let directory = tempfile::tempdir()?;
    let case = Case::new("coverage").lower(|layer| {
        layer.files(&["copied", "renamed", "unlinked"], BYTES)?;
        for directory in ["changed", "removed", "hidden"] {
            fs::create_dir(layer.root.join(directory))?;
        }
        Ok(())
    });
    // A tmpfs: nothing can be shared, so every byte counts.
    sys::mount("tmpfs", directory.path(), "tmpfs", 0, "")?;
    let observed = (|| {
        let merged = Merged::new(&case, directory.path(), directory.path())?;
        let tracer = start()?;
        let worked = work(&merged);
        let recorded = tracer.finish()?;
        sys::umount(&merged.root)?;
        worked?;
        Ok(recorded.summary)
    })();
    sys::umount(directory.path())?;
    observed
}

fn work(merged: &Merged) -> Result<()> {
    merged.touch("copied")?;
    merged.chmod("changed", 0o700)?;
    merged.rename("renamed", "elsewhere")?;
    merged.unlink("unlinked")?;
    merged.rmdir("removed")?;
    // Both become opaque: one made, one moved over a whiteout.
    merged.mkdir("removed")?;
    merged.mkdir("removed/inner")?;
    Ok(merged.rename("removed/inner", "unlinked")?)
}
