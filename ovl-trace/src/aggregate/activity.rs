//! What programs of one name did by one operation, and the part of it that came in
//! bursts.

use super::share::Share;

/// Events that are further apart than this are not of one run of a program.
/// A recursive chown has milliseconds between two files, and a second behind a
/// large one.
pub(super) const PAUSE_NS: u64 = 10_000_000_000;

/// Fewer events without a pause are no burst: a handful of files is what any
/// program touches.
pub(super) const BURST_MIN: u64 = 20;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity {
    /// Everything.
    pub(crate) total: Share,
    /// The same apart, if there was a pause: until then all of it is one burst.
    paused: Option<Box<Paused>>,
}

/// An activity that had a pause.
#[derive(Clone, Debug, Default)]
struct Paused {
    /// What came in bursts that are over.
    bursts: Share,
    /// What came since the last pause.
    current: Share,
}

impl Paused {
    fn bursts(&self) -> Share {
        let mut bursts = self.bursts.clone();
        bursts.add_burst(&self.current);
        bursts
    }
}

impl Share {
    /// Adds another one, if that is a burst.
    fn add_burst(&mut self, other: &Self) {
        if other.events() >= BURST_MIN {
            self.add(other);
        }
    }
}

impl Activity {
    /// The part of it that came in bursts.
    pub(crate) fn bursts(&self) -> Share {
        let mut bursts = Share::default();
        match &self.paused {
            Some(paused) => return paused.bursts(),
            None => bursts.add_burst(&self.total),
        }
        bursts
    }

    /// Makes room for an event at this time.
    pub(super) fn at(&mut self, time_ns: u64) {
        let current = self.paused.as_ref().map(|paused| &paused.current);
        let times = current.map_or(self.total.times, |current| current.times);
        if times.is_some_and(|(_, last)| time_ns.saturating_sub(last) > PAUSE_NS) {
            let bursts = self.bursts();
            let current = Share::default();
            self.paused = Some(Box::new(Paused { bursts, current }));
        }
    }

    /// Counts an event.
    pub(super) fn note(&mut self, count: impl Fn(&mut Share)) {
        count(&mut self.total);
        if let Some(paused) = &mut self.paused {
            count(&mut paused.current);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let bursts = [self.bursts(), other.bursts()];
        self.total.add(&other.total);
        // None of it goes on: what came to be joined is at its end.
        let paused = self.paused.insert(Box::default());
        for part in &bursts {
            paused.bursts.add(part);
        }
    }
}
