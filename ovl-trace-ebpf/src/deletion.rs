//! Whiteouts: names that disappear although a lower layer has them.
//!
//! `ovl_lower_positive` is called exactly once per unlink, rmdir or rename
//! that is to hide the name, on the dentry that goes away, and by nothing else
//! (fs/overlayfs/dir.c, 5.10 to 7.3). A whiteout exists if it said yes and the
//! operation succeeded. Counting where the whiteout is made would miss those
//! of rename, and the index's own would be counted twice.

use ovl_trace_common::{
    aggregate::WhiteoutKey,
    codes::event_kind,
    event::{FLAG_COMPAT_SYSCALL, Whiteout},
    loss,
};

use crate::{
    emit,
    globals::{events_wanted, offset},
    kread,
    loss::count,
    maps::{DELETIONS, Deletion},
    overlay, path, task, totals,
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
    if DELETIONS.insert(tid, deletion, 0).is_err() {
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
        whiteout(&deletion, cause);
    }
}

#[inline(always)]
fn whiteout(deletion: &Deletion, cause: u8) {
    let superblock = kread::pointer(deletion.dentry, offset!(dentry_sb));
    if superblock == 0 {
        count(loss::UNREADABLE);
        return;
    }
    let known = overlay::of(superblock);
    totals::add_whiteout(&WhiteoutKey {
        overlay: known.key(),
        cause,
        padding: [0; 7],
    });
    if !events_wanted() {
        return;
    }
    let Some(scratch) = emit::scratch() else {
        return;
    };
    // The name is still there: the VFS drops or moves the dentry only after
    // the file system's operation has returned.
    path::write(scratch, deletion.dentry, superblock);
    let (bytes, mut flags) = (scratch.path_bytes, scratch.path_flags as u16);
    let syscall = task::syscall();
    if syscall.compat {
        flags |= FLAG_COMPAT_SYSCALL;
    }
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<Whiteout>(scratch) };
    emit::write_header(&mut event.header, event_kind::WHITEOUT, known);
    event.header.flags = flags;
    event.header.path_bytes = bytes;
    task::write(&mut event.task, 0, syscall);
    event.inode = deletion.inode;
    event.cause = cause;
    event.padding = [0; 7];
    emit::send::<Whiteout>(scratch, bytes, loss::RING_WHITEOUT);
}
