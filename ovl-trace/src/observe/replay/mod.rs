//! An observation from a recording: the same items, in the same order, through
//! the same core as those of the ring.

mod finish;
mod input;
mod remarks;
#[cfg(test)]
mod tests;
mod view;

use std::{
    collections::HashSet,
    io::Read,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use self::{input::Source, remarks::Stop, view::about};
use super::{core::Core, signals::Signals, sink::Sink, triggers::KernelTriggers};
use crate::{
    aggregate::Report,
    cli::config::{Input, Observation},
    decode::{DecodeError, decode},
    kernel::kallsyms::Symbols,
    model::{CopyUp, DeviceNumber, Event, Filter, Loss, LossSource, Origin},
    recording::{Header, Item, Origins, Reader, RecordingError, reason},
};

/// How often it is said how much is read.
const TICK: Duration = Duration::from_secs(1);

/// How long nothing may come before signals are looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// How long after a signal a pipe is still read.
const PATIENCE: Duration = Duration::from_secs(3);

/// Items between two looks at the clock and at signals, which cost more than an
/// item does.
const BATCH: u32 = 1024;

/// Running copy-ups that are remembered, as many as the kernel's table has.
const ANNOUNCED_MAX: usize = 8192;

fn unknown_origin() -> Arc<Origin> {
    Origin::unknown(DeviceNumber::from_kernel(0))
}

/// Reads the recording and sums up.
pub(super) async fn replay(
    input: &Input,
    observation: &Observation,
    sink: &mut Sink<'_>,
    signals: &mut Signals,
) -> Result<Report> {
    let context = || format!("reading the recording {input}");
    let source = Source::open(input).with_context(context)?;
    let size = source.size();
    while !source.is_ready(PAUSE) {
        if signals.were_received().await {
            anyhow::bail!("{input} had given nothing yet when reading was interrupted");
        }
    }
    let mut reader = match Reader::open(source) {
        Ok(reader) => reader,
        Err(RecordingError::Io(error)) => return Err(error).with_context(context),
        Err(error) => anyhow::bail!("{input} cannot be read: {error}"),
    };
    let mut replay = Replay::new(reader.header(), observation, sink);
    let about = about(reader.header());
    replay.core.sink.start(|| about)?;
    let stop = replay
        .run(&mut reader, size, signals)
        .await
        .with_context(context)?;
    replay.settle(&stop);
    replay.stay(signals).await?;
    Ok(replay.finish(reader.header(), &stop))
}

/// The same from any source, without a look at clock or signals: any bytes give
/// a report or an error.
pub(super) fn replay_all(
    source: impl Read,
    observation: &Observation,
    sink: &mut Sink<'_>,
) -> Result<Report> {
    let mut reader = Reader::open(source)?;
    let mut replay = Replay::new(reader.header(), observation, sink);
    let about = about(reader.header());
    replay.core.sink.start(|| about)?;
    let stop = loop {
        match reader.next_item()? {
            Item::Tail(tail) => break Stop::Tail(tail),
            item => replay.item(item)?,
        }
        if replay.is_enough() {
            break Stop::Count;
        }
    };
    replay.settle(&stop);
    Ok(replay.finish(reader.header(), &stop))
}

/// A recording that is being read.
struct Replay<'a, 'out> {
    core: Core<'a, 'out>,
    triggers: KernelTriggers,
    origins: Origins,
    /// Threads whose copy-up was announced and has not ended.
    running: HashSet<u32>,
    started: Timestamp,
    /// The latest time that is known to have been.
    reached: Timestamp,
    /// Frames and records of a newer version.
    unknown: u64,
    /// Events that the user wants, if the recording has more.
    wanted: Option<u64>,
}

impl<'a, 'out> Replay<'a, 'out> {
    fn new(header: &Header, observation: &Observation, sink: &'a mut Sink<'out>) -> Self {
        let filter = Filter {
            and: Some(Box::new(header.filter.clone())),
            ..observation.filter.clone()
        };
        let shown = Observation {
            filter,
            count: header.count.and_then(std::num::NonZero::new),
            ..observation.clone()
        };
        Self {
            core: Core::new(&shown, header.clock, sink),
            triggers: KernelTriggers::recorded(
                Symbols::of_functions(Vec::new()),
                header.architecture,
            ),
            origins: Origins::default(),
            running: HashSet::new(),
            started: header.started,
            reached: header.started,
            unknown: 0,
            wanted: observation.count.map(std::num::NonZero::get),
        }
    }

    /// A pipe is read to its end even after a signal: whoever writes it got the
    /// signal, too, and is about to finish. But it has not for ever.
    async fn run(
        &mut self,
        reader: &mut Reader<Source>,
        size: Option<u64>,
        signals: &mut Signals,
    ) -> Result<Stop> {
        let mut next_tick = Instant::now() + TICK;
        let mut deadline = None;
        let mut items: u32 = 0;
        loop {
            if items >= BATCH || reader.is_between_blocks() {
                items = 0;
                self.core.sink.flush()?;
                if self.is_left().await? {
                    return Ok(Stop::Signal);
                }
                let is_ready = reader.source().is_ready(Duration::ZERO);
                if deadline.is_none() && signals.were_received().await {
                    deadline = Some(Instant::now() + size.map_or(PATIENCE, |_| Duration::ZERO));
                }
                let now = Instant::now();
                if deadline.is_some_and(|deadline| now >= deadline) {
                    return Ok(Stop::Signal);
                }
                if now >= next_tick {
                    next_tick = now + TICK;
                    let share = size.map(|size| reader.bytes() as f64 / size.max(1) as f64);
                    self.core.sink.tick(share)?;
                }
                if reader.is_between_blocks() && !is_ready {
                    reader.source().is_ready(PAUSE);
                    continue;
                }
            }
            match reader.next_item()? {
                Item::Tail(tail) => return Ok(Stop::Tail(tail)),
                item => self.item(item)?,
            }
            if self.is_enough() {
                return Ok(Stop::Count);
            }
            items += 1;
        }
    }

    fn is_enough(&self) -> bool {
        self.wanted
            .is_some_and(|wanted| self.core.admitted() >= wanted)
    }

    fn item(&mut self, item: Item<'_>) -> std::io::Result<()> {
        match item {
            Item::Symbols(symbols) => self.triggers.learn(symbols),
            Item::Record(record) => return self.record(record),
            Item::Origin(overlay, origin) => {
                self.origins.learn(overlay, &Arc::new(*origin));
            }
            Item::Loss(loss, time) => {
                self.reach(time);
                return self.core.lost(loss, time);
            }
            Item::Running {
                time_ns,
                copied_bytes,
                latency_ns,
                record,
            } => {
                if let Ok(Event::CopyUpStarted(started)) = decode(record, &self.triggers) {
                    return self.event(&Event::CopyUpRunning(CopyUp {
                        time_ns,
                        copied_bytes,
                        latency_ns,
                        ..started
                    }));
                }
                self.unknown += 1;
            }
            Item::Totals(rows) => {
                let origins = &self.origins;
                self.core.totals(&rows, &self.triggers, |overlay| {
                    origins.get(overlay).map_or_else(unknown_origin, Arc::clone)
                });
            }
            Item::Clock(time) => {
                self.reach(time);
                self.look();
            }
            Item::Unknown => self.unknown += 1,
            // The caller's.
            Item::Tail(_) => {}
        }
        Ok(())
    }

    fn record(&mut self, record: &[u8]) -> std::io::Result<()> {
        match decode(record, &self.triggers) {
            Ok(event) => self.event(&event),
            Err(DecodeError::UnknownKind(_)) => {
                self.unknown += 1;
                Ok(())
            }
            Err(error) => {
                tracing::warn!("{error}");
                let loss = Loss {
                    time_ns: 0,
                    source: LossSource::Queue,
                    reason: reason("undecodable"),
                    count: 1,
                };
                self.core.lost(loss, self.reached)
            }
        }
    }

    fn event(&mut self, event: &Event) -> std::io::Result<()> {
        match event {
            Event::CopyUpStarted(started) if self.running.len() < ANNOUNCED_MAX => {
                self.running.insert(started.process.tid);
            }
            Event::CopyUp(copy_up) => {
                self.running.remove(&copy_up.process.tid);
            }
            _ => {}
        }
        let origin = match event.place() {
            Some((overlay, _)) => self.origins.get(overlay),
            None => None,
        };
        let origin = origin.map_or_else(unknown_origin, Arc::clone);
        if let Some(time) = self.core.event(event, &origin)? {
            self.reach(time);
        }
        Ok(())
    }

    fn reach(&mut self, time: Timestamp) {
        self.reached = self.reached.max(time);
    }
}
