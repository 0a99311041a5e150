//! Limits how much of a store is read and kept.
//!
//! A store that only root can write to has generous limits: its writer controls the machine
//! already.

use std::{cell::Cell, rc::Rc};

/// Limits of what is read at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of one file.
    pub(crate) file_bytes: u64,
    /// Records of one file.
    pub(crate) records: usize,
    /// Names in one directory.
    pub(crate) names: usize,
}

impl Limits {
    /// More than any runtime's record needs.
    const ROOT: Self = Self {
        file_bytes: 16 << 20,
        records: 100_000,
        names: 100_000,
    };

    /// Some hundred containers of one user.
    const STRANGER: Self = Self {
        file_bytes: 4 << 20,
        records: 4096,
        names: 4096,
    };

    /// Returns the limits for a file or directory with this owner and mode. A directory that
    /// everybody may write to (`/var/tmp`) counts as untrusted.
    pub(crate) const fn of(user: u32, mode: u32) -> Self {
        if is_strangers(user, mode) {
            Self::STRANGER
        } else {
            Self::ROOT
        }
    }
}

/// Returns true if others than root decide on what is in a file or a directory.
pub(crate) const fn is_strangers(user: u32, mode: u32) -> bool {
    user != 0 || mode & libc::S_IWOTH != 0
}

/// Bytes that strangers' files may take in memory, all together.
const BYTES_MAX: usize = 16 << 20;

/// Bytes that a record takes besides its text, at most.
const RECORD_BYTES: usize = 256;

/// Memory budget for the untrusted files of all stores together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    used: Rc<Cell<usize>>,
}

/// A part of the budget, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    used: Rc<Cell<usize>>,
    bytes: usize,
}

impl Budget {
    /// Reserves memory for a parsed file. Returns `None` if too little is left.
    pub(crate) fn take(&self, file_bytes: usize, records: usize) -> Option<Share> {
        let bytes = records
            .saturating_mul(RECORD_BYTES)
            .saturating_add(file_bytes);
        let used = self.used.get().saturating_add(bytes);
        if used > BYTES_MAX {
            return None;
        }
        self.used.set(used);
        Some(Share {
            used: Rc::clone(&self.used),
            bytes,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.used.set(self.used.get() - self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let budget = Budget::default();
        let half = budget.take(BYTES_MAX / 2, 0).unwrap();
        assert!(budget.take(BYTES_MAX / 2 + 1, 0).is_none());
        assert!(budget.take(0, BYTES_MAX / RECORD_BYTES).is_none());
        drop(half);
        assert!(budget.clone().take(BYTES_MAX, 0).is_some());
    }

    #[test]
    fn whose_it_is() {
        assert_eq!(Limits::of(0, 0o755), Limits::ROOT);
        assert_eq!(Limits::of(1000, 0o700), Limits::STRANGER);
        assert_eq!(Limits::of(0, 0o1777), Limits::STRANGER);
    }
}
