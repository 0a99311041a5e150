//! Small databases for tests: every bucket is one leaf page.

use std::collections::BTreeMap;

use super::page;

const PAGE: usize = 4096;

/// What a key leads to.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Value(Vec<u8>),
    Bucket(Tree),
}

/// A bucket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree(BTreeMap<Vec<u8>, Node>);

impl Tree {
    /// Puts a value at the end of a path, making the buckets on the way.
    pub(crate) fn put(&mut self, path: &[&str], value: &[u8]) {
        let [first, rest @ ..] = path else { return };
        let key = first.as_bytes().to_vec();
        if rest.is_empty() {
            self.0.insert(key, Node::Value(value.to_vec()));
            return;
        }
        let below = self.0.entry(key);
        let Node::Bucket(below) = below.or_insert_with(|| Node::Bucket(Self::default())) else {
            panic!("{first} is a value");
        };
        below.put(rest, value);
    }

    /// The file, with this transaction as its newest.
    pub(crate) fn file(&self, transaction: u64) -> Vec<u8> {
        let mut pages = vec![0; 2 * PAGE];
        let root = self.write(&mut pages);
        for (number, older) in [(transaction, 0), (transaction - 1, 1)] {
            let slot = (number % 2) as usize;
            let meta = page::write_meta(PAGE as u32, root, transaction - older);
            pages[slot * PAGE..][..meta.len()].copy_from_slice(&meta);
        }
        pages
    }

    fn write(&self, pages: &mut Vec<u8>) -> u64 {
        let leaves: Vec<(bool, Vec<u8>, Vec<u8>)> = self
            .0
            .iter()
            .map(|(key, node)| match node {
                Node::Value(value) => (false, key.clone(), value.clone()),
                Node::Bucket(below) => {
                    let mut head = below.write(pages).to_ne_bytes().to_vec();
                    head.extend([0; 8]);
                    (true, key.clone(), head)
                }
            })
            .collect();
        let id = (pages.len() / PAGE) as u64;
        let mut page = page::write_leaf(id, &leaves);
        let count = page.len().div_ceil(PAGE);
        page[12..16].copy_from_slice(&(count as u32 - 1).to_ne_bytes());
        page.resize(count * PAGE, 0);
        pages.extend(page);
        id
    }
}
