//! Most of the time went into waiting for the disk.

use super::{
    Advice, Evidence, Facts, Found, explained, limits,
    words::{counted, percent},
};
use crate::{model::Runtime, render::units::duration};

/// Less than half, and something else is the point.
const MOST_PERCENT: u32 = 50;

pub(super) fn bound(facts: &Facts<'_>, so_far: &[Advice]) -> Option<Found> {
    let sums = facts.sums;
    let (sync, all) = (&sums.phases.sync, sums.latency.sum_ns);
    if sync.sum_ns < limits::WORTH_NS || !limits::is_percent(sync.sum_ns, all, MOST_PERCENT) {
        return None;
    }
    // A part is never more than the whole: these numbers are not the kernel side's.
    if sync.sum_ns > all {
        return None;
    }
    // Those who do without these copies need no faster ones.
    if limits::is_percent(explained(so_far, &[]).latency_ns, all, MOST_PERCENT) {
        return None;
    }
    let synced = sync.histogram.count();
    Some(Found {
        finding: format!(
            "{} of {} ({} %) in copy-ups went into syncing {} to the disk.",
            duration(sync.sum_ns),
            duration(all),
            percent(sync.sum_ns, all),
            counted(synced, "file", "files"),
        ),
        remedy: format!(
            "Fewer copies help first: a volume for what changes. {} Then nothing in the \
             writable layer is ever synced: after a crash of the machine it must be thrown \
             away, so only for containers that keep no data there.",
            volatile(facts.runtime()),
        ),
        evidence: Evidence {
            copy_ups: synced,
            whiteouts: 0,
            copied_bytes: sums.copied_bytes,
            latency_ns: all,
            paths: facts
                .files
                .iter()
                .take(5)
                .map(|(path, ..)| path.to_vec())
                .collect(),
        },
    })
}

fn volatile(runtime: Option<&Runtime>) -> &'static str {
    match runtime {
        Some(Runtime::Containerd) => {
            "The mount option 'volatile' leaves the sync out: \
             'mount_options = [\"volatile\"]' of containerd's overlayfs snapshotter, for all \
             its containers."
        }
        Some(Runtime::Podman | Runtime::Crio | Runtime::Buildah) => {
            "The mount option 'volatile' leaves the sync out: 'mountopt = \"volatile\"' in \
             storage.conf, for all containers."
        }
        Some(Runtime::Docker | Runtime::Buildkit) => {
            "The overlay mount option 'volatile' leaves the sync out; Docker has no setting \
             for it, containerd ('mount_options' of its overlayfs snapshotter) and Podman \
             ('mountopt' in storage.conf) have."
        }
        Some(Runtime::Other(_)) | None => {
            "The overlay mount option 'volatile' (Linux 5.10 and newer) leaves the sync out."
        }
    }
}
