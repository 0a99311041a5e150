//! Bytes → events. Total: any bytes give an event or a [`DecodeError`].
//!
//! Nothing here does I/O; what must be looked up (which overlayfs function an
//! address belongs to) is asked of a [`TriggerTable`].

mod overlay;
mod path;
mod record;
#[cfg(test)]
mod tests;
mod totals;

use std::fmt;

pub use overlay::overlay_state;
pub use record::{call, decode, decode_reusing};
pub use totals::decode_totals;

use crate::model::Trigger;

/// Turns the two raw facts about a cause into a trigger.
pub trait TriggerTable {
    /// `caller` is the return address of `ovl_copy_up_flags` (0: unknown),
    /// `syscall` a number of the running kernel's table (`compat`: of the
    /// 32-bit one; negative: unknown). `open_flags` are not known for totals.
    fn trigger(&self, caller: u64, open_flags: Option<u32>, syscall: i32, compat: bool) -> Trigger;
}

/// Why a record could not be decoded. The record is counted as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Shorter than its kind's structure, or than the lengths inside it.
    Short {
        /// Bytes there.
        have: usize,
        /// Bytes needed.
        need: usize,
    },
    /// A kind that this version does not know.
    UnknownKind(u16),
    /// A path whose last name has no end, or an empty name.
    Path,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { have, need } => write!(f, "record of {have} bytes, {need} needed"),
            Self::UnknownKind(kind) => write!(f, "record of unknown kind {kind}"),
            Self::Path => f.write_str("record with a malformed path"),
        }
    }
}

impl std::error::Error for DecodeError {}
