//! Where a running copy-up is remembered, by the task that it runs in.
//!
//! Each of its probes asks for it, so it has to be cheap: a task has a slot at a fixed
//! place, which it finds without a hash. Tasks whose numbers fall on the same slot are
//! told apart by an owner; whoever finds it taken goes to the hash map.

use ovl_trace_common::{
    in_flight::{InFlight, SLOTS, Slot},
    loss,
};

use crate::{
    globals::slots_used,
    loss::count,
    maps::{IN_FLIGHT, IN_FLIGHT_SLOTS, IN_HASH},
    totals::add,
};

const BPF_NOEXIST: u64 = 1;

/// The slot of a task.
#[inline(always)]
fn slot(tid: u32) -> *mut Slot {
    let slots = IN_FLIGHT_SLOTS.get().cast::<Slot>();
    slots.wrapping_add(tid as usize & (SLOTS - 1))
}

/// Some copy-up is in the hash map. A task has counted its own before it is there, so none is
/// overlooked by the only one that looks for it.
#[inline(always)]
fn any_in_hash() -> bool {
    // SAFETY: a static; volatile, since other CPUs write it.
    unsafe { IN_HASH.get().read_volatile() != 0 }
}

#[inline(always)]
fn change_in_hash(by: u64) {
    // SAFETY: a static, aligned; all writers use atomics.
    unsafe { add(IN_HASH.get(), by) };
}

/// The copy-up that the task is in.
#[inline(always)]
pub(crate) fn find(tid: u32) -> Option<&'static mut InFlight> {
    let slot = slot(tid);
    // SAFETY: one of the slots. Only the task itself writes its number there, and what
    // follows is its own as long as it stands there.
    unsafe {
        if (&raw const (*slot).tid).read_volatile() == tid {
            return Some(&mut (*slot).copy_up);
        }
    }
    if !any_in_hash() {
        return None;
    }
    // SAFETY: the entry is this task's own.
    IN_FLIGHT
        .get_ptr_mut(tid)
        .map(|entry| unsafe { &mut *entry })
}

/// Remembers a copy-up of the task; whether there was room.
#[inline(always)]
pub(crate) fn remember(tid: u32, copy_up: &InFlight) -> bool {
    if slots_used() {
        let slot = slot(tid);
        // SAFETY: as in `find`; a slot is written by who has claimed it. The number comes
        // last, so that a reader who sees it sees this copy-up.
        unsafe {
            let owner = (&raw mut (*slot).tid).read_volatile();
            if owner == tid {
                // The task was in a copy-up and is in another: the first one's end was missed.
                count(loss::UNFINISHED);
            }
            if owner == tid || claim(slot) {
                if any_in_hash() && IN_FLIGHT.remove(tid).is_ok() {
                    // As above, of a copy-up that found the slot taken.
                    change_in_hash(1_u64.wrapping_neg());
                    count(loss::UNFINISHED);
                }
                (*slot).copy_up = *copy_up;
                (&raw mut (*slot).tid).write_volatile(tid);
                return true;
            }
        }
    }
    change_in_hash(1);
    if IN_FLIGHT.insert(tid, copy_up, BPF_NOEXIST).is_ok() {
        return true;
    }
    change_in_hash(1_u64.wrapping_neg());
    replace(tid, copy_up)
}

/// Whether the slot is the current task's from now on. Who finds no claim but its own has it:
/// whoever comes later finds two. Two at once may both go without. (A compare-and-exchange
/// came with 5.12.)
///
/// # Safety
///
/// `slot` is one of the slots.
#[inline(always)]
unsafe fn claim(slot: *mut Slot) -> bool {
    // SAFETY: the caller's; aligned, and all writers use atomics.
    unsafe {
        let claims = &raw mut (*slot).claims;
        add(claims, 1);
        if claims.read_volatile() == 1 {
            return true;
        }
        add(claims, 1_u64.wrapping_neg());
    }
    false
}

/// As in [`remember`], of a task in the hash map.
#[inline(always)]
fn replace(tid: u32, copy_up: &InFlight) -> bool {
    let Some(entry) = IN_FLIGHT.get_ptr_mut(tid) else {
        return false;
    };
    // SAFETY: the entry is this task's own.
    unsafe { *entry = *copy_up };
    count(loss::UNFINISHED);
    true
}

/// Forgets the task's copy-up.
#[inline(always)]
pub(crate) fn forget(tid: u32) {
    let slot = slot(tid);
    // SAFETY: as in `find`. The number goes before the claim: then the slot is another's.
    unsafe {
        if (&raw const (*slot).tid).read_volatile() == tid {
            (&raw mut (*slot).tid).write_volatile(0);
            add(&raw mut (*slot).claims, 1_u64.wrapping_neg());
            return;
        }
    }
    // Only fails if the entry is gone, and it is this task's own.
    if IN_FLIGHT.remove(tid).is_ok() {
        change_in_hash(1_u64.wrapping_neg());
    }
}
