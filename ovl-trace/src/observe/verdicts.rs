//! What the kernel side is told of events that nobody wants, because it cannot know by
//! itself: whose an overlay is, and which trigger follows from a call.
//!
//! An event always comes first: only what the agent has understood is ruled out, so what
//! is not known yet is sent. A verdict about an overlay holds for as long as the agent
//! would not look again whose it is, whatever comes: so a container that was renamed is
//! noticed as soon as it would be without verdicts. One about a call holds until the
//! kernel's functions are elsewhere.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use ovl_trace_common::verdict::Call;

use crate::model::{Filter, OverlayKey};

/// Most calls that are ruled out; a machine has a few dozen. The kernel side's table has
/// room for as many.
const CALLS_MAX: usize = 1024;

/// What is to be done in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// No events before this time (`CLOCK_MONOTONIC`).
    RuleOut { until_ns: u64 },
    /// All events again.
    Readmit,
}

/// What the kernel side was told.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    of_overlays: bool,
    of_calls: bool,
    overlays: HashMap<OverlayKey, RuledOut>,
    calls: HashSet<Call>,
    /// Events that were not sent, as far as it is known.
    withheld: u64,
}

/// An overlay whose events are not sent.
#[derive(Clone, Copy, Debug)]
struct RuledOut {
    until_ns: u64,
    /// Events that were not sent, as far as it is known.
    withheld: u64,
}

impl Verdicts {
    /// For what this filter asks.
    pub(super) fn new(filter: &Filter) -> Self {
        Self {
            of_overlays: filter.asks_for_origins(),
            of_calls: filter.asks_for_triggers(),
            ..Self::default()
        }
    }

    /// Overlays are to be judged.
    pub(super) const fn of_overlays(&self) -> bool {
        self.of_overlays
    }

    /// Calls are to be judged.
    pub(super) const fn of_calls(&self) -> bool {
        self.of_calls
    }

    /// Judges an overlay after an event of it. `certain_for` says for how long the answer
    /// stays what it is.
    pub(super) fn judge(
        &self,
        overlay: OverlayKey,
        admitted: bool,
        certain_for: Duration,
        now_ns: u64,
    ) -> Option<Order> {
        let known = self.overlays.get(&overlay);
        if admitted {
            return known.map(|_| Order::Readmit);
        }
        // An overlay that the kernel side could not remember has no identity.
        let is_new = known.is_none_or(|known| known.until_ns <= now_ns);
        if !is_new || certain_for.is_zero() || overlay.born_ns == 0 {
            return None;
        }
        let nanoseconds = u64::try_from(certain_for.as_nanos()).unwrap_or(u64::MAX);
        Some(Order::RuleOut {
            until_ns: now_ns.saturating_add(nanoseconds),
        })
    }

    /// An overlay was ruled out; `withheld` were since it was the last time.
    pub(super) fn ruled_out(&mut self, overlay: OverlayKey, until_ns: u64, withheld: u64) {
        self.withheld += withheld;
        let known = self.overlays.entry(overlay).or_insert(RuledOut {
            until_ns,
            withheld: 0,
        });
        known.until_ns = until_ns;
        known.withheld += withheld;
    }

    /// An overlay is ruled out no more; `withheld` were since it was the last time. Returns
    /// how many were in all.
    pub(super) fn readmitted(&mut self, overlay: OverlayKey, withheld: u64) -> u64 {
        self.withheld += withheld;
        let before = self.overlays.remove(&overlay).map_or(0, |it| it.withheld);
        before + withheld
    }

    /// The overlays that are ruled out.
    pub(super) fn overlays(&self) -> impl Iterator<Item = OverlayKey> {
        self.overlays.keys().copied()
    }

    /// Whether a call that nobody wants is to be ruled out: it is not yet, and there is
    /// room.
    pub(super) fn is_news(&self, call: &Call) -> bool {
        self.calls.len() < CALLS_MAX && !self.calls.contains(call)
    }

    /// A call was ruled out.
    pub(super) fn ruled_out_call(&mut self, call: Call) {
        self.calls.insert(call);
    }

    /// Calls mean something else from now on, or nothing more comes: those that were ruled
    /// out.
    pub(super) fn take_calls(&mut self) -> HashSet<Call> {
        std::mem::take(&mut self.calls)
    }

    /// So many events of a call were not sent.
    pub(super) fn readmitted_call(&mut self, withheld: u64) {
        self.withheld += withheld;
    }

