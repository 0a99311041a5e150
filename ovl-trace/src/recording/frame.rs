//! Frames: what a block holds.

/// Types of frames. Numbers are never used again.
pub(super) mod kind {
    /// [`super::super::Header`], as JSON.
    pub(in super::super) const HEADER: u32 = 1;
    /// Overlayfs' functions and their addresses, as JSON.
    pub(in super::super) const SYMBOLS: u32 = 2;
    /// A record of the ring.
    pub(in super::super) const RECORD: u32 = 3;
    /// Key of an overlay, then its origin as JSON.
    pub(in super::super) const ORIGIN: u32 = 4;
    /// A loss, as JSON.
    pub(in super::super) const LOSS: u32 = 5;
    /// How far a copy-up is: time, bytes (or `UNKNOWN_U64`), latency, then the
    /// record that announced it.
    pub(in super::super) const RUNNING: u32 = 6;
    /// Rows of one overlay's totals (`super::rows`).
    pub(in super::super) const TOTALS: u32 = 7;
    /// A second has passed: wall-clock nanoseconds since 1970, an `i64`.
    pub(in super::super) const CLOCK: u32 = 8;
    /// [`super::super::End`], as JSON.
    pub(in super::super) const END: u32 = 9;
    /// What a look at a copied file found (`super::examined`).
    pub(in super::super) const EXAMINED: u32 = 10;
    /// The wall clock was set, or the machine was suspended: `CLOCK_MONOTONIC` nanoseconds,
    /// and the new distance to the wall clock, an `i64`.
    pub(in super::super) const CLOCK_STEP: u32 = 11;
}

/// Bytes before the payload.
pub(super) const HEAD_BYTES: usize = 8;

/// Appends a frame.
pub(super) fn push(block: &mut Vec<u8>, kind: u32, parts: &[&[u8]]) {
    block.extend_from_slice(&kind.to_le_bytes());
    block.extend_from_slice(&(bytes(parts) as u32).to_le_bytes());
    for part in parts {
        block.extend_from_slice(part);
    }
}

/// Length of a payload.
pub(super) fn bytes(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// Splits the first frame off: type, payload, rest. `None` if it is longer than
/// the block.
pub(super) fn split(block: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (kind, rest) = block.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((u32::from_le_bytes(*kind), payload, rest))
}

/// Splits a number off.
pub(super) fn number(payload: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = payload.split_first_chunk()?;
    Some((u64::from_le_bytes(*number), rest))
}
