//! The life of one copy-up, from probe to probe.
//!
//! ```text
//! ovl_copy_up_one ─ begin
//!   ovl_copy_up_start ─ lock_entered ┄ lock_left     (1: another task did it)
//!     ovl_copy_up_file ─ data_entered
//!       clone_file_range, do_splice_direct ┄ cloned, spliced
//!       vfs_fsync ─ sync_entered ┄ sync_left
//!     vfs_fsync ─ sync_entered ┄ sync_left            (fsync=strict: attributes)
//!   ovl_copy_up_end ─ end: success is counted here
//! ┄ left: failures, races and late cases are counted here
//! ```
//! `─` are entry probes, which need no pool; `┄` are return probes, whose
//! pool is finite. So a plain successful copy-up is counted by entry probes
//! alone. Return probes add errno, phases and bytes.

use ovl_trace_common::{
    codes::{UNKNOWN_U64, event_kind, result},
    event::{CopyUp, FLAG_ANCESTOR},
    in_flight::InFlight,
    loss,
};

use crate::{
    copy_up_event, emit,
    entry_flags::{self, OVL_E_UPPER_ALIAS},
    globals::{announce_bytes, offset, one_probed},
    in_flight, kread,
    loss::count,
    maps::{OPERATIONS, PerCpu},
    overlay, task, totals, wanted, words,
};

/// `ovl_copy_up_end` was reached: the lock was ours.
const FLAG_ENDED: u32 = 1 << 16;

/// `ovl_copy_up_start` returned 0: the lock was ours.
const FLAG_LOCKED: u32 = 1 << 17;

/// A copy-up begins: remembers what is only known now.
#[inline(always)]
pub(crate) fn begin(tid: u32, dentry: u64, open_flags: u32) {
    let inode = kread::pointer(dentry, offset!(dentry_inode));
    let file = facts(inode);
    if inode == 0 || file.superblock == 0 {
        count(loss::UNREADABLE);
        return;
    }
    // SAFETY: the entry is this task's own.
    let (caller, operand) = match unsafe { OPERATIONS.get(tid) } {
        Some(operation) => (operation.caller, operation.dentry),
        None => (0, dentry),
    };
    // A file is above nothing: where one is not the operand, the operation is an older one,
    // because the entry of `ovl_copy_up_flags` was skipped.
    let flags = if operand == dentry || !copy_up_event::is_directory(file.mode) {
        0
    } else {
        u32::from(FLAG_ANCESTOR)
    };
    let Some(PerCpu { copy_up, .. }) = emit::per_cpu() else {
        count(loss::UNREADABLE);
        return;
    };
    // SAFETY: whole words; zeros are a value.
    unsafe { words::clear(&raw mut *copy_up) };
    copy_up.dentry = dentry;
    copy_up.inode = inode;
    copy_up.inode_number = file.number;
    copy_up.superblock = file.superblock;
    // `__upperdentry` follows `vfs_inode` in `struct ovl_inode` on every
    // kernel from 5.10 to 7.3 (fs/overlayfs/ovl_entry.h).
    copy_up.upper_before = kread::pointer(inode, offset!(inode_bytes));
    copy_up.started_ns = emit::now();
    copy_up.lock_ns = UNKNOWN_U64;
    // A directory's size says nothing about what is copied.
    if copy_up_event::is_regular(file.mode) {
        copy_up.size_bytes = file.size_bytes;
    }
    copy_up.caller = caller;
    copy_up.open_flags = open_flags;
    copy_up.mode = file.mode;
    copy_up.flags = flags;
    if !in_flight::remember(tid, copy_up) {
        count(loss::IN_FLIGHT_FULL);
        return;
    }
    if copy_up.size_bytes >= announce_bytes() {
        announce_copy_up();
    }
}

/// What is read of an inode.
struct Facts {
    mode: u32,
    superblock: u64,
    number: u64,
    size_bytes: u64,
}

/// `i_mode`, `i_sb`, `i_ino` and `i_size`, which lie so close together on every kernel so far
/// that one read gives them all.
#[inline(always)]
fn facts(inode: u64) -> Facts {
    let mode = offset!(inode_mode);
    if offset!(inode_sb) == mode.wrapping_add(40)
        && offset!(inode_ino) == mode.wrapping_add(64)
        && offset!(inode_size) == mode.wrapping_add(80)
    {
        let words: [u64; 11] = kread::words(inode, mode);
        return Facts {
            mode: u32::from(words[0] as u16),
            superblock: words[5],
            number: words[8],
            size_bytes: words[10],
        };
    }
    Facts {
        mode: u32::from(kread::field::<u16>(inode, mode)),
        superblock: kread::pointer(inode, offset!(inode_sb)),
        number: kread::field(inode, offset!(inode_ino)),
        size_bytes: kread::field(inode, offset!(inode_size)),
    }
}

