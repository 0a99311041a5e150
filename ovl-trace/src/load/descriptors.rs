//! The limit on open descriptors, of which each probe takes two.

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
};

use anyhow::{Context as _, Error, Result};

/// What the agent needs besides: files of `/proc`, sockets of runtimes, its databases.
const SPARE: usize = 32;

/// With so many it starts and has all probes.
const ENOUGH: usize = 256;

/// Descriptors that are kept from the probes, until they are dropped.
pub(super) type Spare = Vec<OwnedFd>;

/// Lifts `RLIMIT_NOFILE` as far as it goes, and takes what will be needed later: an
/// observation that cannot read its maps any more would lose what it has counted. Fails
/// if there are too few.
pub(super) fn hold_spare() -> Result<Spare> {
    lift();
    held(SPARE).context("keeping descriptors for later")
}

/// Adds what to do, if that is what the error comes from.
pub(super) fn advise(error: Error) -> Error {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref());
    let mut codes = causes.filter_map(io::Error::raw_os_error);
    if codes.any(|code| matches!(code, libc::EMFILE | libc::ENFILE)) {
        error.context(format!(
            "too few files may be open at once: allow more ('ulimit -n {ENOUGH}', or \
             LimitNOFILE={ENOUGH} of a systemd unit)"
        ))
    } else {
        error
    }
}

fn held(count: usize) -> io::Result<Spare> {
    // Needs no path.
    let (any, _other) = io::pipe()?;
    (0..count)
        .map(|_| any.as_fd().try_clone_to_owned())
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
    fn only_what_lacks_descriptors_is_advised_about() {
        let of = |code| {
            let error = Err::<(), _>(io::Error::from_raw_os_error(code));
            format!("{:#}", advise(error.context("making a map").unwrap_err()))
        };
        let advice = of(libc::EMFILE);
        assert!(advice.contains("ulimit -n 256"), "{advice}");
        assert!(advice.contains("making a map"), "{advice}");
        assert!(!of(libc::ENOMEM).contains("ulimit"));
    }

    #[test]
    fn as_many_as_asked_for_are_held() {
        assert_eq!(held(3).unwrap().len(), 3);
    }
}
