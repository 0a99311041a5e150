//! Recordings: everything that an observation is made of, before it was decoded,
//! so that it can be looked at again elsewhere, without privileges.
//!
//! # Format
//!
//! A file begins with [`MAGIC`], the format's major and minor version (`u16`
//! each) and a reserved `u32`. Blocks follow (`block`): each has its lengths, a
//! checksum, and up to [`BLOCK_BYTES_MAX`] bytes of compressed frames. A frame
//! (`frame`) is a type and a length (`u32` each) and its payload, and does not
//! cross blocks. The first frame is the [`Header`]. All numbers are
//! little-endian, as those of the recorded machines are.
//!
//! A block is written at once: at the latest each second, and at the end. So a
//! recording that was cut off anywhere reads up to its last whole block, and one
//! that was damaged up to the damage. Only an [`End`] frame makes it complete.
//!
//! Records of the ring and rows of totals are as the kernel side made them,
//! which `abi_version` in the header stands for. What decoding needs besides
//! (symbols), and what was found out meanwhile (origins, losses), are frames of
//! their own, each before the record that needs it.
//!
//! **Versions.** A reader refuses another major version. A newer minor version
//! may add types of frames, fields of JSON and enumerators: frames that are not
//! known are skipped and counted, and enumerators are shown as they are.
//!
//! **Bounds.** Whatever a file says, a reader allocates no more than two blocks,
//! and what it keeps of frames is bounded where it is kept (`origins`,
//! `observe::replay`).

mod block;
mod error;
mod examined;
mod filter;
mod frame;
mod header;
mod origin;
mod origins;
mod reader;
mod reason;
mod rows;
#[cfg(test)]
pub(crate) mod test_support;
#[cfg(test)]
mod tests;

mod writer;

use std::io::{self, Write};

pub use error::RecordingError;
pub use header::{End, Header};
pub use origin::ORIGIN_BYTES_MAX;
pub use origins::{OriginBudget, Origins};
pub use reader::{Item, Reader, Tail};
pub use reason::{PREEMPTION_SWITCHED, RENAMED, reason};
pub use writer::Writer;

/// The first bytes of every recording. None of them is text, so that no text
/// file is taken for one.
pub const MAGIC: [u8; 8] = *b"\x89OVLREC\n";

/// Raised by a change that older readers cannot skip.
pub const MAJOR: u16 = 1;

/// Raised by an addition that older readers skip.
pub const MINOR: u16 = 0;

/// Most bytes of frames in a block.
pub const BLOCK_BYTES_MAX: usize = 1 << 20;

/// A block is written when it holds this much.
const BLOCK_BYTES: usize = 64 << 10;

/// Writes a block of frames that were made elsewhere, for tests of readers.
pub fn write_block(out: &mut impl Write, frames: &[u8]) -> io::Result<()> {
    block::Packer::default().write(out, frames).map(drop)
}

/// The extension of recordings by custom.
pub const EXTENSION: &str = "ovlrec";
