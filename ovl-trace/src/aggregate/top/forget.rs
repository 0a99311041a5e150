//! Dropping rows, and remembering what they may have been.

use std::hash::Hash;

use super::{Row, TopTable};
use crate::{
    aggregate::{detail::Tally, report::SortKey},
    model::make_room,
};

impl<K: Eq + Hash + Ord, X: Default + PartialOrd> TopTable<K, X> {
    /// Drops half of the rows: the smaller ones, and of these not the ones that may
    /// have had the most, which an eighth of the rows is for. `least` rows stay in any
    /// case.
    pub(crate) fn drop_half(&mut self, sort: SortKey, least: usize) {
        let count = self.rows.len();
        if count <= least {
            return;
        }
        let mut keep = vec![false; count];
        let half = least.max(count / 2);
        // Until something is dropped, both are the same.
        let may_have_had = match self.forgotten {
            Some(_) => count / 8,
            None => 0,
        };
        self.keep_largest(&mut keep, half - may_have_had, |row| row.tally.rank(sort));
        self.keep_largest(&mut keep, may_have_had, |row| {
            row.tally.plus(&self.missing(row)).rank(sort)
        });
        self.drop_rows(&keep);
    }

    fn keep_largest(&self, keep: &mut [bool], number: usize, rank: impl Fn(&Row<X>) -> [u64; 4]) {
        let Some(last) = number.checked_sub(1) else {
            return;
        };
        // What decides mostly, and where the row is.
        let rows = self.rows.iter().zip(0_u32..);
        let mut order: Vec<(u64, u32)> = rows.map(|((_, row), at)| (rank(row)[0], at)).collect();
        order.select_nth_unstable_by(last, |a, b| {
            b.0.cmp(&a.0).then_with(|| {
                let (a_key, a) = self.rows.get(a.1 as usize);
                let (b_key, b) = self.rows.get(b.1 as usize);
                rank(b).cmp(&rank(a)).then_with(|| a_key.cmp(b_key))
            })
        });
        for (_, at) in &order[..number] {
            keep[*at as usize] = true;
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
