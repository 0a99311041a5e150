//! What is known at one time: counts, newest events, copy-ups in flight.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Snapshot,
    history::History,
    running::{self, Running, RunningKey, per_second},
};
use crate::{
    aggregate::{ContainerId, LossReport, Sums},
    model::{Event, Origin},
};

/// Events that are kept.
const EVENTS: usize = 1000;

/// Copy-ups in flight that are kept: more than the kernel side's table has.
const RUNNING: usize = 16_384;

/// Shortest time that a rate is taken from. A second lies between two looks, but
/// for the last one.
const CLOSE: Duration = Duration::from_millis(500);

/// What is known at one time.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// Since the start of the observation.
    pub(crate) elapsed: Duration,
    pub(crate) rows: Vec<Row>,
    pub(crate) totals: Sums,
    pub(crate) rates: Rates,
    pub(crate) loss: LossReport,
    /// The newest first.
    pub(crate) events: VecDeque<Seen>,
    next: u64,
    running: BTreeMap<RunningKey, Running>,
}

/// One container.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: ContainerId,
    pub(crate) origin: Arc<Origin>,
    pub(crate) sums: Sums,
    pub(crate) rates: Rates,
    pub(crate) bytes: History,
    pub(crate) copy_ups: History,
}

/// Per second, since the look before; `None` at the first look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// Copy-ups of every outcome, whiteouts and opaque marks.
    pub(crate) events: Option<u64>,
    pub(crate) copy_ups: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Counts up.
    pub(crate) number: u64,
    pub(crate) event: Event,
    pub(crate) origin: Arc<Origin>,
    pub(crate) time: Timestamp,
}

impl Picture {
    pub(super) fn new() -> Self {
        Self {
            elapsed: Duration::ZERO,
            rows: Vec::new(),
            totals: Sums::default(),
            rates: Rates::default(),
            loss: LossReport::default(),
            events: VecDeque::new(),
            next: 0,
            running: BTreeMap::new(),
        }
    }

    /// Takes new counts in.
    pub(super) fn tick(&mut self, snapshot: Snapshot) {
        let Snapshot { elapsed, overview } = snapshot;
        let time = elapsed.saturating_sub(self.elapsed);
        self.rates.learn(&self.totals, &overview.totals, time);
        let mut before: HashMap<ContainerId, Row> = self
            .rows
            .drain(..)
            .map(|row| (row.id.clone(), row))
            .collect();
        for row in overview.containers {
            let mut new = before.remove(&row.id).unwrap_or_else(|| Row {
                id: row.id,
                origin: Arc::clone(&row.origin),
                sums: Sums::default(),
                rates: Rates::default(),
                bytes: History::default(),
                copy_ups: History::default(),
            });
            new.learn(row.origin, row.sums, time);
            self.rows.push(new);
        }
        self.elapsed = elapsed;
        self.totals = overview.totals;
        self.loss = overview.loss;
        self.running.retain(|_, running| running.tick());
    }

    /// The same as [`Self::tick`] with the counts that are known; whether more than
    /// the time shows.
    pub(super) fn idle(&mut self, elapsed: Duration) -> bool {
        let time = elapsed.saturating_sub(self.elapsed);
        let mut shows = !self.running.is_empty();
        shows |= self.rates.learn(&self.totals, &self.totals, time);
        for row in &mut self.rows {
            shows |= row.rates.learn(&row.sums, &row.sums, time);
            shows |= row.bytes.pass(time);
            shows |= row.copy_ups.pass(time);
        }
        self.elapsed = elapsed;
        self.running.retain(|_, running| running.tick());
        shows
    }

    /// Takes an event in; whether it shows.
    pub(super) fn event(&mut self, event: &Event, origin: &Arc<Origin>, time: Timestamp) -> bool {
        match event {
            Event::CopyUpStarted(copy_up) | Event::CopyUpRunning(copy_up) => {
                let key = running::key(copy_up);
                if let Some(running) = self.running.get_mut(&key) {
                    running.update(copy_up, origin);
                } else if self.running.len() < RUNNING {
                    self.running.insert(key, Running::new(copy_up, origin));
                }
                return true;
            }
            Event::CopyUp(copy_up) => {
                self.running.remove(&running::key(copy_up));
            }
            Event::Whiteout(_) | Event::Loss(_) => {}
            Event::OverlaySeen(_) | Event::OverlayGone { .. } => return false,
        }
        if self.events.len() == EVENTS {
            self.events.pop_back();
        }
        self.events.push_front(Seen {
            number: self.next,
            event: event.clone(),
            origin: Arc::clone(origin),
            time,
        });
        self.next += 1;
        true
    }

    /// Copy-ups in flight, the longest first.
    pub(crate) fn running(&self) -> Vec<&Running> {
        let mut running: Vec<_> = self.running.values().collect();
        running.sort_by_key(|running| std::cmp::Reverse(running.copy_up.latency_ns));
        running
    }

    /// Events of overlays that no container owns.
    pub(crate) fn unattributed(&self) -> u64 {
        self.rows
            .iter()
            .filter(|row| row.origin.container.is_none())
            .fold(0, |sum, row| sum.saturating_add(events(&row.sums)))
    }
}

impl Row {
    fn learn(&mut self, origin: Arc<Origin>, sums: Sums, time: Duration) {
        self.origin = origin;
        self.rates.learn(&self.sums, &sums, time);
        let bytes = sums.copied_bytes.saturating_sub(self.sums.copied_bytes);
        let copy_ups = (sums.copy_ups.total).saturating_sub(self.sums.copy_ups.total);
        self.bytes.add(bytes, time);
        self.copy_ups.add(copy_ups, time);
        self.sums = sums;
    }
}

impl Rates {
    /// Two looks that are close together are no rate: the one before stays. Whether
    /// it is another one.
    fn learn(&mut self, before: &Sums, after: &Sums, time: Duration) -> bool {
        if time < CLOSE {
            return false;
        }
        let time_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let rate = |of: fn(&Sums) -> u64| per_second(of(after).saturating_sub(of(before)), time_ns);
        let new = Self {
            events: rate(events),
            copy_ups: rate(|sums| sums.copy_ups.total),
            bytes: rate(|sums| sums.copied_bytes),
        };
        std::mem::replace(self, new) != new
    }
}

/// Everything that happened.
fn events(sums: &Sums) -> u64 {
    let (copy_ups, whiteouts) = (&sums.copy_ups, &sums.whiteouts);
    [
        copy_ups.total,
        copy_ups.failed,
        copy_ups.raced,
        whiteouts.total,
        whiteouts.opaque,
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
}
