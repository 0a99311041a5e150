//! The limit on open descriptors, of which each probe takes two.

use std::{
    fs::File,
    io,
    os::fd::{AsFd as _, OwnedFd},
};

use anyhow::{Result, anyhow};

/// What the agent needs besides: files of `/proc`, sockets of runtimes, its databases.
const SPARE: usize = 32;

/// With so many it starts and has all probes.
const ENOUGH: usize = 256;

/// Descriptors that are kept from the probes, until they are dropped.
pub(super) type Spare = Vec<OwnedFd>;

/// Lifts `RLIMIT_NOFILE` as far as it goes, and takes what will be needed later: an
/// observation that cannot read its maps any more would lose what it has counted. Fails,
/// with what to do, if there are too few.
pub(super) fn hold_spare() -> Result<Spare> {
    lift();
    held(SPARE).map_err(|error| {
        anyhow!(
            "too few files may be open at once ({error}); allow more: 'ulimit -n {ENOUGH}', \
             or LimitNOFILE={ENOUGH} of a systemd unit"
        )
    })
}

fn held(count: usize) -> io::Result<Spare> {
    let null = File::open("/dev/null")?;
    (0..count)
        .map(|_| null.as_fd().try_clone_to_owned())
        .collect()
}

fn lift() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: writes a valid structure, then reads it.
    let result = unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit)
        } else {
            -1
        }
    };
    if result != 0 {
        let error = io::Error::last_os_error();
        tracing::debug!("the limit on open descriptors stays: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_asked_for_are_held() {
        assert_eq!(held(3).unwrap().len(), 3);
    }
}
