//! The life of one copy-up, from probe to probe.
//!
//! ```text
//! ovl_copy_up_one ─ begin
//!   ovl_copy_up_start ─ lock_entered ┄ lock_left     (1: another task did it)
//!     ovl_copy_up_file ─ data_entered
//!       clone_file_range, do_splice_direct ┄ cloned, spliced
//!     ┄ data_left                                     (the rest was the sync)
//!   ovl_copy_up_end ─ end: success is counted here
//! ┄ left: failures, races and late cases are counted here
//! ```
//! `─` are entry probes, which cannot be missed; `┄` are return probes, whose
//! pool is finite. So a plain successful copy-up is counted by entry probes
//! alone. Return probes add errno, phases and bytes.

use ovl_trace_common::{
    aggregate::{CopyUpKey, SYSCALL_COMPAT},
    codes::{UNKNOWN_U64, event_kind, kind, method, result},
    event::{CopyUp, FLAG_ANCESTOR, FLAG_COMPAT_SYSCALL},
    in_flight::InFlight,
    loss,
    offsets::ABSENT,
};

use crate::{
    arch::Syscall,
    emit,
    globals::{announce_bytes, data_probed, events_wanted, offset, one_probed, splice_probed},
    kread,
    loss::count,
    maps::{IN_FLIGHT, OPERATIONS, Scratch},
    overlay::{self, Known},
    path, task, totals,
};

const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;

/// `O_TRUNC` (`include/uapi/asm-generic/fcntl.h`; x86-64 and arm64 use it).
const O_TRUNC: u32 = 0o1000;

/// Stands for the outcome of a copy-up that is only announced.
const RUNNING: i32 = i32::MIN;

/// `ovl_copy_up_end` was reached: the lock was ours.
const FLAG_ENDED: u32 = 1 << 16;

/// A copy-up begins: remembers what is only known now.
#[inline(always)]
pub(crate) fn begin(tid: u32, dentry: u64, open_flags: u32) {
    let inode = kread::pointer(dentry, offset!(dentry_inode));
    let superblock = kread::pointer(dentry, offset!(dentry_sb));
    if inode == 0 || superblock == 0 {
        count(loss::UNREADABLE);
        return;
    }
    // SAFETY: the entry is this task's own.
    let (caller, operand) = match unsafe { OPERATIONS.get(tid) } {
        Some(operation) => (operation.caller, operation.dentry),
        None => (0, dentry),
    };
    let flags = if operand == dentry {
        0
    } else {
        u32::from(FLAG_ANCESTOR)
    };
    let mode = u32::from(kread::field::<u16>(inode, offset!(inode_mode)));
    let copy_up = InFlight {
        dentry,
        inode,
        superblock,
        // `__upperdentry` follows `vfs_inode` in `struct ovl_inode` on every
        // kernel from 5.10 to 7.3 (fs/overlayfs/ovl_entry.h).
        upper_before: kread::pointer(inode, offset!(inode_bytes)),
        started_ns: emit::now(),
        lock_entered_ns: 0,
        lock_ns: UNKNOWN_U64,
        data_entered_ns: 0,
        data_moved_ns: 0,
        data_left_ns: 0,
        // A directory's size says nothing about what is copied.
        size_bytes: if mode & S_IFMT == S_IFREG {
            kread::field(inode, offset!(inode_size))
        } else {
            0
        },
        data_length: 0,
        copied_bytes: 0,
        cloned_bytes: 0,
        caller,
        open_flags,
        mode,
        flags,
        padding: 0,
    };
    // SAFETY: the entry is this task's own.
    if unsafe { IN_FLIGHT.get(tid) }.is_some() {
        // The task was in a copy-up and is in another: the first one's end was
        // missed.
        count(loss::UNFINISHED);
    }
    if IN_FLIGHT.insert(tid, copy_up, 0).is_err() {
        count(loss::IN_FLIGHT_FULL);
        return;
    }
    if copy_up.size_bytes >= announce_bytes() {
        announce(&copy_up);
    }
}

/// Index of the topmost lower layer that has the file; 0 if unknown.
///
/// From 6.5 on the layers hang off the inode (`ovl_inode.oe`), before off the
/// dentry (`d_fsdata`): `fs/overlayfs/ovl_entry.h`.
#[inline(always)]
fn layer(dentry: u64, inode: u64) -> u32 {
    let entry = if offset!(ovl_inode_oe) == ABSENT {
        kread::pointer(dentry, offset!(dentry_fsdata))
    } else {
        kread::pointer(inode, offset!(ovl_inode_oe))
    };
    if kread::field::<u32>(entry, offset!(ovl_entry_numlower)) == 0 {
        return 0;
    }
    // `lowerstack[0].layer` is the first member of `struct ovl_path`.
    let layer = kread::pointer(entry, offset!(ovl_entry_lowerstack));
    kread::field(layer, offset!(ovl_layer_idx))
}

