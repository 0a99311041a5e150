//! The lower layer that a file comes from.

use ovl_trace_common::{in_flight::InFlight, offsets::ABSENT};

use crate::{
    filesystem,
    globals::offset,
    kread,
    maps::{LAYERS, Layer, LayerKey},
};

/// Of no layer: what cannot be read is 0.
const UNKNOWN: Layer = Layer {
    index: 0,
    device: 0,
    filesystem: [0; 16],
};

/// The topmost lower layer that has the file, in an overlay that was born at
/// `born_ns`. What is to be said of a layer is read once: an overlay's layers stay
/// what they are as long as it lives.
#[inline(always)]
pub(crate) fn of(copy_up: &InFlight, born_ns: u64) -> Layer {
    let address = address(copy_up.dentry, copy_up.inode);
    if address == 0 {
        return UNKNOWN;
    }
    let key = LayerKey { address, born_ns };
    // SAFETY: values are not changed once they are in the map.
    if let Some(known) = unsafe { LAYERS.get(key) } {
        return *known;
    }
    let mut layer = UNKNOWN;
    layer.index = kread::field(address, offset!(ovl_layer_idx));
    let mount = kread::pointer(address, offset!(ovl_layer_mnt));
    let superblock = kread::pointer(mount, offset!(mount_sb));
    layer.device = kread::field(superblock, offset!(sb_dev));
    filesystem::write(&mut layer.filesystem, superblock);
    // 0: the overlay could not be remembered, so nothing says when it ends.
    if born_ns != 0 {
        // If it fails, the layer is read again next time.
        let _inserted = LAYERS.insert(key, layer, 0);
    }
    layer
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
