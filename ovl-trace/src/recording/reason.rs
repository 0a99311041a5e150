//! Reasons of losses, which are names of this program's own.

use std::sync::{Mutex, PoisonError};

use ovl_trace_common::loss;

use crate::{kernel::ProbeSwitch, load::PROBES};

/// The agent's own reasons.
const OWN: [&str; 5] = [
    "undecodable",
    "max_size",
    PREEMPTION_SWITCHED,
    RENAMED,
    OTHER,
];

/// The kernel's preemption was switched while trampolines were in use: what they missed
/// is counted, but two programs may have used the same room.
pub const PREEMPTION_SWITCHED: &str = "preemption_switched";

/// Events of a container were not sent before it had the name that is asked for.
pub const RENAMED: &str = "renamed";

/// What stands for reasons beyond all bounds.
const OTHER: &str = "other";

/// Reasons of a newer version: at most this many, of at most this length.
const FOREIGN_MAX: usize = 64;
const FOREIGN_BYTES_MAX: usize = 64;

static FOREIGN: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// The reason of this name. One that this version does not know is kept for the
/// rest of the process; there are few.
pub fn reason(name: &str) -> &'static str {
    let known = loss::NAMES.iter().chain(&OWN).copied();
    let programs = PROBES.iter().map(|probe| probe.program);
    let switches = ProbeSwitch::ALL.map(ProbeSwitch::loss_reason);
    let mut known = known.chain(programs).chain(switches);
    if let Some(known) = known.find(|known| *known == name) {
        return known;
    }
    let mut foreign = FOREIGN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = foreign.iter().find(|known| **known == name) {
        return known;
    }
    if foreign.len() >= FOREIGN_MAX || name.len() > FOREIGN_BYTES_MAX {
        return OTHER;
    }
    let kept: &'static str = Box::leak(name.into());
    foreign.push(kept);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_new_reasons_keep_their_names() {
        assert_eq!(reason("ring_copy_up"), loss::NAMES[0]);
        assert_eq!(reason("copy_up_one_return"), "copy_up_one_return");
        assert_eq!(reason("ftrace_disabled"), "ftrace_disabled");
        assert_eq!(reason("ring_of_a_newer_version"), "ring_of_a_newer_version");
        assert_eq!(reason(&"x".repeat(1000)), OTHER);
    }
}
