//! How long the first write to a file takes, by the size of the file: from
//! events of regular files with their data.

use super::sums::Latency;
use crate::model::{CopyUp, Kind, Outcome, SortedRows};

/// The largest size of each class but the last, in bytes.
pub const SIZE_LIMITS: [u64; 4] = [64 << 10, 1 << 20, 64 << 20, 1 << 30];

/// Successful copy-ups of files of about the same size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SizeRow {
    /// Their largest possible size in bytes; `None`: larger than all limits.
    pub up_to_bytes: Option<u64>,
    /// Copy-ups.
    pub copy_ups: u64,
    /// Sum of lower file sizes.
    pub size_bytes: u64,
    /// Sum of bytes really written, as far as measured.
    pub copied_bytes: u64,
    /// Copy-ups whose bytes could not be measured.
    pub copied_unknown: u64,
    /// How long they took.
    pub latency: Latency,
}

/// By class, an index into [`SIZE_LIMITS`] or behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct BySize(SortedRows<usize, SizeRow>);

impl BySize {
    pub(crate) fn copy_up(&mut self, event: &CopyUp) {
        if event.outcome != Outcome::Ok || event.kind != Kind::Data {
            return;
        }
        let row = self.row(SIZE_LIMITS.partition_point(|limit| *limit < event.size_bytes));
        row.copy_ups += 1;
        row.size_bytes = row.size_bytes.saturating_add(event.size_bytes);
        match event.copied_bytes {
            Some(bytes) => row.copied_bytes = row.copied_bytes.saturating_add(bytes),
            None => row.copied_unknown += 1,
        }
        let (latency, ns) = (&mut row.latency, event.latency_ns);
        latency.sum_ns = latency.sum_ns.saturating_add(ns);
        latency.min_ns = Some(latency.min_ns.map_or(ns, |min| min.min(ns)));
        latency.max_ns = latency.max_ns.max(Some(ns));
        latency.histogram.count_one(ns);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (class, theirs) in other.0.iter() {
            let ours = self.row(*class);
            ours.copy_ups += theirs.copy_ups;
            ours.size_bytes = ours.size_bytes.saturating_add(theirs.size_bytes);
            ours.copied_bytes = ours.copied_bytes.saturating_add(theirs.copied_bytes);
            ours.copied_unknown += theirs.copied_unknown;
            ours.latency.add(&theirs.latency);
        }
    }

    /// The classes that have a copy-up, the smallest first.
    pub(crate) fn into_rows(self) -> Vec<SizeRow> {
        self.0.into_iter().map(|(_, row)| row).collect()
    }

    fn row(&mut self, class: usize) -> &mut SizeRow {
        let row = self.0.row(class);
        row.up_to_bytes = SIZE_LIMITS.get(class).copied();
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support::copy_up;

    fn data(size_bytes: u64, latency_ns: u64) -> CopyUp {
        CopyUp {
            size_bytes,
            copied_bytes: Some(size_bytes),
            latency_ns,
            ..copy_up("/a")
        }
    }

    #[test]
    fn limits_belong_to_the_class_below() {
        let mut by_size = BySize::default();
        for (size, latency) in [
            (0, 1),
            (64 << 10, 9),
            ((64 << 10) + 1, 5),
            (1 << 30, 7),
            (u64::MAX, 8),
        ] {
            by_size.copy_up(&data(size, latency));
        }
        let mut twice = by_size.clone();
        twice.merge(&by_size);
        let rows = by_size.into_rows();
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.up_to_bytes, row.copy_ups, row.latency.sum_ns))
            .collect();
        let limits = SIZE_LIMITS.map(Some);
        assert_eq!(
            seen,
            [
                (limits[0], 2, 10),
                (limits[1], 1, 5),
                (limits[3], 1, 7),
                (None, 1, 8)
            ]
        );
        assert_eq!(rows[0].latency.min_ns, Some(1));
        assert_eq!(rows[0].latency.percentile_ns(100), Some(9));
        assert_eq!(twice.into_rows()[0].copy_ups, 4);
    }

    #[test]
    fn only_files_that_were_copied_with_their_data() {
        let mut by_size = BySize::default();
        for kind in [Kind::Metadata, Kind::Directory, Kind::Unknown(9)] {
            by_size.copy_up(&CopyUp { kind, ..data(1, 1) });
        }
        by_size.copy_up(&CopyUp {
            outcome: Outcome::Raced,
            ..data(1, 1)
        });
        assert!(by_size.into_rows().is_empty());
    }
}
