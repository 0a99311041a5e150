//! Counting what could not be done.

use crate::{log::diagnose, maps::LOSSES};

/// Adds one to a reason of `ovl_trace_common::loss`.
#[inline(always)]
pub(crate) fn count(reason: u32) {
    diagnose!("loss: reason {}", reason);
    if let Some(counter) = LOSSES.get_ptr_mut(reason) {
        // SAFETY: a per-CPU value, and probes do not migrate: no other writer.
        unsafe { *counter += 1 };
    }
}
