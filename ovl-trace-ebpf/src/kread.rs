//! Reads of kernel memory.

use aya_ebpf::helpers::bpf_probe_read_kernel;
use ovl_trace_common::offsets::ABSENT;

/// Reads the field at `offset` of the structure at `address`. `None` if the
/// address is null, the field is absent on this kernel, or the memory cannot
/// be read.
#[inline(always)]
pub(crate) fn field<T>(address: u64, offset: u32) -> Option<T> {
    if address == 0 || offset == ABSENT {
        return None;
    }
    // SAFETY: the helper checks the address itself and fails on a bad one.
    unsafe { bpf_probe_read_kernel((address + u64::from(offset)) as *const T) }.ok()
}

/// Like [`field`], for a pointer: null is `None` too.
#[inline(always)]
pub(crate) fn pointer(address: u64, offset: u32) -> Option<u64> {
    match field::<u64>(address, offset) {
        Some(0) | None => None,
        found => found,
    }
}
