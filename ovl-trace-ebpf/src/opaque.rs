//! Opaque marks: directories that hide what lower layers have under their name.
//!
//! Overlayfs notes in the flags of its own dentry that a directory was marked
//! (`ovl_set_opaque_xerr`), so a mark is a flag that the operation has set. The
//! function that writes the attribute would tell, too, but every copy-up comes by
//! there. Two operations make marks that stay: mkdir over a whiteout (on 5.10 also
//! in a merged directory), and the rename of a directory to where a lower layer has
//! something. A third, `ovl_clear_empty`, marks a directory that is deleted in the
//! same call, or that a rename overwrites: not counted, the whiteout is
//! (`fs/overlayfs/dir.c`, 5.10 to 7.3).

use ovl_trace_common::{codes::cause, loss};

use crate::{
    entry_flags::{self, OVL_E_OPAQUE},
    globals::offset,
    kread,
    loss::count,
    maps::{MARKINGS, Marking},
    whiteout,
};

/// `RENAME_EXCHANGE` (`include/uapi/linux/fs.h`).
const RENAME_EXCHANGE: u32 = 1 << 1;

/// `ovl_mkdir` was entered. The name of a whiteout has the flag before it is a
/// directory: all that counts is whether the directory has it.
#[inline(always)]
pub(crate) fn mkdir(tid: u32, dentry: u64) {
    begin(
        tid,
        Marking {
            moved: [dentry, 0],
            named: [dentry, 0],
        },
    );
}

/// `ovl_rename` was entered. The old directory will have the new name; with
/// `RENAME_EXCHANGE` the new one the old. What is marked already is not marked again.
#[inline(always)]
pub(crate) fn rename(tid: u32, old: u64, new: u64, flags: u32) {
    let exchanged = flags & RENAME_EXCHANGE != 0;
    let marking = Marking {
        moved: [
            if is_opaque(old) { 0 } else { old },
            if exchanged && !is_opaque(new) { new } else { 0 },
        ],
        named: [new, old],
    };
    if marking.moved[0] | marking.moved[1] != 0 {
        begin(tid, marking);
    } else {
        // What an earlier operation of this task left behind is not this one's.
        let _removed = MARKINGS.remove(tid);
    }
}

#[inline(always)]
fn begin(tid: u32, marking: Marking) {
    if MARKINGS.insert(tid, &marking, 0).is_err() {
        count(loss::DELETION_UNFINISHED);
    }
}

#[inline(always)]
fn is_opaque(dentry: u64) -> bool {
    entry_flags::has(dentry, OVL_E_OPAQUE)
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
    if marking.moved[0] != 0 && is_opaque(marking.moved[0]) {
        report(marking.named[0]);
    }
    if marking.moved[1] != 0 && is_opaque(marking.moved[1]) {
        report(marking.named[1]);
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
