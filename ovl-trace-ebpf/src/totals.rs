//! Totals that do not depend on the ring.

use ovl_trace_common::{
    aggregate::{BUCKETS, CopyUpKey, CopyUpTotals, WhiteoutKey, bucket},
    codes::UNKNOWN_U64,
    event::CopyUp,
    loss,
};

use crate::{
    loss::count,
    maps::{COPY_UPS, WHITEOUTS, ZERO_TOTALS},
};

const BPF_NOEXIST: u64 = 1;

/// Adds one copy-up.
#[inline(always)]
pub(crate) fn add_copy_up(key: &CopyUpKey, event: &CopyUp) {
    let Some(totals) = entry(key) else {
        count(loss::COPY_UPS_FULL);
        return;
    };
    // SAFETY: map values are 8-byte aligned and live for the program's run;
    // all writers use atomics.
    unsafe {
        add(&raw mut (*totals).count, 1);
        add(&raw mut (*totals).size_bytes, event.size_bytes);
        if event.copied_bytes == UNKNOWN_U64 {
            add(&raw mut (*totals).copied_unknown, 1);
        } else {
            add(&raw mut (*totals).copied_bytes, event.copied_bytes);
        }
        add(&raw mut (*totals).latency_ns, event.latency_ns);
        add_phase(
            &raw mut (*totals).lock_ns,
            &raw mut (*totals).lock_histogram,
            event.lock_ns,
        );
        add_phase(
            &raw mut (*totals).data_ns,
            &raw mut (*totals).data_histogram,
            event.data_ns,
        );
        add_phase(
            &raw mut (*totals).sync_ns,
            &raw mut (*totals).sync_histogram,
            event.sync_ns,
        );
        let index = bucket(event.latency_ns);
        add((&raw mut (*totals).histogram).cast::<u64>().add(index), 1);
        extreme(
            &raw mut (*totals).latency_max_ns,
            event.latency_ns,
            |old, new| new > old,
        );
        extreme(
            &raw mut (*totals).latency_min_ns,
            event.latency_ns,
            |old, new| old == 0 || new < old,
        );
    }
}

#[inline(always)]
fn entry(key: &CopyUpKey) -> Option<*mut CopyUpTotals> {
    if let Some(totals) = COPY_UPS.get_ptr_mut(key) {
        return Some(totals);
    }
    let zero = ZERO_TOTALS.get_ptr(0)?;
    // SAFETY: the map's only value, never written. Failing means that another
    // CPU inserted it first, or that the map is full: the lookup tells.
    let _inserted = COPY_UPS.insert(key, unsafe { &*zero }, BPF_NOEXIST);
    COPY_UPS.get_ptr_mut(key)
}

/// Adds one whiteout.
#[inline(always)]
pub(crate) fn add_whiteout(key: &WhiteoutKey) {
    if let Some(counter) = WHITEOUTS.get_ptr_mut(key) {
        // SAFETY: as in `add_copy_up`.
        unsafe { add(counter, 1) };
        return;
    }
    if WHITEOUTS.insert(key, 1, BPF_NOEXIST).is_ok() {
        return;
    }
    match WHITEOUTS.get_ptr_mut(key) {
        // SAFETY: as in `add_copy_up`.
        Some(counter) => unsafe { add(counter, 1) },
        None => count(loss::WHITEOUTS_FULL),
    }
}

/// # Safety
///
/// `to` is aligned and can be written for as long as the program runs, and all
/// writers use this.
#[inline(always)]
pub(crate) unsafe fn add(to: *mut u64, value: u64) {
    // BPF_ATOMIC | BPF_ADD without BPF_FETCH: the only atomic that 5.10 has
    // (the others came with 5.12), and `core` offers none on this target.
    // SAFETY: the caller's.
    #[cfg(target_arch = "bpf")]
    unsafe {
        core::arch::asm!("lock *(u64 *)({to} + 0) += {value}", to = in(reg) to, value = in(reg) value);
    }
    // Only for tools that look at this crate on another target.
    // SAFETY: the caller's.
    #[cfg(not(target_arch = "bpf"))]
    unsafe {
        *to += value;
    }
}

#[inline(always)]
unsafe fn add_phase(sum: *mut u64, histogram: *mut [u64; BUCKETS], value: u64) {
    if value != UNKNOWN_U64 {
        // SAFETY: the caller's; the bucket is one of the histogram.
        unsafe {
            add(sum, value);
            add(histogram.cast::<u64>().add(bucket(value)), 1);
        }
    }
}

/// Stores `value` if it is further out than what is there. Without a
/// compare-and-exchange (5.12) two writers can cross; the one that looks again
/// and finds itself overwritten by a lesser value stores once more.
#[inline(always)]
unsafe fn extreme(to: *mut u64, value: u64, further: fn(u64, u64) -> bool) {
    for _ in 0..3 {
        // SAFETY: the caller's.
        let old = unsafe { to.read_volatile() };
        if !further(old, value) {
            return;
        }
        // SAFETY: the caller's.
        unsafe { to.write_volatile(value) };
    }
}
