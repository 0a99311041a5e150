//! The pages of a bolt file, as bytes. Total: any bytes give a value or an
//! error.
//!
//! The layout is that of bbolt (`internal/common/{page,meta,bucket}.go`), in
//! the byte order of the machine that wrote it.

use super::Error;

/// Bytes before the content of a page.
pub(super) const PAGE_HEADER: usize = 16;

/// Bytes of a meta page that matter.
pub(super) const META_PAGE: usize = PAGE_HEADER + 64;

const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const ELEMENT: usize = 16;
const IS_BUCKET: u32 = 1;

const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;

/// The valid part of a meta page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) page_size: u32,
    pub(super) root: u64,
    /// Number of the transaction that wrote it.
    pub(super) transaction: u64,
}

impl Meta {
    /// `None` if it is none, is of another version, or was half written.
    pub(super) fn parse(page: &[u8]) -> Option<Self> {
        let meta = page.get(PAGE_HEADER..META_PAGE)?;
        let (checked, checksum) = meta.split_at_checked(56)?;
        let valid = u32_at(meta, 0)? == MAGIC
            && u32_at(meta, 4)? == VERSION
            && u64_at(checksum, 0)? == fnv64a(checked);
        let page_size = u32_at(meta, 8)?;
        let possible = page_size.is_power_of_two() && (1 << 10..=1 << 20).contains(&page_size);
        if !valid || !possible {
            return None;
        }
        Some(Self {
            page_size,
            root: u64_at(meta, 16)?,
            transaction: u64_at(meta, 48)?,
        })
    }
}

/// The head of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) id: u64,
    flags: u16,
    count: u16,
    /// Pages that follow and belong to it.
    pub(super) overflow: u32,
}

impl Head {
    pub(super) fn parse(page: &[u8]) -> Option<Self> {
        Some(Self {
            id: u64_at(page, 0)?,
            flags: u16_at(page, 8)?,
            count: u16_at(page, 10)?,
            overflow: u32_at(page, 12)?,
        })
    }
}

/// What a page of a tree holds.
pub(super) enum Node<'a> {
    Branch(Elements<'a>),
    Leaf(Elements<'a>),
}

/// The elements of a page.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a> {
    page: &'a [u8],
    count: usize,
}

/// An element of a branch page.
pub(super) struct Branch<'a> {
    pub(super) key: &'a [u8],
    pub(super) child: u64,
}

/// An element of a leaf page.
pub(super) struct Leaf<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) is_bucket: bool,
}

pub(super) fn node(page: &[u8]) -> Result<Node<'_>, Error> {
    let head = Head::parse(page).ok_or(Error::Corrupt("a page is cut off"))?;
    let count = usize::from(head.count);
    let elements = Elements { page, count };
    match head.flags {
        BRANCH => Ok(Node::Branch(elements)),
        LEAF => Ok(Node::Leaf(elements)),
        _ => Err(Error::Corrupt("a page is of another kind")),
    }
}

impl<'a> Elements<'a> {
    pub(super) fn branches(self) -> impl Iterator<Item = Result<Branch<'a>, Error>> {
        (0..self.count).map(move |index| {
            self.branch(index)
                .ok_or(Error::Corrupt("a branch leads out of its page"))
        })
    }

    pub(super) fn leaves(self) -> impl Iterator<Item = Result<Leaf<'a>, Error>> {
        (0..self.count).map(move |index| {
            self.leaf(index)
                .ok_or(Error::Corrupt("a leaf leads out of its page"))
        })
    }

    /// From the element to the end of the page: what its position counts from.
    fn element(self, index: usize) -> Option<&'a [u8]> {
        self.page.get(PAGE_HEADER + index * ELEMENT..)
    }

    fn branch(self, index: usize) -> Option<Branch<'a>> {
        let element = self.element(index)?;
        let key = part(element, u32_at(element, 0)?, u32_at(element, 4)?)?;
        let child = u64_at(element, 8)?;
        Some(Branch { key, child })
    }

    fn leaf(self, index: usize) -> Option<Leaf<'a>> {
        let element = self.element(index)?;
        let (position, key_size) = (u32_at(element, 4)?, u32_at(element, 8)?);
        Some(Leaf {
            key: part(element, position, key_size)?,
            value: part(
                element,
                position.checked_add(key_size)?,
                u32_at(element, 12)?,
            )?,
            is_bucket: u32_at(element, 0)? & IS_BUCKET != 0,
        })
    }
}

fn part(bytes: &[u8], position: u32, size: u32) -> Option<&[u8]> {
    let start = position as usize;
    bytes.get(start..start.checked_add(size as usize)?)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_ne_bytes)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_ne_bytes)
}

/// FNV-1a with 64 bits, as Go's `hash/fnv`.
fn fnv64a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// The inverse of [`Meta::parse`].
#[cfg(test)]
pub(super) fn write_meta(page_size: u32, root: u64, transaction: u64) -> Vec<u8> {
    let mut meta = Vec::new();
    for field in [MAGIC, VERSION, page_size, 0] {
        meta.extend(field.to_ne_bytes());
    }
    for field in [root, 0, u64::MAX, 0, transaction] {
        meta.extend(field.to_ne_bytes());
    }
    meta.extend(fnv64a(&meta).to_ne_bytes());
    [&[0; PAGE_HEADER], &*meta].concat()
}

/// A leaf page, without padding: whether it is a bucket, key, value.
#[cfg(test)]
pub(super) fn write_leaf(id: u64, leaves: &[(bool, Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut page = id.to_ne_bytes().to_vec();
    page.extend(LEAF.to_ne_bytes());
    page.extend((leaves.len() as u16).to_ne_bytes());
    page.extend([0; 4]);
    let mut position = leaves.len() * ELEMENT;
    for (index, (is_bucket, key, value)) in leaves.iter().enumerate() {
        let from_here = position - index * ELEMENT;
        let sizes = [from_here, key.len(), value.len()].map(|size| size as u32);
        page.extend(u32::from(*is_bucket).to_ne_bytes());
        page.extend(sizes.map(u32::to_ne_bytes).concat());
        position += key.len() + value.len();
    }
    for (_, key, value) in leaves {
        page.extend(key);
        page.extend(value);
    }
    page
}
