//! The path of a dentry inside its overlay.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use ovl_trace_common::{
    PATH_BYTES_MAX, PATH_COMPONENTS_MAX,
    event::{FLAG_PATH_TRUNCATED, FLAG_PATH_UNREADABLE},
    loss,
};

use crate::{
    globals::offset,
    kread,
    loss::count,
    maps::{Scratch, TAIL_BYTES},
};

/// `NAME_MAX` and the NUL.
const NAME_BYTES_MAX: u32 = 256;

/// Writes the names from `dentry` up to the root into the scratch's tail, each
/// with its NUL, and sets the scratch's `path_bytes` and `path_flags`.
///
/// The names are read through `d_name.name`; the inline buffer was renamed in
/// 6.13. The walk ends at `root`, the root of the superblock (0 if that is not known),
/// or at another dentry that is its own parent: a disconnected file handle, whose path
/// is marked as incomplete.
///
/// The results go to memory, whose contents the verifier does not follow: so
/// the many ways out of the loop are one state to it.
#[inline(always)]
pub(crate) fn write(scratch: &mut Scratch, dentry: u64, root: u64) {
    scratch.path_bytes = 0;
    scratch.path_flags = u32::from(FLAG_PATH_TRUNCATED);
    let mut current = dentry;
    let mut length: usize = 0;
    for _ in 0..PATH_COMPONENTS_MAX {
        if current == root {
            break;
        }
        let (parent, name) = parent_and_name(current);
        if parent == current {
            if root == 0 {
                scratch.path_flags = 0;
            }
            break;
        }
        if length >= PATH_BYTES_MAX - NAME_BYTES_MAX as usize {
            break;
        }
        let to = scratch.tail.as_mut_ptr().wrapping_add(bounded(length));
        // SAFETY: `length` + NAME_BYTES_MAX is within the tail (checked above).
        let read =
            unsafe { bpf_probe_read_kernel_str(to.cast(), NAME_BYTES_MAX, name as *const _) };
        if read <= 1 || read > i64::from(NAME_BYTES_MAX) {
            scratch.path_flags = u32::from(FLAG_PATH_UNREADABLE);
            break;
        }
        length += read as usize;
        scratch.path_bytes = length as u32;
        current = parent;
    }
    // Also where the last of the steps led to the root.
    if current == root && root != 0 {
        scratch.path_flags = 0;
    }
    if scratch.path_flags & u32::from(FLAG_PATH_UNREADABLE) != 0 {
        count(loss::PATH_UNREADABLE);
    } else if scratch.path_flags & u32::from(FLAG_PATH_TRUNCATED) != 0 {
        count(loss::PATH_TRUNCATED);
    }
}

/// A length below [`PATH_BYTES_MAX`], in a register that says so: the one that was compared
/// may have been a copy of a place on the stack, which 5.10 does not learn from.
#[inline(always)]
fn bounded(length: usize) -> usize {
    const { assert!(PATH_BYTES_MAX == 4096) };
    #[cfg(target_arch = "bpf")]
    {
        let mut bounded = length;
        // SAFETY: arithmetic on a register. The compiler would leave out the same in Rust.
        unsafe { core::arch::asm!("{0} &= 4095", inout(reg) bounded) };
        bounded
    }
    // Only for tools that look at this crate on another target.
    #[cfg(not(target_arch = "bpf"))]
    {
        length & (PATH_BYTES_MAX - 1)
    }
}

/// `d_parent` and `d_name.name`, which lie side by side on every kernel so far.
#[inline(always)]
fn parent_and_name(dentry: u64) -> (u64, u64) {
    if offset!(dentry_name) == offset!(dentry_parent).wrapping_add(16) {
        let [parent, _hash_and_length, name] = kread::words(dentry, offset!(dentry_parent));
        return (parent, name);
    }
    let parent = kread::pointer(dentry, offset!(dentry_parent));
    (parent, kread::pointer(dentry, offset!(dentry_name)))
}

/// Reads the string at `address` into the tail at `at`. Returns its length
/// without the NUL; 0 if there is none or it does not fit.
#[inline(always)]
pub(crate) fn write_string(scratch: &mut Scratch, at: u32, address: u64) -> u32 {
    let at = at as usize;
    if at > TAIL_BYTES - PATH_BYTES_MAX {
        return 0;
    }
    let to = scratch.tail.as_mut_ptr().wrapping_add(at);
    // SAFETY: `at` + PATH_BYTES_MAX is within the tail (checked above).
    let read =
        unsafe { bpf_probe_read_kernel_str(to.cast(), PATH_BYTES_MAX as u32, address as *const _) };
    // A string that fills the buffer may have been cut: better none than half.
    if read <= 1 || read >= PATH_BYTES_MAX as i64 {
        return 0;
    }
    read as u32 - 1
}