/// Runs `change` on the current task's copy-up, if it is in one.
#[inline(always)]
pub(crate) fn update(change: impl FnOnce(&mut InFlight)) {
    if let Some(copy_up) = IN_FLIGHT.get_ptr_mut(task::tid()) {
        // SAFETY: the entry is this task's own, and it is here.
        change(unsafe { &mut *copy_up });
    }
}

/// `ovl_copy_up_end` was entered: the copy-up is over, the lock still held.
#[inline(always)]
pub(crate) fn end(tid: u32) {
    let Some(entry) = IN_FLIGHT.get_ptr_mut(tid) else {
        return;
    };
    // SAFETY: the entry is this task's own.
    let copy_up = unsafe { &mut *entry };
    copy_up.flags |= FLAG_ENDED;
    // A first copy-up succeeded if and only if the inode has an upper dentry
    // now. Where it had one before (metacopy, index), only the return tells.
    let first = copy_up.upper_before == 0;
    if first && kread::pointer(copy_up.inode, offset!(inode_bytes)) != 0 {
        finish(tid, copy_up, result::OK);
    } else if !one_probed() {
        // No return follows: this is all that can be known.
        let outcome = if first {
            result::FAILED_UNKNOWN
        } else {
            result::OK
        };
        finish(tid, copy_up, outcome);
    }
}

/// `ovl_copy_up_start` returned: 0 the copy-up is ours, 1 another task did it,
/// or a negative errno. Where `ovl_copy_up_one` is not probed, the last two end
/// it.
#[inline(always)]
pub(crate) fn locked(tid: u32, returned: i32) {
    let Some(entry) = IN_FLIGHT.get_ptr_mut(tid) else {
        return;
    };
    // SAFETY: the entry is this task's own.
    let copy_up = unsafe { &mut *entry };
    copy_up.lock_ns = emit::now() - copy_up.lock_entered_ns;
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
    let Some(entry) = IN_FLIGHT.get_ptr_mut(tid) else {
        return;
    };
    // SAFETY: the entry is this task's own.
    let copy_up = unsafe { &mut *entry };
    let outcome = if returned < 0 {
        -returned
    } else if copy_up.flags & FLAG_ENDED == 0 {
        result::RACED
    } else {
        result::OK
    };
    finish(tid, copy_up, outcome);
}

/// Counts and reports the copy-up, and forgets it.
#[inline(always)]
fn finish(tid: u32, copy_up: &InFlight, outcome: i32) {
    let known = overlay::of(copy_up.superblock);
    if let Some(scratch) = emit::scratch() {
        path(scratch, copy_up);
        let syscall = task::syscall();
        let key = describe(scratch, copy_up, known, outcome, syscall);
        // SAFETY: an event structure.
        totals::add_copy_up(&key, unsafe { emit::place::<CopyUp>(scratch) });
        report(scratch, copy_up, syscall, loss::RING_COPY_UP);
    }
    // Only fails if the entry is gone, and it is this task's own.
    let _removed = IN_FLIGHT.remove(tid);
}

#[inline(always)]
fn announce(copy_up: &InFlight) {
    let known = overlay::of(copy_up.superblock);
    let Some(scratch) = emit::scratch() else {
        return;
    };
    path(scratch, copy_up);
    let syscall = task::syscall();
    describe(scratch, copy_up, known, RUNNING, syscall);
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<CopyUp>(scratch) };
    event.header.kind = event_kind::COPY_UP_STARTED;
    event.result = result::OK;
    report(scratch, copy_up, syscall, loss::RING_STARTED);
}

/// Writes the path into the scratch, if anybody wants it. This comes before
/// all that branches, since the verifier walks its loop once for each way that
/// leads there.
#[inline(always)]
fn path(scratch: &mut Scratch, copy_up: &InFlight) {
    if events_wanted() {
        path::write(scratch, copy_up.dentry, copy_up.superblock);
    }
}

/// Adds who and where to the event in the scratch, and sends it.
#[inline(always)]
fn report(scratch: &mut Scratch, copy_up: &InFlight, syscall: Syscall, reason: u32) {
    if !events_wanted() {
        return;
    }
    let (bytes, path_flags) = (scratch.path_bytes, scratch.path_flags as u16);
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<CopyUp>(scratch) };
    task::write(&mut event.task, copy_up.caller, syscall);
    let mut flags = path_flags | (copy_up.flags as u16 & FLAG_ANCESTOR);
    if syscall.compat {
        flags |= FLAG_COMPAT_SYSCALL;
    }
    event.header.flags = flags;
    event.header.path_bytes = bytes;
    event.inode = kread::field(copy_up.inode, offset!(inode_ino));
    event.open_flags = copy_up.open_flags;
    event.mode = copy_up.mode;
    event.layer = layer(copy_up.dentry, copy_up.inode);
    emit::send::<CopyUp>(scratch, bytes, reason);
}

