//! The event of a whiteout or an opaque mark.

use core::mem::MaybeUninit;

use ovl_trace_common::{
    aggregate::WhiteoutKey,
    codes::event_kind,
    event::{FLAG_COMPAT_SYSCALL, Whiteout},
    loss,
};

use crate::{
    arch::Syscall,
    emit,
    globals::offset,
    kread,
    loss::count,
    overlay::{self, Known},
    path, task, totals, wanted, words,
};

/// Counts it, and sends it with the path of `dentry`. The name is still there:
/// the VFS drops or moves dentries only after the file system's operation has
/// returned.
#[inline(always)]
pub(crate) fn count_and_report(dentry: u64, inode: u64, cause: u8) {
    let superblock = kread::pointer(dentry, offset!(dentry_sb));
    if superblock == 0 {
        count(loss::UNREADABLE);
        return;
    }
    let Some(scratch) = emit::scratch() else {
        // Cannot be: an array of one has its first.
        count(loss::UNREADABLE);
        return;
    };
    let known = overlay::of(scratch, superblock);
    let mut place = MaybeUninit::<WhiteoutKey>::uninit();
    // SAFETY: integers only.
    let key = unsafe { words::zeroed(&mut place) };
    key.overlay = known.key();
    key.cause = cause;
    totals::add_whiteout(key);
    if !wanted::whiteout(known) {
        return;
    }
    send_whiteout(dentry, inode, cause.into());
}

/// Sends the event, of the overlay that this CPU was asked for last. A global function: the
/// verifier looks at it once per program, not once for each way that leads to it. So it takes
/// and returns numbers only.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn send_whiteout(dentry: u64, inode: u64, cause: u64) -> i32 {
    let Some(scratch) = emit::scratch() else {
        return 0;
    };
    // First, while the verifier knows one way that leads here: see `task::write_rarely`.
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<Whiteout>(scratch) };
    task::write(&mut event.task, 0, Syscall::UNKNOWN);
    let syscall = task::syscall();
    event.task.syscall = syscall.number;
    let known = Known::last(&scratch.overlay);
    path::write(scratch, dentry, known.root);
    let (bytes, mut flags) = (scratch.path_bytes, scratch.path_flags as u16);
    if syscall.compat {
        flags |= FLAG_COMPAT_SYSCALL;
    }
    // SAFETY: as above.
    let event = unsafe { emit::place::<Whiteout>(scratch) };
    emit::write_header(&mut event.header, event_kind::WHITEOUT, known, emit::now());
    event.header.flags = flags;
    event.header.path_bytes = bytes;
    event.inode = inode;
    // SAFETY: the cause and the padding are the last word of the event.
    unsafe { words::clear(words::seen_as::<_, u64>(&raw mut event.cause)) };
    event.cause = cause as u8;
    emit::send::<Whiteout>(scratch, bytes, loss::RING_WHITEOUT);
    0
}
