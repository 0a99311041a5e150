//! From bytes to type positions, in a single pass.

use std::{ops::Range, path::Path};

use super::{Btf, BtfError, ReadError, Structure, TypeId, bytes::Bytes, kind};

/// `BTF_MAGIC`
const MAGIC: u16 = 0xeb9f;
/// `sizeof(struct btf_type)`: name, info, size or type.
pub(super) const TYPE_BYTES: usize = 12;

/// One `struct btf_type` and what follows it.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) name: u32,
    pub(super) kind: u8,
    /// `kind_flag`: member offsets carry a bit-field size; a forward is a
    /// union.
    pub(super) flag: bool,
    /// Number of members, parameters or enumerators.
    pub(super) count: usize,
    /// Size in bytes, or the id of another type, depending on the kind.
    pub(super) size_or_type: u32,
    /// The rest, whose length the kind and the count determine.
    pub(super) data: &'a [u8],
}

/// The `index`-th 32-bit word of `bytes`, in the machine's byte order.
pub(super) fn word(bytes: &[u8], index: usize) -> Option<u32> {
    let at = index.checked_mul(4)?;
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

/// Bytes that follow a `struct btf_type` of this kind; `None` if unknown.
fn data_bytes(kind: u8, count: usize) -> Option<usize> {
    Some(match kind {
        kind::PTR
        | kind::FWD
        | kind::TYPEDEF
        | kind::VOLATILE
        | kind::CONST
        | kind::RESTRICT
        | kind::FUNC
        | kind::FLOAT
        | kind::TYPE_TAG => 0,
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::ENUM | kind::FUNC_PROTO => count * 8,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => count * 12,
        _ => return None,
    })
}

/// The record at the start of `bytes`.
pub(super) fn record(bytes: &[u8], id: u32) -> Result<Record<'_>, BtfError> {
    let truncated = BtfError::Truncated("inside a type");
    let (Some(name), Some(info), Some(size_or_type)) =
        (word(bytes, 0), word(bytes, 1), word(bytes, 2))
    else {
        return Err(truncated);
    };
    // 24 bits of count and 7 of kind: older kernels use 16 and 5 of them and
    // leave the others 0.
    let count = (info & 0xff_ffff) as usize;
    let kind = (info >> 24 & 0x7f) as u8;
    let length = data_bytes(kind, count).ok_or(BtfError::UnknownKind { kind, id })?;
    let data = bytes
        .get(TYPE_BYTES..TYPE_BYTES + length)
        .ok_or(truncated)?;
    Ok(Record {
        name,
        kind,
        flag: info >> 31 == 1,
        count,
        size_or_type,
        data,
    })
}

/// The type and string sections that the header names.
fn sections(bytes: &[u8]) -> Result<(Range<usize>, Range<usize>), BtfError> {
    let header = BtfError::Truncated("inside the header");
    let &[m0, m1, version, _flags, ..] = bytes else {
        return Err(header);
    };
    let magic = u16::from_ne_bytes([m0, m1]);
    if magic.swap_bytes() == MAGIC {
        return Err(BtfError::ForeignEndian);
    }
    if magic != MAGIC {
        return Err(BtfError::Magic(magic));
    }
    if version != 1 {
        return Err(BtfError::Version(version));
    }
    let field = |index| word(bytes, index).map(|value| value as usize);
    let (Some(start), Some(type_at), Some(type_bytes), Some(string_at), Some(string_bytes)) =
        (field(1), field(2), field(3), field(4), field(5))
    else {
        return Err(header);
    };
    let range = |at: usize, length: usize, what| {
        let begin = start.checked_add(at);
        let end = begin.and_then(|begin| begin.checked_add(length));
        match (begin, end) {
            (Some(begin), Some(end)) if end <= bytes.len() => Ok(begin..end),
            _ => Err(BtfError::Truncated(what)),
        }
    };
    Ok((
        range(type_at, type_bytes, "inside the types")?,
        range(string_at, string_bytes, "inside the strings")?,
    ))
}

