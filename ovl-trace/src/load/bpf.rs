//! The calls of bpf(2) that aya does not make: it has no programs on functions of
//! modules.

use std::{
    borrow::Cow,
    ffi::{CStr, c_char},
    io,
    mem::MaybeUninit,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd},
};

use anyhow::{Context as _, Result, anyhow};
use aya_obj::generated::{
    bpf_attach_type, bpf_attr, bpf_btf_info, bpf_cmd, bpf_func_info, bpf_insn, bpf_prog_info,
    bpf_prog_type,
};

use super::syscall::{attr, call, descriptor};

/// Room for what the verifier says; memory is used for what it writes.
const LOG_BYTES: usize = 16 << 20;
/// How much of it is passed on: the reason comes last.
const LOG_LINES: usize = 20;
/// `BPF_OBJ_NAME_LEN` without the NUL.
const NAME_BYTES: usize = 15;
/// A signal can interrupt the verifier, which fails with `EAGAIN` then.
const TRIES: usize = 5;

/// What a loaded program can be bound to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// Trace events of kprobes.
    Kprobe,
    /// The trampoline of one function.
    Trampoline {
        /// Its id in the types of `module`, which continue those of vmlinux.
        function: u32,
        /// `None`: vmlinux.
        module: Option<BorrowedFd<'a>>,
        /// At its return instead of its entry.
        returns: bool,
    },
}

/// What the verifier is given.
#[derive(Clone, Debug)]
pub(super) struct Program<'a> {
    /// How tools list it.
    pub(super) name: &'a str,
    pub(super) license: &'a CStr,
    pub(super) instructions: Cow<'a, [bpf_insn]>,
    /// Which functions it consists of, by their types.
    pub(super) functions: &'a [bpf_func_info],
    /// The object with these types ([`load_types`]).
    pub(super) types: BorrowedFd<'a>,
}

/// Verifies and loads a program.
pub(super) fn load(program: &Program<'_>, place: Place<'_>) -> Result<OwnedFd> {
    let mut attr = attr();
    let instructions = &program.instructions;
    attr.__bindgen_anon_3.insns = instructions.as_ptr() as u64;
    attr.__bindgen_anon_3.insn_cnt = u32::try_from(instructions.len()).context("its length")?;
    attr.__bindgen_anon_3.license = program.license.as_ptr() as u64;
    attr.__bindgen_anon_3.prog_btf_fd = program.types.as_raw_fd().cast_unsigned();
    attr.__bindgen_anon_3.func_info = program.functions.as_ptr() as u64;
    attr.__bindgen_anon_3.func_info_cnt = program.functions.len() as u32;
    attr.__bindgen_anon_3.func_info_rec_size = size_of::<bpf_func_info>() as u32;
    let mut prog_name = [0; NAME_BYTES + 1];
    for (to, from) in prog_name
        .iter_mut()
        .take(NAME_BYTES)
        .zip(program.name.bytes())
    {
        // The sign of `c_char` depends on the architecture.
        *to = c_char::from_ne_bytes([from]);
    }
    attr.__bindgen_anon_3.prog_name = prog_name;
    attr.__bindgen_anon_3.prog_type = bpf_prog_type::BPF_PROG_TYPE_KPROBE as u32;
    if let Place::Trampoline {
        function,
        module,
        returns,
    } = place
    {
        let at = if returns {
            bpf_attach_type::BPF_TRACE_FEXIT
        } else {
            bpf_attach_type::BPF_TRACE_FENTRY
        };
        attr.__bindgen_anon_3.prog_type = bpf_prog_type::BPF_PROG_TYPE_TRACING as u32;
        attr.__bindgen_anon_3.expected_attach_type = at as u32;
        attr.__bindgen_anon_3.attach_btf_id = function;
        attr.__bindgen_anon_3.__bindgen_anon_1.attach_btf_obj_fd =
            module.map_or(0, |module| module.as_raw_fd().cast_unsigned());
    }
    for _ in 0..TRIES {
        match descriptor(bpf_cmd::BPF_PROG_LOAD, &mut attr) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(explained(attr, error)),
            Ok(program) => return Ok(program),
        }
    }
    Err(anyhow!("signals interrupted the verifier again and again"))
}

/// Makes types known to the kernel, in the format of BTF.
pub(super) fn load_types(types: &[u8]) -> io::Result<OwnedFd> {
    let mut attr = attr();
    attr.__bindgen_anon_7.btf = types.as_ptr() as u64;
    attr.__bindgen_anon_7.btf_size = types.len() as u32;
    descriptor(bpf_cmd::BPF_BTF_LOAD, &mut attr)
}

