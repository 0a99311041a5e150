//! Counting what could not be done.

use ovl_trace_common::loss::REASONS;

use crate::{log::diagnose, maps::LOSSES};

/// Adds one to a reason of `ovl_trace_common::loss`.
#[inline(always)]
pub(crate) fn count(reason: u32) {
    diagnose!("loss: reason {}", reason);
    if let Some(counters) = LOSSES.get_ptr_mut(0)
        && (reason as usize) < REASONS
    {
        // SAFETY: one of the array; a per-CPU value, and probes do not migrate:
        // no other writer.
        unsafe { *counters.cast::<u64>().add(reason as usize) += 1 };
    }
}
