//! Copy-ups whose end will never be seen: their task is gone.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::Result;

use crate::load::Tracer;

/// Inode number of the initial pid namespace (`PROC_PID_INIT_INO`,
/// `include/linux/proc_ns.h`).
const INITIAL_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Age from which on a copy-up is looked at.
const AGE_NS: u64 = 10_000_000_000;

/// Forgets running copy-ups whose task has ended (a probe missed their end),
/// and says how many. In another pid namespace than the kernel's numbers are
/// of, nothing can be said about tasks, and nothing is forgotten.
pub(super) fn forget(tracer: &mut Tracer, now_ns: u64) -> Result<u64> {
    if !numbers_are_ours() {
        return Ok(0);
    }
    let mut forgotten = 0;
    for (tid, copy_up) in tracer.in_flight()? {
        let old = now_ns.saturating_sub(copy_up.started_ns) > AGE_NS;
        // `/proc/TID` exists for every thread, though it is not listed.
        if old && !Path::new("/proc").join(tid.to_string()).exists() {
            tracer.abandon(tid)?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

fn numbers_are_ours() -> bool {
    fs::metadata("/proc/self/ns/pid")
        .is_ok_and(|namespace| namespace.ino() == INITIAL_PID_NAMESPACE)
}
