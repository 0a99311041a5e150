//! Overlayfs' own flags of a dentry.

use ovl_trace_common::offsets::ABSENT;

use crate::{globals::offset, kread};

/// Bits of `enum ovl_entry_flag` (`fs/overlayfs/overlayfs.h`, 5.10 to 7.3).
pub(crate) const OVL_E_UPPER_ALIAS: u64 = 1 << 0;
pub(crate) const OVL_E_OPAQUE: u64 = 1 << 1;

/// Returns true if the dentry has the flag. From 6.5 on the flags are where before
/// there was a pointer to a structure, which began with them (`fs/overlayfs/ovl_entry.h`).
#[inline(always)]
pub(crate) fn has(dentry: u64, flag: u64) -> bool {
    let data = kread::pointer(dentry, offset!(dentry_fsdata));
    let flags: u64 = if offset!(ovl_inode_oe) != ABSENT {
        data
    } else if offset!(ovl_entry_numlower) != ABSENT {
        kread::field(data, 0)
    } else {
        0
    };
    flags & flag != 0
}
