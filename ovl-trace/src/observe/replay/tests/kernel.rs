//! What the kernel side counts.

use std::collections::BTreeMap;

use ovl_trace_common::{
    aggregate::{CopyUpKey, CopyUpTotals, WhiteoutKey, bucket},
    codes::UNKNOWN_U64,
    event as wire,
    overlay::OverlayKey,
};
use zerocopy::FromZeros as _;

use crate::load::KernelTotals;

#[derive(Default)]
pub(super) struct Kernel {
    copy_ups: BTreeMap<(OverlayKey, u64, u8, i16), (CopyUpKey, CopyUpTotals)>,
    whiteouts: BTreeMap<OverlayKey, (WhiteoutKey, u64)>,
}

impl Kernel {
    pub(super) fn totals(&self) -> KernelTotals {
        KernelTotals {
            copy_ups: self.copy_ups.values().copied().collect(),
            whiteouts: self.whiteouts.values().copied().collect(),
        }
    }

    pub(super) fn whiteout(&mut self, whiteout: &wire::Whiteout) {
        let overlay = whiteout.header.overlay;
        let key = WhiteoutKey {
            overlay,
            cause: whiteout.cause,
            padding: [0; 7],
        };
        self.whiteouts.entry(overlay).or_insert((key, 0)).1 += 1;
    }

    pub(super) fn copy_up(&mut self, copy_up: &wire::CopyUp) {
        let key = CopyUpKey {
            overlay: copy_up.header.overlay,
            caller: copy_up.task.caller,
            syscall: copy_up.task.syscall as i16,
            result: copy_up.result as i16,
            kind: copy_up.kind,
            method: copy_up.method,
            ancestor: 0,
            flags_set: 1,
        };
        let (_, row) = self
            .copy_ups
            .entry((key.overlay, key.caller, key.kind, key.result))
            .or_insert_with(|| (key, CopyUpTotals::new_zeroed()));
        row.count += 1;
        row.size_bytes += copy_up.size_bytes;
        match copy_up.copied_bytes {
            UNKNOWN_U64 => row.copied_unknown += 1,
            copied => row.copied_bytes += copied,
        }
        row.latency_ns += copy_up.latency_ns;
        row.latency_min_ns = match row.count {
            1 => copy_up.latency_ns,
            _ => row.latency_min_ns.min(copy_up.latency_ns),
        };
        row.latency_max_ns = row.latency_max_ns.max(copy_up.latency_ns);
        row.histogram[bucket(copy_up.latency_ns)] += 1;
    }
}
