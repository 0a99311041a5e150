//! Types that cross the border between the eBPF program and the agent.
//!
//! Everything here is plain data with a fixed layout (`#[repr(C)]`, named
//! padding, no Rust enums), because one side writes the bytes in the kernel
//! and the other reads them as untrusted input. The layouts are asserted at
//! compile time below, so both sides refuse to build when they disagree.

#![no_std]

pub mod aggregate;
pub mod codes;
pub mod event;
pub mod in_flight;
pub mod loss;
pub mod offsets;
pub mod overlay;
pub mod program;
pub mod verdict;

/// Version of every layout in this crate; recordings carry it.
pub const ABI_VERSION: u32 = 2;

/// Most path components that the kernel side walks from a dentry to the root
/// of its overlay. A deeper path is reported with its last components and the
/// flag [`event::FLAG_PATH_TRUNCATED`].
pub const PATH_COMPONENTS_MAX: usize = 64;

/// Most bytes of path that an event carries (all names with their NUL).
pub const PATH_BYTES_MAX: usize = 4096;

const _: () = {
    assert!(size_of::<overlay::OverlayKey>() == 16);
    assert!(size_of::<overlay::OverlayState>() == 72);
    assert!(size_of::<event::Header>() == 40);
    assert!(size_of::<event::Task>() == 56);
    assert!(size_of::<event::CopyUp>() == 192);
    assert!(size_of::<event::Whiteout>() == 112);
    assert!(size_of::<event::Overlay>() == 176);
    assert!(size_of::<event::OverlayGone>() == 40);
    assert!(size_of::<aggregate::CopyUpKey>() == 32);
    assert!(size_of::<aggregate::CopyUpTotals>() == 80 + 4 * 8 * aggregate::BUCKETS);
    assert!(size_of::<aggregate::WhiteoutKey>() == 24);
    assert!(size_of::<in_flight::InFlight>() == 152);
    assert!(size_of::<verdict::Unwanted>() == 16);
    assert!(size_of::<verdict::Call>() == 24);
    assert!(size_of::<in_flight::Slot>() == 16 + 152);
    assert!(in_flight::SLOTS.is_power_of_two());
};
