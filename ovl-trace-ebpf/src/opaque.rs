//! Opaque marks: directories that hide what lower layers have under their name.
//!
//! A directory is marked through `ovl_check_setxattr(…, OVL_XATTR_OPAQUE, …)`,
//! which only knows the upper dentry; the overlay's name for it comes from the
//! operation around it. Two operations make marks that stay: mkdir over a
//! whiteout (on 5.10 also in a merged directory), and the rename of a
//! directory to where a lower layer has something. The third caller,
//! `ovl_clear_empty`, marks a directory that is deleted in the same call: not
//! counted, the whiteout is (`fs/overlayfs/dir.c`, 5.10 to 7.3).

use ovl_trace_common::{codes::cause, loss};

use crate::{
    globals::offset,
    kread,
    loss::count,
    maps::{MARKINGS, Marking},
    whiteout,
};

/// `ovl_mkdir` was entered.
#[inline(always)]
pub(crate) fn mkdir(tid: u32, dentry: u64) {
    begin(
        tid,
        Marking {
            dentries: [dentry, 0],
            uppers: [0, 0],
            marked: [0, 0],
        },
    );
}

/// `ovl_rename` was entered. The old directory will have the new name; with
/// `RENAME_EXCHANGE` the new one the old.
#[inline(always)]
pub(crate) fn rename(tid: u32, old: u64, new: u64) {
    begin(
        tid,
        Marking {
            dentries: [new, old],
            uppers: [upper_of(old), upper_of(new)],
            marked: [0, 0],
        },
    );
}

#[inline(always)]
fn begin(tid: u32, marking: Marking) {
    if MARKINGS.insert(tid, &marking, 0).is_err() {
        count(loss::DELETION_UNFINISHED);
    }
}

/// `__upperdentry` of a dentry's inode; 0 if it has none.
#[inline(always)]
fn upper_of(dentry: u64) -> u64 {
    let inode = kread::pointer(dentry, offset!(dentry_inode));
    kread::pointer(inode, offset!(inode_bytes))
}

/// A directory of the upper layer is being marked.
#[inline(always)]
pub(crate) fn mark(tid: u32, upper: u64) {
    let Some(entry) = MARKINGS.get_ptr_mut(tid) else {
        return;
    };
    // SAFETY: the entry is this task's own.
    let marking = unsafe { &mut *entry };
    if marking.dentries[1] == 0 || marking.uppers[0] == upper {
        // A mkdir has one directory, which has no upper dentry before.
        marking.marked[0] = 1;
    } else if marking.uppers[1] == upper && upper != 0 {
        marking.marked[1] = 1;
    }
}

/// The operation returned: 0 or a negative errno (`ovl_mkdir` returns NULL or
/// an error pointer from 6.15 on, whose lower half reads the same).
#[inline(always)]
pub(crate) fn done(tid: u32, returned: i32) {
    // SAFETY: the entry is this task's own.
    let Some(marking) = unsafe { MARKINGS.get(tid) }.copied() else {
        return;
    };
    // Only fails if the entry is gone, and it is this task's own.
    let _removed = MARKINGS.remove(tid);
    if returned != 0 {
        return;
    }
    if marking.marked[0] != 0 {
        report(marking.dentries[0]);
    }
    if marking.marked[1] != 0 {
        report(marking.dentries[1]);
    }
}

/// A function of its own, so that the two calls do not double the program.
#[inline(never)]
fn report(dentry: u64) -> i32 {
    let inode = kread::pointer(dentry, offset!(dentry_inode));
    let number = kread::field(inode, offset!(inode_ino));
    whiteout::count_and_report(dentry, number, cause::OPAQUE);
    0
}
