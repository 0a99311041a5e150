//! bpf(2) itself, below what aya makes of it.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{FromRawFd as _, OwnedFd},
};

use aya_obj::generated::{bpf_attr, bpf_cmd};

/// Attributes that say nothing yet.
pub(super) fn attr() -> bpf_attr {
    // SAFETY: any bytes are a value.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// A command that returns a new descriptor.
pub(super) fn descriptor(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    let fd = call(command, attr)?;
    // SAFETY: these commands return a new descriptor that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Any command, and what it returned. `attr` points to what the caller keeps.
pub(super) fn call(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i32> {
    // SAFETY: the attributes are those of the command; what they point to lives in
    // the caller.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as libc::c_int,
            &raw mut *attr,
            size_of::<bpf_attr>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result as i32)
}
