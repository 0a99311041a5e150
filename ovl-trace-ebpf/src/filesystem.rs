//! The type of a real file system, below the overlay.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;

use crate::{globals::offset, kread, words};

/// Writes the 16 bytes of the name of a superblock's type, NUL-padded; all zeros if it cannot
/// be read.
#[inline(always)]
pub(crate) fn write(to: &mut [u64; 2], superblock: u64) {
    // SAFETY: whole words.
    unsafe { words::clear(to) };
    let kind = kread::pointer(superblock, offset!(sb_type));
    let name = kread::pointer(kind, offset!(filesystem_name));
    // SAFETY: the helper checks the address itself and writes 16 bytes at
    // most, a NUL among them.
    unsafe { bpf_probe_read_kernel_str(to.as_mut_ptr().cast(), 16, name as *const _) };
}
