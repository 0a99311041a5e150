//! What is known of a recording so far.

use std::{io, sync::Arc};

use hashbrown::HashSet;
use jiff::Timestamp;

use super::remarks::{self, Stop};
use crate::{
    aggregate::{Report, ReportContext},
    cli::config::Observation,
    decode::{DecodeError, decode, decode_reusing},
    kernel::kallsyms::Symbols,
    model::{CopyUp, DeviceNumber, Event, Filter, Loss, LossSource, Origin},
    observe::{core::Core, sink::Sink, triggers::KernelTriggers},
    recording::{Header, Item, OriginBudget, Origins, Tail, reason},
};

/// Running copy-ups that are remembered, as many as the kernel's table has.
const ANNOUNCED_MAX: usize = 8192;

fn unknown_origin() -> Arc<Origin> {
    Origin::unknown(DeviceNumber::from_kernel(0))
}

/// A recording that is being read.
pub(super) struct Replay<'a, 'out> {
    pub(super) core: Core<'a, 'out>,
    triggers: KernelTriggers,
    origins: Origins,
    origin_budget: OriginBudget,
    /// Of what no origin is known of.
    nobody: Arc<Origin>,
    /// Threads whose copy-up was announced and has not ended.
    running: HashSet<u32>,
    pub(super) started: Timestamp,
    /// The latest time that is known to have been.
    pub(super) reached: Timestamp,
    /// Frames and records of a newer version.
    unknown: u64,
    /// Events that the user wants, if the recording has more.
    wanted: Option<u64>,
    /// Memory for the path of the next event.
    spare: Vec<u8>,
}

impl<'a, 'out> Replay<'a, 'out> {
    pub(super) fn new(
        header: &Header,
        observation: &Observation,
        sink: &'a mut Sink<'out>,
    ) -> Self {
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
            core: Core::new(&shown, header.clock.clone(), sink),
            triggers: KernelTriggers::recorded(
                Symbols::of_functions(Vec::new()),
                header.architecture,
            ),
            origins: Origins::default(),
            origin_budget: OriginBudget::default(),
            nobody: unknown_origin(),
            running: HashSet::new(),
            started: header.started,
            reached: header.started,
            unknown: 0,
            wanted: observation.count.map(std::num::NonZero::get),
            spare: Vec::new(),
        }
    }

    pub(super) fn is_enough(&self) -> bool {
        self.wanted
            .is_some_and(|wanted| self.core.admitted() >= wanted)
    }

    pub(super) fn item(&mut self, item: Item<'_>) -> io::Result<()> {
        match item {
            Item::Symbols(symbols) => self.triggers.learn(symbols),
            Item::Record(record) => return self.record(record),
            Item::Origin(overlay, origin) => {
                let origin = self.origin_budget.take(*origin);
                self.origins.learn(overlay, &origin);
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
            Item::Examined(examined) => self.core.aggregator.examined(&examined),
            Item::Clock(time) => {
                self.reach(time);
                self.look();
            }
            Item::ClockStep(step) => self.core.clock.follow(step),
            Item::Unknown => self.unknown += 1,
            // The caller's.
            Item::Tail(_) => {}
        }
        Ok(())
    }

    fn record(&mut self, record: &[u8]) -> io::Result<()> {
        match decode_reusing(record, &self.triggers, &mut self.spare) {
            Ok(event) => {
                self.event(&event)?;
                self.spare = event.into_path().unwrap_or_default();
                Ok(())
            }
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

    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::CopyUpStarted(started) if self.running.len() < ANNOUNCED_MAX => {
                self.running.insert(started.process.tid);
            }
            Event::CopyUp(copy_up) if !self.running.is_empty() => {
                self.running.remove(&copy_up.process.tid);
            }
            _ => {}
        }
        let origin = match event.place() {
            Some((overlay, _)) => self.origins.get(overlay),
            None => None,
        };
        let origin = origin.unwrap_or(&self.nobody);
        if let Some(time) = self.core.event(event, origin)? {
            self.reach(time);
        }
        Ok(())
    }

    fn reach(&mut self, time: Timestamp) {
        self.reached = self.reached.max(time);
    }

    /// All that there is was read.
    pub(super) fn settle(&mut self, stop: &Stop) {
        if !matches!(stop, Stop::Tail(Tail::Complete(_))) {
            self.core.aggregator.prefer_newer_events();
        }
        self.learn_owners();
    }

    /// Names overlays that were gone before their owner was known.
    pub(super) fn learn_owners(&mut self) {
        let origins = &self.origins;
        let of = |overlay| origins.get(overlay).map_or_else(unknown_origin, Arc::clone);
        self.core.aggregator.learn(of);
    }

    pub(super) fn finish(self, header: &Header, stop: &Stop) -> Report {
        let end = match stop {
            Stop::Tail(Tail::Complete(end)) => Some(end),
            _ => None,
        };
        let mut report = self.core.report(ReportContext {
            tool_version: header.tool_version.clone(),
            kernel: header.kernel.clone(),
            hostname: header.hostname.clone(),
            started: header.started,
            ended: end.map_or(self.reached, |end| end.ended),
            in_flight: end.map_or(self.running.len(), |end| end.in_flight),
            coverage: header.coverage.clone(),
        });
        report.recording = remarks::of(stop, self.reached, self.unknown);
        report
    }
}
