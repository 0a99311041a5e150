//! From a table to what a report lists of it.

use std::hash::Hash;

use super::{Row, TopTable};
use crate::aggregate::report::{SortKey, TopList};

impl<K: Eq + Hash + Ord, X: Default + PartialOrd> TopTable<K, X> {
    /// The largest `top` rows in order, and the sum of the others. By name
    /// means by key.
    pub(crate) fn into_list(self, sort: SortKey, top: usize) -> TopList<K, X> {
        let floor = self.floor();
        let forgotten = self.forgotten.map(|it| *it).unwrap_or_default();
        let mut rows: Vec<Option<(K, Row<X>)>> = self.rows.into_iter().map(Some).collect();
        // By number: the rows are large.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let by_size = |a: &usize, b: &usize| match (&rows[*a], &rows[*b]) {
            (Some((a_key, a)), Some((b_key, b))) if sort != SortKey::Name => {
                let by_rank = b.tally.rank(sort).cmp(&a.tally.rank(sort));
                by_rank.then_with(|| a_key.cmp(b_key))
            }
            (a, b) => a.as_ref().map(|it| &it.0).cmp(&b.as_ref().map(|it| &it.0)),
        };
        if top < order.len() {
            order.select_nth_unstable_by(top, by_size);
        }
        let listed = top.min(order.len());
        order[..listed].sort_unstable_by(by_size);
        let mut list = TopList {
            rows: Vec::with_capacity(listed),
            missing: Vec::new(),
            others: forgotten.dropped,
            others_tally: forgotten.dropped_tally,
            dropped: forgotten.dropped,
            floor,
        };
        let in_order = order.iter().filter_map(|at| rows[*at].take());
        for (index, (key, row)) in in_order.enumerate() {
            if index < top {
                let missing = forgotten.floors.get(row.floor as usize).copied();
                list.missing.push(missing.unwrap_or_default());
                list.rows.push((key, row.tally, row.extra));
            } else {
                list.others += 1;
                list.others_tally.add(&row.tally);
            }
        }
        list
    }
}

impl<K, X> TopList<K, X> {
    /// The same rows, with other keys, and something else known of each.
    pub(crate) fn map<L, Y>(self, map: impl Fn(K, X) -> (L, Y)) -> TopList<L, Y> {
        let rows = self.rows.into_iter();
        TopList {
            rows: rows
                .map(|(key, tally, extra)| {
                    let (key, extra) = map(key, extra);
                    (key, tally, extra)
                })
                .collect(),
            missing: self.missing,
            floor: self.floor,
            others: self.others,
            others_tally: self.others_tally,
            dropped: self.dropped,
        }
    }
}
