//! `ovl_mkdir`, `ovl_rename` (`fs/overlayfs/dir.c`).
//!
//! Operations of `struct inode_operations` take a user namespace or idmap
//! first since 5.12, which shifts the others by one.

use aya_ebpf::{
    macros::{kprobe, kretprobe},
    programs::{ProbeContext, RetProbeContext},
};

use ovl_trace_common::program;

use crate::{
    context::{argument, returned},
    deletion,
    globals::offset,
    opaque, runs, task,
};

/// The operations take a user namespace or idmap first.
#[inline(always)]
fn shifted() -> bool {
    offset!(rename_old_argument) != 1
}

/// `int ovl_mkdir([struct mnt_idmap *idmap,] struct inode *dir, struct dentry
/// *dentry, umode_t mode)`
#[kprobe]
fn mkdir(ctx: ProbeContext) -> u32 {
    runs::count(program::MKDIR);
    let dentry = if shifted() {
        argument::<2>(&ctx)
    } else {
        argument::<1>(&ctx)
    };
    opaque::mkdir(task::tid(), dentry);
    0
}

/// Its return: 0 or a negative errno; from 6.15 on NULL or an error pointer.
#[kretprobe]
fn mkdir_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::MKDIR_RETURN);
    opaque::done(task::tid(), returned(&ctx) as i32);
    0
}

/// `int ovl_rename([struct mnt_idmap *idmap,] struct inode *olddir, struct
/// dentry *old, struct inode *newdir, struct dentry *new, unsigned int flags)`
#[kprobe]
fn rename(ctx: ProbeContext) -> u32 {
    runs::count(program::RENAME);
    let (old, new, flags) = if shifted() {
        (
            argument::<2>(&ctx),
            argument::<4>(&ctx),
            argument::<5>(&ctx),
        )
    } else {
        (
            argument::<1>(&ctx),
            argument::<3>(&ctx),
            argument::<4>(&ctx),
        )
    };
    let tid = task::tid();
    deletion::forget(tid);
    opaque::rename(tid, old, new, flags as u32);
    0
}
