//! Reads of kernel memory.
//!
//! There is no `Option` here on purpose: the helper zeroes what it cannot
//! read, so absent fields, null pointers and unreadable memory all give 0
//! without a branch, which keeps the programs short and quick to verify.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use ovl_trace_common::offsets::ABSENT;

/// Types for which all zeros is a value.
pub(crate) trait Zero: Copy {
    const ZERO: Self;
}

impl Zero for u16 {
    const ZERO: Self = 0;
}

impl Zero for u32 {
    const ZERO: Self = 0;
}

impl Zero for i32 {
    const ZERO: Self = 0;
}

impl Zero for u64 {
    const ZERO: Self = 0;
}

/// Reads the field at `offset` of the structure at `address`; 0 if the field
/// is absent on this kernel or the memory cannot be read (an address near 0
/// never can: `copy_from_kernel_nofault_allowed`).
#[inline(always)]
pub(crate) fn field<T: Zero>(address: u64, offset: u32) -> T {
    if offset == ABSENT {
        return T::ZERO;
    }
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper checks the address itself; it writes the value, or
    // zeros when it fails.
    unsafe {
        bpf_probe_read_kernel(
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
            (address + u64::from(offset)) as *const _,
        );
        value.assume_init()
    }
}

/// A pointer field; 0 is null, absent or unreadable.
#[inline(always)]
pub(crate) fn pointer(address: u64, offset: u32) -> u64 {
    field(address, offset)
}

/// `N` words from the field at `offset` on: one call of the helper costs as much
/// as a hundred instructions. Zeros as for [`field`].
#[inline(always)]
pub(crate) fn words<const N: usize>(address: u64, offset: u32) -> [u64; N] {
    let mut words = MaybeUninit::<[u64; N]>::uninit();
    // SAFETY: as in `field`.
    unsafe {
        bpf_probe_read_kernel(
            words.as_mut_ptr().cast(),
            size_of::<[u64; N]>() as u32,
            (address + u64::from(offset)) as *const _,
        );
        words.assume_init()
    }
}

/// The field of a structure that the verifier knows the type of; 0 if it is
/// absent. The kernel gives 0 for memory that cannot be read.
///
/// # Safety
///
/// `address` was returned by a helper as a typed pointer, or read from the field
/// of such a structure that is a pointer to one.
#[inline(always)]
pub(crate) unsafe fn typed<T: Zero>(address: u64, offset: u32) -> T {
    if offset == ABSENT {
        return T::ZERO;
    }
    // SAFETY: the caller's; the verifier checks the type and the place.
    unsafe { ((address + u64::from(offset)) as *const T).read_volatile() }
}
