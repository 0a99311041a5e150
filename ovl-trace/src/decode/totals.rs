//! Rows of the kernel's totals → totals by overlay.

use std::collections::HashMap;

use ovl_trace_common::{
    aggregate::{self as wire, BUCKETS, SYSCALL_COMPAT},
    codes::SYSCALL_UNKNOWN,
};

use super::{
    TriggerTable,
    record::{method, outcome},
};
use crate::model::{
    Cause, CopyUpTotals, Histogram, Kind, OverlayKey, OverlayTotals, PhaseTotal, PhaseTotals,
    TotalsKey,
};

/// Groups the rows by overlay. Rows that differ only in raw facts that mean
/// the same (two call sites of `open`) are added up.
pub fn decode_totals(
    copy_ups: &[(wire::CopyUpKey, wire::CopyUpTotals)],
    whiteouts: &[(wire::WhiteoutKey, u64)],
    triggers: &dyn TriggerTable,
) -> HashMap<OverlayKey, OverlayTotals> {
    let mut overlays: HashMap<OverlayKey, OverlayTotals> = HashMap::new();
    for (key, row) in copy_ups {
        let overlay = overlays.entry(key.overlay).or_default();
        let sum = overlay.copy_ups.row(totals_key(key, triggers));
        sum.add(&totals(row));
    }
    for (key, count) in whiteouts {
        let overlay = overlays.entry(key.overlay).or_default();
        let sum = overlay.whiteouts.row(Cause::from_code(key.cause));
        *sum = sum.saturating_add(*count);
    }
    overlays
}

fn totals_key(key: &wire::CopyUpKey, triggers: &dyn TriggerTable) -> TotalsKey {
    let (syscall, compat) = match key.syscall {
        number if number < 0 => (SYSCALL_UNKNOWN, false),
        number => (
            i32::from(number & !SYSCALL_COMPAT),
            number & SYSCALL_COMPAT != 0,
        ),
    };
    TotalsKey {
        kind: Kind::from_code(key.kind),
        method: method(key.method),
        operation: triggers
            .trigger(key.caller, Some(u32::from(key.flags_set)), syscall, compat)
            .operation,
        outcome: outcome(i32::from(key.result)),
    }
}

fn totals(row: &wire::CopyUpTotals) -> CopyUpTotals {
    let some = |latency: u64| (row.count > 0).then_some(latency);
    CopyUpTotals {
        count: row.count,
        size_bytes: row.size_bytes,
        copied_bytes: row.copied_bytes,
        copied_unknown: row.copied_unknown,
        latency_ns: row.latency_ns,
        latency_min_ns: some(row.latency_min_ns),
        latency_max_ns: some(row.latency_max_ns),
        histogram: Histogram::new(&row.histogram),
        phases: PhaseTotals {
            lock: phase(row.lock_ns, &row.lock_histogram),
            data: phase(row.data_ns, &row.data_histogram),
            sync: phase(row.sync_ns, &row.sync_histogram),
        },
    }
}

fn phase(sum_ns: u64, buckets: &[u64; BUCKETS]) -> PhaseTotal {
    PhaseTotal {
        sum_ns,
        histogram: Histogram::new(buckets),
    }
}

#[cfg(test)]
mod tests {
    use ovl_trace_common::codes;

    use super::*;
    use crate::model::{Method, OpenFlags, Operation, Outcome, Trigger};

    struct ByCaller;

    impl TriggerTable for ByCaller {
        fn trigger(&self, caller: u64, _: Option<u32>, syscall: i32, compat: bool) -> Trigger {
            assert_eq!((syscall, compat), (5, true));
            Trigger {
                operation: if caller < 3 {
                    Operation::Open
                } else {
                    Operation::Chmod
                },
                flags: OpenFlags::default(),
                syscall: None,
            }
        }
    }

    const OVERLAY: OverlayKey = OverlayKey {
        superblock: 1,
        born_ns: 2,
    };

    fn row(caller: u64, latency_ns: u64) -> (wire::CopyUpKey, wire::CopyUpTotals) {
        let key = wire::CopyUpKey {
            overlay: OVERLAY,
            caller,
            syscall: 5 | SYSCALL_COMPAT,
            result: 0,
            kind: codes::kind::DATA,
            method: codes::method::COPY,
            ancestor: 0,
            flags_set: 0,
        };
        let mut histogram = [0; BUCKETS];
        histogram[wire::bucket(latency_ns)] = 1;
        let totals = wire::CopyUpTotals {
            count: 1,
            size_bytes: 10,
            copied_bytes: 4,
            copied_unknown: 1,
            latency_ns,
            latency_min_ns: latency_ns,
            latency_max_ns: latency_ns,
            lock_ns: 1,
            data_ns: 2,
            sync_ns: 3,
            histogram,
            lock_histogram: histogram,
            data_histogram: histogram,
            sync_histogram: histogram,
        };
        (key, totals)
    }

    #[test]
    fn rows_that_mean_the_same_are_added_up() {
        let rows = [row(1, 100), row(2, 5000), row(3, 7)];
        let whiteouts = [(
            wire::WhiteoutKey {
                overlay: OVERLAY,
                cause: codes::cause::RMDIR,
                padding: [0; 7],
            },
            4,
        )];
        let overlays = decode_totals(&rows, &whiteouts, &ByCaller);
        let totals = &overlays[&OVERLAY];
        let key = |operation| TotalsKey {
            kind: Kind::Data,
            method: Some(Method::Copy),
            operation,
            outcome: Outcome::Ok,
        };
        let opens = totals.copy_ups.get(&key(Operation::Open)).unwrap();
        assert_eq!(
            (opens.count, opens.size_bytes, opens.copied_bytes),
            (2, 20, 8)
        );
        assert_eq!((opens.latency_ns, opens.copied_unknown), (5100, 2));
        assert_eq!(
            (opens.latency_min_ns, opens.latency_max_ns),
            (Some(100), Some(5000))
        );
        assert_eq!(opens.histogram.count(), 2);
        let sync = &opens.phases.sync;
        assert_eq!((sync.sum_ns, sync.histogram.count()), (6, 2));
        assert_eq!(
            totals.copy_ups.get(&key(Operation::Chmod)).unwrap().count,
            1
        );
        assert_eq!(totals.whiteouts.get(&Cause::Rmdir).copied().unwrap(), 4);
    }

    #[test]
    fn impossible_numbers_do_not_overflow() {
        let (key, mut totals) = row(1, u64::MAX);
        totals.count = u64::MAX;
        totals.histogram = [u64::MAX; BUCKETS];
        let (other, _) = row(2, 1);
        let overlays = decode_totals(&[(key, totals), (other, totals)], &[], &ByCaller);
        let sums: Vec<_> = overlays[&OVERLAY]
            .copy_ups
            .iter()
            .map(|(_, sum)| sum)
            .collect();
        assert_eq!(sums.len(), 1);
        assert_eq!((sums[0].count, sums[0].latency_ns), (u64::MAX, u64::MAX));
    }
}
