//! Makes small BTF blobs for tests.

use super::TypeId;

/// Collects types and strings.
pub struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    next: u32,
    first_string: u32,
}

/// (name, type, offset word as on the wire)
pub type RawMember<'a> = (&'a str, TypeId, u32);

impl Builder {
    /// Starts an empty blob, as of vmlinux.
    #[expect(
        clippy::new_without_default,
        reason = "a test names what it starts with"
    )]
    pub fn new() -> Self {
        Self {
            types: Vec::new(),
            strings: vec![0],
            next: 1,
            first_string: 0,
        }
    }

    /// Continues the types and strings of `base`.
    pub fn on(base: &Self) -> Self {
        Self {
            types: Vec::new(),
            strings: Vec::new(),
            next: base.next,
            first_string: base.first_string + base.strings.len() as u32,
        }
    }

    fn string(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let at = self.first_string + self.strings.len() as u32;
        self.strings.extend(text.as_bytes());
        self.strings.push(0);
        at
    }

    /// Adds a type from the words of `struct btf_type` and those behind it.
    pub fn raw(&mut self, name: &str, info: u32, size: u32, data: &[u32]) -> TypeId {
        let name = self.string(name);
        for word in [name, info, size].iter().chain(data) {
            self.types.extend(word.to_ne_bytes());
        }
        self.next += 1;
        TypeId(self.next - 1)
    }

    /// Adds an integer of this many bytes.
    pub fn int(&mut self, name: &str, bytes: u32) -> TypeId {
        self.raw(name, 1 << 24, bytes, &[bytes * 8])
    }

    /// A type that refers to another one: pointer, typedef, const, …
    pub fn reference(&mut self, name: &str, kind: u8, to: TypeId) -> TypeId {
        self.raw(name, u32::from(kind) << 24, to.0, &[])
    }

    /// Adds a function prototype with this many parameters, all of type `void`.
    pub fn function(&mut self, parameters: usize) -> TypeId {
        let data = vec![0; parameters * 2];
        self.raw("", 13 << 24 | parameters as u32, 0, &data)
    }

    /// Adds an enumeration of 32-bit values.
    pub fn enumeration(&mut self, name: &str, entries: &[(&str, u32)]) -> TypeId {
        let mut data = Vec::new();
        for (label, value) in entries {
            data.extend([self.string(label), *value]);
        }
        self.raw(name, 6 << 24 | entries.len() as u32, 4, &data)
    }

    /// Members with offsets in bytes.
    pub fn structure(&mut self, name: &str, bytes: u32, members: &[RawMember<'_>]) -> TypeId {
        let in_bits: Vec<_> = members
            .iter()
            .map(|&(name, id, at)| (name, id, at * 8))
            .collect();
        self.aggregate(name, 4, false, bytes, &in_bits)
    }

    /// Adds a structure (kind 4) or union (kind 5) whose members have raw offset words; with `flag`, these hold bit-field sizes, too.
    pub fn aggregate(
        &mut self,
        name: &str,
        kind: u8,
        flag: bool,
        bytes: u32,
        members: &[RawMember<'_>],
    ) -> TypeId {
        let mut data = Vec::new();
        for (label, id, offset) in members {
            data.extend([self.string(label), id.0, *offset]);
        }
        let info = u32::from(flag) << 31 | u32::from(kind) << 24 | members.len() as u32;
        self.raw(name, info, bytes, &data)
    }

    /// The blob.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(0xeb9f_u16.to_ne_bytes());
        bytes.extend([1, 0]);
        let types = self.types.len() as u32;
        for word in [24, 0, types, types, self.strings.len() as u32] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(&self.types);
        bytes.extend(&self.strings);
        bytes
    }
}
