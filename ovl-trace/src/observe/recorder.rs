//! Writing down what a session handles.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

use jiff::Timestamp;
use ovl_trace_common::{codes::event_kind, event as wire};
use zerocopy::IntoBytes as _;

use crate::{
    aggregate::ReportContext,
    kernel::{ClockStep, kallsyms::Symbols},
    load::KernelTotals,
    model::{
        Container, DeviceNumber, Event, Examined, Filter, Loss, LossSource, Origin, OverlayKey,
    },
    recording::{End, Header, Origins, Writer, reason},
};

/// How often totals are written while the observation goes on, in ticks: what a
/// recording that is cut off has. Reading them costs some milliseconds.
const TICKS_BETWEEN_TOTALS: u32 = 10;

/// Room for what comes after the last event.
const RESERVE_BYTES: u64 = 64 << 10;

/// Bytes that a row of totals takes, packed.
const ROW_BYTES: u64 = 200;

/// Most announcements that are kept; the kernel's table has as many rows.
const ANNOUNCED_MAX: usize = 8192;

/// Where a recording goes.
pub(super) struct Destination<'a> {
    /// The file, or standard output.
    pub(super) out: Box<dyn Write + 'a>,
    /// Most bytes that it is to have.
    pub(super) max_bytes: Option<u64>,
}

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// Copy-ups and whiteouts.
    pub(super) events: u64,
    /// Size of the recording.
    pub(super) bytes: u64,
    /// It was ended by its size.
    pub(super) full: bool,
}

/// A recording that is being made.
pub(super) struct Recorder<'a> {
    writer: Writer<Box<dyn Write + 'a>>,
    max_bytes: Option<u64>,
    filter: Filter,
    origins: Origins,
    /// The announcements of running copy-ups, by thread.
    announced: HashMap<u32, Vec<u8>>,
    /// What each overlay had counted when its totals were last written.
    counted: HashMap<OverlayKey, u64>,
    rows: u64,
    events: u64,
    left_out: u64,
    full: bool,
    ticks: u32,
    /// Something happened since totals were written.
    stale: bool,
}

impl<'a> Recorder<'a> {
    pub(super) fn start(
        destination: Destination<'a>,
        header: &Header,
        symbols: &Symbols,
    ) -> io::Result<Self> {
        Ok(Self {
            writer: Writer::start(destination.out, header, symbols)?,
            max_bytes: destination.max_bytes,
            filter: header.filter.clone(),
            origins: Origins::default(),
            announced: HashMap::new(),
            counted: HashMap::new(),
            rows: 0,
            events: 0,
            left_out: 0,
            full: false,
            ticks: 0,
            stale: false,
        })
    }

    /// No more events are taken.
    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    /// Sees whether there is room for another event. What is held back takes less
    /// room once it is written.
    fn look_for_room(&mut self) -> io::Result<()> {
        let reserve = RESERVE_BYTES + self.rows * ROW_BYTES;
        let Some(max) = self.max_bytes.map(|max| max.saturating_sub(reserve)) else {
            return Ok(());
        };
        if !self.full && self.writer.bytes() >= max {
            self.writer.flush()?;
            self.full = self.writer.bytes() >= max;
        }
        Ok(())
    }

    /// Takes an event; `record` is what it was decoded from, if it was.
    pub(super) fn event(
        &mut self,
        event: &Event,
        record: Option<&[u8]>,
        origin: &Arc<Origin>,
    ) -> io::Result<()> {
        let counts = matches!(event, Event::CopyUp(_) | Event::Whiteout(_));
        // Also of those that the filter does not admit yet, by their latency.
        if let Some(record) = record {
            self.note(event, record);
        }
        if !self.filter.admits_event(event) || !self.may_admit(origin) {
            return Ok(());
        }
        self.look_for_room()?;
        if self.full {
            self.left_out += u64::from(counts);
            return Ok(());
        }
        self.events += u64::from(counts);
        self.stale |= counts;
        if let Some((overlay, _)) = event.place() {
            self.origin(overlay, origin)?;
        }
        match (event, record) {
            (Event::CopyUpRunning(running), _) => match self.announced.get(&running.process.tid) {
                Some(record) => self.writer.running(running, record),
                None => Ok(()),
            },
            (_, Some(record)) => self.writer.record(record),
            (Event::OverlayGone { overlay, device }, None) => {
                self.writer.record(gone(*overlay, *device).as_bytes())
            }
            // Nothing else is made by the agent.
            (_, None) => Ok(()),
        }
    }

