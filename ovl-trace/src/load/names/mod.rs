//! Asking the kernel for the name of an address, and whether a name exists.
//!
//! `/proc/kallsyms` answers both, but the kernel writes it out from the start: 150,000
//! lines for one name. Two programs of type syscall (5.14) that are attached to nothing
//! and run when they are asked (`BPF_PROG_TEST_RUN`) do the same with helpers:
//! `bpf_snprintf` with `%ps` (5.13), and `bpf_kallsyms_lookup_name` (5.16).

mod program;

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
};

use program::{CONTEXT_BYTES, Instruction, address_of, name_of};

use super::unpreempted::Unpreempted;

/// Commands of `bpf(2)` (`enum bpf_cmd`, include/uapi/linux/bpf.h).
const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_MAP_UPDATE_ELEM: libc::c_int = 2;
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_TEST_RUN: libc::c_int = 10;
const BPF_MAP_FREEZE: libc::c_int = 22;

const BPF_MAP_TYPE_ARRAY: u32 = 2;
const BPF_F_RDONLY_PROG: u32 = 1 << 7;
const BPF_PROG_TYPE_SYSCALL: u32 = 31;
/// Programs of type syscall have to have it.
const BPF_F_SLEEPABLE: u32 = 1 << 4;

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

/// Whether a function, or other symbol, of exactly this name exists
/// (`overlay:ovl_open` for one of a module). `None` if the kernel does not say.
pub fn exists(name: &str) -> Option<bool> {
    let program = load(&address_of()).ok()?;
    let mut context: Context = [0; CONTEXT_BYTES];
    // The last byte stays 0.
    context[..CONTEXT_BYTES - 1]
        .get_mut(..name.len())?
        .copy_from_slice(name.as_bytes());
    match run(&program, &mut context).ok()? {
        0 => Some(true),
        error if error == -libc::ENOENT => Some(false),
        _ => None,
    }
}

/// A map that holds [`FORMAT`] and is never changed: what the helper wants.
fn format_map() -> io::Result<OwnedFd> {
    #[repr(C)]
    #[derive(Default)]
    struct Create {
        kind: u32,
        key_bytes: u32,
        value_bytes: u32,
        entries: u32,
        flags: u32,
    }
    #[repr(C)]
    struct Update {
        map: u32,
        padding: u32,
        key: u64,
        value: u64,
        flags: u64,
    }
    let create = Create {
        kind: BPF_MAP_TYPE_ARRAY,
        key_bytes: 4,
        value_bytes: FORMAT.len() as u32,
        entries: 1,
        flags: BPF_F_RDONLY_PROG,
    };
    let map = descriptor(bpf(BPF_MAP_CREATE, create)?);
    let key = 0_u32;
    {
        let _unpreempted = Unpreempted::enter();
        bpf(
            BPF_MAP_UPDATE_ELEM,
            Update {
                map: map.as_raw_fd().cast_unsigned(),
                padding: 0,
                key: (&raw const key).expose_provenance() as u64,
                value: (&raw const FORMAT).expose_provenance() as u64,
                flags: 0,
            },
        )?;
    }
    bpf(BPF_MAP_FREEZE, map.as_raw_fd())?;
    Ok(map)
}

fn load(instructions: &[Instruction]) -> io::Result<OwnedFd> {
    #[repr(C)]
    struct Load {
        kind: u32,
        instruction_count: u32,
        instructions: u64,
        license: u64,
        log_level: u32,
        log_bytes: u32,
        log: u64,
        kernel_version: u32,
        flags: u32,
    }
    let license = c"Dual MIT/GPL";
    let load = Load {
        kind: BPF_PROG_TYPE_SYSCALL,
        instruction_count: instructions.len() as u32,
        instructions: instructions.as_ptr().expose_provenance() as u64,
        license: license.as_ptr().expose_provenance() as u64,
        log_level: 0,
        log_bytes: 0,
        log: 0,
        kernel_version: 0,
        flags: BPF_F_SLEEPABLE,
    };
    Ok(descriptor(bpf(BPF_PROG_LOAD, load)?))
}

/// Runs a program with a context that it may change, and says what it returned.
fn run(program: &OwnedFd, context: &mut Context) -> io::Result<i32> {
    #[repr(C)]
    #[derive(Default)]
    struct Run {
        program: u32,
        returned: u32,
        input_bytes: u32,
        output_bytes: u32,
        input: u64,
        output: u64,
        repeat: u32,
        duration: u32,
        context_bytes: u32,
        context_output_bytes: u32,
        context: u64,
        context_output: u64,
    }
    let mut run = Run {
        program: program.as_raw_fd().cast_unsigned(),
        context_bytes: CONTEXT_BYTES as u32,
        context: context.as_mut_ptr().expose_provenance() as u64,
        ..Run::default()
    };
    bpf_in_place(BPF_PROG_TEST_RUN, &mut run)?;
    Ok(run.returned.cast_signed())
}

fn bpf<T>(command: libc::c_int, mut attributes: T) -> io::Result<RawFd> {
    bpf_in_place(command, &mut attributes)
}

fn bpf_in_place<T>(command: libc::c_int, attributes: &mut T) -> io::Result<RawFd> {
    // SAFETY: the attributes say their own size; what they point to outlives the call
    // and is as large as they say.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_mut(attributes),
            size_of::<T>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result as RawFd)
}

fn descriptor(fd: RawFd) -> OwnedFd {
    // SAFETY: a new descriptor that nobody else has; `bpf(2)` made it close-on-exec.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
