//! What of the picture is shown: filtered, sorted, from where on.

use super::{Pane, Row, Running, Seen, State, sort};
use crate::{
    aggregate::ContainerId,
    model::{Event, Origin},
};

impl State {
    /// The containers that the filter lets through, in order.
    pub(crate) fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.admitted().collect();
        sort::sort(&mut rows, self.sort, self.reversed);
        rows
    }

    /// How many these are.
    pub(crate) fn row_count(&self) -> usize {
        self.admitted().count()
    }

    fn admitted(&self) -> impl Iterator<Item = &Row> {
        let rows = self.picture().rows.iter();
        rows.filter(|row| self.admits(&row.origin, &[]))
    }

    /// The container of [`Self::selected`] among all of [`Self::rows`], which
    /// need no order where one was chosen.
    pub(super) fn selected_id(&self) -> Option<ContainerId> {
        let chosen = self.selected.as_ref();
        let is_chosen = |row: &&Row| Some(&row.id) == chosen;
        let row = self.admitted().find(is_chosen);
        row.or_else(|| self.rows().first().copied())
            .map(|row| row.id.clone())
    }

    /// The selected one of these rows: the first, if the one that was selected
    /// is gone.
    pub(crate) fn selected(&self, rows: &[&Row]) -> usize {
        let wanted = self.selected.as_ref();
        rows.iter()
            .position(|row| Some(&row.id) == wanted)
            .unwrap_or(0)
    }

    /// The copy-ups in flight that the filter lets through.
    pub(crate) fn running(&self) -> Vec<&Running> {
        let mut running = self.picture().running();
        running.retain(|running| self.admits(&running.origin, &[&running.copy_up.path]));
        running
    }

    /// The events that are shown, the newest first, without those after the
    /// one that was scrolled to.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Seen> {
        self.all_events()
            .filter(|seen| self.events_from.is_none_or(|from| seen.number <= from))
    }

    /// Events that came after what is shown.
    pub(crate) fn newer_events(&self) -> usize {
        match self.events_from {
            None => 0,
            Some(from) => self
                .all_events()
                .take_while(|seen| seen.number > from)
                .count(),
        }
    }

    fn all_events(&self) -> impl Iterator<Item = &Seen> {
        self.picture()
            .events
            .iter()
            .filter(|seen| match &seen.event {
                Event::CopyUp(event) => {
                    self.admits(&seen.origin, &[&event.path, &event.process.comm])
                }
                Event::Whiteout(event) => {
                    self.admits(&seen.origin, &[&event.path, &event.process.comm])
                }
                // A loss concerns all.
                _ => true,
            })
    }

    fn admits(&self, origin: &Origin, names: &[&[u8]]) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let wanted = self.filter.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let container = origin.container.as_ref();
        let of_container = container.into_iter().flat_map(|it| {
            [&it.image, &it.pod, &it.namespace]
                .into_iter()
                .filter_map(Option::as_deref)
                .chain([it.id.as_str()])
        });
        has(&origin.label())
            || of_container.into_iter().any(has)
            || names.iter().any(|name| has(&String::from_utf8_lossy(name)))
    }

    /// Moves in the focused pane by so many rows.
    pub(super) fn scroll(&mut self, rows: isize) {
        let moved = |at: usize, last: usize| at.saturating_add_signed(rows).min(last);
        match self.pane {
            Pane::Containers => {
                let shown = self.rows();
                let at = moved(self.selected(&shown), shown.len().saturating_sub(1));
                self.selected = shown.get(at).map(|row| row.id.clone());
            }
            Pane::Detail => {
                self.detail_scroll = moved(self.detail_scroll, self.extent.detail_rest);
            }
            Pane::InFlight => {
                self.in_flight_scroll = moved(self.in_flight_scroll, self.extent.in_flight_rest);
            }
            Pane::Events => {
                let numbers: Vec<u64> = self.all_events().map(|seen| seen.number).collect();
                let last = numbers.len().saturating_sub(self.page());
                let at = moved(self.newer_events(), last);
                // At the top it follows again.
                self.events_from = if at == 0 {
                    None
                } else {
                    numbers.get(at).copied()
                };
            }
        }
    }

    /// Rows that a page key moves by.
    pub(super) fn page(&self) -> usize {
        self.extent.page.max(1)
    }
}
