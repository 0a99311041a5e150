//! What the verifier is told of the functions that a program consists of.
//!
//! It looks at a *global* function once per program, with any arguments; at another once for
//! each way that leads to it, which takes long where the function has a loop. Functions are
//! global if their types say so (`do_check_subprogs`, `kernel/bpf/verifier.c`, 5.6).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use aya_obj::{
    btf::{Btf, BtfKind, BtfParam, BtfType, Func, FuncLinkage, FuncProto, Int, IntEncoding},
    generated::{BPF_PSEUDO_CALL, bpf_func_info, bpf_insn},
};
use ovl_trace_common::offsets::Settings;

/// The functions of the object that can be global.
const GLOBAL: [Global; 4] = [
    Global {
        name: "announce_copy_up",
        arguments: 0,
        is_used: |settings| settings.events != 0,
    },
    Global {
        name: "first_sight",
        arguments: 2,
        is_used: |_| true,
    },
    Global {
        name: "report_copy_up",
        arguments: 3,
        is_used: |settings| settings.events != 0,
    },
    Global {
        name: "send_whiteout",
        arguments: 3,
        is_used: |settings| settings.events != 0 && settings.wanted.whiteouts != 0,
    },
];

/// A global function.
struct Global {
    name: &'static str,
    /// How many. They are numbers, and so is what it returns: a pointer would have to be
    /// declared.
    arguments: usize,
    /// Whether it is ever called. Up to 6.7 the kernel looks at global functions that are
    /// not, too; at others it never does.
    is_used: fn(&Settings) -> bool,
}

/// What the kernel calls all others that are no programs.
const OTHER: &str = "function";

/// `BPF_JMP | BPF_CALL`
const CALL: u8 = 0x85;

/// The types of functions, under the names that the kernel shows them by.
pub(super) struct FunctionTypes {
    types: Btf,
    /// By number of arguments.
    prototypes: Vec<u32>,
    ids: BTreeMap<&'static str, u32>,
    /// The global ones, by their types in the object.
    global: BTreeMap<u32, &'static str>,
}

impl FunctionTypes {
    /// For an object with these types, whose programs are told these settings.
    pub(super) fn new(object: Option<&Btf>, settings: &Settings) -> Result<Self> {
        let object = object.context("the eBPF object has no types")?;
        let (types, prototypes) = prototypes();
        let mut made = Self {
            types,
            prototypes,
            ids: BTreeMap::new(),
            global: BTreeMap::new(),
        };
        for function in &GLOBAL {
            let name = function.name;
            let known = object.id_by_type_name_kind(name, BtfKind::Func);
            let known = known.with_context(|| {
                format!("the eBPF object has no types of the function '{name}'")
            })?;
            if (function.is_used)(settings) {
                let id = made.add(name, function.arguments, FuncLinkage::Global);
                made.ids.insert(name, id);
                made.global.insert(known, name);
            }
        }
        let other = made.add(OTHER, 0, FuncLinkage::Static);
        made.ids.insert(OTHER, other);
        Ok(made)
    }

    /// Where each function of a program begins, and its type. `known` are the functions with
    /// their types in the object.
    pub(super) fn describe(
        &mut self,
        program: &str,
        instructions: &[bpf_insn],
        known: &[bpf_func_info],
    ) -> Vec<bpf_func_info> {
        let program = bpf_func_info {
            insn_off: 0,
            type_id: self.add(program, 0, FuncLinkage::Static),
        };
        let called = called(instructions).into_iter().filter_map(|begin| {
            let known = known.iter().find(|function| function.insn_off == begin);
            let global = known.and_then(|function| self.global.get(&function.type_id));
            Some(bpf_func_info {
                insn_off: begin,
                type_id: *self.ids.get(global.copied().unwrap_or(OTHER))?,
            })
        });
        [program].into_iter().chain(called).collect()
    }

    /// The type of another function.
    fn add(&mut self, name: &str, arguments: usize, linkage: FuncLinkage) -> u32 {
        let (name, prototype) = (self.types.add_string(name), self.prototypes[arguments]);
        let function = Func::new(name, prototype, linkage);
        self.types.add_type(BtfType::Func(function))
    }

    /// What the kernel takes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.types.to_bytes()
    }
}

