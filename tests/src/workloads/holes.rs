//! Which bytes of a file are data, and which are holes.

use std::{fs::File, io, os::fd::AsRawFd as _};

/// `OVL_COPY_UP_CHUNK_SIZE` (`fs/overlayfs/copy_up.c`).
const CHUNK: u64 = 1 << 20;

/// The bytes that overlayfs moves: it looks for holes only between chunks,
/// and not before it has passed the data that it found last
/// (`ovl_copy_up_data`, `fs/overlayfs/copy_up.c` of 6.1).
pub(crate) fn copied_up(file: &File, size: u64) -> io::Result<u64> {
    let (mut position, mut data, mut moved) = (0, None, 0);
    while position < size {
        if data.is_none_or(|data| data < position) {
            let Some(next) = next_data(file, position)? else {
                break;
            };
            data = Some(next);
            if next > position {
                position = next;
                continue;
            }
        }
        let chunk = CHUNK.min(size - position);
        position += chunk;
        moved += chunk;
    }
    Ok(moved)
}

/// The bytes of a file that are in no hole.
pub(crate) fn held(file: &File, size: u64) -> io::Result<u64> {
    let (mut position, mut held) = (0, 0);
    while position < size
        && let Some(data) = next_data(file, position)?
    {
        // Behind the last byte there is a hole, however large the file is.
        position = seek(file, data, libc::SEEK_HOLE)?.unwrap_or(size);
        held += position - data;
    }
    Ok(held)
}

/// Where the next data is; `None`: only a hole is left.
fn next_data(file: &File, position: u64) -> io::Result<Option<u64>> {
    seek(file, position, libc::SEEK_DATA)
}

/// `lseek(2)`; `None`: there is no such place.
fn seek(file: &File, position: u64, whence: i32) -> io::Result<Option<u64>> {
    // SAFETY: no memory is involved.
    let found = unsafe { libc::lseek(file.as_raw_fd(), position.cast_signed(), whence) };
    if found >= 0 {
        return Ok(Some(found.cast_unsigned()));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENXIO) => Ok(None),
        _ => Err(error),
    }
}
