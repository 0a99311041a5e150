//! A reader of BTF, the kernel's own description of its types.
//!
//! It answers one kind of question: where is this member of that structure?
//! The format is that of `Documentation/bpf/btf.rst`. A module's types are
//! *split* BTF: their ids and strings continue those of vmlinux.
//!
//! The bytes come from the running kernel, but are read as untrusted: whatever
//! they hold, the answer is a value, [`BtfError`] or `None`, after a bounded
//! amount of work.

#[cfg(any(test, feature = "builder"))]
pub mod builder;
mod bytes;
mod parse;
mod query;
#[cfg(test)]
mod tests;

use std::{io, ops::Range};

use bytes::Bytes;

/// Why a file could not be read as BTF.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be read at all.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It holds something else.
    #[error(transparent)]
    Content(#[from] BtfError),
}

/// Why bytes could not be read as BTF.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BtfError {
    /// Not BTF at all.
    #[error("not BTF: the magic number is {0:#06x}")]
    Magic(u16),
    /// BTF of a machine with the other byte order.
    #[error("BTF of the other byte order, so of another machine")]
    ForeignEndian,
    /// A format version other than 1.
    #[error("BTF of version {0}, known is 1")]
    Version(u8),
    /// The header, or a section it names, reaches beyond the bytes.
    #[error("BTF ends early: {0}")]
    Truncated(&'static str),
    /// A kind of type whose length is not known, so nothing after it can be
    /// read.
    #[error("BTF type {id} is of the unknown kind {kind}")]
    UnknownKind {
        /// The kind.
        kind: u8,
        /// The type's id.
        id: u32,
    },
}

/// Number of a type; 0 is `void`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeId(pub u32);

/// Kinds of types that a query meets (`include/uapi/linux/btf.h`).
mod kind {
    pub(super) const INT: u8 = 1;
    pub(super) const PTR: u8 = 2;
    pub(super) const ARRAY: u8 = 3;
    pub(super) const STRUCT: u8 = 4;
    pub(super) const UNION: u8 = 5;
    pub(super) const ENUM: u8 = 6;
    pub(super) const FWD: u8 = 7;
    pub(super) const TYPEDEF: u8 = 8;
    pub(super) const VOLATILE: u8 = 9;
    pub(super) const CONST: u8 = 10;
    pub(super) const RESTRICT: u8 = 11;
    pub(super) const FUNC: u8 = 12;
    pub(super) const FUNC_PROTO: u8 = 13;
    pub(super) const VAR: u8 = 14;
    pub(super) const DATASEC: u8 = 15;
    pub(super) const FLOAT: u8 = 16;
    pub(super) const DECL_TAG: u8 = 17;
    pub(super) const TYPE_TAG: u8 = 18;
    pub(super) const ENUM64: u8 = 19;
}

/// A structure or union that has a name.
#[derive(Clone, Copy, Debug)]
struct Structure {
    /// Of the name: tens of thousands are compared for each question.
    hash: u32,
    name: u32,
    id: TypeId,
}

/// Parsed BTF: the bytes, and where each type starts in them.
#[derive(Debug)]
pub struct Btf<'base> {
    bytes: Bytes,
    /// Entry `i` is the position in `bytes` of type `first_id + i`.
    positions: Vec<u32>,
    first_id: u32,
    /// The string section in `bytes`.
    strings: Range<usize>,
    /// String offset of the section's first byte: 0, or the length of the
    /// base's strings.
    first_string: u32,
    /// Defined structures and unions that have a name.
    structures: Vec<Structure>,
    base: Option<&'base Btf<'base>>,
}
