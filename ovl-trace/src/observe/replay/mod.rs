//! An observation from a recording: the same items, in the same order, through
//! the same core as those of the ring.

mod input;
mod remarks;
mod state;
#[cfg(test)]
mod tests;
mod view;

use std::{
    io::Read,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use self::{
    input::{PATIENCE, Source},
    remarks::Stop,
    state::Replay,
    view::about,
};
use super::{signals::Signals, sink::Sink};
use crate::{
    aggregate::Report,
    cli::config::{Input, Observation},
    recording::{Item, Reader},
};

/// How often it is said how much is read.
const TICK: Duration = Duration::from_secs(1);

/// How long nothing may come before signals are looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// Items between two looks at the clock and at signals, which cost more than an
/// item does.
const BATCH: u32 = 1024;

/// Reads the recording and sums up.
pub(super) async fn replay(
    input: &Input,
    observation: &Observation,
    sink: &mut Sink<'_>,
    signals: &mut Signals,
) -> Result<Report> {
    let source = Source::open(input).with_context(|| format!("opening the recording {input}"))?;
    let size = source.size();
    while !source.is_ready(PAUSE) {
        if signals.were_received().await {
            anyhow::bail!("{input} had given nothing yet when reading was interrupted");
        }
    }
    let mut reader = match Reader::open(source) {
        Ok(reader) => reader,
        Err(error) => anyhow::bail!("{input} cannot be read: {error}"),
    };
    let mut replay = Replay::new(reader.header(), observation, sink);
    let about = about(reader.header());
    replay.core.sink.start(|| about)?;
    let stop = run(&mut replay, &mut reader, size, signals).await?;
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

/// A pipe is read to its end even after a signal: whoever writes it got the
/// signal, too, and is about to finish. But it has not for ever.
async fn run(
    replay: &mut Replay<'_, '_>,
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
            replay.core.sink.flush()?;
            if replay.is_left().await? {
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
                replay.core.sink.tick(share)?;
            }
            if reader.is_between_blocks() && !is_ready {
                reader.source().is_ready(PAUSE);
                continue;
            }
        }
        match reader.next_item().context("reading the recording")? {
            Item::Tail(tail) => return Ok(Stop::Tail(tail)),
            item => replay.item(item)?,
        }
        if replay.is_enough() {
            return Ok(Stop::Count);
        }
        items += 1;
    }
}
