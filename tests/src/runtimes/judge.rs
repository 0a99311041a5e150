//! What must have been reported of containers: exactly what their upper
//! directories hold, under their own names, with the layers of their image.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::subject::{Part, Subject, parts};
use crate::{events::Recorded, oracle::Upper};

/// One event, as far as the upper directory can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    path: String,
    kind: String,
    copied_bytes: Option<u64>,
    layer: Option<u64>,
    digest: Option<String>,
    instruction: Option<String>,
}

/// Compares everything that was recorded with all that these containers did.
/// Nothing may be lost, left without a container, or be another's.
pub(crate) fn judge(recorded: &Recorded, subjects: &[Subject<'_>]) -> Result<()> {
    verdict(recorded, subjects).with_context(|| format!("ovl-trace said: {}", recorded.log))
}

fn verdict(recorded: &Recorded, subjects: &[Subject<'_>]) -> Result<()> {
    recorded.expect_no_loss()?;
    let parts = parts(subjects);
    let events = ["copy_up", "whiteout"].map(|kind| recorded.of_type(kind));
    let events = events.concat();
    for event in &events {
        let part = parts.iter().find(|part| part.has(event));
        ensure!(
            part.is_some_and(|part| part.is_named_by(&event["container"])),
            "an event of {}: {event}",
            part.map_or_else(
                || "something else".to_owned(),
                |part| part.subject.identity.json().to_string()
            ),
        );
    }
    for part in &parts {
        let own = events.iter().filter(|event| part.has(event));
        let reported: Vec<Fact> = own.map(|event| Fact::of_event(event)).collect();
        same(reported, facts(part)?, part)?;
    }
    let rows = recorded.summary["containers"].as_array();
    let mut rows = rows.context("no containers")?.clone();
    for subject in subjects {
        let identity = subject.identity.json();
        let position = rows.iter().position(|row| subject.is(&row["container"]));
        let position = position.with_context(|| format!("no row of {identity} in {rows:?}"))?;
        check_row(&rows.swap_remove(position), subject)?;
    }
    let idle = |row: &Value| row["copy_ups"]["total"] == 0 && row["whiteouts"]["total"] == 0;
    rows.retain(|row| !idle(row));
    ensure!(rows.is_empty(), "rows of nobody: {rows:?}");
    Ok(())
}

/// The report's sums of a container are those of all its overlays.
fn check_row(row: &Value, subject: &Subject<'_>) -> Result<()> {
    let mut expected = Vec::new();
    for part in parts(std::slice::from_ref(subject)) {
        expected.extend(facts(&part)?);
    }
    ensure!(
        !expected.is_empty(),
        "{} did nothing",
        subject.identity.name
    );
    ensure!(row["counted_from"] == "kernel", "{row}");
    let count = |kind| expected.iter().filter(|fact| fact.kind == kind).count();
    for kind in ["data", "directory", "symlink"] {
        ensure!(
            row["copy_ups"][kind] == count(kind),
            "{} of {kind}: {row}",
            count(kind)
        );
    }
    let whiteouts = count("whiteout");
    ensure!(
        row["whiteouts"]["total"] == whiteouts,
        "{whiteouts} whiteouts: {row}"
    );
    let bytes: u64 = expected.iter().filter_map(|fact| fact.copied_bytes).sum();
    ensure!(row["copied_bytes"] == bytes, "{bytes} bytes: {row}");
    Ok(())
}

/// What an upper directory holds, with the image's own layers.
fn facts(part: &Part<'_>) -> Result<Vec<Fact>> {
    let upper = Upper::read(part.directories)?;
    let data = upper
        .data
        .iter()
        .map(|(path, size)| (path, "data", Some(*size)));
    let others = [
        (&upper.directories, "directory"),
        (&upper.symlinks, "symlink"),
        (&upper.special, "special"),
    ];
    let others = others
        .iter()
        .flat_map(|(paths, kind)| paths.iter().map(move |path| (path, *kind, None)));
    let copied = data
        .chain(others)
        .map(|(path, kind, bytes)| copied(part, path, kind, bytes));
    let mut facts: Vec<Fact> = copied.collect::<Result<_>>()?;
    facts.extend(upper.whiteouts.into_iter().map(Fact::whiteout));
    Ok(facts)
}

/// A copied file comes from the topmost lower layer that has it. The image's
/// layers are the last ones.
fn copied(part: &Part<'_>, path: &str, kind: &str, copied_bytes: Option<u64>) -> Result<Fact> {
    let relative = Path::new(path).strip_prefix("/")?;
    let lowers = &part.directories.lowers;
    let has = |lower: &PathBuf| lower.join(relative).symlink_metadata().is_ok();
    let position = lowers.iter().position(has);
    let position = position.with_context(|| format!("no lower layer has {path}"))?;
    // How many layers are below it.
    let below = lowers.len() - 1 - position;
    let layer = part.subject.layers.get(below);
    Ok(Fact {
        path: path.to_owned(),
        kind: kind.to_owned(),
        copied_bytes,
        layer: Some(position as u64 + 1),
        digest: layer.map(|layer| layer.digest.clone()),
        instruction: layer.map(|layer| layer.instruction.clone()),
    })
}

impl Fact {
    fn whiteout(path: String) -> Self {
        Self {
            path,
            kind: "whiteout".to_owned(),
            copied_bytes: None,
            layer: None,
            digest: None,
            instruction: None,
        }
    }

    /// What was reported. A copy-up that failed is of no kind that is expected.
    fn of_event(event: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let path = text(&event["path"]).unwrap_or_default();
        if event["type"] == "whiteout" {
            return Self::whiteout(path);
        }
        let kind = if event["result"] == "ok" {
            text(&event["kind"])
        } else {
            text(&event["result"])
        };
        Self {
            path,
            kind: kind.unwrap_or_default(),
            copied_bytes: event["copied_bytes"]
                .as_u64()
                .filter(|_| event["kind"] == "data"),
            layer: event["layer"]["index"].as_u64(),
            digest: text(&event["layer"]["digest"]),
            instruction: text(&event["layer"]["instruction"]),
        }
    }

    /// Whether it says the same, or less about the image.
    fn is_part_of(&self, other: &Self) -> bool {
        let part = |own: &Option<String>, other: &Option<String>| own.is_none() || own == other;
        part(&self.digest, &other.digest)
            && part(&self.instruction, &other.instruction)
            && self.clone().without_image() == other.clone().without_image()
    }

    /// The same without what is known only with the container.
    fn without_image(mut self) -> Self {
        self.digest = None;
        self.instruction = None;
        self
    }
}

/// Says what differs, not everything.
fn same(mut reported: Vec<Fact>, mut expected: Vec<Fact>, part: &Part<'_>) -> Result<()> {
    if part.early || part.subject.incomplete {
        // What is known already must be right.
        let is_right = |fact: &&Fact| expected.iter().any(|right| fact.is_part_of(right));
        let wrong: Vec<&Fact> = reported.iter().filter(|fact| !is_right(fact)).collect();
        ensure!(wrong.is_empty(), "not in the upper directory: {wrong:?}");
        reported = reported.into_iter().map(Fact::without_image).collect();
        expected = expected.into_iter().map(Fact::without_image).collect();
    }
    reported.sort();
    expected.sort();
    let missing: Vec<&Fact> = expected
        .iter()
        .filter(|fact| !reported.contains(fact))
        .collect();
    let unexpected: Vec<&Fact> = reported
        .iter()
        .filter(|fact| !expected.contains(fact))
        .collect();
    ensure!(
        reported == expected,
        "{}: {} reported, {} in the upper directory; not reported: {missing:?}; \
         not in the upper directory: {unexpected:?}",
        part.subject.identity.name,
        reported.len(),
        expected.len(),
    );
    Ok(())
}
