//! Writing a recording.

use std::io::{self, Write};

use jiff::Timestamp;
use ovl_trace_common::{codes::UNKNOWN_U64, overlay::OverlayKey};
use zerocopy::IntoBytes as _;

use super::{
    BLOCK_BYTES, BLOCK_BYTES_MAX, End, Header, MAGIC, MAJOR, MINOR,
    block::Packer,
    examined,
    frame::{self, kind},
    origin,
    reader::{LossJson, SymbolsJson},
    rows,
};
use crate::{
    kernel::{ClockStep, kallsyms::Symbols},
    load::KernelTotals,
    model::{CopyUp, Examined, Loss, Origin},
};

/// Writes a recording to any sink, block by block.
pub struct Writer<W: Write> {
    out: W,
    packer: Packer,
    frames: Vec<u8>,
    written: u64,
}

/// What is held back is written however the observation ends. Who wants to know
/// whether it was calls [`Writer::finish`].
impl<W: Write> Drop for Writer<W> {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::debug!("the end of the recording could not be written: {error}");
        }
    }
}

impl<W: Write> Writer<W> {
    /// Begins a recording: from now on it can be read.
    pub fn start(mut out: W, header: &Header, symbols: &Symbols) -> io::Result<Self> {
        let mut start = MAGIC.to_vec();
        start.extend_from_slice(&MAJOR.to_le_bytes());
        start.extend_from_slice(&MINOR.to_le_bytes());
        start.extend_from_slice(&[0; 4]);
        out.write_all(&start)?;
        let mut writer = Self {
            out,
            packer: Packer::default(),
            frames: Vec::with_capacity(2 * BLOCK_BYTES),
            written: start.len() as u64,
        };
        writer.frame(kind::HEADER, &[&header.encode()?])?;
        writer.symbols(symbols)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Bytes of the file so far, and an upper bound of what is still held back.
    pub fn bytes(&self) -> u64 {
        self.written + self.frames.len() as u64
    }

    /// A record of the ring.
    pub fn record(&mut self, record: &[u8]) -> io::Result<()> {
        self.frame(kind::RECORD, &[record])
    }

    /// Where overlayfs' functions are from now on.
    pub fn symbols(&mut self, symbols: &Symbols) -> io::Result<()> {
        let json = serde_json::to_vec(&SymbolsJson::new(symbols))?;
        self.frame(kind::SYMBOLS, &[&json])
    }

    /// Whose an overlay is from now on.
    pub fn origin(&mut self, overlay: OverlayKey, origin: &Origin) -> io::Result<()> {
        let payload = origin::encode(overlay, origin)?;
        self.frame(kind::ORIGIN, &[&payload])
    }

    /// A loss that was noticed at `time`.
    pub fn loss(&mut self, loss: &Loss, time: Timestamp) -> io::Result<()> {
        let json = serde_json::to_vec(&LossJson::new(loss, time))?;
        self.frame(kind::LOSS, &[&json])
    }

    /// How far a copy-up is that `record` announced.
    pub fn running(&mut self, event: &CopyUp, record: &[u8]) -> io::Result<()> {
        let mut head = [0; 24];
        head[..8].copy_from_slice(&event.time_ns.to_le_bytes());
        let copied = event.copied_bytes.unwrap_or(UNKNOWN_U64);
        head[8..16].copy_from_slice(&copied.to_le_bytes());
        head[16..].copy_from_slice(&event.latency_ns.to_le_bytes());
        self.frame(kind::RUNNING, &[&head, record])
    }

    /// The totals of one overlay, which replace those before.
    pub fn totals(&mut self, rows: &KernelTotals) -> io::Result<()> {
        for payload in rows::encode(rows) {
            self.frame(kind::TOTALS, &[&payload])?;
        }
        Ok(())
    }

    /// What a look at a copied file found.
    pub fn examined(&mut self, examined: &Examined) -> io::Result<()> {
        let head = examined::head(examined);
        self.frame(kind::EXAMINED, &[&head, &examined.path])
    }

    /// Says what time it is, and hands everything to the sink.
    pub fn clock(&mut self, time: Timestamp) -> io::Result<()> {
        let nanoseconds = i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
        self.frame(kind::CLOCK, &[nanoseconds.as_bytes()])?;
        self.flush()
    }

    /// Times are converted in another way from now on.
    pub fn clock_step(&mut self, step: ClockStep) -> io::Result<()> {
        let offset = step.offset_ns.to_le_bytes();
        self.frame(kind::CLOCK_STEP, &[&step.since_ns.to_le_bytes(), &offset])
    }

    /// Makes the recording complete; its bytes.
    pub fn finish(mut self, end: &End) -> io::Result<u64> {
        self.frame(kind::END, &[&end.encode()?])?;
        self.flush()?;
        Ok(self.written)
    }

    /// Hands what is held back to the sink.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.frames.is_empty() {
            self.written += self.packer.write(&mut self.out, &self.frames)?;
            self.frames.clear();
        }
        self.out.flush()
    }

    fn frame(&mut self, kind: u32, parts: &[&[u8]]) -> io::Result<()> {
        let bytes = frame::HEAD_BYTES + frame::bytes(parts);
        if bytes > BLOCK_BYTES_MAX {
            return Err(io::Error::other(format!(
                "a frame of type {kind} has {bytes} bytes, more than a recording can hold"
            )));
        }
        if !self.frames.is_empty() && self.frames.len() + bytes > BLOCK_BYTES {
            self.written += self.packer.write(&mut self.out, &self.frames)?;
            self.frames.clear();
        }
        frame::push(&mut self.frames, kind, parts);
        Ok(())
    }
}
