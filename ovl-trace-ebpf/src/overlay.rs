//! Which overlay: identity, description, birth and end of a superblock.

use ovl_trace_common::{
    codes::event_kind,
    event::{Overlay, OverlayGone},
    loss,
    overlay::{OverlayKey, OverlayState},
};

use crate::{
    arch::Syscall,
    emit,
    globals::{events_wanted, offset},
    kread,
    loss::count,
    maps::OVERLAYS,
    path, task,
};

const BPF_ANY: u64 = 0;
const BPF_NOEXIST: u64 = 1;

/// The overlay of a superblock, as events name it.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) key: OverlayKey,
    pub(crate) device: u32,
}

/// Finds the overlay, or describes it on first sight.
#[inline(always)]
pub(crate) fn of(superblock: u64) -> Option<Known> {
    if let Some(known) = lookup(superblock) {
        return Some(known);
    }
    first_sight(superblock, 0);
    let known = lookup(superblock);
    if known.is_none() {
        count(loss::OVERLAYS_FULL);
    }
    known
}

#[inline(always)]
fn lookup(superblock: u64) -> Option<Known> {
    // SAFETY: an entry lives as long as its superblock, and this task holds a
    // dentry of it.
    let state = unsafe { OVERLAYS.get(superblock) }?;
    Some(Known {
        key: OverlayKey {
            superblock,
            born_ns: state.born_ns,
        },
        device: state.device,
    })
}

/// Remembers and announces an overlay. `mounted` is 1 when the mount itself
/// was seen: then an older entry of the same address is a leftover.
#[inline(never)]
pub(crate) fn first_sight(superblock: u64, mounted: u32) -> i32 {
    let state = describe(superblock, mounted);
    let flag = if mounted == 0 { BPF_NOEXIST } else { BPF_ANY };
    if OVERLAYS.insert(superblock, state, flag).is_err() {
        // Another CPU was first, or the map is full; the caller finds out.
        return 0;
    }
    announce(superblock, state);
    0
}

#[inline(always)]
fn describe(superblock: u64, mounted: u32) -> OverlayState {
    let info = kread::pointer(superblock, offset!(sb_fs_info)).unwrap_or(0);
    // layers[0] is the upper layer (struct ovl_fs, fs/overlayfs/ovl_entry.h).
    let upper = kread::pointer(info, offset!(ovl_fs_layers))
        .and_then(|layers| kread::pointer(layers, offset!(ovl_layer_mnt)))
        .and_then(|mount| kread::pointer(mount, offset!(mount_root)))
        .and_then(|root| kread::pointer(root, offset!(dentry_inode)));
    let (upper_device, upper_inode) = match upper {
        Some(inode) => (
            kread::pointer(inode, offset!(inode_sb))
                .and_then(|upper_sb| kread::field(upper_sb, offset!(sb_dev)))
                .unwrap_or(0),
            kread::field(inode, offset!(inode_ino)).unwrap_or(0),
        ),
        None => (0, 0),
    };
    let who = task::current(0, Syscall::UNKNOWN);
    OverlayState {
        born_ns: emit::now(),
        device: kread::field(superblock, offset!(sb_dev)).unwrap_or(0),
        upper_device,
        upper_inode,
        mount_namespace: task::mount_namespace(),
        layers: kread::field(info, offset!(ovl_fs_numlayer)).unwrap_or(0),
        pid: who.pid,
        mounted,
        padding: 0,
        cgroup: who.cgroup,
    }
}

#[inline(always)]
fn announce(superblock: u64, state: OverlayState) {
    if !events_wanted() {
        return;
    }
    let Some(scratch) = emit::scratch() else {
        return;
    };
    let info = kread::pointer(superblock, offset!(sb_fs_info)).unwrap_or(0);
    let upperdir = kread::pointer(info, offset!(ovl_fs_upperdir));
    let workdir = kread::pointer(info, offset!(ovl_fs_workdir));
    let upperdir_bytes = path::write_string(scratch, 0, upperdir);
    let workdir_bytes = path::write_string(scratch, upperdir_bytes, workdir);
    let key = OverlayKey {
        superblock,
        born_ns: state.born_ns,
    };
    let tail = upperdir_bytes + workdir_bytes;
    let mut who = task::current(0, Syscall::UNKNOWN);
    who.mount_namespace = state.mount_namespace;
    let event = Overlay {
        header: emit::header(event_kind::OVERLAY, 0, key, state.device, tail),
        task: who,
        state,
        upperdir_bytes,
        workdir_bytes,
    };
    emit::send(scratch, event, tail, loss::RING_OVERLAY);
}

/// Forgets an overlay (`ovl_put_super`): its address and device number are
/// free for the next mount.
#[inline(always)]
pub(crate) fn gone(superblock: u64) {
    let Some(known) = lookup(superblock) else {
        return;
    };
    // Only fails if another CPU removed it, which cannot be: one teardown.
    let _removed = OVERLAYS.remove(superblock);
    if !events_wanted() {
        return;
    }
    let Some(scratch) = emit::scratch() else {
        return;
    };
    let event = OverlayGone {
        header: emit::header(event_kind::OVERLAY_GONE, 0, known.key, known.device, 0),
    };
    emit::send(scratch, event, 0, loss::RING_OVERLAY);
}
