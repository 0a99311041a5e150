//! The identity of an overlay: its superblock, and which life of it.

/// Names one life of one overlay superblock.
///
/// Device numbers, mount ids and even `struct super_block` addresses are used
/// again at once by the next mount, so an address alone would give a dead
/// container's copy-ups to the next one. `born_ns` tells the lives apart: the
/// kernel side stamps it when it first meets the superblock and forgets it in
/// `ovl_put_super`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "user",
    derive(
        zerocopy::FromBytes,
        zerocopy::IntoBytes,
        zerocopy::KnownLayout,
        zerocopy::Immutable
    )
)]
#[repr(C)]
pub struct OverlayKey {
    /// Address of the `struct super_block`.
    pub superblock: u64,
    /// `CLOCK_MONOTONIC` nanoseconds of the first sight of this superblock.
    pub born_ns: u64,
}

/// What the kernel side remembers of an overlay (value of the `OVERLAYS` map,
/// whose key is the superblock's address).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "user",
    derive(
        zerocopy::FromBytes,
        zerocopy::IntoBytes,
        zerocopy::KnownLayout,
        zerocopy::Immutable
    )
)]
#[repr(C)]
pub struct OverlayState {
    /// See [`OverlayKey::born_ns`].
    pub born_ns: u64,
    /// `sb->s_dev` (kernel encoding, `major << 20 | minor`).
    pub device: u32,
    /// `s_dev` of the file system that holds the upper directory; 0 if there
    /// is no upper directory or it could not be read.
    pub upper_device: u32,
    /// Inode number of the upper directory; 0 as above.
    pub upper_inode: u64,
    /// Inode number of the mount namespace of the task that was running when
    /// the overlay was first seen; 0 if unknown.
    pub mount_namespace: u64,
    /// Number of layers, the upper one included; 0 if unknown.
    pub layers: u32,
    /// Process that was running when the overlay was first seen: the mounter
    /// if `mounted` is 1.
    pub pid: u32,
    /// 1 when the mount itself was observed, 0 when the overlay was older
    /// than the observation.
    pub mounted: u32,
    /// Always 0.
    pub padding: u32,
    /// cgroup v2 id (inode number of the cgroup directory) of that process.
    pub cgroup: u64,
    /// The type of the upper directory's file system
    /// (`file_system_type.name`), NUL-padded; empty if unknown.
    pub upper_filesystem: [u8; 16],
}

// SAFETY: `repr(C)`, integers only, no implicit padding (asserted in lib.rs).
#[cfg(feature = "user")]
unsafe impl aya::Pod for OverlayKey {}
// SAFETY: as above.
#[cfg(feature = "user")]
unsafe impl aya::Pod for OverlayState {}
