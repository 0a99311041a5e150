//! `ovl_fill_super`, `ovl_put_super` (`fs/overlayfs/super.c`).

use aya_ebpf::{
    macros::{kprobe, kretprobe},
    programs::{ProbeContext, RetProbeContext},
};

use ovl_trace_common::program;

use crate::{
    context::{argument, returned},
    maps::MOUNTING,
    overlay, runs, task,
};

/// `int ovl_fill_super(struct super_block *sb, …)`: a mount begins. The other
/// arguments differ (`void *data, int silent` up to 6.4, then `struct
/// fs_context *fc`).
#[kprobe]
fn fill_super(ctx: ProbeContext) -> u32 {
    runs::count(program::FILL_SUPER);
    // If there is no room the overlay is described at its first event.
    let _inserted = MOUNTING.insert(task::tid(), argument::<0>(&ctx), 0);
    0
}

/// Its return: 0 or a negative errno. The mount is not visible to anybody yet.
#[kretprobe]
fn fill_super_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::FILL_SUPER_RETURN);
    let tid = task::tid();
    // SAFETY: the entry is this task's own.
    let Some(superblock) = unsafe { MOUNTING.get(tid) }.copied() else {
        return 0;
    };
    // Only fails if the entry is gone, and it is this task's own.
    let _removed = MOUNTING.remove(tid);
    if returned(&ctx) as i32 == 0 {
        overlay::first_sight(superblock, 1);
    }
    0
}

/// `static void ovl_put_super(struct super_block *sb)`
#[kprobe]
fn put_super(ctx: ProbeContext) -> u32 {
    runs::count(program::PUT_SUPER);
    overlay::gone(argument::<0>(&ctx));
    0
}
