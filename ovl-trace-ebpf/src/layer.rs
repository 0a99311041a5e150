//! The lower layer that a file comes from.

use core::mem::MaybeUninit;

use ovl_trace_common::{event::CopyUp, in_flight::InFlight, offsets::ABSENT};

use crate::{
    filesystem,
    globals::offset,
    kread,
    maps::{LAYERS, Layer, LayerKey},
    words,
};

/// Writes which is the topmost lower layer that has the file, in an overlay that was born at
/// `born_ns`; 0 if unknown. What is to be said of a layer is read once: an overlay's layers stay
/// what they are as long as it lives.
#[inline(always)]
pub(crate) fn describe(event: &mut CopyUp, copy_up: &InFlight, born_ns: u64) {
    event.layer = 0;
    event.lower_device = 0;
    // SAFETY: the name is 16 bytes of the event, at a multiple of 8.
    unsafe { words::clear(name_in(event)) };
    let address = address(copy_up.dentry, copy_up.inode);
    if address == 0 {
        return;
    }
    let key = LayerKey { address, born_ns };
    // SAFETY: values are not changed once they are in the map.
    if let Some(known) = unsafe { LAYERS.get(&key) } {
        write(event, known);
        return;
    }
    let mut place = MaybeUninit::<Layer>::uninit();
    // SAFETY: integers only.
    let layer = unsafe { words::zeroed(&mut place) };
    layer.index = kread::field(address, offset!(ovl_layer_idx));
    let mount = kread::pointer(address, offset!(ovl_layer_mnt));
    let superblock = kread::pointer(mount, offset!(mount_sb));
    layer.device = kread::field(superblock, offset!(sb_dev));
    filesystem::write(&mut layer.filesystem, superblock);
    // 0: the overlay could not be remembered, so nothing says when it ends.
    if born_ns != 0 {
        // If it fails, the layer is read again next time.
        let _inserted = LAYERS.insert(&key, &*layer, 0);
    }
    write(event, layer);
}

#[inline(always)]
fn write(event: &mut CopyUp, layer: &Layer) {
    event.layer = layer.index;
    event.lower_device = layer.device;
    // SAFETY: 16 bytes of the event.
    unsafe { *name_in(event) = layer.filesystem };
}

/// The event's field, by words: it lies at a multiple of 8.
#[inline(always)]
fn name_in(event: &mut CopyUp) -> *mut [u64; 2] {
    const { assert!(core::mem::offset_of!(CopyUp, lower_filesystem).is_multiple_of(8)) };
    words::seen_as(&raw mut event.lower_filesystem)
}

/// `struct ovl_layer *`; 0 if unknown.
///
/// From 6.5 on the layers hang off the inode (`ovl_inode.oe`), before off the
/// dentry (`d_fsdata`): `fs/overlayfs/ovl_entry.h`.
#[inline(always)]
fn address(dentry: u64, inode: u64) -> u64 {
    let entry = if offset!(ovl_inode_oe) == ABSENT {
        kread::pointer(dentry, offset!(dentry_fsdata))
    } else {
        kread::pointer(inode, offset!(ovl_inode_oe))
    };
    // The number is followed by the stack on every kernel so far, but for 5.10.
    if offset!(ovl_entry_lowerstack) == offset!(ovl_entry_numlower).wrapping_add(8) {
        let [number, layer] = kread::words(entry, offset!(ovl_entry_numlower));
        return if number as u32 == 0 { 0 } else { layer };
    }
    if kread::field::<u32>(entry, offset!(ovl_entry_numlower)) == 0 {
        return 0;
    }
    // `lowerstack[0].layer` is the first member of `struct ovl_path`.
    kread::pointer(entry, offset!(ovl_entry_lowerstack))
}
