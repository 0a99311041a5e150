//! Totals kept in the kernel: exact even when the ring overflows.

use crate::overlay::OverlayKey;

/// Buckets of a latency histogram. Bucket `i` counts latencies of
/// `2^i ..= 2^(i+1) - 1` nanoseconds (bucket 0 also 0 ns); the last one counts
/// everything above (2^39 ns is nine minutes).
pub const BUCKETS: usize = 40;

/// Bucket of a latency.
#[inline]
pub const fn bucket(latency_ns: u64) -> usize {
    let log2 = 63 - (latency_ns | 1).leading_zeros() as usize;
    if log2 < BUCKETS { log2 } else { BUCKETS - 1 }
}

/// Key of the `COPY_UPS` map.
///
/// The trigger is kept as the two raw facts it is derived from, since the
/// kernel side has no symbol names: there are a dozen call sites and a few
/// dozen syscalls, so the map stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
pub struct CopyUpKey {
    /// The overlay.
    pub overlay: OverlayKey,
    /// As in [`crate::event::Task::caller`].
    pub caller: u64,
    /// As in [`crate::event::Task::syscall`], `| SYSCALL_COMPAT` for 32-bit
    /// tasks.
    pub syscall: i16,
    /// As in [`crate::event::CopyUp::result`].
    pub result: i16,
    /// One of [`crate::codes::kind`].
    pub kind: u8,
    /// One of [`crate::codes::method`].
    pub method: u8,
    /// 1 for [`crate::event::FLAG_ANCESTOR`].
    pub ancestor: u8,
    /// 1 if [`crate::event::CopyUp::open_flags`] was not 0, which tells a
    /// truncation from other attribute changes.
    pub flags_set: u8,
}

/// Set in [`CopyUpKey::syscall`] for a number of the compat table.
pub const SYSCALL_COMPAT: i16 = 0x4000;

/// Value of the `COPY_UPS` map. All fields only grow (but `latency_min_ns`).
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
pub struct CopyUpTotals {
    /// Copy-ups.
    pub count: u64,
    /// Sum of sizes.
    pub size_bytes: u64,
    /// Sum of bytes copied (those known).
    pub copied_bytes: u64,
    /// Copy-ups whose bytes are not known.
    pub copied_unknown: u64,
    /// Sum of latencies.
    pub latency_ns: u64,
    /// Shortest; 0 while `count` is 0.
    pub latency_min_ns: u64,
    /// Longest.
    pub latency_max_ns: u64,
    /// Sum of lock waits.
    pub lock_ns: u64,
    /// Sum of data times.
    pub data_ns: u64,
    /// Sum of sync times.
    pub sync_ns: u64,
    /// Latency histogram, see [`BUCKETS`].
    pub histogram: [u64; BUCKETS],
    /// The same of lock waits, where they are known.
    pub lock_histogram: [u64; BUCKETS],
    /// The same of data times.
    pub data_histogram: [u64; BUCKETS],
    /// The same of sync times.
    pub sync_histogram: [u64; BUCKETS],
}

/// Key of the `WHITEOUTS` map; its value is a `u64` count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
pub struct WhiteoutKey {
    /// The overlay.
    pub overlay: OverlayKey,
    /// One of [`crate::codes::cause`].
    pub cause: u8,
    /// Always 0.
    pub padding: [u8; 7],
}

// SAFETY: `repr(C)`, integers only, no implicit padding (asserted in lib.rs).
#[cfg(feature = "user")]
unsafe impl aya::Pod for CopyUpKey {}
// SAFETY: as above.
#[cfg(feature = "user")]
unsafe impl aya::Pod for CopyUpTotals {}
// SAFETY: as above.
#[cfg(feature = "user")]
unsafe impl aya::Pod for WhiteoutKey {}
