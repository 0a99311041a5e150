//! The event of a copy-up, and what is counted of it.

use ovl_trace_common::{
    aggregate::{CopyUpKey, SYSCALL_COMPAT},
    codes::{UNKNOWN_U64, event_kind, kind, method, result},
    event::{CopyUp, FLAG_ANCESTOR, FLAG_COMPAT_SYSCALL},
    in_flight::InFlight,
    loss,
};

use crate::{
    arch::Syscall,
    emit,
    globals::{data_probed, splice_probed, sync_probed},
    layer,
    maps::{PerCpu, Scratch},
    overlay::Known,
    path, task,
};

const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;

/// `O_TRUNC` (`include/uapi/asm-generic/fcntl.h`; x86-64 and arm64 use it).
const O_TRUNC: u32 = 0o1000;

/// Stands for the outcome of a copy-up that is only announced.
pub(crate) const RUNNING: i32 = i32::MIN;

/// The mode is that of a regular file.
#[inline(always)]
pub(crate) fn is_regular(mode: u32) -> bool {
    mode & S_IFMT == S_IFREG
}

/// The mode is that of a directory.
#[inline(always)]
pub(crate) fn is_directory(mode: u32) -> bool {
    mode & S_IFMT == S_IFDIR
}

/// Some of the file's data was copied or shared, or was about to be.
#[inline(always)]
pub(crate) fn moved(copy_up: &InFlight) -> bool {
    copy_up.data_length | copy_up.copied_bytes | copy_up.cloned_bytes != 0
}

/// Adds who and where to the event of this CPU's copy-up, and sends it.
#[inline(always)]
pub(crate) fn report(syscall: Syscall, announced: bool) {
    report_copy_up(
        syscall.number as u64,
        syscall.compat.into(),
        announced.into(),
    );
}

/// [`report`], as a global function: the verifier looks at it once per program.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn report_copy_up(number: u64, compat: u64, announced: u64) -> i32 {
    let Some(PerCpu {
        scratch, copy_up, ..
    }) = emit::per_cpu()
    else {
        return 0;
    };
    let syscall = Syscall {
        number: number as i32,
        compat: compat != 0,
    };
    // First, while the verifier knows one way that leads here: see `task::write_rarely`.
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<CopyUp>(scratch) };
    task::write(&mut event.task, copy_up.caller, syscall);
    path::write(scratch, copy_up.dentry, scratch.overlay.root);
    let (bytes, path_flags) = (scratch.path_bytes, scratch.path_flags as u16);
    // SAFETY: as above.
    let event = unsafe { emit::place::<CopyUp>(scratch) };
    let mut flags = path_flags | (copy_up.flags as u16 & FLAG_ANCESTOR);
    if syscall.compat {
        flags |= FLAG_COMPAT_SYSCALL;
    }
    event.header.flags = flags;
    event.header.path_bytes = bytes;
    event.inode = copy_up.inode_number;
    event.open_flags = copy_up.open_flags;
    event.mode = copy_up.mode;
    let born_ns = event.header.overlay.born_ns;
    layer::describe(scratch, copy_up, born_ns);
    let reason = if announced == 0 {
        loss::RING_COPY_UP
    } else {
        loss::RING_STARTED
    };
    emit::send::<CopyUp>(scratch, bytes, reason);
    0
}

/// Writes into the scratch what the totals need of the event; returns the key
/// to count it under.
#[inline(always)]
pub(crate) fn describe(
    scratch: &mut Scratch,
    copy_up: &InFlight,
    known: Known,
    outcome: i32,
    syscall: Syscall,
    now_ns: u64,
) -> CopyUpKey {
    let what = classify(copy_up, outcome);
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<CopyUp>(scratch) };
    emit::write_header(&mut event.header, event_kind::COPY_UP, known, now_ns);
    event.size_bytes = copy_up.size_bytes;
    event.copied_bytes = copied_bytes(copy_up, what.method, outcome);
    event.latency_ns = event.header.time_ns - copy_up.started_ns;
    event.lock_ns = copy_up.lock_ns;
    write_data_phases(event, copy_up, outcome);
    event.result = outcome;
    event.kind = what.kind;
    event.method = what.method;
    event.padding = [0; 2];
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
    // The entry of the data function was skipped.
    if moved(copy_up) {
        return data(if copy_up.copied_bytes > 0 {
            method::COPY
        } else {
            method::REFLINK
        });
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
    if moved(copy_up) && method == method::COPY {
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

/// Time from the data function's entry until the last byte was moved, and in
/// `vfs_fsync`, which ends that function, but may also come later.
#[inline(always)]
fn write_data_phases(event: &mut CopyUp, copy_up: &InFlight, outcome: i32) {
    event.data_ns = UNKNOWN_U64;
    event.sync_ns = UNKNOWN_U64;
    // One that began and did not return: its return was skipped.
    let sync_is_over = copy_up.sync_entered_ns == 0;
    if sync_is_over && copy_up.sync_ns != 0 {
        event.sync_ns = copy_up.sync_ns;
    }
    if copy_up.data_length == 0 || outcome == RUNNING {
        return;
    }
    if splice_probed() {
        // 0 if there was nothing to move: a file that is one hole.
        event.data_ns = copy_up
            .data_moved_ns
            .saturating_sub(copy_up.data_entered_ns);
    }
    if sync_probed() && sync_is_over {
        // 0 if it was left out: a volatile overlay, or a clone.
        event.sync_ns = copy_up.sync_ns;
    }
}