/// The error with the verifier's reason, for which it is asked once more, if the error is
/// the verifier's: a program that was verified can still lack a descriptor or memory.
fn explained(mut attr: bpf_attr, error: io::Error) -> anyhow::Error {
    let others = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::EPERM];
    if error
        .raw_os_error()
        .is_some_and(|code| others.contains(&code))
    {
        return error.into();
    }
    let mut log = vec![0_u8; LOG_BYTES];
    attr.__bindgen_anon_3.log_level = 1;
    attr.__bindgen_anon_3.log_size = LOG_BYTES as u32;
    attr.__bindgen_anon_3.log_buf = log.as_mut_ptr() as u64;
    let _fails_again = descriptor(bpf_cmd::BPF_PROG_LOAD, &mut attr);
    let log = CStr::from_bytes_until_nul(&log).map(CStr::to_string_lossy);
    let log = log.unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    if lines.is_empty() {
        return error.into();
    }
    let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
    anyhow!("{error}; the verifier says: {}", last.join("\n"))
}

/// Runs a program in its function's trampoline, until the result is closed.
pub(super) fn attach(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attr = attr();
    attr.raw_tracepoint.prog_fd = program.as_raw_fd().cast_unsigned();
    descriptor(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr)
}

/// What the kernel knows of a program.
pub(super) fn program_info(program: BorrowedFd<'_>) -> io::Result<bpf_prog_info> {
    // SAFETY: any bytes are a value.
    let mut info: bpf_prog_info = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: what an object of this kind is described by; no pointer is set.
    unsafe { object_info(program, &mut info) }?;
    Ok(info)
}

/// The types of a module of the kernel; `None`: it has none, or is not loaded.
pub(super) fn module_types(module: &str) -> io::Result<Option<OwnedFd>> {
    let mut id = 0;
    loop {
        let mut attr = attr();
        attr.__bindgen_anon_6.__bindgen_anon_1.start_id = id;
        match call(bpf_cmd::BPF_BTF_GET_NEXT_ID, &mut attr) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(_zero) => {}
        }
        // SAFETY: the kernel has written the next id.
        id = unsafe { attr.__bindgen_anon_6.next_id };
        // Another process's types may be gone by now.
        if let Some(types) = types_of_module(id, module)? {
            return Ok(Some(types));
        }
    }
}

/// The types of this id, if they are those of `module`.
fn types_of_module(id: u32, module: &str) -> io::Result<Option<OwnedFd>> {
    let mut attr = attr();
    attr.__bindgen_anon_6.__bindgen_anon_1.btf_id = id;
    let types = match descriptor(bpf_cmd::BPF_BTF_GET_FD_BY_ID, &mut attr) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        types => types?,
    };
    let mut name = [0_u8; 64];
    let mut info = bpf_btf_info {
        btf: 0,
        btf_size: 0,
        id: 0,
        name: name.as_mut_ptr() as u64,
        name_len: name.len() as u32,
        kernel_btf: 0,
    };
    // SAFETY: what an object of this kind is described by; `name` outlives the call.
    match unsafe { object_info(types.as_fd(), &mut info) } {
        // A name that does not fit is not that of overlayfs.
        Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => return Ok(None),
        known => known?,
    }
    let name = CStr::from_bytes_until_nul(&name).map(CStr::to_bytes);
    let found = info.kernel_btf == 1 && name == Ok(module.as_bytes());
    Ok(found.then_some(types))
}

/// Writes the only value of a map, and lets nobody change it again: the verifier
/// then knows it.
pub(super) fn set_for_ever(map: BorrowedFd<'_>, value: &[u8]) -> io::Result<()> {
    let key = 0_u32;
    let mut update = attr();
    update.__bindgen_anon_2.map_fd = map.as_raw_fd().cast_unsigned();
    update.__bindgen_anon_2.key = (&raw const key) as u64;
    update.__bindgen_anon_2.__bindgen_anon_1.value = value.as_ptr() as u64;
    call(bpf_cmd::BPF_MAP_UPDATE_ELEM, &mut update)?;
    let mut freeze = attr();
    freeze.__bindgen_anon_2.map_fd = map.as_raw_fd().cast_unsigned();
    call(bpf_cmd::BPF_MAP_FREEZE, &mut freeze)?;
    Ok(())
}

/// # Safety
///
/// `T` is the structure that describes this kind of object, and the pointers in it
/// point to as many bytes as it says.
unsafe fn object_info<T>(object: BorrowedFd<'_>, info: &mut T) -> io::Result<()> {
    let mut attr = attr();
    attr.info.bpf_fd = object.as_raw_fd().cast_unsigned();
    attr.info.info_len = size_of::<T>() as u32;
    attr.info.info = (&raw mut *info) as u64;
    call(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr).map(drop)
}
