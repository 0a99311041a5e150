//! What is kept of one overlay.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{CopyUp, CopyUpTotals, Event, Filter, Origin, OverlayTotals, TotalsKey};

use super::{
    bounds::Size,
    detail::Detail,
    habits::Habits,
    report::{CountedFrom, SortKey},
    sums::Sums,
};

#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    /// The best known owner.
    pub(crate) origin: Arc<Origin>,
    /// The kernel's totals, as given last.
    pub(crate) kernel: Option<OverlayTotals>,
    /// The same, from the events that the filter admits.
    pub(crate) events: OverlayTotals,
    pub(crate) detail: Detail,
    pub(crate) habits: Habits,
    /// Its superblock was torn down.
    pub(crate) gone: bool,
}

impl Overlay {
    pub(crate) fn new(origin: Arc<Origin>) -> Self {
        Self {
            origin,
            kernel: None,
            events: OverlayTotals::default(),
            detail: Detail::default(),
            habits: Habits::default(),
            gone: false,
        }
    }

    /// Takes news of the owner, but does not forget a container: after its
    /// removal the runtime knows nothing of it any more.
    pub(crate) fn learn(&mut self, origin: &Arc<Origin>) {
        if Arc::ptr_eq(&self.origin, origin) {
            return;
        }
        if origin.container.is_some() || self.origin.container.is_none() {
            self.origin = Arc::clone(origin);
        }
    }

    /// Takes in an event that the filter admits.
    pub(crate) fn event(&mut self, event: &Event, wall: Timestamp, sort: SortKey) {
        match event {
            Event::CopyUp(event) => {
                count(&mut self.events, event);
                self.detail.copy_up(event, wall, sort);
                self.habits.copy_up(event);
            }
            Event::Whiteout(event) => {
                *self.events.whiteouts.row(event.cause) += 1;
                self.detail.whiteout(event, wall, sort);
                self.habits.whiteout(event);
            }
            _ => {}
        }
    }

    /// The sums that answer the filter, and where they come from.
    pub(crate) fn sums(&self, filter: &Filter) -> (Sums, CountedFrom) {
        match &self.kernel {
            Some(kernel) if filter.totals_answerable() => {
                (Sums::new(kernel, filter), CountedFrom::Kernel)
            }
            // Filtered already.
            _ => (
                Sums::new(&self.events, &Filter::default()),
                CountedFrom::Events,
            ),
        }
    }

    /// Forgets the kernel's totals if they count less than the events.
    pub(crate) fn prefer_newer_events(&mut self, filter: &Filter) {
        let Some(kernel) = &self.kernel else { return };
        let number = |sums: &Sums| {
            let copy_ups = sums.copy_ups.total.saturating_add(sums.copy_ups.failed);
            copy_ups.saturating_add(sums.whiteouts.total)
        };
        let from_kernel = Sums::new(kernel, filter);
        let from_events = Sums::new(&self.events, &Filter::default());
        if number(&from_events) > number(&from_kernel) {
            self.kernel = None;
        }
    }

    /// How much is kept.
    pub(super) fn size(&self) -> Size {
        let kernel = self.kernel.as_ref();
        Size {
            rows: self.rows(),
            totals: self.events.copy_ups.len() + kernel.map_or(0, |kernel| kernel.copy_ups.len()),
            stretches: self.detail.timeline.len(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.detail.rows() + self.habits.len()
    }

    /// Drops the smaller half of each table, but for so many rows.
    pub(crate) fn drop_rows(&mut self, sort: SortKey, least: usize) {
        self.detail.drop_half(sort, least);
        self.habits.drop_half(least);
    }
}

/// Counts a copy-up as the kernel side does.
fn count(totals: &mut OverlayTotals, event: &CopyUp) {
    let key = TotalsKey {
        kind: event.kind,
        method: event.method,
        operation: event.trigger.operation,
        outcome: event.outcome,
    };
    let row: &mut CopyUpTotals = totals.copy_ups.row(key);
    let latency = event.latency_ns;
    row.count += 1;
    add(&mut row.size_bytes, Some(event.size_bytes));
    add(&mut row.copied_bytes, event.copied_bytes);
    add(
        &mut row.copied_unknown,
        event.copied_bytes.is_none().then_some(1),
    );
    add(&mut row.latency_ns, Some(latency));
    row.phases.lock.add_one(event.phases.lock_ns);
    row.phases.data.add_one(event.phases.data_ns);
    row.phases.sync.add_one(event.phases.sync_ns);
    row.latency_min_ns = Some(row.latency_min_ns.map_or(latency, |min| min.min(latency)));
    row.latency_max_ns = Some(row.latency_max_ns.map_or(latency, |max| max.max(latency)));
    row.histogram.count_one(latency);
}

fn add(sum: &mut u64, value: Option<u64>) {
    *sum = sum.saturating_add(value.unwrap_or(0));
}
