//! A table that keeps the largest rows.
//!
//! Below its capacity it is exact. When it is full, the smaller half is
//! dropped and only counted. A row that was dropped and comes back starts at
//! zero, so what a surviving row shows is a lower bound by then; a file is
//! copied up once per life of its container, so in practice it is exact.

use std::{collections::HashMap, hash::Hash};

use super::{
    detail::Tally,
    report::{SortKey, TopList},
};

/// Most rows of one table.
pub(crate) const CAPACITY: usize = 4096;

/// A row: what is counted, and what else is known of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row<X> {
    pub(crate) tally: Tally,
    pub(crate) extra: X,
}

#[derive(Clone, Debug)]
pub(crate) struct TopTable<K, X = ()> {
    rows: HashMap<K, Row<X>>,
    /// Rows dropped so far, and their sums.
    dropped: u64,
    dropped_tally: Tally,
}

impl<K, X> Default for TopTable<K, X> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            dropped: 0,
            dropped_tally: Tally::default(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord, X: Clone + Default + PartialOrd> TopTable<K, X> {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row of a key, and whether it is new. May drop other rows.
    pub(crate) fn row(&mut self, key: &K, sort: SortKey) -> (&mut Row<X>, bool) {
        let new = !self.rows.contains_key(key);
        if new && self.rows.len() >= CAPACITY {
            self.drop_half(sort);
        }
        (self.rows.entry(key.clone()).or_default(), new)
    }

    pub(crate) fn drop_half(&mut self, sort: SortKey) {
        let mut rows: Vec<(K, Row<X>)> = self.rows.drain().collect();
        rows.sort_unstable_by(|(a_key, a), (b_key, b)| {
            (b.tally.rank(sort).cmp(&a.tally.rank(sort))).then_with(|| a_key.cmp(b_key))
        });
        let keep = rows.len() / 2;
        for (_, row) in rows.drain(keep..) {
            self.dropped += 1;
            self.dropped_tally.add(&row.tally);
        }
        // A new table: the drained one would keep its size for ever.
        self.rows = rows.into_iter().collect();
    }

    /// Adds another table's rows; the greater `extra`, which is the later one,
    /// stays. Not bounded: the sources are.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, row) in &other.rows {
            let mine = self.rows.entry(key.clone()).or_default();
            mine.tally.add(&row.tally);
            if mine.extra < row.extra {
                mine.extra = row.extra.clone();
            }
        }
        self.dropped += other.dropped;
        self.dropped_tally.add(&other.dropped_tally);
    }

    /// The largest `top` rows in order, and the sum of the others. By name
    /// means by key.
    pub(crate) fn into_list(self, sort: SortKey, top: usize) -> TopList<K, X> {
        let mut rows: Vec<(K, Row<X>)> = self.rows.into_iter().collect();
        rows.sort_unstable_by(|(a_key, a), (b_key, b)| {
            let by_rank = b.tally.rank(sort).cmp(&a.tally.rank(sort));
            let by_key = a_key.cmp(b_key);
            match sort {
                SortKey::Name => by_key,
                _ => by_rank.then(by_key),
            }
        });
        let mut list = TopList {
            rows: Vec::new(),
            others: self.dropped,
            others_tally: self.dropped_tally,
            dropped: self.dropped,
        };
        for (index, (key, row)) in rows.into_iter().enumerate() {
            if index < top {
                list.rows.push((key, row.tally, row.extra));
            } else {
                list.others += 1;
                list.others_tally.add(&row.tally);
            }
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(bytes: impl IntoIterator<Item = u64>) -> TopTable<u64> {
        let mut table = TopTable::default();
        for (key, bytes) in bytes.into_iter().enumerate() {
            let (row, _) = table.row(&(key as u64), SortKey::CopiedBytes);
            row.tally.copy_ups += 1;
            row.tally.copied_bytes += bytes;
        }
        table
    }

    #[test]
    fn the_largest_rows_survive() {
        let count = 3 * CAPACITY as u64;
        let list = filled(0..count).into_list(SortKey::CopiedBytes, 2);
        assert_eq!(list.rows[0].0, count - 1);
        assert_eq!(list.rows[1].0, count - 2);
        assert_eq!(list.others, count - 2);
        assert!(list.dropped > 0);
    }

    #[test]
    fn ties_are_in_order_of_the_key() {
        let list = filled([5, 5, 9]).into_list(SortKey::CopiedBytes, 9);
        assert_eq!(
            list.rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            [2, 0, 1]
        );
        let list = filled([5, 9, 5]).into_list(SortKey::Name, 9);
        assert_eq!(
            list.rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            [0, 1, 2]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn sums_are_kept_and_memory_is_not(
            bytes in proptest::collection::vec(0_u64..1_000_000, 0..3 * CAPACITY),
            top in 0_usize..20,
        ) {
            let table = filled(bytes.iter().copied());
            prop_assert!(table.len() <= CAPACITY);
            let list = table.into_list(SortKey::CopiedBytes, top);
            let mut sum = list.others_tally;
            for (_, tally, ()) in &list.rows {
                sum.add(tally);
            }
            prop_assert_eq!(sum.copied_bytes, bytes.iter().sum::<u64>());
            prop_assert_eq!(sum.copy_ups, bytes.len() as u64);
            prop_assert_eq!(list.others + list.rows.len() as u64, bytes.len() as u64);
        }
    }
}
