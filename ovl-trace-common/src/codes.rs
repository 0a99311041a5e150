//! The small integers of the wire format, each with its meaning.
//!
//! They are constants and not Rust enums: a byte from the kernel or from a
//! newer recording may hold any value, and an unknown one is shown as it is.

/// `header.kind`: which structure follows.
pub mod event_kind {
    /// [`crate::event::CopyUp`]
    pub const COPY_UP: u16 = 1;
    /// [`crate::event::Whiteout`]
    pub const WHITEOUT: u16 = 2;
    /// [`crate::event::Overlay`]: first sight of an overlay, or its mount.
    pub const OVERLAY: u16 = 3;
    /// [`crate::event::OverlayGone`]: its superblock was torn down.
    pub const OVERLAY_GONE: u16 = 4;
    /// [`crate::event::CopyUp`], at its start: only sizes and identity count.
    pub const COPY_UP_STARTED: u16 = 5;
}

/// What was copied up.
pub mod kind {
    /// A regular file with its data.
    pub const DATA: u8 = 0;
    /// A regular file's attributes only (metacopy).
    pub const METADATA: u8 = 1;
    /// A directory.
    pub const DIRECTORY: u8 = 2;
    /// A symbolic link.
    pub const SYMLINK: u8 = 3;
    /// A device, FIFO or socket.
    pub const SPECIAL: u8 = 4;
}

/// How the bytes got into the upper layer.
pub mod method {
    /// No data to copy: directory, symlink, special or empty file.
    pub const NONE: u8 = 0;
    /// Copied through the page cache (`do_splice_direct`).
    pub const COPY: u8 = 1;
    /// Shared by the file system (`clone_file_range`): no bytes written.
    pub const REFLINK: u8 = 2;
    /// Left in the lower layer (`metacopy=on`).
    pub const METACOPY: u8 = 3;
    /// Dropped, because the file was opened with `O_TRUNC`.
    pub const TRUNCATED: u8 = 4;
    /// Another hard link of the inode was copied before (`index=on`).
    pub const LINK: u8 = 5;
    /// Not known (a probe that tells it could not be attached).
    pub const UNKNOWN: u8 = 255;
}

/// Why a whiteout or an opaque mark was made.
pub mod cause {
    /// `unlink(2)` of a lower file.
    pub const UNLINK: u8 = 0;
    /// `rmdir(2)` of a lower or merged directory.
    pub const RMDIR: u8 = 1;
    /// `rename(2)` away from a lower name.
    pub const RENAME: u8 = 2;
    /// A directory was marked opaque (`overlay.opaque=y`).
    pub const OPAQUE: u8 = 3;
}

/// Results that are not an errno.
pub mod result {
    /// The copy-up succeeded.
    pub const OK: i32 = 0;
    /// Another task did it while this one waited for the lock.
    pub const RACED: i32 = -1;
    /// It failed, but the return probe that knows the errno was missed.
    pub const FAILED_UNKNOWN: i32 = -2;
}

/// A number that could not be measured. It is shown as `null`, never as 0.
pub const UNKNOWN_U64: u64 = u64::MAX;

/// A syscall number that could not be read.
pub const SYSCALL_UNKNOWN: i32 = -1;
