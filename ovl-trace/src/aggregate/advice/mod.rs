//! What to change, and why: found in the events of one container.
//!
//! A rule is a pure function over [`Facts`]. The rules are asked in the order
//! of [`RULES`], the most specific first: what one has explained, a later one
//! does not blame again. What a rule cannot know it does not say.

mod attributes;
mod content;
mod engine;
mod facts;
mod layers;
pub(super) mod limits;
mod sync;
#[cfg(test)]
mod tests;
mod unchanged;
mod whiteouts;
mod words;

use std::cmp::Reverse;

pub(super) use facts::Facts;

/// One piece of advice, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it is about, the same in every version (`recursive-chown`).
    pub id: &'static str,
    /// What was found, in one sentence. Names in it are as hostile as any: to be
    /// made harmless when it is shown.
    pub finding: String,
    /// What to do about it, in one or two sentences; likewise.
    pub remedy: String,
    /// The events that it rests on.
    pub evidence: Evidence,
}

/// What the events behind an advice cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Their copy-ups.
    pub copy_ups: u64,
    /// Their whiteouts.
    pub whiteouts: u64,
    /// Bytes written by these copy-ups, as far as measured.
    pub copied_bytes: u64,
    /// Time spent in these copy-ups, in nanoseconds.
    pub latency_ns: u64,
    /// Some of the paths, the most costly first; any bytes but NUL.
    pub paths: Vec<Vec<u8>>,
}

impl Evidence {
    /// Adds the numbers of other events.
    fn add(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.copy_ups, other.copy_ups),
            (&mut self.whiteouts, other.whiteouts),
            (&mut self.copied_bytes, other.copied_bytes),
            (&mut self.latency_ns, other.latency_ns),
        ] {
            *ours = ours.saturating_add(theirs);
        }
    }
}

/// What a rule found, if it applies. The second argument is what the rules
/// before it found.
type Find = fn(&Facts<'_>, &[Advice]) -> Option<Found>;

/// An advice but for its id.
struct Found {
    finding: String,
    remedy: String,
    evidence: Evidence,
}

/// The rules by id, the most specific first. Described in `docs/advice.md`.
const RULES: &[(&str, Find)] = &[
    ("engine-chown", engine::chown),
    ("unchanged-attributes", unchanged::attributes),
    ("recursive-chown", attributes::chown),
    ("recursive-chmod", attributes::chmod),
    ("large-attribute-change", attributes::large),
    ("unchanged-content", unchanged::content),
    ("copied-by-each-container", content::by_each),
    ("written-in-place", content::in_place),
    ("whiteout-storm", whiteouts::storm),
    ("sync-bound", sync::bound),
    ("image-instruction", layers::instruction),
    ("many-layers", layers::many),
];

/// The advice for one container, the most costly first.
pub(super) fn advise(facts: &Facts<'_>) -> Vec<Advice> {
    let mut all: Vec<Advice> = Vec::new();
    for (id, find) in RULES {
        let Some(found) = find(facts, &all) else {
            continue;
        };
        let mut finding = found.finding;
        if facts.lost > 0 {
            finding.push_str(" Events were lost: it is at least that.");
        }
        all.push(Advice {
            id,
            finding,
            remedy: found.remedy,
            evidence: facts.bound(found.evidence),
        });
    }
    all.sort_by_key(|advice| {
        let evidence = &advice.evidence;
        Reverse((
            evidence.copied_bytes,
            evidence.latency_ns,
            evidence.copy_ups + evidence.whiteouts,
        ))
    });
    all.truncate(limits::ADVICE_MAX);
    all
}

/// The sum of what the rules so far have explained, but for those with these
/// ids.
fn explained(so_far: &[Advice], but: &[&str]) -> Evidence {
    let mut sum = Evidence::default();
    for advice in so_far {
        if but.contains(&advice.id) {
            continue;
        }
        sum.add(&advice.evidence);
    }
    sum
}

fn has(so_far: &[Advice], id: &str) -> bool {
    so_far.iter().any(|advice| advice.id == id)
}