    /// Events that were not sent, of what is not ruled out any more.
    pub(super) const fn withheld(&self) -> u64 {
        self.withheld
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::test_support::OVERLAY;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_not_certain_is_sent() {
        let verdicts = Verdicts::default();
        assert_eq!(verdicts.judge(OVERLAY, false, Duration::ZERO, 5), None);
        assert_eq!(verdicts.judge(OVERLAY, true, SECOND, 5), None);
        let nobodys = OverlayKey {
            born_ns: 0,
            ..OVERLAY
        };
        assert_eq!(verdicts.judge(nobodys, false, SECOND, 5), None);
    }

    #[test]
    fn a_verdict_is_given_anew_when_its_time_is_over() {
        let mut verdicts = Verdicts::default();
        let until_ns = 1_000_000_005;
        let order = Some(Order::RuleOut { until_ns });
        assert_eq!(verdicts.judge(OVERLAY, false, SECOND, 5), order);
        verdicts.ruled_out(OVERLAY, until_ns, 0);
        assert_eq!(verdicts.judge(OVERLAY, false, SECOND, until_ns - 1), None);
        assert_eq!(
            verdicts.judge(OVERLAY, false, Duration::MAX, until_ns),
            Some(Order::RuleOut { until_ns: u64::MAX })
        );
    }

    #[test]
    fn one_that_is_wanted_after_all_lacks_what_was_withheld() {
        let mut verdicts = Verdicts::default();
        verdicts.ruled_out(OVERLAY, 10, 0);
        verdicts.ruled_out(OVERLAY, 20, 3);
        let order = verdicts.judge(OVERLAY, true, Duration::ZERO, 15);
        assert_eq!(order, Some(Order::Readmit));
        assert_eq!(verdicts.readmitted(OVERLAY, 4), 7);
        assert_eq!(verdicts.judge(OVERLAY, true, Duration::ZERO, 16), None);
        assert_eq!(verdicts.withheld(), 7);
    }

    /// A container as it is asked after: its name is read at most once in a while.
    struct Owner {
        is_wanted: bool,
        seen: bool,
        seen_ns: u64,
    }

    const PAUSE_NS: u64 = 1000;

    impl Owner {
        fn admits_at(&mut self, now_ns: u64) -> bool {
            if now_ns - self.seen_ns >= PAUSE_NS {
                (self.seen, self.seen_ns) = (self.is_wanted, now_ns);
            }
            self.seen
        }
    }

    proptest! {
        /// The steps are: after so long it is renamed (or not), then there is an event.
        #[test]
        fn what_is_shown_is_the_same_without_verdicts(
            steps in proptest::collection::vec((0..700_u64, proptest::bool::weighted(0.2)), 0..60)
        ) {
            let owner = || Owner { is_wanted: false, seen: false, seen_ns: 0 };
            let (mut plain, mut judged) = (owner(), owner());
            let mut verdicts = Verdicts::default();
            let mut until_ns = 0;
            let mut now_ns = 1;
            for (pause_ns, renamed) in steps {
                now_ns += pause_ns;
                plain.is_wanted ^= renamed;
                judged.is_wanted ^= renamed;
                let expected = plain.admits_at(now_ns);
                if now_ns < until_ns {
                    prop_assert!(!expected);
                    continue;
                }
                let admitted = judged.admits_at(now_ns);
                prop_assert_eq!(admitted, expected);
                let certain_for = Duration::from_nanos(judged.seen_ns + PAUSE_NS - now_ns);
                match verdicts.judge(OVERLAY, admitted, certain_for, now_ns) {
                    Some(Order::RuleOut { until_ns: until }) => {
                        until_ns = until;
                        verdicts.ruled_out(OVERLAY, until, 0);
                    }
                    Some(Order::Readmit) => {
                        until_ns = 0;
                        verdicts.readmitted(OVERLAY, 0);
                    }
                    None => {}
                }
            }
        }
    }

    #[test]
    fn a_call_is_ruled_out_once() {
        let mut verdicts = Verdicts::default();
        let call = |caller| Call {
            caller,
            open_flags: 0,
            syscall: 90,
            compat: 0,
            padding: 0,
        };
        assert!(verdicts.is_news(&call(1)));
        verdicts.ruled_out_call(call(1));
        assert!(!verdicts.is_news(&call(1)));
        (0..CALLS_MAX as u64).for_each(|caller| verdicts.ruled_out_call(call(caller)));
        assert!(!verdicts.is_news(&call(u64::MAX)), "no room");
        assert_eq!(verdicts.take_calls().len(), CALLS_MAX);
        assert!(verdicts.is_news(&call(1)));
    }
}
