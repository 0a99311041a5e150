//! `ovl_mkdir`, `ovl_rename`, `ovl_check_setxattr` (`fs/overlayfs/dir.c`,
//! `util.c`).
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

/// `OVL_XATTR_OPAQUE`, the first of `enum ovl_xattr` on every kernel
/// (`fs/overlayfs/overlayfs.h`).
const OVL_XATTR_OPAQUE: u32 = 0;

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
    let (old, new) = if shifted() {
        (argument::<2>(&ctx), argument::<4>(&ctx))
    } else {
        (argument::<1>(&ctx), argument::<3>(&ctx))
    };
    let tid = task::tid();
    deletion::forget(tid);
    opaque::rename(tid, old, new);
    0
}

/// `int ovl_check_setxattr(struct ovl_fs *ofs, struct dentry *upperdentry,
/// enum ovl_xattr ox, const void *value, size_t size, int xerr)`; on 5.10 the
/// first argument is the overlay's dentry.
///
/// Every copy-up comes by, for other attributes.
#[kprobe]
fn check_setxattr(ctx: ProbeContext) -> u32 {
    runs::count(program::CHECK_SETXATTR);
    if argument::<2>(&ctx) as u32 == OVL_XATTR_OPAQUE {
        opaque::mark(task::tid(), argument::<1>(&ctx));
    }
    0
}