    fn note(&mut self, event: &Event, record: &[u8]) {
        match event {
            Event::CopyUpStarted(event) => {
                if self.announced.len() >= ANNOUNCED_MAX {
                    self.announced.clear();
                }
                self.announced.insert(event.process.tid, record.to_vec());
            }
            Event::CopyUp(event) => {
                self.announced.remove(&event.process.tid);
            }
            _ => {}
        }
    }

    pub(super) fn loss(&mut self, loss: &Loss, time: Timestamp) -> io::Result<()> {
        self.writer.loss(loss, time)
    }

    pub(super) fn examined(&mut self, examined: &Examined) -> io::Result<()> {
        self.writer.examined(examined)
    }

    pub(super) fn symbols(&mut self, symbols: &Symbols) -> io::Result<()> {
        self.writer.symbols(symbols)
    }

    /// Takes totals: those of overlays that have counted something since the last
    /// time, and those that `is_last` says of that they will not come again.
    pub(super) fn totals(
        &mut self,
        rows: &KernelTotals,
        is_last: impl Fn(OverlayKey) -> bool,
        mut origin: impl FnMut(OverlayKey) -> Arc<Origin>,
    ) -> io::Result<()> {
        self.rows = (rows.copy_ups.len() + rows.whiteouts.len()) as u64;
        self.stale = false;
        self.ticks = 0;
        for (overlay, rows) in by_overlay(rows) {
            let (count, last) = (count(&rows), is_last(overlay));
            if !last && self.counted.get(&overlay) == Some(&count) {
                continue;
            }
            if last {
                self.counted.remove(&overlay);
            } else {
                self.counted.insert(overlay, count);
            }
            let origin = origin(overlay);
            if self.may_admit(&origin) {
                self.origin(overlay, &origin)?;
                self.writer.totals(&rows)?;
            }
        }
        Ok(())
    }

    /// A second has passed. Whether totals are wanted now.
    pub(super) fn tick(&mut self) -> io::Result<bool> {
        self.writer.clock(Timestamp::now())?;
        self.ticks += 1;
        Ok(self.stale && self.ticks >= TICKS_BETWEEN_TOTALS)
    }

    /// Writes that times are converted in another way from now on.
    pub(super) fn clock_step(&mut self, step: ClockStep) -> io::Result<()> {
        self.writer.clock_step(step)
    }

    /// Makes it complete.
    pub(super) fn finish(mut self, context: &ReportContext) -> io::Result<Recorded> {
        if self.left_out > 0 {
            let loss = Loss {
                time_ns: 0,
                source: LossSource::Queue,
                reason: reason("max_size"),
                count: self.left_out,
            };
            self.writer.loss(&loss, context.ended)?;
        }
        let bytes = self.writer.finish(&End {
            ended: context.ended,
            in_flight: context.in_flight,
            full: self.full,
        })?;
        Ok(Recorded {
            events: self.events,
            bytes,
            full: self.full,
        })
    }

    /// Writes whose an overlay is, if that is news.
    pub(super) fn origin(&mut self, overlay: OverlayKey, origin: &Arc<Origin>) -> io::Result<()> {
        if self.origins.learn(overlay, origin) {
            self.writer.origin(overlay, origin)?;
        }
        Ok(())
    }

    /// Whose it is may become known later, until it has a name.
    fn may_admit(&self, origin: &Origin) -> bool {
        self.filter.admits_origin(origin)
            || !origin.container.as_ref().is_some_and(Container::is_named)
    }
}

fn by_overlay(rows: &KernelTotals) -> BTreeMap<OverlayKey, KernelTotals> {
    let mut overlays: BTreeMap<OverlayKey, KernelTotals> = BTreeMap::new();
    for row in &rows.copy_ups {
        overlays
            .entry(row.0.overlay)
            .or_default()
            .copy_ups
            .push(*row);
    }
    for row in &rows.whiteouts {
        overlays
            .entry(row.0.overlay)
            .or_default()
            .whiteouts
            .push(*row);
    }
    overlays
}

fn count(rows: &KernelTotals) -> u64 {
    let copy_ups = rows.copy_ups.iter().map(|(_, totals)| totals.count);
    let whiteouts = rows.whiteouts.iter().map(|(_, count)| *count);
    copy_ups.chain(whiteouts).fold(0, u64::saturating_add)
}

/// The record that the kernel side would have sent.
fn gone(overlay: OverlayKey, device: DeviceNumber) -> wire::OverlayGone {
    wire::OverlayGone {
        header: wire::Header {
            kind: event_kind::OVERLAY_GONE,
            flags: 0,
            path_bytes: 0,
            time_ns: 0,
            overlay,
            device: device.to_kernel(),
            padding: 0,
        },
    }
}
