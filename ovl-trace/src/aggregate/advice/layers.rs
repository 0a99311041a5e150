//! What the image's layers have to do with it.

use super::{
    Advice, Evidence, Facts, Found, explained, limits,
    words::{counted, percent, quoted},
};
use crate::{
    aggregate::detail::Tally,
    render::units::{bytes, duration},
};

/// Less than half, and no single instruction is to blame.
const MOST_PERCENT: u32 = 50;

/// The instruction whose files were copied up, where the rules before this one
/// did not say why they were.
pub(super) fn instruction(facts: &Facts<'_>, so_far: &[Advice]) -> Option<Found> {
    let known = facts.layers.iter();
    let known = known.filter_map(|(index, tally)| Some(((*index)?, tally)));
    let (index, tally) = known.max_by_key(|(_, tally)| tally.copied_bytes)?;
    let instruction = facts.instruction(index)?;
    let all = facts.sums.copied_bytes;
    // What the disk made slow is still to be explained.
    let explained = explained(so_far, &["sync-bound"]);
    let rest = all.saturating_sub(explained.copied_bytes);
    if tally.copied_bytes.min(rest) < limits::WORTH_BYTES
        || !limits::is_percent(rest, all, MOST_PERCENT)
        || !limits::is_percent(tally.copied_bytes, all, MOST_PERCENT)
    {
        return None;
    }
    let layer = facts.files.iter();
    let layer = layer.filter(|(_, _, copied)| copied.layer == Some(index));
    let paths: Vec<Vec<u8>> = layer.take(5).map(|(path, ..)| path.to_vec()).collect();
    let foremost = paths.first().map(|path| quoted(path)).unwrap_or_default();
    Some(Found {
        finding: format!(
            "{} brought {} % of the {} copied up, the largest {foremost}.",
            quoted(instruction.as_bytes()),
            percent(tally.copied_bytes, all),
            bytes(all),
        ),
        remedy: "Let that instruction leave the files as the container needs them (name, \
                 place, owner, mode), or bring them in as a volume."
            .to_owned(),
        evidence: evidence(tally, paths),
    })
}

/// So many layers that what is in the lower ones is far away.
pub(super) fn many(facts: &Facts<'_>, _: &[Advice]) -> Option<Found> {
    let origin = facts.origin;
    let layers = origin.layers.len().max(origin.mount.lowerdirs.len());
    if layers <= limits::MANY_LAYERS {
        return None;
    }
    let far = limits::MANY_LAYERS / 2;
    let mut sum = Tally::default();
    for (index, tally) in facts.layers.iter() {
        if index.is_some_and(|index| index as usize > far) {
            sum.add(tally);
        }
    }
    if !limits::is_worth_a_word(sum.copy_ups, sum.copied_bytes, sum.latency_ns) {
        return None;
    }
    let deep = facts.files.iter();
    let deep = deep.filter(|(_, _, copied)| copied.layer.is_some_and(|index| index as usize > far));
    let paths = deep.take(5).map(|(path, ..)| path.to_vec()).collect();
    Some(Found {
        finding: format!(
            "The root file system has {layers} lower layers, and {} below the {far} topmost \
             ({} in {}): a name is looked for in one layer after the other.",
            counted(sum.copy_ups, "copy-up came from", "copy-ups came from"),
            bytes(sum.copied_bytes),
            duration(sum.latency_ns),
        ),
        remedy: "Merge RUN instructions, or build in a stage and 'COPY --from' the result. How \
                 much of the time is due to the layers was not measured."
            .to_owned(),
        evidence: evidence(&sum, paths),
    })
}

fn evidence(tally: &Tally, paths: Vec<Vec<u8>>) -> Evidence {
    Evidence {
        copy_ups: tally.copy_ups,
        whiteouts: 0,
        copied_bytes: tally.copied_bytes,
        latency_ns: tally.latency_ns,
        paths,
    }
}
