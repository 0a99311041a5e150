//! `ovl_lower_positive`, `ovl_unlink`, `ovl_rmdir`, `ovl_rename`
//! (`fs/overlayfs/util.c`, `dir.c`).

use aya_ebpf::{
    macros::{kprobe, kretprobe},
    programs::{ProbeContext, RetProbeContext},
};
use ovl_trace_common::{codes::cause, program};

use crate::{
    context::{argument, returned},
    deletion, opaque, runs, task,
};

/// `bool ovl_lower_positive(struct dentry *dentry)`
#[kprobe]
fn lower_positive(ctx: ProbeContext) -> u32 {
    runs::count(program::LOWER_POSITIVE);
    deletion::asked(task::tid(), argument::<0>(&ctx));
    0
}

/// Its return: a `bool`, of which only the lowest byte is defined.
#[kretprobe]
fn lower_positive_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::LOWER_POSITIVE_RETURN);
    deletion::answered(task::tid(), returned(&ctx) & 0xff != 0);
    0
}

/// Return of `ovl_unlink`: 0 or a negative errno.
#[kretprobe]
fn unlink_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::UNLINK_RETURN);
    deletion::done(task::tid(), cause::UNLINK, returned(&ctx) as i32);
    0
}

/// Return of `ovl_rmdir`: 0 or a negative errno.
#[kretprobe]
fn rmdir_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::RMDIR_RETURN);
    deletion::done(task::tid(), cause::RMDIR, returned(&ctx) as i32);
    0
}

/// Return of `ovl_rename`: 0 or a negative errno. It asks
/// `ovl_lower_positive` about the old name, and not at all for
/// `RENAME_EXCHANGE`.
#[kretprobe]
fn rename_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::RENAME_RETURN);
    let (tid, returned) = (task::tid(), returned(&ctx) as i32);
    deletion::done(tid, cause::RENAME, returned);
    opaque::done(tid, returned);
    0
}
