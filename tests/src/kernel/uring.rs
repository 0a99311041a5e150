//! Opening through `io_uring`, whose worker threads are not in a system call.

use std::{
    ffi::CString,
    fs::File,
    io,
    os::{fd::FromRawFd as _, unix::ffi::OsStrExt as _},
    path::Path,
};

use io_uring::{IoUring, opcode, squeue, types};

/// Whether it is there and allowed (`kernel.io_uring_disabled`).
pub(crate) fn is_possible() -> bool {
    IoUring::new(2).is_ok()
}

/// Opens by a request that may be done at once, or by a worker.
pub(crate) fn open(path: &Path, flags: i32, by_worker: bool) -> io::Result<File> {
    let mut ring = IoUring::new(2)?;
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut request = opcode::OpenAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr())
        .flags(flags)
        .build();
    if by_worker {
        request = request.flags(squeue::Flags::ASYNC);
    }
    // SAFETY: the path lives until the request was answered.
    unsafe { ring.submission().push(&request) }.map_err(io::Error::other)?;
    ring.submit_and_wait(1)?;
    let answer = ring.completion().next();
    let result = answer.map_or(-libc::EIO, |answer| answer.result());
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    // SAFETY: the descriptor was just opened and is nobody else's.
    Ok(unsafe { File::from_raw_fd(result) })
}
