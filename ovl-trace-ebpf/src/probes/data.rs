//! The data of a copy-up: `ovl_copy_up_file` (`ovl_copy_up_data` on 5.10 and
//! 5.15), the two VFS functions that move bytes, and the one that syncs.
//!
//! `do_splice_direct`, `clone_file_range` and `vfs_fsync` serve others too
//! (`sendfile`, `FICLONE`, `fsync`); for a task that is not in a copy-up these
//! probes end after one lookup.

use aya_ebpf::{
    macros::{kprobe, kretprobe},
    programs::{ProbeContext, RetProbeContext},
};

use ovl_trace_common::program;

use crate::{
    context::{argument, returned},
    copy_up, emit, runs,
};

/// `static int ovl_copy_up_file(struct ovl_fs *ofs, struct dentry *dentry,
/// struct file *new_file, loff_t len [, bool datasync])`; on 5.10 and 5.15
/// `ovl_copy_up_data(struct ovl_fs *ofs, struct path *old, struct path *new,
/// loff_t len)`: the length is the fourth argument of both.
#[kprobe]
fn copy_up_data(ctx: ProbeContext) -> u32 {
    runs::count(program::COPY_UP_DATA);
    copy_up::update(|copy_up| {
        copy_up.data_entered_ns = emit::now();
        copy_up.data_length = argument::<3>(&ctx);
    });
    0
}

/// `int vfs_fsync(struct file *file, int datasync)`
///
/// At the end of the data function, but on a `volatile` overlay. From 6.12 on
/// after the attributes instead, then for directories, too; where there is a
/// mount option `fsync=` (7.2, and 6.12.117), only with `fsync=strict`.
#[kprobe]
fn sync(_ctx: ProbeContext) -> u32 {
    runs::count(program::SYNC);
    copy_up::update(|copy_up| copy_up.sync_entered_ns = emit::now());
    0
}

/// Its return.
#[kretprobe]
fn sync_return(_ctx: RetProbeContext) -> u32 {
    runs::count(program::SYNC_RETURN);
    copy_up::update(|copy_up| {
        if copy_up.sync_entered_ns != 0 {
            copy_up.sync_ns += emit::now() - copy_up.sync_entered_ns;
            copy_up.sync_entered_ns = 0;
        }
    });
    0
}

/// Return of `do_splice_direct`: bytes moved (at most 1 MiB per call), or a
/// negative errno.
#[kretprobe]
fn splice_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::SPLICE_RETURN);
    copy_up::update(|copy_up| {
        let moved = returned(&ctx) as i64;
        if moved > 0 {
            copy_up.copied_bytes += moved as u64;
        }
        copy_up.data_moved_ns = emit::now();
    });
    0
}

/// Return of `do_clone_file_range` (up to 6.7) or `vfs_clone_file_range`:
/// bytes shared, or a negative errno.
#[kretprobe]
fn clone_return(ctx: RetProbeContext) -> u32 {
    runs::count(program::CLONE_RETURN);
    copy_up::update(|copy_up| {
        let shared = returned(&ctx) as i64;
        if shared > 0 {
            copy_up.cloned_bytes = shared as u64;
            copy_up.data_moved_ns = emit::now();
        }
    });
    0
}
