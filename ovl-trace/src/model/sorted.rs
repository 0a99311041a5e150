//! A map of a few rows, in one piece of memory: in order, and with no room that is
//! never used. There are thousands of these, most of them with one to five rows.

/// Rows that are looked at one after the other.
const SHORT: usize = 8;

/// A map that is sorted by its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedRows<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedRows<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> SortedRows<K, V> {
    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// No rows.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }

    /// The row of this key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let at = self.0.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        Some(&self.0[at].1)
    }

    /// The first row.
    pub fn first(&self) -> Option<&(K, V)> {
        self.0.first()
    }

    /// The last row.
    pub fn last(&self) -> Option<&(K, V)> {
        self.0.last()
    }

    /// The last row's value, if it is of this key.
    pub fn last_mut(&mut self, key: &K) -> Option<&mut V> {
        let (known, value) = self.0.last_mut()?;
        (known == key).then_some(value)
    }

    /// The row of this key, a new one if there is none.
    pub fn row(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        // Most are so short that looking for it is faster than halving.
        let mut at = 0;
        while at < SHORT && self.0.get(at).is_some_and(|(known, _)| *known != key) {
            at += 1;
        }
        if at >= SHORT || at >= self.0.len() {
            at = self.place(key);
        }
        &mut self.0[at].1
    }

    /// Where the row of this key is, or is put.
    fn place(&mut self, key: K) -> usize
    where
        V: Default,
    {
        self.0
            .binary_search_by(|(known, _)| known.cmp(&key))
            .unwrap_or_else(|at| {
                make_room(&mut self.0);
                self.0.insert(at, (key, V::default()));
                at
            })
    }
}

impl<K, V> IntoIterator for SortedRows<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Makes room for one more row, and for a quarter more at most.
pub(crate) fn make_room<T>(rows: &mut Vec<T>) {
    if rows.len() == rows.capacity() {
        rows.reserve_exact(1 + rows.len() / 4);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(keys in prop::collection::vec(0_u8..20, 0..60)) {
            let mut rows = SortedRows::default();
            let mut map = BTreeMap::new();
            for key in keys {
                *rows.row(key) += 1;
                *map.entry(key).or_insert(0) += 1;
                prop_assert_eq!(rows.get(&key), map.get(&key));
            }
            prop_assert_eq!(rows.first().map(|(key, _)| key), map.keys().next());
            prop_assert_eq!(rows.len(), map.len());
            prop_assert_eq!(rows.into_iter().collect::<Vec<_>>(), map.into_iter().collect::<Vec<_>>());
        }
    }
}
