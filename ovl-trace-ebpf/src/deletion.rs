//! Whiteouts: names that disappear although a lower layer has them.
//!
//! `ovl_lower_positive` is called exactly once per unlink, rmdir or rename
//! that is to hide the name, on the dentry that goes away, and by nothing else
//! (`fs/overlayfs/dir.c`, 5.10 to 7.3). A whiteout exists if it said yes and the
//! operation succeeded. Counting where the whiteout is made would miss those
//! of rename, and the index's own would be counted twice.

use ovl_trace_common::loss;

use crate::{
    globals::offset,
    kread,
    loss::count,
    maps::{DELETIONS, Deletion},
    whiteout,
};

/// `ovl_lower_positive(dentry)` was entered.
#[inline(always)]
pub(crate) fn asked(tid: u32, dentry: u64) {
    let inode = kread::pointer(dentry, offset!(dentry_inode));
    let deletion = Deletion {
        dentry,
        inode: kread::field(inode, offset!(inode_ino)),
        lower: 0,
    };
    // SAFETY: the entry is this task's own.
    if unsafe { DELETIONS.get(tid) }.is_some() {
        count(loss::DELETION_UNFINISHED);
    }
    if DELETIONS.insert(tid, &deletion, 0).is_err() {
        count(loss::DELETION_UNFINISHED);
    }
}

/// A rename begins. Not every one asks: what an earlier operation of this task
/// left behind (its return was missed) must not be taken for its answer.
#[inline(always)]
pub(crate) fn forget(tid: u32) {
    if DELETIONS.remove(tid).is_ok() {
        count(loss::DELETION_UNFINISHED);
    }
}

/// It returned.
#[inline(always)]
pub(crate) fn answered(tid: u32, positive: bool) {
    let Some(entry) = DELETIONS.get_ptr_mut(tid) else {
        return;
    };
    if positive {
        // SAFETY: the entry is this task's own.
        unsafe { (*entry).lower = 1 };
    } else {
        // Only fails if the entry is gone, and it is this task's own.
        let _removed = DELETIONS.remove(tid);
    }
}

/// The operation returned.
#[inline(always)]
pub(crate) fn done(tid: u32, cause: u8, returned: i32) {
    // SAFETY: the entry is this task's own.
    let Some(deletion) = unsafe { DELETIONS.get(tid) }.copied() else {
        return;
    };
    let _removed = DELETIONS.remove(tid);
    if deletion.lower == 0 {
        // The answer of ovl_lower_positive was missed.
        count(loss::DELETION_UNFINISHED);
        return;
    }
    if returned == 0 {
        whiteout::count_and_report(deletion.dentry, deletion.inode, cause);
    }
}
