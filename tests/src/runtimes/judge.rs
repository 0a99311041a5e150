//! What must have been reported of containers: exactly what their upper
//! directories hold, under their own names, with the layers of their image.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::archive::Image;
use crate::{docker::Layers, events::Recorded, oracle::Upper};

/// A container, as its own runtime describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) runtime: &'static str,
    pub(crate) pod: Option<String>,
    pub(crate) namespace: Option<String>,
}

impl Identity {
    /// As events show it.
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "image": self.image,
            "runtime": self.runtime,
            "pod": self.pod,
            "namespace": self.namespace,
        })
    }
}

/// A container that worked while it was observed.
pub(crate) struct Subject<'a> {
    pub(crate) identity: Identity,
    pub(crate) image: &'a Image,
    /// Its overlays: the root file system, and what the runtime made before it.
    pub(crate) overlays: Vec<Layers>,
}

/// One event, as far as the upper directory can tell.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    path: String,
    kind: String,
    copied_bytes: Option<u64>,
    layer: u64,
    digest: Option<String>,
    instruction: Option<String>,
}

/// Compares everything that was recorded with all that these containers did.
/// Nothing may be lost, left without a container, or be another's.
pub(crate) fn judge(recorded: &Recorded, subjects: &[Subject<'_>]) -> Result<()> {
    recorded.expect_no_loss()?;
    let known: Vec<Value> = subjects
        .iter()
        .map(|subject| subject.identity.json())
        .collect();
    for event in recorded
        .of_type("copy_up")
        .into_iter()
        .chain(recorded.of_type("whiteout"))
    {
        ensure!(
            known.contains(&event["container"]),
            "an event of none of {}: {event}",
            Value::from(known),
        );
    }
    let rows = recorded.summary["containers"]
        .as_array()
        .context("no containers")?;
    for subject in subjects {
        let expected = facts(subject)?;
        ensure!(
            !expected.is_empty(),
            "{} did nothing",
            subject.identity.name
        );
        let id = subject.identity.id.as_str();
        same(&reported(recorded, id), &expected, &subject.identity.name)?;
        let rows: Vec<&Value> = rows
            .iter()
            .filter(|row| row["container"]["id"] == id)
            .collect();
        let [row] = rows.as_slice() else {
            anyhow::bail!("{} rows of {id}", rows.len());
        };
        ensure!(
            row["container"] == subject.identity.json(),
            "the row of {id}: {row}"
        );
        ensure!(row["counted_from"] == "kernel", "{row}");
        for kind in ["data", "directory", "symlink"] {
            let count = expected.iter().filter(|fact| fact.kind == kind).count();
            ensure!(row["copy_ups"][kind] == count, "{count} of {kind}: {row}");
        }
        let whiteouts = expected
            .iter()
            .filter(|fact| fact.kind == "whiteout")
            .count();
        ensure!(
            row["whiteouts"]["total"] == whiteouts,
            "{whiteouts} whiteouts: {row}"
        );
        let bytes: u64 = expected.iter().filter_map(|fact| fact.copied_bytes).sum();
        ensure!(row["copied_bytes"] == bytes, "{bytes} bytes: {row}");
    }
    Ok(())
}

/// What the upper directories of a container hold, with the image's own layers.
fn facts(subject: &Subject<'_>) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for overlay in &subject.overlays {
        let upper = Upper::read(overlay)?;
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
        for (path, kind, copied_bytes) in data.chain(others) {
            facts.push(copied(subject, overlay, path, kind, copied_bytes)?);
        }
        facts.extend(upper.whiteouts.into_iter().map(|path| Fact {
            path,
            kind: "whiteout".to_owned(),
            copied_bytes: None,
            layer: 0,
            digest: None,
            instruction: None,
        }));
    }
    facts.sort();
    Ok(facts)
}

/// A copied file comes from the topmost lower layer that has it. The image's
/// layers are the last ones.
fn copied(
    subject: &Subject<'_>,
    overlay: &Layers,
    path: &str,
    kind: &str,
    copied_bytes: Option<u64>,
) -> Result<Fact> {
    let relative = Path::new(path).strip_prefix("/")?;
    let has = |lower: &std::path::PathBuf| lower.join(relative).symlink_metadata().is_ok();
    let position = overlay
        .lowers
        .iter()
        .position(has)
        .with_context(|| format!("no lower layer has {path}"))?;
    // How many layers are below it.
    let below = overlay.lowers.len() - 1 - position;
    let layer = subject.image.layers.get(below);
    Ok(Fact {
        path: path.to_owned(),
        kind: kind.to_owned(),
        copied_bytes,
        layer: position as u64 + 1,
        digest: layer.map(|layer| layer.digest.clone()),
        instruction: layer.map(|layer| layer.instruction.clone()),
    })
}

/// What was reported of a container.
fn reported(recorded: &Recorded, id: &str) -> Vec<Fact> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let of = |kind| {
        let events = recorded.of_type(kind).into_iter();
        events.filter(|event| event["container"]["id"] == id)
    };
    let copied = of("copy_up").map(|event| Fact {
        path: text(&event["path"]).unwrap_or_default(),
        kind: match event["result"].as_str() {
            Some("ok") => text(&event["kind"]).unwrap_or_default(),
            other => format!("{other:?}"),
        },
        copied_bytes: event["copied_bytes"]
            .as_u64()
            .filter(|_| event["kind"] == "data"),
        layer: event["layer"]["index"].as_u64().unwrap_or(u64::MAX),
        digest: text(&event["layer"]["digest"]),
        instruction: text(&event["layer"]["instruction"]),
    });
    let hidden = of("whiteout").map(|event| Fact {
        path: text(&event["path"]).unwrap_or_default(),
        kind: "whiteout".to_owned(),
        copied_bytes: None,
        layer: 0,
        digest: None,
        instruction: None,
    });
    let mut facts: Vec<Fact> = copied.chain(hidden).collect();
    facts.sort();
    facts
}

/// Says what differs, not everything.
fn same(reported: &[Fact], expected: &[Fact], name: &str) -> Result<()> {
    if reported == expected {
        return Ok(());
    }
    let missing: Vec<&Fact> = expected
        .iter()
        .filter(|fact| !reported.contains(fact))
        .collect();
    let unexpected: Vec<&Fact> = reported
        .iter()
        .filter(|fact| !expected.contains(fact))
        .collect();
    anyhow::bail!(
        "{name}: {} reported, {} in the upper directory; not reported: {missing:?}; \
         not in the upper directory: {unexpected:?}",
        reported.len(),
        expected.len(),
    )
}
