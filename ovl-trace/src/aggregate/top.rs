//! A table that keeps the largest rows, and knows what it forgot.
//!
//! Below its capacity it is exact. When it is full, the smaller rows are dropped,
//! and their sums kept as those of the others. A row that was dropped and comes
//! back starts at zero: what it shows is a lower bound from then on, and the
//! table says how much may be missing.
//!
//! **The bound.** No row that was ever dropped had counted more, in any number,
//! than [`TopTable::floor`]. So what a row lacks is at most the floor as it was
//! when the row came in ([`TopTable::missing`]; nothing, if nothing had been
//! dropped by then), and what is in no row at all had at most the floor of now.
//!
//! **How large it gets.** As in Space-Saving, rows are kept by what they may have
//! had (counted and missing), so that what comes again and again is not dropped
//! again and again: a quarter of the rows stay for that. Then, in the number that
//! the table is sorted by, the floor is at most the sum over everything, divided
//! by the rows that stay: 1/1024 of it for a table that was full. Proof: let F be
//! the floor and k that number of rows. The sum of max(row - F, 0) over all rows
//! (counted and missing), plus k F, never exceeds the sum W of everything: an
//! event adds the same to both, since a new row has F missing; and when the floor
//! rises by d, k rows at least lose d each, which is what k F gains.
//!
//! That alone would forget a large file that is copied once, for the sake of
//! small ones that come after many others. So half of the rows stay by what was
//! counted, whatever they may lack.

use std::{
    borrow::Borrow,
    hash::{BuildHasher as _, Hash},
};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{
    detail::Tally,
    report::{SortKey, TopList},
};

/// Most rows of one table.
pub(crate) const CAPACITY: usize = 4096;

/// A table looks at the lowest bits of a hash and at the highest.
const fn spread(hash: u32) -> u64 {
    (hash as u64) << 32 | hash as u64
}

/// Tables with fewer rows are searched without an index.
const INDEX_FROM: usize = 8;

/// A row: what is counted, and what else is known of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row<X> {
    pub(crate) tally: Tally,
    /// Which of the floors it came in at.
    floor: u32,
    /// Half of the key's hash: a larger index is built without a look at the keys.
    hash: u32,
    pub(crate) extra: X,
}

#[derive(Clone, Debug)]
pub(crate) struct TopTable<K, X = ()> {
    rows: Vec<(K, Row<X>)>,
    /// Where the row of a key is, from [`INDEX_FROM`] rows on.
    index: HashTable<u32>,
    /// Seeded: names in it are hostile.
    hasher: DefaultHashBuilder,
    /// What rows lack at most: at first nothing, then what it was whenever rows
    /// were dropped, the last one being that of now.
    floors: Vec<Tally>,
    /// Rows dropped so far, and their sums.
    dropped: u64,
    dropped_tally: Tally,
    capacity: usize,
}

impl<K, X> Default for TopTable<K, X> {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl<K, X> TopTable<K, X> {
    /// A table of at most so many rows.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            rows: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            floors: Vec::new(),
            dropped: 0,
            dropped_tally: Tally::default(),
            capacity,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(K, Row<X>)> {
        self.rows.iter()
    }

    /// What a key that has no row had at most.
    pub(crate) fn floor(&self) -> Tally {
        self.floors.last().copied().unwrap_or_default()
    }

    /// What a row lacks at most.
    pub(crate) fn missing(&self, row: &Row<X>) -> Tally {
        let floor = self.floors.get(row.floor as usize);
        floor.copied().unwrap_or_default()
    }

    /// The number of the floor of now.
    fn newest(&self) -> u32 {
        self.floors.len().saturating_sub(1) as u32
    }
}

impl<K: Eq + Hash + Ord, X: Default + PartialOrd> TopTable<K, X> {
    pub(crate) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut Row<X>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let at = self.find(key)?;
        Some(&mut self.rows[at].1)
    }

