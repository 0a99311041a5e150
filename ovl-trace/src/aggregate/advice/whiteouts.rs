//! Many names of the image deleted: nothing gets smaller, each needs a whiteout.

use super::{
    Advice, Facts, Found, limits,
    words::{below, counted, quoted},
};
use crate::aggregate::{habits::ActivityKey, share::Share};

pub(super) fn storm(facts: &Facts<'_>, _: &[Advice]) -> Option<Found> {
    let mut share = Share::default();
    let mut who: Option<&ActivityKey> = None;
    for (key, activity) in &facts.activities {
        let bursts = activity.bursts();
        if key.operation.is_none() && !bursts.is_empty() {
            share.add(&bursts);
            who = who.or(Some(key));
        }
    }
    let who = quoted(&who?.comm);
    if share.whiteouts < limits::WORTH_FILES {
        return None;
    }
    let step = facts.build_step();
    let who = match (step, share.at_start) {
        (Some(step), _) => format!("The build step {} ({who})", quoted(step.as_bytes())),
        (None, true) => format!("Soon after the start of the container, {who}"),
        (None, false) => who,
    };
    Some(Found {
        finding: format!(
            "{who} removed or renamed {}{} that a lower layer holds: they are hidden by \
             whiteouts, and the image stays as large as it was.",
            counted(share.whiteouts, "name", "names"),
            below(&share),
        ),
        remedy: if step.is_some() {
            "Delete in the same RUN that makes the files; keep package caches out of the image \
             with 'RUN --mount=type=cache', and what is not needed out of the build with \
             .dockerignore or a stage of its own."
                .to_owned()
        } else {
            "Leave the files out of the image (delete them in the RUN that makes them, or use \
             .dockerignore). What comes and goes while the container runs belongs on a volume \
             or a tmpfs."
                .to_owned()
        },
        evidence: share.evidence(),
    })
}
