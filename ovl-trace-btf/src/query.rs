//! Questions about types.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Btf, TypeId, kind,
    parse::{Record, hash, word},
};

/// Deepest nesting of typedefs and qualifiers that is followed. The kernel's
/// own limit is 32 (`MAX_RESOLVE_DEPTH`).
const CHAIN_MAX: usize = 32;
/// Deepest nesting of unnamed structures and unions that is searched.
const DEPTH_MAX: usize = 8;
/// Most members looked at for one question: a hundred times what the largest
/// structure (`task_struct`) has, and an end for BTF that refers to itself.
const MEMBERS_MAX: usize = 50_000;

/// A member that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    /// Bits from the start of the structure.
    bits: u32,
    kind: TypeId,
    /// Size of a bit-field in bits, 0 for an ordinary member.
    bit_field: u32,
}

impl Btf<'_> {
    /// Definitions (not forwards) of structures and unions of this name, this
    /// BTF's own first. There may be several: drivers reuse names, and module
    /// BTF may repeat types of vmlinux.
    fn structures_named(&self, name: &str) -> Vec<TypeId> {
        let wanted = hash(name.as_bytes());
        let own = self
            .structures
            .iter()
            .filter(|structure| structure.hash == wanted)
            .filter(|structure| self.string(structure.name) == Some(name.as_bytes()))
            .map(|structure| structure.id);
        let inherited = self
            .base
            .map(|base| base.structures_named(name))
            .unwrap_or_default();
        own.chain(inherited).collect()
    }

    /// The first definition of a structure or union of this name.
    pub fn struct_named(&self, name: &str) -> Option<TypeId> {
        self.structures_named(name).first().copied()
    }

    /// `sizeof(structure)` in bytes. `None` if there is no such structure, or
    /// if several of this name differ.
    pub fn size_of(&self, structure: &str) -> Option<u32> {
        let sizes = self
            .structures_named(structure)
            .into_iter()
            .filter_map(|id| Some(self.record(id)?.size_or_type));
        agreed(sizes)
    }

    /// Offset in bytes of a member, `d_name.name` reaching into the structure
    /// `d_name`. Unnamed structures and unions on the way are searched, too.
    ///
    /// `None` if there is no such member, if it is a bit-field, or if several
    /// structures of this name have the member in different places.
    pub fn member_offset(&self, structure: &str, path: &str) -> Option<u32> {
        let offsets = self
            .structures_named(structure)
            .into_iter()
            .filter_map(|id| self.member(id, path))
            .map(|member| (member.bits, member.bit_field));
        match agreed(offsets)? {
            (bits, 0) if bits % 8 == 0 => Some(bits / 8),
            _ => None,
        }
    }

    /// Number of parameters of a member that is a pointer to a function.
    pub fn function_parameter_count(&self, structure: &str, path: &str) -> Option<usize> {
        let counts = self
            .structures_named(structure)
            .into_iter()
            .filter_map(|id| self.member(id, path))
            .filter_map(|member| {
                let pointer = self.plain(member.kind)?.1;
                let function = self.plain(points_to(pointer)?)?.1;
                (function.kind == kind::FUNC_PROTO).then_some(function.count)
            });
        agreed(counts)
    }

    /// Number of parameters of the function of this name, of this BTF without its base.
    /// `None` if there is none, or several.
    pub fn parameter_count(&self, function: &str) -> Option<usize> {
        let id = *self.functions(&[function]).get(function)?;
        let prototype = self.record(TypeId(self.record(id)?.size_or_type))?;
        (prototype.kind == kind::FUNC_PROTO).then_some(prototype.count)
    }

    /// The functions of these names, of this BTF without its base. A name that
    /// several functions have is left out.
    pub fn functions<'name>(&self, names: &[&'name str]) -> BTreeMap<&'name str, TypeId> {
        let mut found = BTreeMap::new();
        let mut ambiguous = BTreeSet::new();
        for index in 0..self.positions.len() as u32 {
            let id = TypeId(self.first_id + index);
            let Some(record) = self.record(id).filter(|it| it.kind == kind::FUNC) else {
                continue;
            };
            let name = self.string(record.name);
            let Some(&name) = names.iter().find(|it| Some(it.as_bytes()) == name) else {
                continue;
            };
            if found.insert(name, id).is_some() {
                ambiguous.insert(name);
            }
        }
        found.retain(|name, _| !ambiguous.contains(name));
        found
    }

    /// Value of an enumerator (the low 32 bits of a 64-bit one).
    pub fn enumerator(&self, enumeration: &str, name: &str) -> Option<u32> {
        let own = (0..self.positions.len() as u32).find_map(|index| {
            let record = self.record(TypeId(self.first_id + index))?;
            let words = match record.kind {
                kind::ENUM => 2,
                kind::ENUM64 => 3,
                _ => return None,
            };
            if !self.is_string(record.name, enumeration) {
                return None;
            }
            (0..record.count).find_map(|entry| {
                self.is_string(word(record.data, entry * words)?, name)
                    .then(|| word(record.data, entry * words + 1))?
            })
        });
        own.or_else(|| self.base?.enumerator(enumeration, name))
    }

    /// How many functions each of these names has in this BTF, its base left out. A
    /// compiler's variants (`name.isra.0`) may be described under the plain name.
    pub fn function_counts(&self, names: &[&str]) -> Vec<usize> {
        let mut counts = vec![0; names.len()];
        for &position in &self.positions {
            let header = self.bytes.get(position as usize..).unwrap_or_default();
            let (Some(name), Some(info)) = (word(header, 0), word(header, 1)) else {
                continue;
            };
            if (info >> 24 & 0x7f) as u8 != kind::FUNC {
                continue;
            }
            for (wanted, count) in names.iter().zip(&mut counts) {
                *count += usize::from(self.is_string(name, wanted));
            }
        }
        counts
    }

    /// A member by its dotted path.
    fn member(&self, structure: TypeId, path: &str) -> Option<Member> {
        let mut budget = MEMBERS_MAX;
        let mut found = Member {
            bits: 0,
            kind: structure,
            bit_field: 0,
        };
        for name in path.split('.') {
            if name.is_empty() {
                return None;
            }
            let member = self.direct_member(found.kind, name, DEPTH_MAX, &mut budget)?;
            found = Member {
                bits: found.bits.checked_add(member.bits)?,
                ..member
            };
        }
        Some(found)
    }

    /// A member of a structure, or of an unnamed structure within it.
    fn direct_member(
        &self,
        structure: TypeId,
        name: &str,
        depth: usize,
        budget: &mut usize,
    ) -> Option<Member> {
        let (_, record) = self.plain(structure)?;
        if !matches!(record.kind, kind::STRUCT | kind::UNION) {
            return None;
        }
        for index in 0..record.count {
            *budget = budget.checked_sub(1)?;
            let member = member_at(&record, index)?;
            let label = self.string(word(record.data, index * 3)?)?;
            if label == name.as_bytes() {
                return Some(member);
            }
            if label.is_empty() && depth > 0 {
                let inner = self.direct_member(member.kind, name, depth - 1, budget);
                if let Some(inner) = inner {
                    let bits = member.bits.checked_add(inner.bits)?;
                    return Some(Member { bits, ..inner });
                }
            }
        }
        None
    }

    /// The type behind typedefs, qualifiers and type tags.
    fn plain(&self, mut id: TypeId) -> Option<(TypeId, Record<'_>)> {
        for _ in 0..CHAIN_MAX {
            let record = self.record(id)?;
            match record.kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    id = TypeId(record.size_or_type);
                }
                _ => return Some((id, record)),
            }
        }
        None
    }
}

/// The `index`-th member of a structure.
fn member_at(record: &Record<'_>, index: usize) -> Option<Member> {
    let kind = TypeId(word(record.data, index * 3 + 1)?);
    let offset = word(record.data, index * 3 + 2)?;
    Some(if record.flag {
        Member {
            bits: offset & 0xff_ffff,
            kind,
            bit_field: offset >> 24,
        }
    } else {
        Member {
            bits: offset,
            kind,
            bit_field: 0,
        }
    })
}

/// What a pointer points to.
fn points_to(record: Record<'_>) -> Option<TypeId> {
    (record.kind == kind::PTR).then_some(TypeId(record.size_or_type))
}

/// The answer, if there is one and all agree.
fn agreed<T: PartialEq>(mut answers: impl Iterator<Item = T>) -> Option<T> {
    let first = answers.next()?;
    answers.all(|answer| answer == first).then_some(first)
}