    /// The row of a key. May drop other rows.
    pub(crate) fn row<Q>(&mut self, key: &Q, make: impl FnOnce() -> K, sort: SortKey) -> &mut Row<X>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let hash = self.hash(key);
        if let Some(at) = self.find_hashed(key, hash) {
            return &mut self.rows[at].1;
        }
        if self.rows.len() >= self.capacity {
            self.drop_half(sort);
        }
        let row = Row {
            tally: Tally::default(),
            floor: self.newest(),
            hash,
            extra: X::default(),
        };
        let at = self.push(make(), row);
        &mut self.rows[at].1
    }

    /// Drops the smaller half, but for the quarter of the rows that may have had the
    /// most.
    pub(crate) fn drop_half(&mut self, sort: SortKey) {
        let count = self.rows.len();
        let mut keep = vec![false; count];
        self.keep_largest(&mut keep, count / 2, |row| row.tally.rank(sort));
        if self.dropped > 0 {
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
        let key = |at: usize| &self.rows[at].0;
        order.select_nth_unstable_by(last, |a, b| {
            b.0.cmp(&a.0).then_with(|| key(a.1).cmp(key(b.1)))
        });
        for (_, at) in &order[..number] {
            keep[*at] = true;
        }
    }

    fn drop_rows(&mut self, keep: &[bool]) {
        let mut floor = self.floor();
        for ((_, row), _) in self.rows.iter().zip(keep).filter(|(_, keep)| !**keep) {
            floor.raise(&row.tally.plus(&self.missing(row)));
            self.dropped += 1;
            self.dropped_tally.add(&row.tally);
        }
        let mut at = 0;
        self.rows.retain(|_| {
            at += 1;
            keep[at - 1]
        });
        // What is left is to take up no more than it needs.
        self.rows.shrink_to_fit();
        self.forget_floors(floor);
        self.build_index();
    }

    /// Keeps the floors that rows came in at, and a new one.
    fn forget_floors(&mut self, newest: Tally) {
        if self.floors.is_empty() {
            self.floors.push(Tally::default());
        }
        let mut numbers = vec![u32::MAX; self.floors.len()];
        let mut floors = Vec::new();
        for (_, row) in &mut self.rows {
            let number = &mut numbers[row.floor as usize];
            if *number == u32::MAX {
                *number = floors.len() as u32;
                floors.push(self.floors[row.floor as usize]);
            }
            row.floor = *number;
        }
        floors.push(newest);
        self.floors = floors;
    }

    fn find<Q>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.find_hashed(key, self.hash(key))
    }

    fn find_hashed<Q>(&self, key: &Q, hash: u32) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let is_it = |(known, row): &(K, Row<X>)| row.hash == hash && known.borrow() == key;
        if self.rows.len() < INDEX_FROM {
            return self.rows.iter().position(is_it);
        }
        let at = self
            .index
            .find(spread(hash), |at| is_it(&self.rows[*at as usize]))?;
        Some(*at as usize)
    }

    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u32 {
        (self.hasher.hash_one(key) >> 32) as u32
    }

    /// Adds a row of a new key; where it is.
    fn push(&mut self, key: K, row: Row<X>) -> usize {
        if self.rows.len() == self.rows.capacity() {
            let more = if self.rows.len() < 4 {
                1
            } else {
                self.rows.len() / 2
            };
            self.rows.reserve_exact(more);
        }
        let at = self.rows.len();
        self.rows.push((key, row));
        match self.rows.len() {
            ..INDEX_FROM => {}
            INDEX_FROM => self.build_index(),
            _ => self.add_to_index(at),
        }
        at
    }

    fn build_index(&mut self) {
        self.index = HashTable::new();
        if self.rows.len() >= INDEX_FROM {
            self.index = HashTable::with_capacity(self.rows.len());
            for at in 0..self.rows.len() {
                self.add_to_index(at);
            }
        }
    }

    fn add_to_index(&mut self, at: usize) {
        let hash = |at: &u32| spread(self.rows[*at as usize].1.hash);
        let at = at as u32;
        self.index.insert_unique(hash(&at), at, hash);
    }

    /// Adds another table's rows; the greater `extra`, which is the later one,
    /// stays. What a row may lack of one table it may lack of both. Not bounded: the
    /// sources are.
    pub(crate) fn merge(&mut self, other: Self) {
        if self.rows.is_empty() && self.dropped == 0 {
            *self = other;
            return;
        }
        let floors = (self.floor(), other.floor());
        let is_exact = self.dropped == 0 && other.dropped == 0;
        let mut lacks: Vec<Tally> = Vec::new();
        if !is_exact {
            // Those that the other table has no row of.
            lacks.extend(
                self.rows
                    .iter()
                    .map(|(_, row)| self.missing(row).plus(&floors.1)),
            );
        }
        let theirs: Vec<Tally> = other
            .rows
            .iter()
            .map(|(_, row)| other.missing(row))
            .collect();
        self.dropped += other.dropped;
        self.dropped_tally.add(&other.dropped_tally);
        for ((key, row), theirs) in other.rows.into_iter().zip(theirs) {
            // Each table has a seed of its own.
            let hash = self.hash(&key);
            let Some(at) = self.find_hashed(&key, hash) else {
                self.push(key, Row { hash, ..row });
                if !is_exact {
                    lacks.push(floors.0.plus(&theirs));
                }
                continue;
            };
            if !is_exact {
                lacks[at] = self.missing(&self.rows[at].1).plus(&theirs);
            }
            let mine = &mut self.rows[at].1;
            mine.tally.add(&row.tally);
            if mine.extra < row.extra {
                mine.extra = row.extra;
            }
        }
        if !is_exact {
            lacks.push(floors.0.plus(&floors.1));
            for (at, (_, row)) in self.rows.iter_mut().enumerate() {
                row.floor = at as u32;
            }
            self.floors = lacks;
        }
    }

    /// The largest `top` rows in order, and the sum of the others. By name
    /// means by key.
    pub(crate) fn into_list(self, sort: SortKey, top: usize) -> TopList<K, X> {
        let floor = self.floor();
        let Self {
            mut rows, floors, ..
        } = self;
        let order = |(a_key, a): &(K, Row<X>), (b_key, b): &(K, Row<X>)| {
            let by_rank = b.tally.rank(sort).cmp(&a.tally.rank(sort));
            let by_key = a_key.cmp(b_key);
            match sort {
                SortKey::Name => by_key,
                _ => by_rank.then(by_key),
            }
        };
        rows.sort_unstable_by(order);
        let mut list = TopList {
            rows: Vec::with_capacity(rows.len().min(top)),
            missing: Vec::new(),
            others: self.dropped,
            others_tally: self.dropped_tally,
            dropped: self.dropped,
            floor,
        };
        for (index, (key, row)) in rows.into_iter().enumerate() {
            if index < top {
                let missing = floors.get(row.floor as usize).copied();
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

#[cfg(test)]
mod tests;
