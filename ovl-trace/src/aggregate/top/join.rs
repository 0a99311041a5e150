//! Two tables as one.

use std::hash::Hash;

use super::{Row, TopTable};
use crate::aggregate::detail::Tally;

impl<K: Eq + Hash + Ord, X: Default + PartialOrd> TopTable<K, X> {
    /// Adds another table's rows; the greater `extra`, which is the later one,
    /// stays. What a row may lack of one table it may lack of both. Not bounded: the
    /// sources are.
    pub(crate) fn merge(&mut self, other: Self) {
        if self.rows.len() == 0 && self.forgotten.is_none() {
            *self = other;
            return;
        }
        let is_exact = self.forgotten.is_none() && other.forgotten.is_none();
        let floors = (self.floor(), other.floor());
        let mut lacks: Vec<Tally> = Vec::new();
        let mut theirs: Vec<Tally> = Vec::new();
        if !is_exact {
            // Those that the other table has no row of.
            let rows = self.rows.iter();
            lacks.extend(rows.map(|(_, row)| self.missing(row).plus(&floors.1)));
            let rows = other.rows.iter();
            theirs.extend(rows.map(|(_, row)| other.missing(row)));
        }
        for (number, (key, row)) in other.rows.into_iter().enumerate() {
            // Each table has a seed of its own.
            let hash = self.hash(&key);
            let lack = theirs.get(number);
            let Some(at) = self.find_hashed(&key, hash) else {
                self.push(key, Row { hash, ..row });
                lacks.extend(lack.map(|lack| floors.0.plus(lack)));
                continue;
            };
            if let Some(lack) = lack {
                lacks[at] = self.missing(&self.rows.get(at).1).plus(lack);
            }
            let mine = &mut self.rows.get_mut(at).1;
            mine.tally.add(&row.tally);
            if mine.extra < row.extra {
                mine.extra = row.extra;
            }
        }
        if is_exact {
            return;
        }
        lacks.push(floors.0.plus(&floors.1));
        for (at, (_, row)) in self.rows.iter_mut().enumerate() {
            row.floor = at as u32;
        }
        let other = other.forgotten.unwrap_or_default();
        let forgotten = self.forgotten.get_or_insert_default();
        forgotten.floors = lacks;
        forgotten.dropped += other.dropped;
        forgotten.dropped_tally.add(&other.dropped_tally);
    }
}