/// Runs `change` on the current task's copy-up, if it is in one.
#[inline(always)]
pub(crate) fn update(change: impl FnOnce(&mut InFlight)) {
    if let Some(copy_up) = in_flight::find(task::tid()) {
        change(copy_up);
    }
}

/// `ovl_copy_up_end` was entered: the copy-up is over, the lock still held.
#[inline(always)]
pub(crate) fn end(tid: u32) {
    let Some(copy_up) = in_flight::find(tid) else {
        return;
    };
    copy_up.flags |= FLAG_ENDED;
    // A first copy-up has succeeded if the inode has an upper dentry now, and the name is a
    // name of it (`ovl_dentry_set_upper_alias`): what was copied to the index has no name yet,
    // and to make one may fail. All else only the return tells.
    let first = copy_up.upper_before == 0;
    let is_copied = first && kread::pointer(copy_up.inode, offset!(inode_bytes)) != 0;
    let is_named = entry_flags::has(copy_up.dentry, OVL_E_UPPER_ALIAS);
    let outcome = if is_copied && (is_named || !one_probed()) {
        result::OK
    } else if one_probed() {
        return;
    } else if first {
        // No return follows: this is all that can be known.
        result::FAILED_UNKNOWN
    } else {
        result::OK
    };
    finish(tid, copy_up, outcome);
}

/// `ovl_copy_up_start` returned: 0 the copy-up is ours, 1 another task did it,
/// or a negative errno. Where `ovl_copy_up_one` is not probed, the last two end
/// it.
#[inline(always)]
pub(crate) fn locked(tid: u32, returned: i32) {
    let Some(copy_up) = in_flight::find(tid) else {
        return;
    };
    // Where the entry was skipped, the time is not known.
    if copy_up.lock_entered_ns != 0 {
        copy_up.lock_ns = emit::now() - copy_up.lock_entered_ns;
    }
    if returned == 0 {
        copy_up.flags |= FLAG_LOCKED;
        // Another task may have copied the inode up since `begin`: its other name, or only
        // its attributes. Nobody does so while the lock is held.
        copy_up.upper_before = kread::pointer(copy_up.inode, offset!(inode_bytes));
    }
    if returned != 0 && !one_probed() {
        finish(
            tid,
            copy_up,
            if returned < 0 {
                -returned
            } else {
                result::RACED
            },
        );
    }
}

/// `ovl_copy_up_one` returned.
#[inline(always)]
pub(crate) fn left(tid: u32, returned: i32) {
    let Some(copy_up) = in_flight::find(tid) else {
        return;
    };
    let outcome = if returned < 0 {
        -returned
    } else if copy_up.flags & (FLAG_ENDED | FLAG_LOCKED) == 0 && !copy_up_event::moved(copy_up) {
        result::RACED
    } else {
        result::OK
    };
    finish(tid, copy_up, outcome);
}

/// Counts and reports the copy-up, and forgets it.
#[inline(always)]
fn finish(tid: u32, copy_up: &InFlight, outcome: i32) {
    let Some(own) = emit::per_cpu() else {
        count(loss::UNREADABLE);
        return;
    };
    let PerCpu {
        scratch,
        copy_up: own,
    } = own;
    // The verifier takes a place in a slot and one in the hash map for two things, and would
    // walk twice through all that follows; a copy of either is the same to it.
    *own = *copy_up;
    in_flight::forget(tid);
    let copy_up = own;
    let now_ns = emit::now();
    let known = overlay::of(scratch, copy_up.superblock);
    let syscall = task::syscall();
    let key = copy_up_event::describe(scratch, copy_up, known, outcome, syscall, now_ns);
    // SAFETY: an event structure.
    totals::add_copy_up(&key, unsafe { emit::place::<CopyUp>(scratch) });
    if wanted::copy_up(copy_up, known, now_ns - copy_up.started_ns) {
        copy_up_event::report(syscall, false);
    }
}

/// Says that this CPU's copy-up has begun. A global function: the verifier looks at it once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn announce_copy_up() -> i32 {
    let Some(PerCpu {
        scratch, copy_up, ..
    }) = emit::per_cpu()
    else {
        return 0;
    };
    let known = overlay::of(scratch, copy_up.superblock);
    if !wanted::announcement(copy_up, known) {
        return 0;
    }
    let (syscall, now_ns) = (task::syscall(), emit::now());
    let running = copy_up_event::RUNNING;
    copy_up_event::describe(scratch, copy_up, known, running, syscall, now_ns);
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<CopyUp>(scratch) };
    event.header.kind = event_kind::COPY_UP_STARTED;
    event.result = result::OK;
    copy_up_event::report(syscall, true);
    0
}
