//! Counting that a program ran: the kernel may skip it, and says so to nobody.

use crate::{maps::RUNS, totals};

/// Adds one to a program of `ovl_trace_common::program`.
#[inline(always)]
pub(crate) fn count(program: usize) {
    if let Some(counters) = RUNS.get_ptr_mut(0) {
        // SAFETY: one of the array; a map value is aligned and lives for the
        // program's run; all writers use atomics.
        unsafe { totals::add(counters.cast::<u64>().add(program), 1) };
    }
}
