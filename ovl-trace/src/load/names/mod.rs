//! Asking the kernel for the name of an address, and whether a name exists.
//!
//! `/proc/kallsyms` answers both, but the kernel writes it out from the start: 150,000
//! lines for one name. Two programs of type syscall (5.14) that are attached to nothing
//! and run when they are asked (`BPF_PROG_TEST_RUN`) do the same with helpers:
//! `bpf_snprintf` with `%ps` (5.13), and `bpf_kallsyms_lookup_name` (5.16).

mod program;

use std::{
    cell::OnceCell,
    ffi::CStr,
    io,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
};

use aya_obj::generated::{
    BPF_F_RDONLY_PROG, BPF_F_SLEEPABLE, bpf_cmd, bpf_insn, bpf_map_type, bpf_prog_type,
};

use program::{CONTEXT_BYTES, address_of, name_of};

use super::{
    bpf::set_for_ever,
    syscall::{attr, call, descriptor},
    unpreempted::Unpreempted,
};

/// What the helpers ask of programs.
const LICENSE: &CStr = c"Dual MIT/GPL";

/// A symbol without its offset (Documentation/core-api/printk-formats.rst), padded.
static FORMAT: [u8; 8] = *b"%ps\0\0\0\0\0";

type Context = [u8; CONTEXT_BYTES];

/// A loaded program that names addresses.
#[derive(Debug)]
pub struct Names {
    program: OwnedFd,
}

impl Names {
    /// Fails where the kernel is too old.
    pub fn load() -> io::Result<Self> {
        let format = format_map()?;
        Ok(Self {
            program: load(&name_of(format.as_raw_fd()))?,
        })
    }

    /// The name of the function that contains `address`: `ovl_open [overlay]`, or without
    /// brackets in vmlinux. `None` if no function does.
    pub fn name(&self, address: u64) -> io::Result<Option<String>> {
        let mut context: Context = [0; CONTEXT_BYTES];
        context[..8].copy_from_slice(&address.to_ne_bytes());
        run(&self.program, &mut context)?;
        let length = context.iter().position(|&byte| byte == 0);
        let name = &context[..length.unwrap_or(CONTEXT_BYTES)];
        // An address without a symbol is printed as such.
        Ok(str::from_utf8(name)
            .ok()
            .filter(|name| !name.is_empty() && !name.starts_with("0x"))
            .map(str::to_owned))
    }
}

/// A program that looks names up, loaded when it is first asked.
#[derive(Debug, Default)]
pub struct Lookup {
    /// `None` inside: it cannot be loaded.
    program: OnceCell<Option<OwnedFd>>,
}

impl Lookup {
    /// Whether a function, or other symbol, of exactly this name exists
    /// (`overlay:ovl_open` for one of a module). `None` if the kernel does not say.
    pub fn exists(&self, name: &str) -> Option<bool> {
        let program = self.program.get_or_init(|| load(&address_of()).ok());
        let mut context: Context = [0; CONTEXT_BYTES];
        // The last byte stays 0.
        context[..CONTEXT_BYTES - 1]
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        match run(program.as_ref()?, &mut context).ok()? {
            0 => Some(true),
            error if error == -libc::ENOENT => Some(false),
            _ => None,
        }
    }
}

/// A map that holds [`FORMAT`] and is never changed: what the helper wants.
fn format_map() -> io::Result<OwnedFd> {
    let mut create = attr();
    create.__bindgen_anon_1.map_type = bpf_map_type::BPF_MAP_TYPE_ARRAY as u32;
    create.__bindgen_anon_1.key_size = 4;
    create.__bindgen_anon_1.value_size = FORMAT.len() as u32;
    create.__bindgen_anon_1.max_entries = 1;
    create.__bindgen_anon_1.map_flags = BPF_F_RDONLY_PROG;
    let map = descriptor(bpf_cmd::BPF_MAP_CREATE, &mut create)?;
    let _unpreempted = Unpreempted::enter();
    set_for_ever(map.as_fd(), &FORMAT)?;
    Ok(map)
}

fn load(instructions: &[bpf_insn]) -> io::Result<OwnedFd> {
    let mut load = attr();
    load.__bindgen_anon_3.prog_type = bpf_prog_type::BPF_PROG_TYPE_SYSCALL as u32;
    load.__bindgen_anon_3.insns = instructions.as_ptr() as u64;
    load.__bindgen_anon_3.insn_cnt = instructions.len() as u32;
    load.__bindgen_anon_3.license = LICENSE.as_ptr() as u64;
    // Programs of type syscall have to have it.
    load.__bindgen_anon_3.prog_flags = BPF_F_SLEEPABLE;
    descriptor(bpf_cmd::BPF_PROG_LOAD, &mut load)
}

/// Runs a program with a context that it may change, and says what it returned.
fn run(program: &OwnedFd, context: &mut Context) -> io::Result<i32> {
    let mut run = attr();
    run.test.prog_fd = program.as_raw_fd().cast_unsigned();
    run.test.ctx_size_in = CONTEXT_BYTES as u32;
    run.test.ctx_in = context.as_mut_ptr() as u64;
    call(bpf_cmd::BPF_PROG_TEST_RUN, &mut run)?;
    // SAFETY: the kernel has written what the program returned.
    Ok(unsafe { run.test.retval }.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_wrongly_known() {
        let lookup = Lookup::default();
        // The kernel need not say anything: that takes a privilege, and 5.16.
        assert_ne!(lookup.exists("vfs_open"), Some(false));
        assert_ne!(lookup.exists("no_such_function"), Some(true));
        // Only its start would be looked up.
        let long = "v".repeat(CONTEXT_BYTES);
        assert_eq!(lookup.exists(&long), None);
    }
}
