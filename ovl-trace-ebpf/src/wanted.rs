//! Whether anybody wants the event: decided before its path is read and before it
//! takes room in the ring. The totals have it in any case.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use ovl_trace_common::{in_flight::InFlight, offsets::PIDS_MAX};

use crate::globals::{events_wanted, wanted, wanted_pid};

/// A copy-up that takes `latency_ns`.
#[inline(always)]
pub(crate) fn copy_up(copy_up: &InFlight, latency_ns: u64) -> bool {
    events_wanted()
        && wanted(|wanted| &raw const wanted.types) & (1 << (copy_up.mode >> 12 & 15)) != 0
        && copy_up.size_bytes >= wanted(|wanted| &raw const wanted.size_bytes)
        && latency_ns >= wanted(|wanted| &raw const wanted.latency_ns)
        && process()
}

/// A whiteout or an opaque mark.
#[inline(always)]
pub(crate) fn whiteout() -> bool {
    events_wanted() && wanted(|wanted| &raw const wanted.whiteouts) != 0 && process()
}

/// The current process. The number of those wanted is a constant to the verifier:
/// without any, nothing of this is left.
#[inline(always)]
fn process() -> bool {
    let count = wanted(|wanted| &raw const wanted.pid_count);
    if count == 0 {
        return true;
    }
    let pid = (bpf_get_current_pid_tgid() >> 32) as u32;
    (0..PIDS_MAX).any(|index| index < count as usize && wanted_pid(index) == pid)
}
