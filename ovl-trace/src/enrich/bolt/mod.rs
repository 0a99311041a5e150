//! Bolt databases (bbolt), read while their daemon writes them.
//!
//! containerd and `BuildKit` hold an exclusive lock on their files for as long
//! as they run, so this takes none. Instead it reads one transaction and looks
//! afterwards whether it still is the newest: bolt never changes a page of the
//! newest transaction, and writes over the pages that a transaction gave up
//! only after that one is on record (bbolt `freelist`, `tx.Commit`).
//!
//! The file may be huge, so it is read page by page; and it may be anything,
//! so what one query reads is bounded.

mod page;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod writer;

use std::{cell::Cell, fs::File, io, os::unix::fs::FileExt, rc::Rc};

use self::page::{Head, META_PAGE, Meta, Node, PAGE_HEADER, node, u64_at};

/// Attempts while the daemon is writing.
const ATTEMPTS: usize = 5;

/// Bytes that one query may look at, counted per visit.
const MAX_BYTES: usize = 64 << 20;

/// Bytes of one page with its overflow pages.
const MAX_PAGE: u64 = 16 << 20;

/// Levels of one tree. A branch page has at least two children in bolt.
const MAX_DEPTH: usize = 32;

/// Why a database cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file cannot be read, or ends too early.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It has no valid meta page.
    #[error("it is no bolt database of a known version")]
    NotBolt,
    /// A page does not make sense, and the daemon is not writing.
    #[error("it is damaged: {0}")]
    Corrupt(&'static str),
    /// What every known version of its daemon writes is not there.
    #[error("it has no bucket '{0}': its layout is of another version")]
    Layout(&'static str),
    /// The query looks at more than is reasonable.
    #[error("it is too large")]
    TooLarge,
    /// The daemon wrote during every attempt.
    #[error("it changes too fast")]
    Busy,
}

/// Where the bytes come from.
pub(crate) trait Source {
    /// Fills `buffer` from `offset` on, or fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl Source for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

/// One state of a database.
pub(crate) struct Transaction<'a> {
    source: &'a dyn Source,
    meta: Meta,
    left: Cell<usize>,
}

/// A bucket of one state.
#[derive(Clone, Debug)]
pub(crate) struct Bucket(Tree);

#[derive(Clone, Debug)]
enum Tree {
    Page(u64),
    /// A small bucket is a page within its parent's value.
    Inline(Rc<[u8]>),
}

/// Takes a key and what it leads to.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], Item<'_>) -> Result<(), Error> + 'a;

/// What a key leads to.
pub(crate) enum Item<'a> {
    /// Bytes.
    Value(&'a [u8]),
    /// More keys.
    Bucket(Bucket),
}

/// Answers a question from one state of the database.
///
/// `query` may be called several times, and must not keep anything of a call
/// that is not in its answer.
pub(crate) fn read<T>(
    source: &dyn Source,
    mut query: impl FnMut(&Transaction<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        let meta = newest(source)?;
        let left = Cell::new(MAX_BYTES);
        let answer = query(&Transaction { source, meta, left });
        if newest(source)? == meta {
            return answer;
        }
    }
    Err(Error::Busy)
}

/// The valid meta page with the highest transaction.
fn newest(source: &dyn Source) -> Result<Meta, Error> {
    let at = |offset: u64| {
        let mut page = [0; META_PAGE];
        source.read_at(offset, &mut page).map(|()| page)
    };
    let first = Meta::parse(&at(0)?);
    // The second is one page further; if the first is damaged, the size of a
    // page has to be tried.
    let sizes = match first {
        Some(meta) => u64::from(meta.page_size)..=u64::from(meta.page_size),
        None => 1 << 10..=1 << 16,
    };
    let second = std::iter::successors(Some(*sizes.start()), |size| Some(size * 2))
        .take_while(|size| size <= sizes.end())
        .find_map(|size| {
            let meta = Meta::parse(&at(size).ok()?)?;
            (u64::from(meta.page_size) == size).then_some(meta)
        });
    [first, second]
        .into_iter()
        .flatten()
        .max_by_key(|meta| meta.transaction)
        .ok_or(Error::NotBolt)
}

impl Transaction<'_> {
    /// The number of this state.
    pub(crate) fn number(&self) -> u64 {
        self.meta.transaction
    }

    /// The bucket of buckets.
    pub(crate) fn root(&self) -> Bucket {
        Bucket(Tree::Page(self.meta.root))
    }

    /// The bucket at the end of a path. `None` if there is none.
    pub(crate) fn bucket<K: AsRef<[u8]>>(
        &self,
        from: &Bucket,
        path: impl IntoIterator<Item = K>,
    ) -> Result<Option<Bucket>, Error> {
        let mut at = from.clone();
        for key in path {
            let mut found = None;
            self.find(&at, key.as_ref(), |item| {
                if let Item::Bucket(bucket) = item {
                    found = Some(bucket);
                }
            })?;
            match found {
                Some(bucket) => at = bucket,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// The value of a key. `None` if there is none.
    pub(crate) fn value(&self, bucket: &Bucket, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let mut found = None;
        self.find(bucket, key, |item| {
            if let Item::Value(value) = item {
                found = Some(value.to_vec());
            }
        })?;
        Ok(found)
    }

    /// Visits all keys of a bucket, in their order.
    pub(crate) fn each(&self, bucket: &Bucket, visit: &mut Visit<'_>) -> Result<(), Error> {
        match &bucket.0 {
            Tree::Inline(page) => self.each_in(page, 0, visit),
            Tree::Page(id) => self.each_in(&self.page(*id)?, 0, visit),
        }
    }

    fn each_in(&self, page: &[u8], depth: usize, visit: &mut Visit<'_>) -> Result<(), Error> {
        match node(page)? {
            Node::Leaf(elements) => {
                for leaf in elements.leaves() {
                    let leaf = leaf?;
                    visit(leaf.key, self.item(&leaf)?)?;
                }
            }
            Node::Branch(_) if depth == MAX_DEPTH => {
                return Err(Error::Corrupt("a tree is too deep"));
            }
            Node::Branch(elements) => {
                for branch in elements.branches() {
                    let child = self.page(branch?.child)?;
                    self.each_in(&child, depth + 1, visit)?;
                }
            }
        }
        Ok(())
    }

    fn find(&self, bucket: &Bucket, key: &[u8], found: impl FnOnce(Item<'_>)) -> Result<(), Error> {
        let mut page = match &bucket.0 {
            Tree::Inline(page) => Rc::clone(page),
            Tree::Page(id) => self.page(*id)?,
        };
        for _ in 0..MAX_DEPTH {
            let child = match node(&page)? {
                Node::Leaf(elements) => {
                    for leaf in elements.leaves() {
                        let leaf = leaf?;
                        if leaf.key == key {
                            found(self.item(&leaf)?);
                            return Ok(());
                        }
                    }
                    return Ok(());
                }
                Node::Branch(elements) => {
                    let mut child = None;
                    for branch in elements.branches() {
                        let branch = branch?;
                        if child.is_some() && branch.key > key {
                            break;
                        }
                        child = Some(branch.child);
                    }
                    child.ok_or(Error::Corrupt("a branch has no children"))?
                }
            };
            page = self.page(child)?;
        }
        Err(Error::Corrupt("a tree is too deep"))
    }

    fn item<'b>(&self, leaf: &page::Leaf<'b>) -> Result<Item<'b>, Error> {
        self.charge(PAGE_HEADER + leaf.key.len() + leaf.value.len())?;
        if !leaf.is_bucket {
            return Ok(Item::Value(leaf.value));
        }
        // The bucket's head: its root page, and a sequence number.
        let (head, inline) = leaf
            .value
            .split_at_checked(16)
            .ok_or(Error::Corrupt("a bucket is cut off"))?;
        let tree = match u64_at(head, 0) {
            Some(0) | None => Tree::Inline(inline.into()),
            Some(root) => Tree::Page(root),
        };
        Ok(Item::Bucket(Bucket(tree)))
    }

    /// A page with what overflows it.
    fn page(&self, id: u64) -> Result<Rc<[u8]>, Error> {
        let size = u64::from(self.meta.page_size);
        // Pages 0 and 1 are meta pages.
        let offset = id
            .checked_mul(size)
            .filter(|_| id > 1)
            .ok_or(Error::Corrupt("a page has no place"))?;
        self.charge(size as usize)?;
        let mut page = vec![0; size as usize];
        self.source.read_at(offset, &mut page)?;
        let head = Head::parse(&page).ok_or(Error::Corrupt("a page is cut off"))?;
        if head.id != id {
            return Err(Error::Corrupt("a page has the number of another"));
        }
        let whole = size * (u64::from(head.overflow) + 1);
        if whole > MAX_PAGE {
            return Err(Error::TooLarge);
        }
        if whole > size {
            self.charge(whole as usize)?;
            page.resize(whole as usize, 0);
            self.source.read_at(offset, &mut page)?;
        }
        Ok(page.into())
    }

    fn charge(&self, bytes: usize) -> Result<(), Error> {
        let left = self.left.get().checked_sub(bytes).ok_or(Error::TooLarge)?;
        self.left.set(left);
        Ok(())
    }
}
