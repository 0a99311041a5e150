//! What the kernel side could not do, counted by reason.

/// Number of reasons: the length of the per-CPU array `LOSSES`.
pub const REASONS: usize = 13;

/// A copy-up event did not fit into the ring.
pub const RING_COPY_UP: u32 = 0;
/// A whiteout event did not fit into the ring.
pub const RING_WHITEOUT: u32 = 1;
/// An overlay's description did not fit into the ring.
pub const RING_OVERLAY: u32 = 2;
/// `IN_FLIGHT` was full: a copy-up was not observed at all.
pub const IN_FLIGHT_FULL: u32 = 3;
/// `COPY_UPS` was full: a copy-up is missing from the totals.
pub const COPY_UPS_FULL: u32 = 4;
/// `WHITEOUTS` was full: a whiteout is missing from the totals.
pub const WHITEOUTS_FULL: u32 = 5;
/// `OVERLAYS` was full: an overlay could not be given a name.
pub const OVERLAYS_FULL: u32 = 6;
/// A path had too many components; its top is missing.
pub const PATH_TRUNCATED: u32 = 7;
/// Kernel memory could not be read: a copy-up or whiteout was not observed.
pub const UNREADABLE: u32 = 8;
/// A copy-up's end was never seen.
pub const UNFINISHED: u32 = 9;
/// A deletion's end was never seen, or its slot table was full.
pub const DELETION_UNFINISHED: u32 = 10;
/// An announcement of a running copy-up did not fit into the ring.
pub const RING_STARTED: u32 = 11;
/// A path could not be read to its top; what is missing is its top.
pub const PATH_UNREADABLE: u32 = 12;

/// Name of each reason, in the order of the constants.
pub const NAMES: [&str; REASONS] = [
    "ring_copy_up",
    "ring_whiteout",
    "ring_overlay",
    "in_flight_full",
    "copy_ups_full",
    "whiteouts_full",
    "overlays_full",
    "path_truncated",
    "unreadable",
    "unfinished",
    "deletion_unfinished",
    "ring_started",
    "path_unreadable",
];
