//! Dropping rows, and remembering what they may have been.

use std::hash::Hash;

use super::{Row, TopTable};
use crate::{
    aggregate::{detail::Tally, report::SortKey},
    model::make_room,
};

impl<K: Eq + Hash + Ord, X: Default + PartialOrd> TopTable<K, X> {
    /// Drops the smaller half, but for the quarter of the rows that may have had the
    /// most. `least` rows stay in any case.
    pub(crate) fn drop_half(&mut self, sort: SortKey, least: usize) {
        let count = self.rows.len();
        if count <= least {
            return;
        }
        let mut keep = vec![false; count];
        self.keep_largest(&mut keep, least.max(count / 2), |row| row.tally.rank(sort));
        if self.forgotten.is_some() {
            self.keep_largest(&mut keep, count / 4, |row| {
                row.tally.plus(&self.missing(row)).rank(sort)
            });
        }
        self.drop_rows(&keep);
    }

    fn keep_largest(&self, keep: &mut [bool], number: usize, rank: impl Fn(&Row<X>) -> [u64; 4]) {
        let Some(last) = number.checked_sub(1) else {
            return;
        };
        let rows = self.rows.iter().enumerate();
        let mut order: Vec<([u64; 4], usize)> =
            rows.map(|(at, (_, row))| (rank(row), at)).collect();
        let key = |at: usize| &self.rows.get(at).0;
        order.select_nth_unstable_by(last, |a, b| {
            b.0.cmp(&a.0).then_with(|| key(a.1).cmp(key(b.1)))
        });
        for (_, at) in &order[..number] {
            keep[*at] = true;
        }
    }

    fn drop_rows(&mut self, keep: &[bool]) {
        let mut floor = self.floor();
        let mut forgotten = self.forgotten.take().unwrap_or_default();
        let none = Tally::default();
        for ((_, row), _) in self.rows.iter().zip(keep).filter(|(_, keep)| !**keep) {
            let missing = forgotten.floors.get(row.floor as usize).unwrap_or(&none);
            floor.raise(&row.tally.plus(missing));
            forgotten.dropped += 1;
            forgotten.dropped_tally.add(&row.tally);
        }
        self.rows.retain(keep);
        self.build_index();
        // Only those that rows came in at are of use, and the one of now.
        let old = std::mem::take(&mut forgotten.floors);
        let mut numbers = vec![u32::MAX; old.len().max(1)];
        for (_, row) in self.rows.iter_mut() {
            let number = &mut numbers[row.floor as usize];
            if *number == u32::MAX {
                *number = forgotten.floors.len() as u32;
                let floor = old.get(row.floor as usize).unwrap_or(&none);
                make_room(&mut forgotten.floors);
                forgotten.floors.push(*floor);
            }
            row.floor = *number;
        }
        make_room(&mut forgotten.floors);
        forgotten.floors.push(floor);
        self.forgotten = Some(forgotten);
    }
}
