//! `ovl_copy_up_flags`, `ovl_copy_up_one`, `ovl_copy_up_start`,
//! `ovl_copy_up_end` (`fs/overlayfs/copy_up.c`, `util.c`).

use aya_ebpf::{
    macros::{kprobe, kretprobe},
    programs::{ProbeContext, RetProbeContext},
};

use ovl_trace_common::program;

use crate::{
    arch,
    context::{argument, returned},
    copy_up, emit,
    globals::one_probed,
    maps::{OPERATIONS, Operation},
    runs, task,
};

/// `static int ovl_copy_up_flags(struct dentry *dentry, int flags)`
///
/// Entered by every operation that may need a copy-up, also when nothing has
/// to be copied. It has no return probe: that would hide its caller. It is never in a
/// trampoline, which has no caller.
#[kprobe]
fn copy_up_flags(ctx: ProbeContext) -> u32 {
    runs::count(program::COPY_UP_FLAGS);
    let operation = Operation {
        caller: arch::caller(&ctx),
        dentry: argument::<0>(&ctx),
    };
    let tid = task::tid();
    if let Some(known) = OPERATIONS.get_ptr_mut(tid) {
        // A fraction of what replacing it costs.
        // SAFETY: the entry is this task's own.
        unsafe { *known = operation };
    } else {
        // An LRU map: takes it, and without it only the trigger is unknown.
        let _inserted = OPERATIONS.insert(tid, &operation, 0);
    }
    0
}

/// `static int ovl_copy_up_one(struct dentry *parent, struct dentry *dentry,
/// int flags)`
#[kprobe]
fn copy_up_one(ctx: ProbeContext) -> u32 {
    runs::count(program::COPY_UP_ONE);
    copy_up::begin(task::tid(), argument::<1>(&ctx), argument::<2>(&ctx) as u32);
    0
}

/// Return of `ovl_copy_up_one`: 0 or a negative errno. An `int`: the upper
/// half of the register is undefined.
#[kretprobe]
fn copy_up_one_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::COPY_UP_ONE_RETURN);
    copy_up::left(task::tid(), returned(&ctx) as i32);
    0
}

/// `int ovl_copy_up_start(struct dentry *dentry, int flags)`
///
/// Takes the inode's lock. Where `ovl_copy_up_one` was inlined by the
/// compiler, the copy-up begins here.
#[kprobe]
fn copy_up_start(ctx: ProbeContext) -> u32 {
    runs::count(program::COPY_UP_START);
    if !one_probed() {
        copy_up::begin(task::tid(), argument::<0>(&ctx), argument::<1>(&ctx) as u32);
    }
    copy_up::update(|copy_up| copy_up.lock_entered_ns = emit::now());
    0
}

/// Return of `ovl_copy_up_start`: 0 the copy-up is ours, 1 another task did
/// it, or a negative errno.
#[kretprobe]
fn copy_up_start_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::COPY_UP_START_RETURN);
    copy_up::locked(task::tid(), returned(&ctx) as i32);
    0
}

/// `void ovl_copy_up_end(struct dentry *dentry)`
#[kprobe]
fn copy_up_end(_ctx: ProbeContext) -> u32 {
    runs::count(program::COPY_UP_END);
    copy_up::end(task::tid());
    0
}
