//! Which overlay: identity, description, birth and end of a superblock.

use ovl_trace_common::{
    codes::event_kind,
    event::{Overlay, OverlayGone},
    loss,
    overlay::{OverlayKey, OverlayState},
};

use crate::{
    arch::Syscall,
    emit, filesystem,
    globals::offset,
    kread,
    log::diagnose,
    loss::count,
    maps::{LastOverlay, OVERLAYS, OVERLAYS_CHANGED, Scratch},
    path, task, totals,
};

const BPF_ANY: u64 = 0;
const BPF_NOEXIST: u64 = 1;

/// The overlay of a superblock, as events name it.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) superblock: u64,
    /// 0 if the overlay could not be remembered: the map is full.
    pub(crate) born_ns: u64,
    pub(crate) device: u32,
    /// Its `s_root`; 0 if unknown.
    pub(crate) root: u64,
}

impl Known {
    /// That of this CPU's last event.
    #[inline(always)]
    pub(crate) fn last(overlay: &LastOverlay) -> Self {
        let last = &raw const *overlay;
        // SAFETY: this CPU's own; volatile, so that the verifier does not tell the ways apart by
        // which it came to be known, each of which it would follow to the end.
        unsafe {
            Self {
                superblock: (&raw const (*last).superblock).read_volatile(),
                born_ns: (&raw const (*last).born_ns).read_volatile(),
                root: (&raw const (*last).root).read_volatile(),
                device: (&raw const (*last).device).read_volatile() as u32,
            }
        }
    }

    pub(crate) fn key(self) -> OverlayKey {
        OverlayKey {
            superblock: self.superblock,
            born_ns: self.born_ns,
        }
    }
}

/// Finds the overlay, or describes it on first sight. If there is no room for
/// it (counted), its events go out all the same, with a `born_ns` of 0.
#[inline(always)]
pub(crate) fn of(scratch: &mut Scratch, superblock: u64) -> Known {
    // SAFETY: a static, aligned; other CPUs write it.
    let changed = unsafe { OVERLAYS_CHANGED.get().read_volatile() };
    let last = &raw mut scratch.overlay;
    // SAFETY: this CPU's own.
    if unsafe { (*last).superblock != superblock || (*last).changed != changed } {
        refresh(scratch, superblock, changed);
    }
    Known::last(&scratch.overlay)
}

/// Looks it up.
#[inline(always)]
fn refresh(scratch: &mut Scratch, superblock: u64, changed: u64) {
    let mut known = lookup(superblock);
    if known.born_ns == 0 {
        first_sight(superblock, 0);
        known = lookup(superblock);
        if known.born_ns == 0 {
            count(loss::OVERLAYS_FULL);
        }
    }
    let root = kread::pointer(superblock, offset!(sb_root));
    let is_known = known.born_ns != 0 && root != 0;
    scratch.overlay = LastOverlay {
        superblock,
        born_ns: known.born_ns,
        root,
        device: u64::from(known.device),
        changed: if is_known { changed } else { u64::MAX },
    };
}

#[inline(always)]
fn lookup(superblock: u64) -> Known {
    // SAFETY: an entry lives as long as its superblock, and this task holds a
    // dentry of it.
    match unsafe { OVERLAYS.get(superblock) } {
        Some(state) => Known {
            superblock,
            born_ns: state.born_ns,
            device: state.device,
            root: 0,
        },
        None => Known {
            superblock,
            born_ns: 0,
            device: 0,
            root: 0,
        },
    }
}

/// Remembers and announces an overlay. `mounted` is 1 when the mount itself
/// was seen: then an older entry of the same address is a leftover. A global function
/// for the verifier, which looks at it once per program.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn first_sight(superblock: u64, mounted: u64) -> i32 {
    let info = kread::pointer(superblock, offset!(sb_fs_info));
    // layers[0] is the upper layer (struct ovl_fs, fs/overlayfs/ovl_entry.h).
    let layers = kread::pointer(info, offset!(ovl_fs_layers));
    let mount = kread::pointer(layers, offset!(ovl_layer_mnt));
    let root = kread::pointer(mount, offset!(mount_root));
    let upper = kread::pointer(root, offset!(dentry_inode));
    let upper_superblock = kread::pointer(upper, offset!(inode_sb));
    let Some(scratch) = emit::scratch() else {
        return 0;
    };
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<Overlay>(scratch) };
    task::write_rarely(&mut event.task, 0, Syscall::UNKNOWN);
    event.state = OverlayState {
        born_ns: emit::now(),
        device: kread::field(superblock, offset!(sb_dev)),
        upper_device: kread::field(upper_superblock, offset!(sb_dev)),
        upper_inode: kread::field(upper, offset!(inode_ino)),
        mount_namespace: event.task.mount_namespace,
        layers: kread::field(info, offset!(ovl_fs_numlayer)),
        pid: event.task.pid,
        mounted: mounted as u32,
        padding: 0,
        cgroup: event.task.cgroup,
        upper_filesystem: [0; 16],
    };
    let mut name = [0; 2];
    filesystem::write(&mut name, upper_superblock);
    // SAFETY: 16 bytes of the event.
    unsafe {
        (&raw mut event.state.upper_filesystem)
            .cast::<[u64; 2]>()
            .write_unaligned(name);
    }
    let flag = if mounted == 0 { BPF_NOEXIST } else { BPF_ANY };
    if OVERLAYS.insert(superblock, &event.state, flag).is_err() {
        // Another CPU was first, or the map is full; the caller finds out.
        return 0;
    }
    diagnose!("overlay {:x} seen, mounted {}", superblock, mounted);
    let known = Known {
        superblock,
        born_ns: event.state.born_ns,
        device: event.state.device,
        root: 0,
    };
    if mounted != 0 {
        note_change();
    }
    emit::write_header(&mut event.header, event_kind::OVERLAY, known, emit::now());
    let upperdir = kread::pointer(info, offset!(ovl_fs_upperdir));
    let workdir = kread::pointer(info, offset!(ovl_fs_workdir));
    let upperdir_bytes = path::write_string(scratch, 0, upperdir);
    let workdir_bytes = path::write_string(scratch, upperdir_bytes, workdir);
    let tail = upperdir_bytes + workdir_bytes;
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<Overlay>(scratch) };
    event.header.path_bytes = tail;
    event.upperdir_bytes = upperdir_bytes;
    event.workdir_bytes = workdir_bytes;
    emit::send::<Overlay>(scratch, tail, loss::RING_OVERLAY);
    0
}

/// What other CPUs know of an address may be wrong from now on.
#[inline(always)]
fn note_change() {
    // SAFETY: a static, aligned; all writers use atomics.
    unsafe { totals::add(OVERLAYS_CHANGED.get(), 1) };
}

/// Forgets an overlay (`ovl_put_super`): its address and device number are
/// free for the next mount.
#[inline(always)]
pub(crate) fn gone(superblock: u64) {
    let known = lookup(superblock);
    if known.born_ns == 0 {
        return;
    }
    diagnose!("overlay {:x} gone", superblock);
    // Only fails if another CPU removed it, which cannot be: one teardown.
    let _removed = OVERLAYS.remove(superblock);
    note_change();
    let Some(scratch) = emit::scratch() else {
        return;
    };
    // SAFETY: an event structure.
    let event = unsafe { emit::place::<OverlayGone>(scratch) };
    emit::write_header(
        &mut event.header,
        event_kind::OVERLAY_GONE,
        known,
        emit::now(),
    );
    emit::send::<OverlayGone>(scratch, 0, loss::RING_OVERLAY);
}
