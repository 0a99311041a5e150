//! The records of the ring buffer.
//!
//! A record is a fixed structure, then `header.path_bytes` bytes of path: the
//! names from the file up to the root of the overlay, each ending with a NUL,
//! the file's own name first. No name at all is the root, `/`.
//! ([`Overlay`] carries strings instead, see there.)

use crate::overlay::OverlayKey;

/// The path had more components or bytes than an event carries; the topmost
/// directories are missing.
pub const FLAG_PATH_TRUNCATED: u16 = 1;
/// Some kernel memory of the path could not be read.
pub const FLAG_PATH_UNREADABLE: u16 = 2;
/// The task is a 32-bit one: `syscall` is of the compat table.
pub const FLAG_COMPAT_SYSCALL: u16 = 4;
/// A directory copied up because something below it was to be written.
pub const FLAG_ANCESTOR: u16 = 8;

/// Common to all records.
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
pub struct Header {
    /// One of [`crate::codes::event_kind`].
    pub kind: u16,
    /// `FLAG_*`.
    pub flags: u16,
    /// Bytes that follow the fixed structure.
    pub path_bytes: u32,
    /// `CLOCK_MONOTONIC` nanoseconds at which the operation ended.
    pub time_ns: u64,
    /// The overlay.
    pub overlay: OverlayKey,
    /// `sb->s_dev` of the overlay (kernel encoding).
    pub device: u32,
    /// Always 0.
    pub padding: u32,
}

/// The task that caused the event.
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
pub struct Task {
    /// Thread group id, in the initial pid namespace.
    pub pid: u32,
    /// Thread id, in the initial pid namespace.
    pub tid: u32,
    /// The caller's own uid (`task->real_cred->uid`; overlayfs runs copy-ups
    /// with the mounter's credentials); `u32::MAX` if unknown.
    pub uid: u32,
    /// System call number, or [`crate::codes::SYSCALL_UNKNOWN`].
    pub syscall: i32,
    /// Return address of `ovl_copy_up_flags`: the overlayfs operation; 0 if
    /// unknown. For whiteouts 0.
    pub caller: u64,
    /// cgroup v2 id.
    pub cgroup: u64,
    /// `task->comm`, NUL-padded.
    pub comm: [u8; 16],
    /// Inode number of the task's mount namespace; 0 if unknown.
    pub mount_namespace: u64,
}

/// One copy-up of one inode.
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
pub struct CopyUp {
    /// Common part.
    pub header: Header,
    /// Who.
    pub task: Task,
    /// Size of the lower file in bytes (`i_size`); 0 for what is no regular
    /// file.
    pub size_bytes: u64,
    /// Bytes written for this copy-up (sum of `do_splice_direct` returns);
    /// [`crate::codes::UNKNOWN_U64`] if that could not be probed.
    pub copied_bytes: u64,
    /// From entering the copy-up to leaving it, the lock included.
    pub latency_ns: u64,
    /// Waiting for the inode's copy-up lock; unknown as above.
    pub lock_ns: u64,
    /// Copying data, without the sync; unknown as above.
    pub data_ns: u64,
    /// All of `vfs_fsync`, of data and of attributes; unknown as above.
    pub sync_ns: u64,
    /// Overlay inode number.
    pub inode: u64,
    /// `ovl_copy_up_flags`' flags: the open flags, or 0, or `O_WRONLY` for a
    /// truncation.
    pub open_flags: u32,
    /// 0, an errno (positive), or one of [`crate::codes::result`].
    pub result: i32,
    /// `i_mode` of the file.
    pub mode: u32,
    /// Index of the lower layer the file came from (1 is the topmost); 0 if
    /// unknown.
    pub layer: u32,
    /// One of [`crate::codes::kind`].
    pub kind: u8,
    /// One of [`crate::codes::method`].
    pub method: u8,
    /// Always 0.
    pub padding: [u8; 2],
    /// `s_dev` of the lower layer's file system (kernel encoding); 0 if
    /// unknown.
    pub lower_device: u32,
    /// The type of that file system (`file_system_type.name`), NUL-padded;
    /// empty if unknown.
    pub lower_filesystem: [u8; 16],
}

/// A name that disappeared behind a whiteout, or a directory made opaque.
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
pub struct Whiteout {
    /// Common part.
    pub header: Header,
    /// Who.
    pub task: Task,
    /// Overlay inode number of what was deleted; 0 if unknown.
    pub inode: u64,
    /// One of [`crate::codes::cause`].
    pub cause: u8,
    /// Always 0.
    pub padding: [u8; 7],
}

/// First sight of an overlay, or its mount. After the structure follow
/// `upperdir_bytes` and `workdir_bytes` of mount options as the mounter gave
/// them (no NUL; relative ones stay relative).
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
pub struct Overlay {
    /// Common part.
    pub header: Header,
    /// The task that was running: the mounter if `state.mounted` is 1.
    pub task: Task,
    /// What the kernel side keeps of it.
    pub state: crate::overlay::OverlayState,
    /// Length of the `upperdir=` string that follows.
    pub upperdir_bytes: u32,
    /// Length of the `workdir=` string that follows it.
    pub workdir_bytes: u32,
}

/// An overlay's superblock was torn down (`ovl_put_super`).
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
pub struct OverlayGone {
    /// Common part.
    pub header: Header,
}
