//! The eBPF object: its maps, made, and its programs, ready to be loaded.
//!
//! aya parses it and uses the maps. Its own loader (`EbpfLoader`, aya 0.14) has no
//! programs on functions of modules, and reads all types of the kernel first, which
//! nothing here asks for: 130 million instructions.

use std::{
    borrow::Cow,
    collections::HashMap,
    ffi::CString,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd},
};

use anyhow::{Context as _, Result};
use aya::{
    Pod,
    maps::{Map, MapData},
};
use aya_obj::generated::{BPF_PSEUDO_MAP_VALUE, bpf_func_info, bpf_insn, bpf_map_type};
use ovl_trace_common::offsets::{Offsets, Settings};

use super::{
    bpf::{self, Program},
    function_types::FunctionTypes,
};

/// The section of the globals that the agent fills.
const CONSTANTS: &str = ".rodata";

/// What the maps and programs are made for.
pub(super) struct Making<'a> {
    pub(super) offsets: &'a Offsets,
    pub(super) settings: Settings,
    /// Maps whose size is not that of the object, with their entries.
    pub(super) entries: HashMap<&'static str, u32>,
}

/// The maps, by name.
pub(super) struct Object {
    maps: HashMap<String, Map>,
    /// Two versions of the constants, which programs refer to.
    _constants: [MapData; 2],
}

/// The programs, by name.
pub(super) struct Programs {
    linked: HashMap<String, Linked>,
    license: CString,
    /// Of the functions of all programs.
    types: OwnedFd,
    /// The constants that programs refer to as they are, and those for trampolines.
    constants: [RawFd; 2],
}

/// A program with the functions that it calls.
struct Linked {
    instructions: Vec<bpf_insn>,
    functions: Vec<bpf_func_info>,
}

impl Object {
    /// Makes all maps, and links the programs with them.
    pub(super) fn make(bytes: &[u8], making: &Making<'_>) -> Result<(Self, Programs)> {
        let mut object = aya_obj::Object::parse(bytes).context("parsing the eBPF object")?;
        for (name, map) in &mut object.maps {
            if let Some(&entries) = making.entries.get(name.as_str()) {
                map.set_max_entries(entries);
            }
            if map.map_type() == bpf_map_type::BPF_MAP_TYPE_RINGBUF as u32 {
                map.set_value_size(0);
            }
        }
        let for_trampolines = constants(&mut object, making, 1)?;
        let for_kprobes = constants(&mut object, making, 0)?;
        let mut made = HashMap::new();
        let mut descriptors = HashMap::new();
        for (name, map) in &object.maps {
            if name == CONSTANTS {
                descriptors.insert(name.clone(), for_kprobes.fd().as_fd().as_raw_fd());
                continue;
            }
            let data = MapData::create(map.clone(), name, None)
                .with_context(|| format!("making the map {name}"))?;
            descriptors.insert(name.clone(), data.fd().as_fd().as_raw_fd());
            made.insert(name.clone(), Map::from_map_data(data)?);
        }
        let constants = [&for_kprobes, &for_trampolines].map(|map| map.fd().as_fd().as_raw_fd());
        let mut types = FunctionTypes::new(object.btf.as_ref(), &making.settings)?;
        let linked = link(&mut object, &descriptors, &mut types)?;
        let programs = Programs {
            linked,
            types: bpf::load_types(&types.to_bytes()).context("the types of functions")?,
            license: object.license,
            constants,
        };
        let object = Self {
            maps: made,
            _constants: [for_kprobes, for_trampolines],
        };
        Ok((object, programs))
    }

    /// A map of this name.
    pub(super) fn map(&self, name: &str) -> Option<&Map> {
        self.maps.get(name)
    }

    /// As [`Self::map`].
    pub(super) fn map_mut(&mut self, name: &str) -> Option<&mut Map> {
        self.maps.get_mut(name)
    }

    /// As [`Self::map`]; it is not there afterwards.
    pub(super) fn take_map(&mut self, name: &str) -> Option<Map> {
        self.maps.remove(name)
    }
}

