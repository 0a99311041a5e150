//! Why a recording cannot be read at all.

use std::io;

use ovl_trace_common::ABI_VERSION;

use super::{MAJOR, MINOR};

/// Nothing of the recording can be shown.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// No byte in it.
    #[error("it is empty: it was never begun, or its disk was full")]
    Empty,
    /// It begins otherwise.
    #[error("it is no recording of ovl-trace; 'ovl-trace record -w FILE' makes one")]
    NotARecording,
    /// Cut off or damaged in its first block.
    #[error("it ends, or is damaged, before its header: nothing in it can be read")]
    NoHeader,
    /// Another major version of the format.
    #[error(
        "it has version {major}.{minor} of the format, and this ovl-trace reads version {MAJOR}.{MINOR}: use an ovl-trace of the version that made it, or a newer one"
    )]
    Version {
        /// The file's.
        major: u16,
        /// The file's.
        minor: u16,
    },
    /// Another layout of records.
    #[error(
        "ovl-trace {tool} made it, with version {abi} of the kernel's records, and this ovl-trace reads version {ABI_VERSION}: use ovl-trace {tool}"
    )]
    Abi {
        /// The file's.
        abi: u32,
        /// The version that made it.
        tool: String,
    },
    /// A header that lacks what every header has.
    #[error("its header cannot be read: {0}")]
    Header(String),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}
