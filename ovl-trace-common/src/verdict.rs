//! What the agent found out about events that nobody wants, and the kernel side
//! cannot know by itself.

/// An overlay whose events the filter does not admit (value of the map `UNWANTED`,
/// whose key is an [`crate::overlay::OverlayKey`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Unwanted {
    /// `CLOCK_MONOTONIC` nanoseconds from which on events are sent again, for the
    /// agent to look whether it is still so: a container can be renamed.
    pub until_ns: u64,
    /// Events that were not sent.
    pub withheld: u64,
}

/// All that the trigger of a copy-up follows from (key of the map `UNWANTED_CALLS`,
/// whose value counts events that were not sent).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Call {
    /// [`crate::event::Task::caller`]
    pub caller: u64,
    /// [`crate::event::CopyUp::open_flags`]
    pub open_flags: u32,
    /// [`crate::event::Task::syscall`]
    pub syscall: i32,
    /// 1 if `syscall` is of the compat table.
    pub compat: u32,
    /// Always 0.
    pub padding: u32,
}

// SAFETY: `repr(C)`, integers only, no implicit padding (asserted in lib.rs).
#[cfg(feature = "user")]
unsafe impl aya::Pod for Unwanted {}
// SAFETY: as above.
#[cfg(feature = "user")]
unsafe impl aya::Pod for Call {}
