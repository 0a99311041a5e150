//! Counting that a program ran: the kernel may skip it, and says so to nobody.

use crate::{maps::RUNS, totals};

/// Adds one to a program of `ovl_trace_common::program`.
#[inline(always)]
pub(crate) fn count(program: usize) {
    // SAFETY: one of the array, aligned; all writers use atomics.
    unsafe { totals::add(RUNS.get().cast::<u64>().add(program), 1) };
}
