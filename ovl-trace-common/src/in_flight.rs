//! A copy-up that has not ended.

/// State of a running copy-up.
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
pub struct InFlight {
    /// `struct dentry *` of the file.
    pub dentry: u64,
    /// `struct inode *` of the file, in the overlay.
    pub inode: u64,
    /// `i_ino` of that.
    pub inode_number: u64,
    /// `struct super_block *` of the overlay.
    pub superblock: u64,
    /// Upper dentry before the copy-up; 0 for a first copy-up.
    pub upper_before: u64,
    /// `CLOCK_MONOTONIC` nanoseconds at the start.
    pub started_ns: u64,
    /// Entry of `ovl_copy_up_start`; 0 before.
    pub lock_entered_ns: u64,
    /// Time in `ovl_copy_up_start`; unknown before its return.
    pub lock_ns: u64,
    /// Entry of the data function; 0 before.
    pub data_entered_ns: u64,
    /// End of the last chunk or clone; 0 before.
    pub data_moved_ns: u64,
    /// Entry of `vfs_fsync`; 0 outside of it.
    pub sync_entered_ns: u64,
    /// Time in `vfs_fsync` so far.
    pub sync_ns: u64,
    /// Size of the lower file in bytes.
    pub size_bytes: u64,
    /// Length handed to the data function.
    pub data_length: u64,
    /// Bytes spliced so far.
    pub copied_bytes: u64,
    /// Bytes cloned.
    pub cloned_bytes: u64,
    /// As in [`crate::event::Task::caller`].
    pub caller: u64,
    /// Flags of the operation, see [`crate::event::CopyUp::open_flags`].
    pub open_flags: u32,
    /// `i_mode`.
    pub mode: u32,
    /// `FLAG_*` of the event.
    pub flags: u32,
    /// Always 0.
    pub padding: u32,
}

/// Number of slots: a power of two.
pub const SLOTS: usize = 256;

/// Where the copy-up of one task is. Tasks whose ids have the same remainder share it, one at
/// a time; the others are in the map `IN_FLIGHT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    /// How many tasks want it: the one that found no other has it.
    pub claims: u64,
    /// Whose copy-up follows; 0: nobody's.
    pub tid: u32,
    /// Always 0.
    pub padding: u32,
    /// That copy-up.
    pub copy_up: InFlight,
}

// SAFETY: `repr(C)`, integers only, no implicit padding (asserted in lib.rs).
#[cfg(feature = "user")]
unsafe impl aya::Pod for InFlight {}
// SAFETY: as above.
#[cfg(feature = "user")]
unsafe impl aya::Pod for Slot {}