/// The types of functions that take from no number to as many as [`GLOBAL`] has, and return one.
fn prototypes() -> (Btf, Vec<u32>) {
    let mut types = Btf::new();
    let int = types.add_string("int");
    let int = types.add_type(BtfType::Int(Int::new(int, 4, IntEncoding::Signed, 0)));
    let number = types.add_string("u64");
    let number = types.add_type(BtfType::Int(Int::new(number, 8, IntEncoding::None, 0)));
    let argument = BtfParam {
        // The kernel takes none without a name.
        name_offset: types.add_string("argument"),
        btf_type: number,
    };
    let most = GLOBAL.iter().map(|function| function.arguments).max();
    let prototypes = (0..=most.unwrap_or_default()).map(|arguments| {
        let arguments = vec![argument.clone(); arguments];
        types.add_type(BtfType::FuncProto(FuncProto::new(arguments, int)))
    });
    let prototypes = prototypes.collect();
    (types, prototypes)
}

/// Where functions begin that are called, counted in instructions from the program's begin.
fn called(instructions: &[bpf_insn]) -> BTreeSet<u32> {
    let calls = (1_i32..).zip(instructions).filter(|(_, instruction)| {
        instruction.code == CALL && u32::from(instruction.src_reg()) == BPF_PSEUDO_CALL
    });
    calls
        .filter_map(|(next, instruction)| u32::try_from(next.checked_add(instruction.imm)?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use ovl_trace_common::offsets::Wanted;

    use super::*;

    fn settings(events: u32) -> Settings {
        Settings {
            announce_bytes: 0,
            events,
            splice_probed: 1,
            data_probed: 1,
            one_probed: 1,
            sync_probed: 1,
            typed_task: 1,
            slots: 1,
            trampoline: 0,
            lingers_ns: 0,
            wanted: Wanted::ALL,
        }
    }

    /// A call of a helper, or of the function at a distance.
    fn call(src_reg: u8, imm: i32) -> bpf_insn {
        bpf_insn {
            code: CALL,
            _bitfield_align_1: [],
            _bitfield_1: bpf_insn::new_bitfield_1(0, src_reg),
            off: 0,
            imm,
        }
    }

    /// The types of an object with these functions.
    fn object(names: &[&str]) -> Btf {
        let (mut types, prototypes) = prototypes();
        for name in names {
            let name = types.add_string(name);
            types.add_type(BtfType::Func(Func::new(
                name,
                prototypes[0],
                FuncLinkage::Static,
            )));
        }
        types
    }

    #[test]
    fn a_function_begins_where_it_is_called() {
        let program = [call(0, 5), call(1, 2), call(1, 1), call(1, -4), call(1, 0)];
        assert_eq!(Vec::from_iter(called(&program)), [0, 4, 5]);
    }

    #[test]
    fn the_kernel_is_told_which_are_global() {
        let names: Vec<&str> = GLOBAL.iter().map(|function| function.name).collect();
        let object = object(&names);
        let known = |name, insn_off| bpf_func_info {
            insn_off,
            type_id: object.id_by_type_name_kind(name, BtfKind::Func).unwrap(),
        };
        let mut types = FunctionTypes::new(Some(&object), &settings(1)).unwrap();
        // Calls the functions at 3 and 5; of that at 5 nothing is known.
        let program = [call(1, 2), call(1, 3)];
        let described = types.describe("unlink_return", &program, &[known("first_sight", 3)]);
        let id = |name| {
            types
                .types
                .id_by_type_name_kind(name, BtfKind::Func)
                .unwrap()
        };
        let described = described.iter();
        let described: Vec<_> = described
            .map(|function| (function.insn_off, function.type_id))
            .collect();
        assert_eq!(
            described,
            [
                (0, id("unlink_return")),
                (3, id("first_sight")),
                (5, id(OTHER))
            ]
        );
    }

    #[test]
    fn what_is_never_called_is_not_global() {
        let names: Vec<&str> = GLOBAL.iter().map(|function| function.name).collect();
        let object = object(&names);
        let global = |settings| {
            let types = FunctionTypes::new(Some(&object), &settings).unwrap();
            let mut names: Vec<&str> = types.global.into_values().collect();
            names.sort_unstable();
            names
        };
        assert_eq!(global(settings(1)), names);
        assert_eq!(global(settings(0)), ["first_sight"]);
        let mut no_whiteouts = settings(1);
        no_whiteouts.wanted.whiteouts = 0;
        assert_eq!(global(no_whiteouts), names[..3]);
    }

    #[test]
    fn an_object_must_have_them() {
        let error = |types: Option<&Btf>| match FunctionTypes::new(types, &settings(1)) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        assert_eq!(error(None), "the eBPF object has no types");
        assert_eq!(
            error(Some(&object(&["announce_copy_up"]))),
            "the eBPF object has no types of the function 'first_sight'"
        );
    }
}
