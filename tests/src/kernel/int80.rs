//! 32-bit system calls of a 64-bit program: `int 0x80`.

use std::{io, path::Path};

/// `getpid` and `chmod` of i386 (`arch/x86/entry/syscalls/syscall_32.tbl`).
#[cfg(target_arch = "x86_64")]
const GETPID: u32 = 20;
#[cfg(target_arch = "x86_64")]
const CHMOD: u32 = 15;

/// Returns true if this kernel takes such calls. Without them they are a general protection
/// fault, so a child tries one.
#[cfg(target_arch = "x86_64")]
pub(crate) fn is_possible() -> bool {
    let child = super::process::Child::start(|| call(GETPID, 0, 0).map(drop));
    child.and_then(super::process::Child::wait).ok() == Some(Some(0))
}

/// `chmod(2)`
#[cfg(target_arch = "x86_64")]
pub(crate) fn chmod(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;

    let path = path.as_os_str().as_bytes();
    let bytes = path.len() + 1;
    // The call takes 32 bits of an address.
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping, long enough for the path and its NUL, that is removed below.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, flags, -1, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above.
    unsafe { std::ptr::copy_nonoverlapping(path.as_ptr(), address.cast(), path.len()) };
    let done = call(CHMOD, address as u32, mode);
    // SAFETY: nothing refers to the mapping any more.
    unsafe { libc::munmap(address, bytes) };
    done.map(drop)
}

#[cfg(target_arch = "x86_64")]
fn call(number: u32, first: u32, second: u32) -> io::Result<i32> {
    let result: i32;
    // SAFETY: the call gets numbers and the address of a string. The compiler keeps `rbx` for
    // itself, so it is exchanged for the time of the call; the kernel clears `r8` to `r11`.
    unsafe {
        std::arch::asm!(
            "xchg {first:r}, rbx",
            "int 0x80",
            "xchg {first:r}, rbx",
            first = inout(reg) u64::from(first) => _,
            inlateout("eax") number => result,
            in("ecx") second,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    Ok(result)
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn is_possible() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn chmod(_path: &Path, _mode: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
