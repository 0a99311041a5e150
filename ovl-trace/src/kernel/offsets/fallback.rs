//! Layouts of overlayfs' structures for kernels that do not describe them.
//!
//! Debian 5.10 has no module BTF, and a module's BTF can be turned off. The
//! constants below hold for every kernel of their range that was looked at;
//! outside of the ranges nothing is assumed. The mount options (`config`) moved
//! often from 6.5 on, and stay absent there.

use ovl_trace_common::offsets::{ABSENT, Offsets};

/// First release of a range, the first after it, and what is known.
struct Era {
    from: (u32, u32),
    until: (u32, u32),
    layers: u32,
    numlower: u32,
    lowerstack: u32,
    /// `oe` follows `__upperdentry`, which follows the inode.
    has_oe: bool,
    /// `config.upperdir` and `config.workdir` in `struct ovl_fs`.
    options: Option<(u32, u32)>,
}

const ERAS: &[Era] = &[
    // `struct ovl_entry` on `dentry.d_fsdata`: flags or rcu head (16 bytes),
    // numlower, lowerstack. fs/overlayfs/ovl_entry.h of 5.10 and 5.15; BTF of
    // 6.1.192; read at run time on 5.10.262 and 6.1.192.
    Era {
        from: (5, 8),
        until: (6, 5),
        layers: 8,
        numlower: 16,
        lowerstack: 24,
        has_oe: false,
        // `config` begins at 56 with lowerdir, upperdir and workdir.
        options: Some((64, 72)),
    },
    // `ovl_inode.oe`, and `ovl_fs.numdatalayer` before `layers`.
    // fs/overlayfs/ovl_entry.h of 6.6 and 6.8; BTF of 6.12.117 to 7.3.4.
    Era {
        from: (6, 6),
        until: (7, 4),
        layers: 16,
        numlower: 0,
        lowerstack: 8,
        has_oe: true,
        options: None,
    },
];

/// Fills in what is known of this release.
pub(super) fn fill(version: (u32, u32), offsets: &mut Offsets) {
    let Some(era) = ERAS
        .iter()
        .find(|era| era.from <= version && version < era.until)
    else {
        return;
    };
    offsets.ovl_fs_numlayer = 0;
    offsets.ovl_fs_layers = era.layers;
    if let Some((upperdir, workdir)) = era.options {
        offsets.ovl_fs_upperdir = upperdir;
        offsets.ovl_fs_workdir = workdir;
    }
    offsets.ovl_layer_mnt = 0;
    offsets.ovl_layer_idx = 24;
    offsets.ovl_entry_numlower = era.numlower;
    offsets.ovl_entry_lowerstack = era.lowerstack;
    if era.has_oe && offsets.inode_bytes != ABSENT {
        offsets.ovl_inode_oe = offsets.inode_bytes + 8;
    }
}
