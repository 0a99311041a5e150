//! Reading a recording, as a stream.

use std::io::Read;

use jiff::Timestamp;
use ovl_trace_common::{codes::UNKNOWN_U64, overlay::OverlayKey};
use serde::{Deserialize, Serialize};

use super::{
    End, Header, MAGIC, MAJOR, RecordingError,
    block::{self, Found, Unpacker},
    examined,
    frame::{self, kind},
    origin,
    reason::reason,
    rows,
};
use crate::{
    kernel::{ClockStep, kallsyms::Symbols},
    load::KernelTotals,
    model::{Examined, Loss, LossSource, Origin},
};

/// Rows of one overlay's totals: far more than the kernel's table has.
const ROWS_MAX: usize = 16_384;

/// More than the longest record has: two strings of 4 KiB.
const RECORD_BYTES_MAX: usize = 16 << 10;

/// One frame.
#[derive(Debug)]
pub enum Item<'a> {
    /// Overlayfs' functions from now on.
    Symbols(Symbols),
    /// A record of the ring.
    Record(&'a [u8]),
    /// Whose an overlay is from now on.
    Origin(OverlayKey, Box<Origin>),
    /// A loss, and when it was noticed.
    Loss(Loss, Timestamp),
    /// How far a copy-up is that was announced by `record`.
    Running {
        /// `CLOCK_MONOTONIC` nanoseconds.
        time_ns: u64,
        /// Bytes so far.
        copied_bytes: Option<u64>,
        /// Time so far, in nanoseconds.
        latency_ns: u64,
        /// The announcement.
        record: &'a [u8],
    },
    /// All totals of one overlay; they replace those before.
    Totals(KernelTotals),
    /// What a look at a copied file found.
    Examined(Examined),
    /// The time of day when everything before had happened.
    Clock(Timestamp),
    /// Times are converted in another way from now on.
    ClockStep(ClockStep),
    /// Something of a newer version.
    Unknown,
    /// No more.
    Tail(Tail),
}

/// How a recording ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// As it should.
    Complete(End),
    /// Somewhere before.
    Cut,
    /// With bytes that are not those that were written, so many bytes after the
    /// start.
    Damaged(u64),
}

/// Reads a recording from any source.
pub struct Reader<R> {
    source: R,
    header: Header,
    unpacker: Unpacker,
    /// What of the block was read.
    position: usize,
    /// Bytes of the source that were read.
    bytes: u64,
    /// Totals that go on in the next frame.
    rows: KernelTotals,
}

impl<R: Read> Reader<R> {
    /// Reads up to the header.
    pub fn open(mut source: R) -> Result<Self, RecordingError> {
        let mut start = [0; 16];
        let length = block::fill(&mut source, &mut start)?;
        if length == 0 {
            return Err(RecordingError::Empty);
        }
        let magic = length.min(MAGIC.len());
        if start[..magic] != MAGIC[..magic] {
            return Err(RecordingError::NotARecording);
        }
        if length < start.len() {
            return Err(RecordingError::NoHeader);
        }
        let (major, minor) = (
            u16::from_le_bytes([start[8], start[9]]),
            u16::from_le_bytes([start[10], start[11]]),
        );
        if major != MAJOR {
            return Err(RecordingError::Version { major, minor });
        }
        let mut unpacker = Unpacker::default();
        let Found::Block(bytes) = unpacker.read(&mut source)? else {
            return Err(RecordingError::NoHeader);
        };
        let Some((kind::HEADER, payload, rest)) = frame::split(&unpacker.frames) else {
            return Err(RecordingError::NoHeader);
        };
        let header = Header::decode(payload)?;
        let position = unpacker.frames.len() - rest.len();
        Ok(Self {
            source,
            header,
            unpacker,
            position,
            bytes: start.len() as u64 + bytes,
            rows: KernelTotals::default(),
        })
    }

    /// What was observed, with what.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What is read from.
    pub const fn source(&self) -> &R {
        &self.source
    }

    /// Bytes of the source that were read.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next block has to be read first, which may take as long as it likes
    /// if the source is a pipe.
    pub fn is_between_blocks(&self) -> bool {
        self.position >= self.unpacker.frames.len()
    }

