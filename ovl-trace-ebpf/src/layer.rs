//! The lower layer that a file comes from.

use ovl_trace_common::{event::CopyUp, in_flight::InFlight, offsets::ABSENT};

use crate::{
    emit, filesystem,
    globals::offset,
    kread,
    maps::{LAYERS, LayerKey, Scratch},
    words,
};

/// Writes which is the topmost lower layer that has the file, in an overlay that was born at
/// `born_ns`; 0 if unknown. What is to be said of a layer is read once: an overlay's layers stay
/// what they are as long as it lives.
#[inline(always)]
pub(crate) fn describe(scratch: &mut Scratch, copy_up: &InFlight, born_ns: u64) {
    let address = address(copy_up.dentry, copy_up.inode);
    let key = &raw mut scratch.layer_key;
    // SAFETY: this CPU's own.
    if unsafe { (*key).address != address || (*key).born_ns != born_ns } {
        // SAFETY: as above.
        unsafe { *key = LayerKey { address, born_ns } };
        look_up(scratch);
    }
    let layer = &raw const scratch.layer;
    // SAFETY: an event structure; what is read is this CPU's own.
    unsafe {
        let event = emit::place::<CopyUp>(scratch);
        event.layer = (*layer).index;
        event.lower_device = (*layer).device;
        *name_in(event) = (*layer).filesystem;
    }
}

/// Finds the layer of the scratch's key.
#[inline(always)]
fn look_up(scratch: &mut Scratch) {
    let key = scratch.layer_key;
    // SAFETY: whole words.
    unsafe { words::clear(&raw mut scratch.layer) };
    if key.address == 0 {
        return;
    }
    // SAFETY: values are not changed once they are in the map.
    if let Some(known) = unsafe { LAYERS.get(&key) } {
        scratch.layer = *known;
        return;
    }
    scratch.layer.index = kread::field(key.address, offset!(ovl_layer_idx));
    let mount = kread::pointer(key.address, offset!(ovl_layer_mnt));
    let superblock = kread::pointer(mount, offset!(mount_sb));
    scratch.layer.device = kread::field(superblock, offset!(sb_dev));
    filesystem::write(&mut scratch.layer.filesystem, superblock);
    if key.born_ns == 0 {
        // The overlay could not be remembered, so nothing says when it ends.
        scratch.layer_key.address = 0;
        scratch.layer_key.born_ns = u64::MAX;
    } else {
        // If it fails, the layer is read again next time.
        let _inserted = LAYERS.insert(&key, &scratch.layer, 0);
    }
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
