//! What the kernel answers about a row of a hash map: that it is not there, or that
//! there is no room for it, is no error.

use aya::maps::MapError;

/// What a row holds, if there is one.
pub(super) fn found<T>(result: Result<T, MapError>) -> Result<Option<T>, MapError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(MapError::KeyNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether there was room for a row.
pub(super) fn inserted(result: Result<(), MapError>) -> Result<bool, MapError> {
    done_unless(libc::E2BIG, result)
}

/// Whether a row was there to be removed.
pub(super) fn removed(result: Result<(), MapError>) -> Result<bool, MapError> {
    done_unless(libc::ENOENT, result)
}

fn done_unless(errno: i32, result: Result<(), MapError>) -> Result<bool, MapError> {
    match result {
        Ok(()) => Ok(true),
        Err(MapError::SyscallError(error)) if error.io_error.raw_os_error() == Some(errno) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use aya::sys::SyscallError;

    use super::*;

    fn failed(errno: i32) -> Result<(), MapError> {
        Err(MapError::SyscallError(SyscallError {
            call: "bpf_map_update_elem",
            io_error: io::Error::from_raw_os_error(errno),
        }))
    }

    #[test]
    fn a_full_table_is_no_error() {
        assert!(matches!(inserted(Ok(())), Ok(true)));
        assert!(matches!(inserted(failed(libc::E2BIG)), Ok(false)));
        assert!(inserted(failed(libc::ENOENT)).is_err());
    }

    #[test]
    fn a_row_that_is_gone_is_no_error() {
        assert!(matches!(removed(Ok(())), Ok(true)));
        assert!(matches!(removed(failed(libc::ENOENT)), Ok(false)));
        assert!(removed(failed(libc::EPERM)).is_err());
        assert!(matches!(found(Ok(1)), Ok(Some(1))));
        assert!(matches!(found::<u64>(Err(MapError::KeyNotFound)), Ok(None)));
        assert!(found(failed(libc::EPERM)).is_err());
    }
}