    /// The next item. After a [`Item::Tail`] there is none.
    ///
    /// Fails only if the source cannot be read.
    pub fn next_item(&mut self) -> Result<Item<'_>, RecordingError> {
        if self.is_between_blocks() {
            match self.unpacker.read(&mut self.source)? {
                Found::Block(bytes) => {
                    self.bytes += bytes;
                    self.position = 0;
                }
                Found::End | Found::Cut => return Ok(Item::Tail(Tail::Cut)),
                Found::Damage => return Ok(Item::Tail(Tail::Damaged(self.bytes))),
            }
        }
        let block = self.unpacker.frames.get(self.position..);
        let Some((kind, payload, rest)) = block.and_then(frame::split) else {
            return Ok(Item::Tail(Tail::Damaged(self.bytes)));
        };
        self.position = self.unpacker.frames.len() - rest.len();
        let item = item(kind, payload, &mut self.rows);
        Ok(item.unwrap_or(Item::Tail(Tail::Damaged(self.bytes))))
    }
}

/// A record, if it is no longer than any of the kernel side's.
fn fits(record: &[u8]) -> Option<&[u8]> {
    (record.len() <= RECORD_BYTES_MAX).then_some(record)
}

/// `None` if it is not what its type says.
fn item<'a>(kind: u32, payload: &'a [u8], rows: &mut KernelTotals) -> Option<Item<'a>> {
    Some(match kind {
        kind::RECORD => Item::Record(fits(payload)?),
        kind::SYMBOLS => {
            let json: SymbolsJson = serde_json::from_slice(payload).ok()?;
            Item::Symbols(Symbols::of_functions(json.functions))
        }
        kind::ORIGIN => {
            let (overlay, origin) = origin::decode(payload)?;
            Item::Origin(overlay, Box::new(origin))
        }
        kind::LOSS => {
            let json: LossJson = serde_json::from_slice(payload).ok()?;
            match json.loss() {
                Some((loss, time)) => Item::Loss(loss, time),
                None => Item::Unknown,
            }
        }
        kind::RUNNING => {
            let (time_ns, rest) = frame::number(payload)?;
            let (copied, rest) = frame::number(rest)?;
            let (latency_ns, record) = frame::number(rest)?;
            let record = fits(record)?;
            Item::Running {
                time_ns,
                copied_bytes: (copied != UNKNOWN_U64).then_some(copied),
                latency_ns,
                record,
            }
        }
        kind::TOTALS => {
            let more = rows::decode(payload, rows)?;
            if rows.copy_ups.len().max(rows.whiteouts.len()) > ROWS_MAX {
                return None;
            }
            if more {
                // Nothing to say yet; the caller goes on with the next frame.
                return Some(Item::Totals(KernelTotals::default()));
            }
            Item::Totals(std::mem::take(rows))
        }
        kind::EXAMINED => Item::Examined(examined::decode(fits(payload)?)?),
        kind::CLOCK => {
            let (nanoseconds, _) = frame::number(payload)?;
            let time = Timestamp::from_nanosecond(i128::from(nanoseconds.cast_signed())).ok()?;
            Item::Clock(time)
        }
        kind::CLOCK_STEP => {
            let (since_ns, rest) = frame::number(payload)?;
            let (offset_ns, _) = frame::number(rest)?;
            Item::ClockStep(ClockStep {
                since_ns,
                offset_ns: offset_ns.cast_signed(),
            })
        }
        kind::END => Item::Tail(Tail::Complete(End::decode(payload)?)),
        _ => Item::Unknown,
    })
}

/// Address, end and name of each function.
#[derive(Serialize, Deserialize)]
pub(super) struct SymbolsJson {
    functions: Vec<(u64, u64, String)>,
}

impl SymbolsJson {
    pub(super) fn new(symbols: &Symbols) -> Self {
        let functions = symbols.functions();
        Self {
            functions: functions
                .map(|(start, end, name)| (start, end, name.to_owned()))
                .collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct LossJson {
    time_ns: u64,
    source: String,
    reason: String,
    count: u64,
    time: String,
}

impl LossJson {
    pub(super) fn new(loss: &Loss, time: Timestamp) -> Self {
        Self {
            time_ns: loss.time_ns,
            source: loss.source.name().to_owned(),
            reason: loss.reason.to_owned(),
            count: loss.count,
            time: time.to_string(),
        }
    }

    /// `None` for a source of a newer version.
    fn loss(&self) -> Option<(Loss, Timestamp)> {
        let sources = [
            LossSource::Ring,
            LossSource::Queue,
            LossSource::Probe,
            LossSource::Path,
            LossSource::Disarmed,
        ];
        let source = sources
            .into_iter()
            .find(|source| source.name() == self.source)?;
        let loss = Loss {
            time_ns: self.time_ns,
            source,
            reason: reason(&self.reason),
            count: self.count,
        };
        Some((loss, self.time.parse().ok()?))
    }
}
