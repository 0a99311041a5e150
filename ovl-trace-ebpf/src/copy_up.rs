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
    in_flight::{InFlight, START_PENDING},
    loss,
};

use crate::{
    arch::Syscall,
    emit,
    globals::{announce_bytes, data_probed, events_wanted, offset, splice_probed},
    kread,
    loss::count,
    maps::{IN_FLIGHT, OPERATIONS},
    overlay::{self, Known},
    path, task, totals,
};

const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;

/// `O_TRUNC` (include/uapi/asm-generic/fcntl.h; x86-64 and arm64 use it).
const O_TRUNC: u32 = 0o1000;

/// `ovl_copy_up_end` was reached: the lock was ours.
const FLAG_ENDED: u32 = 1 << 16;

/// A copy-up begins: remembers what is only known now.
#[inline(always)]
pub(crate) fn begin(tid: u32, dentry: u64, open_flags: u32) {
    let Some(inode) = kread::pointer(dentry, offset!(dentry_inode)) else {
        count(loss::UNREADABLE);
        return;
    };
    let Some(superblock) = kread::pointer(dentry, offset!(dentry_sb)) else {
        count(loss::UNREADABLE);
        return;
    };
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
    let copy_up = InFlight {
        dentry,
        inode,
        superblock,
        // `__upperdentry` follows `vfs_inode` in `struct ovl_inode` on every
        // kernel from 5.10 to 7.3 (fs/overlayfs/ovl_entry.h).
        upper_before: kread::field(inode, offset!(inode_bytes)).unwrap_or(0),
        started_ns: emit::now(),
        lock_entered_ns: 0,
        lock_ns: UNKNOWN_U64,
        data_entered_ns: 0,
        data_moved_ns: 0,
        data_left_ns: 0,
        size_bytes: kread::field(inode, offset!(inode_size)).unwrap_or(0),
        data_length: 0,
        copied_bytes: 0,
        cloned_bytes: 0,
        caller,
        open_flags,
        mode: kread::field::<u16>(inode, offset!(inode_mode)).map_or(0, u32::from),
        start_result: START_PENDING,
        flags,
        layer: layer(dentry, inode),
        pid: 0,
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
    if copy_up.size_bytes >= announce_bytes() && copy_up.mode & S_IFMT == S_IFREG {
        announce(&copy_up);
    }
}

/// Index of the topmost lower layer that has the file; 0 if unknown.
///
/// From 6.5 on the layers hang off the inode (`ovl_inode.oe`), before off the
/// dentry (`d_fsdata`): fs/overlayfs/ovl_entry.h.
#[inline(always)]
fn layer(dentry: u64, inode: u64) -> u32 {
    let entry = match kread::pointer(inode, offset!(ovl_inode_oe)) {
        Some(entry) => Some(entry),
        None => kread::pointer(dentry, offset!(dentry_fsdata)),
    };
    let Some(entry) = entry else {
        return 0;
    };
    match kread::field::<u32>(entry, offset!(ovl_entry_numlower)) {
        None | Some(0) => 0,
        // `lowerstack[0].layer` is the first member of `struct ovl_path`.
        Some(_) => kread::pointer(entry, offset!(ovl_entry_lowerstack))
            .and_then(|layer| kread::field(layer, offset!(ovl_layer_idx)))
            .unwrap_or(0),
    }
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
    // now. Where it had one before (metacopy, index) only the return tells.
    if copy_up.upper_before != 0 {
        return;
    }
    if kread::pointer(copy_up.inode, offset!(inode_bytes)).is_some() {
        finish(tid, copy_up, result::OK);
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
    let superblock = copy_up.superblock;
    if let Some(known) = overlay::of(superblock) {
        let syscall = task::syscall();
        let event = event(copy_up, known, outcome, syscall);
        let key = CopyUpKey {
            overlay: known.key,
            caller: copy_up.caller,
            syscall: if syscall.compat {
                syscall.number as i16 | SYSCALL_COMPAT
            } else {
                syscall.number as i16
            },
            result: outcome as i16,
            kind: event.kind,
            method: event.method,
            ancestor: u8::from(copy_up.flags & u32::from(FLAG_ANCESTOR) != 0),
            padding: 0,
        };
        totals::add_copy_up(&key, &event);
        if events_wanted() {
            report(copy_up.dentry, superblock, event, loss::RING_COPY_UP);
        }
    }
    // Only fails if the entry is gone, and it is this task's own.
    let _removed = IN_FLIGHT.remove(tid);
}

#[inline(always)]
fn announce(copy_up: &InFlight) {
    if let Some(known) = overlay::of(copy_up.superblock) {
        let mut event = event(copy_up, known, result::OK, task::syscall());
        event.header.kind = event_kind::COPY_UP_STARTED;
        event.copied_bytes = UNKNOWN_U64;
        report(copy_up.dentry, copy_up.superblock, event, loss::RING_STARTED);
    }
}

#[inline(always)]
fn report(dentry: u64, superblock: u64, mut event: CopyUp, reason: u32) {
    let Some(scratch) = emit::scratch() else {
        return;
    };
    let (bytes, flags) = path::write(scratch, dentry, superblock);
    event.header.path_bytes = bytes;
    event.header.flags |= flags;
    emit::send(scratch, event, bytes, reason);
}

#[inline(always)]
fn event(copy_up: &InFlight, known: Known, outcome: i32, syscall: Syscall) -> CopyUp {
    let mut flags = copy_up.flags as u16 & FLAG_ANCESTOR;
    if syscall.compat {
        flags |= FLAG_COMPAT_SYSCALL;
    }
    let header = emit::header(event_kind::COPY_UP, flags, known.key, known.device, 0);
    let what = classify(copy_up);
    let (data_ns, sync_ns) = data_phases(copy_up);
    CopyUp {
        header,
        task: task::current(copy_up.caller, syscall),
        size_bytes: copy_up.size_bytes,
        copied_bytes: copied_bytes(copy_up, what.method),
        latency_ns: header.time_ns - copy_up.started_ns,
        lock_ns: copy_up.lock_ns,
        data_ns,
        sync_ns,
        inode: kread::field(copy_up.inode, offset!(inode_ino)).unwrap_or(0),
        open_flags: copy_up.open_flags,
        result: outcome,
        mode: copy_up.mode,
        layer: copy_up.layer,
        kind: what.kind,
        method: what.method,
        padding: [0; 6],
        reserved: 0,
        reserved2: 0,
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
fn classify(copy_up: &InFlight) -> What {
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
    let truncated = copy_up.open_flags & O_TRUNC != 0;
    if copy_up.upper_before != 0 {
        return data(if truncated {
            method::TRUNCATED
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
fn copied_bytes(copy_up: &InFlight, method: u8) -> u64 {
    match method {
        method::UNKNOWN => UNKNOWN_U64,
        method::COPY if !splice_probed() => UNKNOWN_U64,
        method::COPY => copy_up.copied_bytes,
        _ => 0,
    }
}

/// Time in the data function: until the last byte moved, and after it, which
/// is the `vfs_fsync` that ends it.
#[inline(always)]
fn data_phases(copy_up: &InFlight) -> (u64, u64) {
    if copy_up.data_length == 0 || copy_up.data_left_ns == 0 {
        return (UNKNOWN_U64, UNKNOWN_U64);
    }
    if copy_up.data_moved_ns == 0 {
        return (copy_up.data_left_ns - copy_up.data_entered_ns, UNKNOWN_U64);
    }
    (
        copy_up.data_moved_ns - copy_up.data_entered_ns,
        copy_up.data_left_ns - copy_up.data_moved_ns,
    )
}