impl Btf<'static> {
    /// Reads the BTF of vmlinux (`/sys/kernel/btf/vmlinux`).
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        Ok(parse(Bytes::read(path)?, None)?)
    }

    /// As [`Self::read`], from bytes.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, BtfError> {
        parse(Bytes::Owned(bytes), None)
    }
}

impl<'base> Btf<'base> {
    /// Reads the BTF of a module (`/sys/kernel/btf/overlay`), whose types
    /// refer to those of `base`, which is vmlinux.
    pub fn read_split(path: &Path, base: &'base Btf<'base>) -> Result<Self, ReadError> {
        Ok(parse(Bytes::read(path)?, Some(base))?)
    }

    /// As [`Self::read_split`], from bytes.
    pub fn parse_split(bytes: Vec<u8>, base: &'base Btf<'base>) -> Result<Self, BtfError> {
        parse(Bytes::Owned(bytes), Some(base))
    }

    /// The id after the last type, and the string offset after the last
    /// string: where split BTF on top of this one continues.
    fn end(&self) -> (u32, u32) {
        (
            self.first_id.saturating_add(self.positions.len() as u32),
            self.first_string.saturating_add(self.strings.len() as u32),
        )
    }

    /// The record of a type, of the base's if it is one of those. `None` for
    /// `void` and for an id that does not exist.
    pub(super) fn record(&self, id: TypeId) -> Option<Record<'_>> {
        let Some(index) = id.0.checked_sub(self.first_id) else {
            return self.base?.record(id);
        };
        let position = *self.positions.get(index as usize)? as usize;
        record(self.bytes.get(position..)?, id.0).ok()
    }

    /// The string at this offset, up to its NUL.
    pub(super) fn string(&self, offset: u32) -> Option<&[u8]> {
        let tail = self.tail(offset)?;
        let end = tail.iter().position(|&byte| byte == 0)?;
        tail.get(..end)
    }

    /// Whether it is this string: most differ in their first bytes, and need not be
    /// read to their ends.
    pub(super) fn is_string(&self, offset: u32, wanted: &str) -> bool {
        self.tail(offset)
            .and_then(|tail| tail.strip_prefix(wanted.as_bytes()))
            .is_some_and(|after| after.first() == Some(&0))
    }

    /// The strings from this offset on.
    fn tail(&self, offset: u32) -> Option<&[u8]> {
        let Some(at) = offset.checked_sub(self.first_string) else {
            return self.base?.tail(offset);
        };
        self.bytes.get(self.strings.clone())?.get(at as usize..)
    }
}

fn parse<'base>(bytes: Bytes, base: Option<&'base Btf<'base>>) -> Result<Btf<'base>, BtfError> {
    let (types, strings) = sections(&bytes)?;
    let (first_id, first_string) = base.map_or((1, 0), Btf::end);
    // Every type takes at least `TYPE_BYTES`, on average about three times.
    let mut positions = Vec::with_capacity(types.len() / (3 * TYPE_BYTES));
    let mut structures = Vec::new();
    let mut at = types.start;
    while at < types.end {
        let id = first_id.saturating_add(positions.len() as u32);
        let record = record(&bytes[at..types.end], id)?;
        if record.name != 0 && matches!(record.kind, kind::STRUCT | kind::UNION) {
            structures.push(Structure {
                hash: 0,
                name: record.name,
                id: TypeId(id),
            });
        }
        positions.push(at as u32);
        at += TYPE_BYTES + record.data.len();
    }
    let mut btf = Btf {
        bytes,
        positions,
        first_id,
        strings,
        first_string,
        structures: Vec::new(),
        base,
    };
    for structure in &mut structures {
        structure.hash = btf.string(structure.name).map_or(0, hash);
    }
    btf.structures = structures;
    Ok(btf)
}

/// FNV-1a.
pub(super) fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
