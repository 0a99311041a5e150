//! The two programs, instruction by instruction: they only hand their context to a
//! helper. In Rust they would be larger than what they are asked.

use std::os::fd::RawFd;

use aya_obj::generated::{bpf_func_id, bpf_insn};

/// Size of the context: an address or a name goes in, a name comes out.
pub(super) const CONTEXT_BYTES: usize = 64;

/// The same in words, and as offsets and arguments have it.
const WORDS: i16 = 8;
const BYTES: i16 = 8 * WORDS;

/// The code of an instruction that returns.
const EXIT: u8 = 0x95;

fn instruction(code: u8, destination: u8, source: u8, offset: i16, immediate: i32) -> bpf_insn {
    bpf_insn {
        code,
        _bitfield_align_1: [],
        _bitfield_1: bpf_insn::new_bitfield_1(destination, source),
        off: offset,
        imm: immediate,
    }
}

/// `destination = immediate`
fn set(destination: u8, immediate: i32) -> bpf_insn {
    instruction(0xb7, destination, 0, 0, immediate)
}

/// `destination = source`
fn copy(destination: u8, source: u8) -> bpf_insn {
    instruction(0xbf, destination, source, 0, 0)
}

/// `destination += immediate`
fn add(destination: u8, immediate: i32) -> bpf_insn {
    instruction(0x07, destination, 0, 0, immediate)
}

/// `destination = *(u64 *)(source + offset)`
fn read(destination: u8, source: u8, offset: i16) -> bpf_insn {
    instruction(0x79, destination, source, offset, 0)
}

/// `*(u64 *)(destination + offset) = source`
fn write(destination: u8, offset: i16, source: u8) -> bpf_insn {
    instruction(0x7b, destination, source, offset, 0)
}

/// `*(u64 *)(destination + offset) = 0`
fn clear(destination: u8, offset: i16) -> bpf_insn {
    instruction(0x7a, destination, 0, offset, 0)
}

fn call(helper: bpf_func_id) -> bpf_insn {
    instruction(0x85, 0, 0, 0, helper as i32)
}

/// Returns the first register's value.
fn exit() -> bpf_insn {
    instruction(EXIT, 0, 0, 0, 0)
}

/// `destination = &value` of the first entry of an array map
/// (`BPF_PSEUDO_MAP_VALUE`): two instructions.
fn value_of(destination: u8, map: RawFd) -> [bpf_insn; 2] {
    [
        instruction(0x18, destination, 2, 0, map),
        instruction(0, 0, 0, 0, 0),
    ]
}

/// The stack's end.
const STACK: u8 = 10;
/// Kept by helpers.
const CONTEXT: u8 = 6;
/// On the stack: a word, and below it as much as the context has.
const WORD_AT: i16 = -8;
const BUFFER_AT: i16 = WORD_AT - BYTES;

/// Replaces the address at the start of the context by its name; `format` is the map
/// that says how.
pub(super) fn name_of(format: RawFd) -> Vec<bpf_insn> {
    let mut program = vec![
        copy(CONTEXT, 1),
        read(1, CONTEXT, 0),
        write(STACK, WORD_AT, 1),
    ];
    program.extend((0..WORDS).map(|word| clear(STACK, BUFFER_AT + 8 * word)));
    program.extend([
        copy(1, STACK),
        add(1, BUFFER_AT.into()),
        set(2, BYTES.into()),
    ]);
    program.extend(value_of(3, format));
    program.extend([
        copy(4, STACK),
        add(4, WORD_AT.into()),
        set(5, 8),
        call(bpf_func_id::BPF_FUNC_snprintf),
    ]);
    for word in 0..WORDS {
        program.push(read(1, STACK, BUFFER_AT + 8 * word));
        program.push(write(CONTEXT, 8 * word, 1));
    }
    program.extend([set(0, 0), exit()]);
    program
}

/// Returns 0 if the name in the context is one of the kernel's, else `-ENOENT`.
pub(super) fn address_of() -> Vec<bpf_insn> {
    let mut program = vec![copy(CONTEXT, 1), clear(STACK, WORD_AT)];
    for word in 0..WORDS {
        program.push(read(1, CONTEXT, 8 * word));
        program.push(write(STACK, BUFFER_AT + 8 * word, 1));
    }
    program.extend([
        copy(1, STACK),
        add(1, BUFFER_AT.into()),
        set(2, BYTES.into()),
        set(3, 0),
        copy(4, STACK),
        add(4, WORD_AT.into()),
        call(bpf_func_id::BPF_FUNC_kallsyms_lookup_name),
        exit(),
    ]);
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_is_enough() {
        // A program has 512 bytes.
        const { assert!(BUFFER_AT >= -512) };
        assert_eq!(usize::try_from(BYTES), Ok(CONTEXT_BYTES));
        for program in [name_of(3), address_of()] {
            assert_eq!(program.last().map(|step| step.code), Some(EXIT));
            assert!(
                program
                    .iter()
                    .all(|step| step.off >= BUFFER_AT && step.off < BYTES)
            );
        }
    }
}
