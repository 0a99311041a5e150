//! Trims the BTF of a kernel to the structures that ovl-trace asks for, so
//! that it is small enough to be a fixture:
//!
//! ```text
//! cargo run --example trim_btf -- OUT_PREFIX VMLINUX_BTF [OVERLAY_BTF]
//! ```
//!
//! writes `OUT_PREFIX.vmlinux.btf` (and `OUT_PREFIX.overlay.btf`). Structures
//! keep all their members, with their offsets; the types of members that no
//! question reaches become `void`. On a running kernel the input is
//! `/sys/kernel/btf/vmlinux`; from a package it is the section `.BTF`
//! (`objcopy --dump-section .BTF=FILE`) of the unpacked vmlinux and of
//! `overlay.ko`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};

/// What is kept. A member of one of these types keeps its type, too.
const KEEP: &[&str] = &[
    "bpf_map_type",
    "cred",
    "dentry",
    "file_system_type",
    "inode",
    "inode_operations",
    "mnt_namespace",
    "ns_common",
    "nsproxy",
    "ovl_config",
    "ovl_entry",
    "ovl_fs",
    "ovl_inode",
    "ovl_layer",
    "pt_regs",
    "qstr",
    "super_block",
    "task_struct",
    "thread_info",
    "vfsmount",
];

const PTR: u32 = 2;
const STRUCT: u32 = 4;
const UNION: u32 = 5;
const ENUM: u32 = 6;
const FUNC_PROTO: u32 = 13;

/// One type: the three words of `struct btf_type`, and those that follow.
struct Type {
    name: u32,
    info: u32,
    reference: u32,
    data: Vec<u32>,
}

impl Type {
    fn kind(&self) -> u32 {
        self.info >> 24 & 0x7f
    }

    /// Words that follow for each member, and how many members there are.
    fn shape(&self) -> (usize, usize) {
        let count = (self.info & 0xff_ffff) as usize;
        match self.kind() {
            1 | 14 | 17 => (1, 1),
            3 => (3, 1),
            ENUM | FUNC_PROTO => (2, count),
            STRUCT | UNION | 15 | 19 => (3, count),
            _ => (0, 0),
        }
    }

    fn refers(&self) -> bool {
        matches!(self.kind(), 8..=11 | 18)
    }
}

/// The types of vmlinux, then those of the module; entry `i` has id `i + 1`.
#[derive(Default)]
struct Types {
    types: Vec<Type>,
    strings: Vec<u8>,
}

impl Types {
    fn get(&self, id: u32) -> Option<&Type> {
        self.types.get((id as usize).checked_sub(1)?)
    }