/// Writes into the scratch what the totals need of the event; returns the key
/// to count it under.
#[inline(always)]
fn describe(
    scratch: &mut Scratch,
    copy_up: &InFlight,
    known: Known,
    outcome: i32,
    syscall: Syscall,
) -> CopyUpKey {
    let what = classify(copy_up, outcome);
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<CopyUp>(scratch) };
    emit::write_header(&mut event.header, event_kind::COPY_UP, known);
    event.size_bytes = copy_up.size_bytes;
    event.copied_bytes = copied_bytes(copy_up, what.method, outcome);
    event.latency_ns = event.header.time_ns - copy_up.started_ns;
    event.lock_ns = copy_up.lock_ns;
    write_data_phases(event, copy_up);
    event.result = outcome;
    event.kind = what.kind;
    event.method = what.method;
    event.padding = [0; 6];
    let number = syscall.number as i16;
    CopyUpKey {
        overlay: known.key(),
        caller: copy_up.caller,
        syscall: if syscall.compat {
            number | SYSCALL_COMPAT
        } else {
            number
        },
        result: outcome as i16,
        kind: what.kind,
        method: what.method,
        ancestor: u8::from(copy_up.flags & u32::from(FLAG_ANCESTOR) != 0),
        flags_set: u8::from(copy_up.open_flags != 0),
    }
}

#[derive(Clone, Copy)]
struct What {
    kind: u8,
    method: u8,
}

/// What was copied and how, from the probes that fired.
///
/// 5.10 and 5.15 call the data function with a length of 0 for truncated and
/// empty files, so the length decides, not the call.
#[inline(always)]
fn classify(copy_up: &InFlight, outcome: i32) -> What {
    let type_only = |kind| What {
        kind,
        method: method::NONE,
    };
    match copy_up.mode & S_IFMT {
        S_IFDIR => return type_only(kind::DIRECTORY),
        S_IFLNK => return type_only(kind::SYMLINK),
        S_IFREG => {}
        _ => return type_only(kind::SPECIAL),
    }
    let data = |method| What {
        kind: kind::DATA,
        method,
    };
    if copy_up.data_length > 0 {
        if copy_up.cloned_bytes == copy_up.data_length {
            return data(method::REFLINK);
        }
        return data(method::COPY);
    }
    if outcome != result::OK {
        // It did not come to the data, or not yet: how it would have been
        // copied is not known.
        return data(method::UNKNOWN);
    }
    let truncated = copy_up.open_flags & O_TRUNC != 0;
    if copy_up.upper_before != 0 {
        return data(if truncated {
            method::TRUNCATED
        } else if copy_up.size_bytes == 0 {
            method::NONE
        } else if data_probed() {
            method::LINK
        } else {
            method::UNKNOWN
        });
    }
    if copy_up.size_bytes == 0 {
        return data(method::NONE);
    }
    if truncated {
        return data(method::TRUNCATED);
    }
    if !data_probed() {
        return data(method::UNKNOWN);
    }
    What {
        kind: kind::METADATA,
        method: method::METACOPY,
    }
}

/// Bytes really written. A clone that covered only a part was discarded by the
/// kernel and the whole file spliced.
#[inline(always)]
fn copied_bytes(copy_up: &InFlight, method: u8, outcome: i32) -> u64 {
    if copy_up.data_length > 0 && method == method::COPY {
        return if splice_probed() {
            copy_up.copied_bytes
        } else {
            UNKNOWN_U64
        };
    }
    // Nothing was written, but for what is not known: a copy-up that runs, or
    // one whose data function is not probed.
    let unknown = method == method::UNKNOWN && (outcome == RUNNING || !data_probed());
    if unknown { UNKNOWN_U64 } else { 0 }
}

/// Time in the data function: until the last byte moved, and after it, which
/// is the `vfs_fsync` that ends it.
#[inline(always)]
fn write_data_phases(event: &mut CopyUp, copy_up: &InFlight) {
    event.data_ns = UNKNOWN_U64;
    event.sync_ns = UNKNOWN_U64;
    if copy_up.data_length == 0 || copy_up.data_left_ns == 0 {
        return;
    }
    if copy_up.data_moved_ns == 0 {
        event.data_ns = copy_up.data_left_ns - copy_up.data_entered_ns;
        return;
    }
    event.data_ns = copy_up.data_moved_ns - copy_up.data_entered_ns;
    event.sync_ns = copy_up.data_left_ns - copy_up.data_moved_ns;
}
