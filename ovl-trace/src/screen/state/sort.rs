//! The columns of the container table, and their order.

use std::cmp::Ordering;

use super::picture::Row;
use crate::aggregate::SortKey;

/// A column that has an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    CopyUps,
    CopyUpRate,
    Bytes,
    ByteRate,
    P50,
    P99,
    Max,
    Whiteouts,
}

impl Column {
    /// In the order of the table, which is that of the key `s`.
    pub(crate) const ALL: [Self; 9] = [
        Self::Name,
        Self::CopyUps,
        Self::CopyUpRate,
        Self::Bytes,
        Self::ByteRate,
        Self::P50,
        Self::P99,
        Self::Max,
        Self::Whiteouts,
    ];

    /// The column that shows what a report is sorted by, or comes closest.
    pub(super) const fn of(sort: SortKey) -> Self {
        match sort {
            SortKey::CopiedBytes | SortKey::SizeBytes => Self::Bytes,
            SortKey::CopyUps => Self::CopyUps,
            SortKey::Latency => Self::Max,
            SortKey::Whiteouts => Self::Whiteouts,
            SortKey::Name => Self::Name,
        }
    }

    pub(super) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self);
        Self::ALL[at.map_or(0, |at| (at + 1) % Self::ALL.len())]
    }

    /// The name above it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::CopyUps => "COPY-UPS",
            Self::CopyUpRate => "/S",
            Self::Bytes => "BYTES",
            Self::ByteRate => "BYTES/S",
            Self::P50 => "P50",
            Self::P99 => "P99",
            Self::Max => "MAX",
            Self::Whiteouts => "WHITEOUTS",
        }
    }

    /// What it is called in a sentence.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::CopyUpRate => "COPY-UPS/S",
            other => other.title(),
        }
    }

    /// The value of a row: what is not known comes last.
    fn value(self, row: &Row) -> Option<u64> {
        let sums = &row.sums;
        match self {
            Self::Name => None,
            Self::CopyUps => Some(sums.copy_ups.total),
            Self::CopyUpRate => row.rates.copy_ups,
            Self::Bytes => Some(sums.copied_bytes),
            Self::ByteRate => row.rates.bytes,
            Self::P50 => sums.latency.percentile_ns(50),
            Self::P99 => sums.latency.percentile_ns(99),
            Self::Max => sums.latency.max_ns,
            Self::Whiteouts => Some(sums.whiteouts.total),
        }
    }
}

/// Sorts: the largest first, or the first name. Rows that are equal keep their
/// place by bytes, name and identity, so that the table does not flicker.
pub(super) fn sort(rows: &mut Vec<&Row>, column: Column, reversed: bool) {
    let mut keyed: Vec<_> = rows
        .drain(..)
        .map(|row| (column.value(row), row.origin.label(), row))
        .collect();
    keyed.sort_by(|(a_value, a_name, a), (b_value, b_name, b)| {
        let by_value = match column {
            Column::Name => a_name.cmp(b_name),
            _ => b_value.cmp(a_value),
        };
        let by_value = if reversed {
            by_value.reverse()
        } else {
            by_value
        };
        by_value
            .then_with(|| b.sums.copied_bytes.cmp(&a.sums.copied_bytes))
            .then_with(|| a_name.cmp(b_name))
            .then_with(|| -> Ordering { a.id.cmp(&b.id) })
    });
    rows.extend(keyed.into_iter().map(|(_, _, row)| row));
}