impl Programs {
    /// A program, for a kprobe.
    pub(super) fn for_kprobe<'a>(&'a self, name: &'a str) -> Result<Program<'a>> {
        let linked = self.linked.get(name);
        let linked = linked.with_context(|| format!("the eBPF object has no program '{name}'"))?;
        Ok(Program {
            name,
            license: &self.license,
            instructions: Cow::Borrowed(&linked.instructions),
            functions: &linked.functions,
            types: self.types.as_fd(),
        })
    }

    /// The same for a trampoline.
    pub(super) fn for_trampoline<'a>(&'a self, name: &'a str) -> Result<Program<'a>> {
        let program = self.for_kprobe(name)?;
        let instructions = program.instructions.iter();
        Ok(Program {
            instructions: instructions
                .map(|&instruction| with_constants(instruction, self.constants))
                .collect(),
            ..program
        })
    }
}

/// The same with the other constants.
fn with_constants(mut instruction: bpf_insn, [from, to]: [RawFd; 2]) -> bpf_insn {
    if is_value_of(instruction, from) {
        instruction.imm = to;
    }
    instruction
}

/// The first half of a load of an address in a map's value (`BPF_LD | BPF_IMM |
/// BPF_DW`). Other instructions have another code.
fn is_value_of(instruction: bpf_insn, map: RawFd) -> bool {
    instruction.code == 0x18
        && u32::from(instruction.src_reg()) == BPF_PSEUDO_MAP_VALUE
        && instruction.imm == map
}

/// The map of the globals, filled.
fn constants(
    object: &mut aya_obj::Object,
    making: &Making<'_>,
    trampoline: u32,
) -> Result<MapData> {
    let settings = Settings {
        trampoline,
        ..making.settings
    };
    let globals = HashMap::from([
        ("OFFSETS", (bytes_of(making.offsets), true)),
        ("SETTINGS", (bytes_of(&settings), true)),
    ]);
    object
        .patch_map_data(globals)
        .context("the constants of the eBPF object")?;
    let map = object.maps.get(CONSTANTS);
    let map = map.context("the eBPF object has no constants")?;
    let made = MapData::create(map.clone(), CONSTANTS, None)?;
    bpf::set_for_ever(made.fd().as_fd(), map.data()).context("writing the constants")?;
    Ok(made)
}

/// Puts maps and functions into the programs.
fn link(
    object: &mut aya_obj::Object,
    descriptors: &HashMap<String, RawFd>,
    types: &mut FunctionTypes,
) -> Result<HashMap<String, Linked>> {
    let sections = object.functions.keys().map(|(section, _)| *section);
    let sections = sections.collect();
    let maps = object.maps.clone();
    let maps = maps
        .iter()
        .filter_map(|(name, map)| Some((name.as_str(), *descriptors.get(name)?, map)));
    object
        .relocate_maps(maps, &sections)
        .context("putting the maps into the programs")?;
    object
        .relocate_calls(&sections)
        .context("putting functions into the programs")?;
    object
        .programs
        .iter()
        .map(|(name, program)| {
            let function = object.functions.remove(&program.function_key());
            let function = function.with_context(|| format!("the program '{name}' is empty"))?;
            let known = &function.func_info.func_info;
            let linked = Linked {
                functions: types.describe(name, &function.instructions, known),
                instructions: function.instructions,
            };
            Ok((name.clone(), linked))
        })
        .collect()
}

fn bytes_of<T: Pod>(value: &T) -> &[u8] {
    // SAFETY: `Pod` promises that all of it is bytes.
    unsafe { std::slice::from_raw_parts((&raw const *value).cast(), size_of::<T>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(code: u8, src_reg: u8, imm: i32) -> i32 {
        let mut instruction = bpf_insn {
            code,
            _bitfield_align_1: [],
            _bitfield_1: bpf_insn::new_bitfield_1(1, src_reg),
            off: 0,
            imm,
        };
        instruction = with_constants(instruction, [5, 6]);
        instruction.imm
    }

    #[test]
    fn only_addresses_in_the_constants_are_changed() {
        assert_eq!(changed(0x18, 2, 5), 6);
        assert_eq!(changed(0x18, 2, 4), 4, "another map's value");
        assert_eq!(changed(0x18, 1, 5), 5, "a map");
        assert_eq!(changed(0x18, 0, 5), 5, "a number");
        assert_eq!(changed(0xb7, 2, 5), 5, "no load");
    }
}