    fn string(&self, at: u32) -> &[u8] {
        let tail = self.strings.get(at as usize..).unwrap_or_default();
        tail.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    fn is_wanted(&self, kind: &Type) -> bool {
        let name = self.string(kind.name);
        matches!(kind.kind(), STRUCT | UNION | ENUM)
            && KEEP.iter().any(|keep| keep.as_bytes() == name)
    }

    /// Appends the types of a file.
    fn read(&mut self, path: &Path) -> Result<()> {
        let bytes = fs::read(path).with_context(|| format!("reading '{}'", path.display()))?;
        let word = |at: usize| -> Result<u32> {
            let word = bytes.get(at..at + 4).context("the file ends early")?;
            Ok(u32::from_ne_bytes(word.try_into()?))
        };
        ensure!(
            word(0)? & 0xffff == 0xeb9f,
            "'{}' is not BTF",
            path.display()
        );
        let start = word(4)? as usize;
        let mut at = start + word(8)? as usize;
        let end = at + word(12)? as usize;
        let text = start + word(16)? as usize;
        self.strings.extend(&bytes[text..text + word(20)? as usize]);
        while at < end {
            let mut kind = Type {
                name: word(at)?,
                info: word(at + 4)?,
                reference: word(at + 8)?,
                data: Vec::new(),
            };
            let (words, members) = kind.shape();
            kind.data = (0..words * members)
                .map(|index| word(at + 12 + index * 4))
                .collect::<Result<_>>()?;
            at += 12 + kind.data.len() * 4;
            self.types.push(kind);
        }
        Ok(())
    }

    /// Marks a type and what its members need.
    fn keep(&self, id: u32, kept: &mut BTreeMap<u32, u32>) {
        let Some(kind) = self.get(id) else { return };
        if kept.insert(id, 0).is_some() {
            return;
        }
        if matches!(kind.kind(), STRUCT | UNION) {
            let functions = self.string(kind.name) == b"inode_operations";
            for member in kind.data.chunks(3) {
                if self.matters(member[1], functions) {
                    self.keep(member[1], kept);
                }
            }
        } else if kind.refers() || kind.kind() == PTR {
            self.keep(kind.reference, kept);
        }
    }

    /// A member's type matters: an unnamed aggregate, one that is wanted, or
    /// (if `functions`) a pointer to a function.
    fn matters(&self, id: u32, functions: bool) -> bool {
        let Some(kind) = self.get(id) else {
            return false;
        };
        match kind.kind() {
            STRUCT | UNION => kind.name == 0 || self.is_wanted(kind),
            PTR => functions && self.matters(kind.reference, functions),
            FUNC_PROTO => functions,
            _ if kind.refers() => self.matters(kind.reference, functions),
            _ => false,
        }
    }

    /// The blob of the kept types `ids`; their strings go to the end of
    /// `strings`.
    fn trimmed(&self, ids: &[u32], kept: &BTreeMap<u32, u32>, strings: &mut Strings) -> Vec<u8> {
        let new = |id: u32| kept.get(&id).copied().unwrap_or(0);
        let from = strings.bytes.len();
        strings.add(b"");
        let mut words = Vec::new();
        for kind in ids.iter().filter_map(|&id| self.get(id)) {
            let is_reference = kind.refers() || matches!(kind.kind(), PTR | FUNC_PROTO);
            words.push(strings.add(self.string(kind.name)));
            words.push(kind.info);
            words.push(if is_reference {
                new(kind.reference)
            } else {
                kind.reference
            });
            for member in kind.data.chunks(kind.shape().0.max(1)) {
                words.push(strings.add(self.string(member[0])));
                match kind.kind() {
                    ENUM => words.push(member[1]),
                    _ => words.push(new(member[1])),
                }
                words.extend(member.get(2));
            }
        }
        let text = &strings.bytes[from..];
        let types = words.len() as u32 * 4;
        let mut bytes = Vec::new();
        for word in [0x0001_eb9f, 24, 0, types, types, text.len() as u32]
            .iter()
            .chain(&words)
        {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(text);
        bytes
    }
}

/// The string section that is written, each string once.
struct Strings {
    bytes: Vec<u8>,
    known: BTreeMap<Vec<u8>, u32>,
}

impl Strings {
    fn add(&mut self, text: &[u8]) -> u32 {
        if let Some(&at) = self.known.get(text) {
            return at;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend(text);
        self.bytes.push(0);
        self.known.insert(text.to_vec(), at);
        at
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [prefix, vmlinux, rest @ ..] = arguments.as_slice() else {
        bail!("usage: trim_btf OUT_PREFIX VMLINUX_BTF [OVERLAY_BTF]");
    };
    let mut all = Types::default();
    all.read(Path::new(vmlinux))?;
    let base = all.types.len();
    if let [overlay] = rest {
        all.read(Path::new(overlay))?;
    }
    let mut kept = BTreeMap::new();
    for (id, kind) in (1..).zip(&all.types) {
        if all.is_wanted(kind) {
            all.keep(id, &mut kept);
        }
    }
    for (number, new) in (1..).zip(kept.values_mut()) {
        *new = number;
    }
    let (base, split): (Vec<u32>, Vec<u32>) = kept.keys().partition(|&&id| id as usize <= base);
    let mut strings = Strings {
        bytes: Vec::new(),
        known: BTreeMap::new(),
    };
    fs::write(
        format!("{prefix}.vmlinux.btf"),
        all.trimmed(&base, &kept, &mut strings),
    )?;
    if !rest.is_empty() {
        fs::write(
            format!("{prefix}.overlay.btf"),
            all.trimmed(&split, &kept, &mut strings),
        )?;
    }
    Ok(())
}
