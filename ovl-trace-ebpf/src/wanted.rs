//! Whether anybody wants the event: decided before its path is read and before it
//! takes room in the ring. The totals have it in any case.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use ovl_trace_common::{in_flight::InFlight, offsets::PIDS_MAX, verdict::Call};

use crate::{
    emit,
    globals::{events_wanted, wanted, wanted_pid},
    maps::{UNWANTED, UNWANTED_CALLS},
    overlay::Known,
    task, totals, words,
};

/// Copy-ups of files of this size are announced whoever's they are: a container may get
/// the name that is asked for before they end, and beside them an announcement is nothing.
const LARGE_BYTES: u64 = 64 << 20;

/// A copy-up that took `latency_ns`.
#[inline(always)]
pub(crate) fn copy_up(copy_up: &InFlight, known: Known, latency_ns: u64) -> bool {
    by_itself(copy_up, latency_ns, true) && overlay(known, true)
}

/// A copy-up that begins: how long it will take nobody knows yet. That it is not
/// announced is not counted: its end will be.
#[inline(always)]
pub(crate) fn announcement(copy_up: &InFlight, known: Known) -> bool {
    by_itself(copy_up, u64::MAX, false)
        && (copy_up.size_bytes >= LARGE_BYTES || overlay(known, false))
}

#[inline(always)]
fn by_itself(copy_up: &InFlight, latency_ns: u64, counts: bool) -> bool {
    events_wanted()
        && wanted(|wanted| &raw const wanted.types) & (1 << (copy_up.mode >> 12 & 15)) != 0
        && copy_up.size_bytes >= wanted(|wanted| &raw const wanted.size_bytes)
        && latency_ns >= wanted(|wanted| &raw const wanted.latency_ns)
        && process()
        && call(copy_up, counts)
}

/// A whiteout or an opaque mark.
#[inline(always)]
pub(crate) fn whiteout(known: Known) -> bool {
    events_wanted()
        && wanted(|wanted| &raw const wanted.whiteouts) != 0
        && process()
        && overlay(known, true)
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

/// What the trigger will be derived from. One that the agent has not ruled out is
/// sent, so that it can.
#[inline(always)]
fn call(copy_up: &InFlight, counts: bool) -> bool {
    if wanted(|wanted| &raw const wanted.by_call) == 0 {
        return true;
    }
    let syscall = task::syscall();
    let mut place = MaybeUninit::<Call>::uninit();
    // SAFETY: integers only.
    let call = unsafe { words::zeroed(&mut place) };
    call.caller = copy_up.caller;
    call.open_flags = copy_up.open_flags;
    call.syscall = syscall.number;
    call.compat = u32::from(syscall.compat);
    let Some(withheld) = UNWANTED_CALLS.get_ptr_mut(&*call) else {
        return true;
    };
    if counts {
        // SAFETY: map values are aligned and live for the program's run; only this
        // changes them.
        unsafe { totals::add(withheld, 1) };
    }
    false
}

/// Whose it is. The same goes for what the agent does not know yet, and from time to
/// time for what it knew.
#[inline(always)]
fn overlay(known: Known, counts: bool) -> bool {
    if wanted(|wanted| &raw const wanted.by_overlay) == 0 {
        return true;
    }
    let Some(verdict) = UNWANTED.get_ptr_mut(known.key()) else {
        return true;
    };
    // SAFETY: map values are aligned and live for the program's run. The agent only
    // replaces them whole.
    unsafe {
        if emit::now() >= (&raw const (*verdict).until_ns).read_volatile() {
            return true;
        }
        if counts {
            totals::add(&raw mut (*verdict).withheld, 1);
        }
    }
    false
}
