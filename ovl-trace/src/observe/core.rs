//! What is done with an item, wherever it comes from: from the ring of a running
//! observation, or from a recording of one.

use std::{io, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::sink::Sink;
use crate::{
    aggregate::{Aggregator, Report, ReportContext},
    cli::config::Observation,
    decode::{TriggerTable, decode_totals},
    kernel::WallClock,
    load::KernelTotals,
    model::{DeviceNumber, Event, Filter, Loss, Operation, Origin, OverlayKey},
    screen::state::Snapshot,
};

/// Aggregates and shows. Whose an event is, the driver finds out.
pub(super) struct Core<'a, 'out> {
    pub(super) sink: &'a mut Sink<'out>,
    pub(super) aggregator: Aggregator,
    filter: Filter,
    /// The filter admits everything.
    admits_all: bool,
    pub(super) clock: WallClock,
    /// Admitted events until nothing more is shown; `None`: no limit.
    remaining: Option<u64>,
    admitted: u64,
}

impl<'a, 'out> Core<'a, 'out> {
    /// With the filter, the order and the limit of `observation`.
    pub(super) fn new(
        observation: &Observation,
        clock: WallClock,
        sink: &'a mut Sink<'out>,
    ) -> Self {
        let filter = observation.filter.clone();
        Self {
            sink,
            aggregator: Aggregator::new(filter.clone(), observation.top, observation.sort),
            admits_all: filter.admits_all(),
            filter,
            clock,
            remaining: observation.count.map(std::num::NonZero::get),
            admitted: 0,
        }
    }

    /// Takes an event in; when it was, if it has a time.
    pub(super) fn event(
        &mut self,
        event: &Event,
        origin: &Arc<Origin>,
    ) -> io::Result<Option<Timestamp>> {
        let known = match event {
            Event::CopyUp(event) | Event::CopyUpStarted(event) | Event::CopyUpRunning(event) => {
                Some(self.clock.at(event.time_ns))
            }
            Event::Whiteout(event) => Some(self.clock.at(event.time_ns)),
            Event::OverlaySeen(_) | Event::OverlayGone { .. } | Event::Loss(_) => None,
        };
        let time = known.unwrap_or(Timestamp::UNIX_EPOCH);
        self.aggregator.event(event, origin, time);
        if self.is_complete() || !(self.admits_all || self.filter.admits(event, origin)) {
            return Ok(known);
        }
        self.sink.event(event, origin, time)?;
        if matches!(event, Event::CopyUp(_) | Event::Whiteout(_)) {
            self.admitted += 1;
            if let Some(remaining) = &mut self.remaining {
                *remaining -= 1;
            }
        }
        Ok(known)
    }

    /// Whether events of this container (or of no container) are to be shown.
    pub(super) fn admits_origin(&self, origin: &Origin) -> bool {
        self.filter.admits_origin(origin)
    }

    /// Whether copy-ups that this operation needed can be.
    pub(super) fn admits_trigger(&self, operation: Operation) -> bool {
        self.filter.admits_trigger(operation)
    }

    /// Counts and shows a loss that was noticed at `time`.
    pub(super) fn lost(&mut self, loss: Loss, time: Timestamp) -> io::Result<()> {
        let event = Event::Loss(loss);
        let origin = Origin::unknown(DeviceNumber::from_kernel(0));
        self.aggregator
            .event(&event, &origin, Timestamp::UNIX_EPOCH);
        self.sink.event(&event, &origin, time)
    }

    /// As many events as were asked for were shown.
    pub(super) fn is_complete(&self) -> bool {
        self.remaining == Some(0)
    }

    /// Copy-ups and whiteouts that were shown.
    pub(super) const fn admitted(&self) -> u64 {
        self.admitted
    }

    /// Takes in the cumulative totals of overlays. `origin` is asked once for
    /// each.
    pub(super) fn totals(
        &mut self,
        rows: &KernelTotals,
        triggers: &dyn TriggerTable,
        mut origin: impl FnMut(OverlayKey) -> Arc<Origin>,
    ) {
        for (overlay, totals) in decode_totals(&rows.copy_ups, &rows.whiteouts, triggers) {
            let origin = origin(overlay);
            self.aggregator.totals(overlay, &origin, &totals);
        }
    }

    /// Hands the counts to a view, if there is one, so long after the start.
    pub(super) fn show_counts(&mut self, elapsed: Duration) {
        if let Some(screen) = self.sink.screen() {
            screen.tick(Snapshot {
                elapsed,
                overview: self.aggregator.overview(),
            });
            if let Some(id) = screen.wanted()
                && let Some(report) = self.aggregator.container(&id)
            {
                screen.detail(id, report);
            }
        }
    }

    /// Tells a view that the counts are those that it was shown last.
    pub(super) fn show_idle(&mut self, elapsed: Duration) -> anyhow::Result<()> {
        match self.sink.screen() {
            Some(screen) => screen.idle(elapsed),
            None => Ok(()),
        }
    }

    /// After something was done in the view: hands it the container that it
    /// shows in detail by now; whether the user has left.
    pub(super) fn follow_screen(&mut self) -> bool {
        let Some(screen) = self.sink.screen() else {
            return false;
        };
        if let Some(id) = screen.missing()
            && let Some(report) = self.aggregator.container(&id)
        {
            screen.detail(id, report);
        }
        screen.is_left()
    }

    /// Sums up.
    pub(super) fn report(self, context: ReportContext) -> Report {
        self.aggregator.into_report(context)
    }
}
