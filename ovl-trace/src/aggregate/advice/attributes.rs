//! Owner or mode changed of many files at once, or of large ones: each is
//! copied whole.

use super::{
    Advice, Facts, Found,
    engine::is_engine,
    has, limits,
    words::{below, cost, counted, quoted},
};
use crate::{
    aggregate::{activity::Activity, habits::ActivityKey, share::Share},
    model::Operation,
};

pub(super) fn chown(facts: &Facts<'_>, so_far: &[Advice]) -> Option<Found> {
    recursive(facts, so_far, Operation::Chown)
}

pub(super) fn chmod(facts: &Facts<'_>, so_far: &[Advice]) -> Option<Found> {
    recursive(facts, so_far, Operation::Chmod)
}

/// Many files within a short time.
fn recursive(facts: &Facts<'_>, so_far: &[Advice], operation: Operation) -> Option<Found> {
    let (share, who) = sum(facts, operation, Activity::bursts)?;
    if has(so_far, "unchanged-attributes")
        || !limits::is_worth_a_word(share.copy_ups, share.copied_bytes, share.latency_ns)
    {
        return None;
    }
    let who = quoted(&who.comm);
    let who = match (facts.build_step(), share.at_start) {
        (Some(step), _) => format!("The build step {} ({who})", quoted(step.as_bytes())),
        (None, true) => format!("Soon after the start of the container, {who}"),
        (None, false) => who,
    };
    Some(Found {
        finding: format!(
            "{who} changed the {} of {}{}{}: {}.",
            attribute(operation),
            counted(share.copy_ups, "file", "files"),
            below(&share),
            facts.source(&share),
            cost(&share),
        ),
        remedy: remedy(facts, operation),
        evidence: share.evidence(),
    })
}

/// A few large files, by a change of any attribute.
pub(super) fn large(facts: &Facts<'_>, so_far: &[Advice]) -> Option<Found> {
    if has(so_far, "unchanged-attributes") {
        return None;
    }
    let mut share = Share::default();
    let mut first = None;
    for operation in [
        Operation::Chown,
        Operation::Chmod,
        Operation::Utimes,
        Operation::Setxattr,
    ] {
        let blamed = match operation {
            Operation::Chown => has(so_far, "recursive-chown"),
            Operation::Chmod => has(so_far, "recursive-chmod"),
            _ => false,
        };
        if !blamed && let Some((found, who)) = sum(facts, operation, |all| all.total.clone()) {
            first = first.or(Some((operation, who)));
            share.add(&found);
        }
    }
    let (operation, who) = first?;
    if share.copied_bytes < limits::WORTH_BYTES {
        return None;
    }
    let evidence = share.evidence();
    let largest = evidence.paths.first().map(|path| quoted(path));
    Some(Found {
        finding: format!(
            "A change of attributes ({operation} and the like, by {}) copied {} whole, \
             the largest {}{}: {}.",
            quoted(&who.comm),
            counted(share.copy_ups, "file", "files"),
            largest.unwrap_or_default(),
            facts.source(&share),
            cost(&share),
        ),
        remedy: remedy(facts, operation),
        evidence,
    })
}

/// What the processes of the container did, and the foremost of them.
fn sum<'a>(
    facts: &Facts<'a>,
    operation: Operation,
    share_of: impl Fn(&Activity) -> Share,
) -> Option<(Share, &'a ActivityKey)> {
    let mut sum = Share::default();
    let mut who: Option<(&ActivityKey, u64)> = None;
    for (key, activity) in facts.with(|with| with == operation) {
        let share = share_of(activity);
        if is_engine(key) || share.is_empty() {
            continue;
        }
        sum.add(&share);
        if who.is_none_or(|(_, most)| share.copy_ups > most) {
            who = Some((key, share.copy_ups));
        }
    }
    Some((sum, who?.0))
}

const fn attribute(operation: Operation) -> &'static str {
    match operation {
        Operation::Chown => "owner",
        Operation::Chmod => "mode",
        _ => "attributes",
    }
}

fn remedy(facts: &Facts<'_>, operation: Operation) -> String {
    let option = match operation {
        Operation::Chown => "'COPY --chown=USER:GROUP'",
        Operation::Chmod => "'COPY --chmod=MODE'",
        _ => "'COPY --chown=USER:GROUP' or '--chmod=MODE'",
    };
    if facts.build_step().is_some() {
        return format!(
            "Every file is in the image twice now: give it its {} where it comes in, with \
             {option}, or in the same RUN that makes it, and drop this step.",
            attribute(operation),
        );
    }
    let differing = match operation {
        Operation::Chown => ": 'find DIRECTORY ! -user USER -exec chown USER {} +'",
        Operation::Chmod => ": 'find DIRECTORY ! -perm MODE -exec chmod MODE {} +'",
        _ => "",
    };
    format!(
        "Give the files their {} when the image is built ({option}, or the RUN that makes \
         them), and let the start script change only what differs{differing}. Data that \
         belongs to the running container goes to a volume.",
        attribute(operation),
    )
}
