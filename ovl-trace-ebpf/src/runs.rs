//! Counting that a program ran: the kernel may skip it, and says so to nobody.

use crate::{maps::RUNS, totals};

/// Adds one to a program of `ovl_trace_common::program`.
#[inline(always)]
pub(crate) fn count(program: u32) {
    if let Some(counter) = RUNS.get_ptr_mut(program) {
        // SAFETY: a map value is aligned and lives for the program's run; all
        // writers use atomics.
        unsafe { totals::add(counter, 1) };
    }
}
