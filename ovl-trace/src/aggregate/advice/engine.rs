//! The engine itself changes the owner of every file of the image, for a user
//! namespace or a volume.

use super::{
    Advice, Facts, Found, limits,
    words::{below, cost, counted, quoted},
};
use crate::{
    aggregate::{habits::ActivityKey, share::Share},
    model::{Operation, Runtime},
};

/// Names that engines and their helpers run under. `exe` is a helper that was
/// started through `/proc/self/exe`, as containers/storage and Docker do.
const ENGINES: &[&[u8]] = &[
    b"dockerd",
    b"containerd",
    b"containerd-shim",
    b"buildkitd",
    b"podman",
    b"buildah",
    b"crio",
    b"conmon",
    b"runc",
    b"crun",
    b"kubelet",
    b"k3s",
    b"exe",
];

/// A name alone proves nothing: the process must also see the mounts of the one
/// that mounted the overlay, which no container's process does.
pub(super) fn is_engine(key: &ActivityKey) -> bool {
    // Linux cuts a process's name to 15 bytes.
    let known = |name: &&[u8]| *key.comm == name[..name.len().min(15)];
    key.outside == Some(true) && ENGINES.iter().any(known)
}

pub(super) fn chown(facts: &Facts<'_>, _: &[Advice]) -> Option<Found> {
    let mut share = Share::default();
    let mut who: Option<&ActivityKey> = None;
    for (key, activity) in facts.with(|operation| operation == Operation::Chown) {
        if is_engine(key) {
            share.add(&activity.total);
            who = who.or(Some(key));
        }
    }
    // Without data it is metacopy already.
    let who = who.filter(|_| share.data > 0)?;
    if !limits::is_worth_a_word(share.copy_ups, share.copied_bytes, share.latency_ns) {
        return None;
    }
    Some(Found {
        finding: format!(
            "{}, which is none of the container's processes, changed the owner of {}{}: {}.",
            quoted(&who.comm),
            counted(share.copy_ups, "file", "files"),
            below(&share),
            cost(&share),
        ),
        remedy: remedy(facts, &who.comm),
        evidence: share.evidence(),
    })
}

fn remedy(facts: &Facts<'_>, comm: &[u8]) -> String {
    if comm == b"kubelet" {
        return "If this is a volume with 'fsGroup', set 'fsGroupChangePolicy: OnRootMismatch' \
                in the pod's securityContext, so that only a volume whose root has another \
                owner is changed."
            .to_owned();
    }
    let idmapped = match facts.runtime() {
        Some(Runtime::Containerd) => "; containerd 2.0 uses them for pods with user namespaces",
        Some(Runtime::Podman | Runtime::Crio | Runtime::Buildah) => {
            "; containers/storage, run as root, uses them where kernel and file system can"
        }
        _ => ", where the engine can",
    };
    let metacopy = match facts.runtime() {
        Some(Runtime::Podman | Runtime::Crio | Runtime::Buildah) => {
            "'metacopy=on' in 'mountopt' of storage.conf"
        }
        _ => "'metacopy=on' (/sys/module/overlay/parameters/metacopy, for mounts to come)",
    };
    format!(
        "Let the kernel map the owners instead: idmapped mounts on Linux 5.19 and \
         newer{idmapped}. Where all layers are trusted, {metacopy} makes a chown copy the \
         attributes only."
    )
}
