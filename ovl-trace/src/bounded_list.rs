//! Lists in JSON of strangers, read without more memory than they deserve.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, SeqAccess, Visitor},
};

/// Reads a list of at most so many items: an item takes more memory than its text. `null`
/// is an empty list, as Go writes it.
pub(crate) struct BoundedList<T> {
    items_max: usize,
    ignores_rest: bool,
    item: PhantomData<T>,
}

impl<T> BoundedList<T> {
    /// A longer list is an error.
    pub(crate) const fn new(items_max: usize) -> Self {
        Self {
            items_max,
            ignores_rest: false,
            item: PhantomData,
        }
    }

    /// A longer list is cut.
    pub(crate) const fn cut(items_max: usize) -> Self {
        Self {
            ignores_rest: true,
            ..Self::new(items_max)
        }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for BoundedList<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for BoundedList<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {} items", self.items_max)
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() < self.items_max {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(items),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            if !self.ignores_rest {
                return Err(A::Error::custom(format!(
                    "there are more than {} items",
                    self.items_max
                )));
            }
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: BoundedList<u8>, json: &str) -> Result<Vec<u8>, String> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let items = list.deserialize(&mut deserializer);
        items.map_err(|error| error.to_string())
    }

    #[test]
    fn no_more_than_the_limit() {
        assert_eq!(read(BoundedList::new(2), "null"), Ok(vec![]));
        assert_eq!(read(BoundedList::new(2), "[]"), Ok(vec![]));
        assert_eq!(read(BoundedList::new(2), "[1,2]"), Ok(vec![1, 2]));
        assert_eq!(read(BoundedList::cut(2), "[1,2,3,4]"), Ok(vec![1, 2]));
        let error = read(BoundedList::new(2), "[1,2,3]").unwrap_err();
        assert!(error.contains("more than 2 items"), "{error}");
        read(BoundedList::cut(2), "[1,2,3").unwrap_err();
    }
}
