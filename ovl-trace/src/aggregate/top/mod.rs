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
//! again and again: an eighth of the rows stay for that. Then, in the number that
//! the table is sorted by, the floor is at most the sum over everything, divided
//! by that number of rows: 1/512 of it for a table that was full. Proof: let F be
//! the floor and k that number of rows. The sum of max(row - F, 0) over all rows
//! (counted and missing), plus k F, never exceeds the sum W of everything: an
//! event adds the same to both, since a new row has F missing; and when the floor
//! rises by d, k rows at least lose d each, which is what k F gains.
//!
//! That alone would forget a large file that is copied once, for the sake of
//! small ones that come after many others. So three eighths of the rows stay by what
//! was counted, whatever they may lack.

mod forget;
mod join;
mod list;
mod rows;
#[cfg(test)]
mod tests;

use std::{
    borrow::Borrow,
    hash::{BuildHasher as _, Hash},
};

use hashbrown::{DefaultHashBuilder, HashTable};

use self::rows::Rows;
use super::{detail::Tally, report::SortKey};

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
    rows: Rows<(K, Row<X>)>,
    /// Where the row of a key is, from [`INDEX_FROM`] rows on.
    index: HashTable<u32>,
    /// Seeded: names in it are hostile.
    hasher: DefaultHashBuilder,
    /// What was dropped, if anything was.
    forgotten: Option<Box<Forgotten>>,
    capacity: u32,
    /// Where [`Self::row_again`] found its last row.
    recent: u32,
}

#[derive(Clone, Debug, Default)]
struct Forgotten {
    /// What rows lack at most: at first nothing, then what it was whenever rows
    /// were dropped, the last one being that of now.
    floors: Vec<Tally>,
    /// Rows dropped so far, and their sums.
    dropped: u64,
    dropped_tally: Tally,
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
            rows: Rows::default(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            forgotten: None,
            capacity: capacity as u32,
            recent: 0,
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
        let floor = self.forgotten.as_ref().and_then(|it| it.floors.last());
        floor.copied().unwrap_or_default()
    }

    /// What a row lacks at most.
    pub(crate) fn missing(&self, row: &Row<X>) -> Tally {
        let forgotten = self.forgotten.as_ref();
        let floor = forgotten.and_then(|it| it.floors.get(row.floor as usize));
        floor.copied().unwrap_or_default()
    }

    /// The number of the floor of now.
    fn newest(&self) -> u32 {
        let floors = self.forgotten.as_ref().map_or(0, |it| it.floors.len());
        floors.saturating_sub(1) as u32
    }
}

impl<K: Eq + Hash + Ord, X: Default + PartialOrd> TopTable<K, X> {
    pub(crate) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut Row<X>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let at = self.find(key)?;
        Some(&mut self.rows.get_mut(at).1)
    }

    /// The same as [`Self::row`], for keys that come again and again: the last one is
    /// found without its hash.
    pub(crate) fn row_again(&mut self, key: K, sort: SortKey) -> &mut Row<X>
    where
        K: Copy,
    {
        let recent = self.rows.try_get(self.recent as usize);
        if recent.is_none_or(|(known, _)| *known != key) {
            self.recent = self.at(&key, || key, sort) as u32;
        }
        &mut self.rows.get_mut(self.recent as usize).1
    }

    /// The row of a key. May drop other rows.
    pub(crate) fn row<Q>(&mut self, key: &Q, make: impl FnOnce() -> K, sort: SortKey) -> &mut Row<X>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let at = self.at(key, make, sort);
        &mut self.rows.get_mut(at).1
    }

    /// Where the row of a key is. May drop other rows.
    fn at<Q>(&mut self, key: &Q, make: impl FnOnce() -> K, sort: SortKey) -> usize
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let hash = self.hash(key);
        if let Some(at) = self.find_hashed(key, hash) {
            return at;
        }
        if self.rows.len() >= self.capacity as usize {
            self.drop_half(sort, 1);
        }
        let row = Row {
            tally: Tally::default(),
            floor: self.newest(),
            hash,
            extra: X::default(),
        };
        self.push(make(), row)
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
            .find(spread(hash), |at| is_it(self.rows.get(*at as usize)))?;
        Some(*at as usize)
    }

    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u32 {
        (self.hasher.hash_one(key) >> 32) as u32
    }

    /// Adds a row of a new key; where it is.
    fn push(&mut self, key: K, row: Row<X>) -> usize {
        let at = self.rows.len();
        let hash = row.hash;
        self.rows.push((key, row));
        match at + 1 {
            ..INDEX_FROM => {}
            INDEX_FROM => self.build_index(),
            _ => self.add_to_index(at, hash),
        }
        at
    }

    fn build_index(&mut self) {
        let rows = self.rows.len();
        self.index = HashTable::new();
        if rows >= INDEX_FROM {
            self.index = HashTable::with_capacity(rows);
            for (at, (_, row)) in self.rows.iter().enumerate() {
                let (at, hash) = (at as u32, spread(row.hash));
                // There is room.
                self.index.insert_unique(hash, at, |_| hash);
            }
        }
    }

    fn add_to_index(&mut self, at: usize, hash: u32) {
        let hash_of = |at: &u32| spread(self.rows.get(*at as usize).1.hash);
        self.index.insert_unique(spread(hash), at as u32, hash_of);
    }
}
