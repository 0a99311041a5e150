//! Rows of totals: how many of copy-ups and of whiteouts follow (`u32` each, the
//! highest bit of the first: more rows of this overlay follow in the next
//! frame), then the rows as the kernel has them.

use ovl_trace_common::aggregate::{CopyUpKey, CopyUpTotals, WhiteoutKey};
use zerocopy::{FromBytes as _, IntoBytes as _};

use super::frame;
use crate::load::KernelTotals;

/// Rows of copy-ups in one frame: 350 KB.
const ROWS_MAX: usize = 256;

/// Set in the first number if the rows of this overlay go on.
const MORE: u32 = 1 << 31;

/// Payloads for the rows of one overlay.
pub(super) fn encode(rows: &KernelTotals) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let mut chunks = rows.copy_ups.chunks(ROWS_MAX).peekable();
    loop {
        let copy_ups = chunks.next().unwrap_or_default();
        let is_last = chunks.peek().is_none();
        // Whiteouts have a row per cause: a handful.
        let whiteouts = if is_last { &rows.whiteouts[..] } else { &[] };
        let more = if is_last { 0 } else { MORE };
        let mut payload = Vec::new();
        payload.extend_from_slice(&(copy_ups.len() as u32 | more).to_le_bytes());
        payload.extend_from_slice(&(whiteouts.len() as u32).to_le_bytes());
        for (key, totals) in copy_ups {
            payload.extend_from_slice(key.as_bytes());
            payload.extend_from_slice(totals.as_bytes());
        }
        for (key, count) in whiteouts {
            payload.extend_from_slice(key.as_bytes());
            payload.extend_from_slice(&count.to_le_bytes());
        }
        payloads.push(payload);
        if is_last {
            return payloads;
        }
    }
}

/// Reads a payload into `rows`; whether more follow. `None`: it is not one. The
/// payload is as long as its rows: nothing is allocated by its numbers.
pub(super) fn decode(payload: &[u8], rows: &mut KernelTotals) -> Option<bool> {
    let (counts, mut rest) = frame::number(payload)?;
    let (first, whiteouts) = (counts as u32, (counts >> 32) as u32);
    for _ in 0..first & !MORE {
        let (key, tail) = CopyUpKey::read_from_prefix(rest).ok()?;
        let (totals, tail) = CopyUpTotals::read_from_prefix(tail).ok()?;
        rows.copy_ups.push((key, totals));
        rest = tail;
    }
    for _ in 0..whiteouts {
        let (key, tail) = WhiteoutKey::read_from_prefix(rest).ok()?;
        let (count, tail) = frame::number(tail)?;
        rows.whiteouts.push((key, count));
        rest = tail;
    }
    Some(first & MORE != 0)
}
