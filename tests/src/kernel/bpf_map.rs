//! A BPF map of somebody else's.

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

/// Commands and constants of `include/uapi/linux/bpf.h`.
const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_MAP_LOOKUP_BATCH: libc::c_int = 24;
const BPF_MAP_TYPE_HASH: u32 = 1;
const BPF_F_NO_PREALLOC: u32 = 1;

/// The first members of `union bpf_attr` for `BPF_MAP_CREATE`.
#[repr(C)]
struct Create {
    kind: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    flags: u32,
}

/// `union bpf_attr` for the batch commands.
#[repr(C)]
struct Batch {
    first: u64,
    next: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    element_flags: u64,
    flags: u64,
}

/// A hash map without entries.
pub(super) struct EmptyMap(OwnedFd);

impl EmptyMap {
    /// With room for `entries`.
    pub(super) fn new(entries: u32) -> io::Result<Self> {
        lift_memory_limit()?;
        let create = Create {
            kind: BPF_MAP_TYPE_HASH,
            key_size: 4,
            value_size: 4,
            max_entries: entries,
            flags: BPF_F_NO_PREALLOC,
        };
        // SAFETY: the structure outlives the call, and its size is given.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                BPF_MAP_CREATE,
                &raw const create,
                size_of::<Create>(),
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor that nobody else has.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd as i32) }))
    }

    /// Reads all of it in one system call: every bucket is looked at without a
    /// pause (`__htab_map_lookup_and_delete_batch`, `kernel/bpf/hashtab.c`).
    pub(super) fn walk(&self) -> io::Result<()> {
        let (mut next, mut keys, mut values) = (0_u32, [0_u32; 64], [0_u32; 64]);
        let batch = Batch {
            first: 0,
            next: (&raw mut next) as u64,
            keys: (&raw mut keys) as u64,
            values: (&raw mut values) as u64,
            count: 64,
            map_fd: self.0.as_raw_fd().cast_unsigned(),
            element_flags: 0,
            flags: 0,
        };
        // SAFETY: all that the structure points to outlives the call, and has room
        // for `count` elements.
        let result = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                BPF_MAP_LOOKUP_BATCH,
                &raw const batch,
                size_of::<Batch>(),
            )
        };
        match io::Error::last_os_error() {
            // There is nothing in it.
            error if result < 0 && error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            error if result < 0 => Err(error),
            _ => Ok(()),
        }
    }
}

/// Up to 5.10 maps count as locked memory.
fn lift_memory_limit() -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the structure outlives the call.
    match unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
