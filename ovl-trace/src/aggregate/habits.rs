//! Who did what to how many files, and in how short a time: what advice needs
//! beside the tables of files and processes. Bounded, as these are.

use std::collections::HashMap;

use super::share::Share;
use crate::model::{CopyUp, Operation, Outcome, Whiteout};

/// Most kinds of activity of one overlay. A container has a few; one that runs
/// programs under ever new names loses the smallest.
const ACTIVITIES_MAX: usize = 64;

/// Events that are further apart than this are not of one run of a program.
/// A recursive chown has milliseconds between two files, and a second behind a
/// large one.
const PAUSE_NS: u64 = 10_000_000_000;

/// Fewer events without a pause are no burst: a handful of files is what any
/// program touches.
const BURST_MIN: u64 = 20;

/// How long after its mount a container counts as starting.
const START_NS: u64 = 60_000_000_000;

/// Same operation, by programs of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ActivityKey {
    /// `None`: names that disappeared.
    pub(crate) operation: Option<Operation>,
    /// Name of the process. Its number is left out: `find -exec chown` starts a
    /// process for each file.
    pub(crate) comm: Vec<u8>,
    /// Whether the process sees the mounts of the one that mounted the overlay:
    /// then it is none of the container's. `None` if the mount was not observed.
    pub(crate) outside: Option<bool>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity {
    /// Everything.
    pub(crate) total: Share,
    /// What came in bursts that are over.
    bursts: Share,
    current: Share,
}

impl Activity {
    /// The part of it that came in bursts.
    pub(crate) fn bursts(&self) -> Share {
        let mut bursts = self.bursts.clone();
        if self.current.events() >= BURST_MIN {
            bursts.add(&self.current);
        }
        bursts
    }

    /// Makes room for an event at this time.
    fn at(&mut self, time_ns: u64) {
        let paused = |(_, last)| time_ns.saturating_sub(last) > PAUSE_NS;
        if self.current.times.is_some_and(paused) {
            self.bursts = self.bursts();
            self.current = Share::default();
        }
    }

    fn add(&mut self, other: &Self) {
        self.total.add(&other.total);
        let bursts = other.bursts();
        self.bursts.add(&bursts);
    }
}

/// How an overlay was mounted, if that was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mounted {
    pub(crate) time_ns: u64,
    /// The mount namespace of the process that did it.
    pub(crate) namespace: Option<u64>,
}

/// The activities in one overlay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habits {
    pub(crate) mounted: Option<Mounted>,
    activities: HashMap<ActivityKey, Activity>,
}

impl Habits {
    /// Takes a copy-up in; the number of new rows.
    pub(crate) fn copy_up(&mut self, event: &CopyUp) -> usize {
        // A directory on the way belongs to what is copied up below it.
        if event.outcome != Outcome::Ok || event.ancestor {
            return 0;
        }
        let key = ActivityKey {
            operation: Some(event.trigger.operation),
            comm: event.process.comm.clone(),
            outside: self.outside(event.process.mount_namespace),
        };
        let began_ns = event.time_ns.saturating_sub(event.latency_ns);
        let at_start = self.is_start(began_ns);
        let before = self.len();
        let activity = self.activity(key);
        activity.at(began_ns);
        activity.total.copy_up(event, at_start);
        activity.current.copy_up(event, at_start);
        self.len().saturating_sub(before)
    }

    /// Takes a whiteout in; the number of new rows.
    pub(crate) fn whiteout(&mut self, event: &Whiteout) -> usize {
        if event.cause == crate::model::Cause::Opaque {
            return 0;
        }
        let key = ActivityKey {
            operation: None,
            comm: event.process.comm.clone(),
            outside: self.outside(event.process.mount_namespace),
        };
        let at_start = self.is_start(event.time_ns);
        let before = self.len();
        let activity = self.activity(key);
        activity.at(event.time_ns);
        activity.total.whiteout(event, at_start);
        activity.current.whiteout(event, at_start);
        self.len().saturating_sub(before)
    }

    /// All activities, the most costly first.
    pub(crate) fn sorted(&self) -> Vec<(&ActivityKey, &Activity)> {
        let mut all: Vec<_> = self.activities.iter().collect();
        all.sort_by(|(a_key, a), (b_key, b)| {
            (rank(&b.total).cmp(&rank(&a.total))).then_with(|| a_key.cmp(b_key))
        });
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.activities.len()
    }

    /// Forgets the smaller half.
    pub(crate) fn drop_half(&mut self) {
        let keep = self.len() / 2;
        let drop: Vec<ActivityKey> = self
            .sorted()
            .into_iter()
            .skip(keep)
            .map(|(key, _)| key.clone())
            .collect();
        for key in drop {
            self.activities.remove(&key);
        }
    }

    /// Adds those of another overlay of the same container. Not bounded: the
    /// sources are.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, activity) in &other.activities {
            self.activities
                .entry(key.clone())
                .or_default()
                .add(activity);
        }
    }

    fn activity(&mut self, key: ActivityKey) -> &mut Activity {
        if self.activities.len() >= ACTIVITIES_MAX && !self.activities.contains_key(&key) {
            self.drop_half();
        }
        self.activities.entry(key).or_default()
    }

    fn outside(&self, namespace: Option<u64>) -> Option<bool> {
        Some(self.mounted?.namespace? == namespace?)
    }

    fn is_start(&self, time_ns: u64) -> bool {
        let since = |mounted: Mounted| time_ns.saturating_sub(mounted.time_ns);
        self.mounted
            .is_some_and(|mounted| since(mounted) <= START_NS)
    }
}

fn rank(share: &Share) -> [u64; 3] {
    [share.copied_bytes, share.events(), share.latency_ns]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Process, Trigger,
        test_support::{copy_up, process},
    };

    fn chown(number: u64, time_ns: u64) -> CopyUp {
        CopyUp {
            time_ns,
            latency_ns: 1000,
            copied_bytes: Some(10),
            trigger: Trigger {
                operation: Operation::Chown,
                flags: Vec::new(),
                syscall: None,
            },
            ..copy_up(&format!("/srv/{number}"))
        }
    }

    fn bursts(habits: &Habits) -> Share {
        habits.sorted()[0].1.bursts()
    }

    #[test]
    fn what_is_close_together_is_a_burst() {
        let mut habits = Habits::default();
        for number in 0..BURST_MIN {
            assert_eq!(bursts_or_none(&habits), 0, "after {number}");
            habits.copy_up(&chown(number, 1_000_000 * number));
        }
        assert_eq!(bursts(&habits).copy_ups, BURST_MIN);
        // A second one, after a pause, and single files in between.
        let later = 100 * PAUSE_NS;
        for number in 0..5 {
            habits.copy_up(&chown(number, 2 * PAUSE_NS * (number + 1)));
        }
        for number in 0..2 * BURST_MIN {
            habits.copy_up(&chown(number, later + number));
        }
        assert_eq!(bursts(&habits).copy_ups, 3 * BURST_MIN);
        assert_eq!(habits.sorted()[0].1.total.copy_ups, 3 * BURST_MIN + 5);
    }

    fn bursts_or_none(habits: &Habits) -> u64 {
        let sorted = habits.sorted();
        sorted
            .first()
            .map_or(0, |(_, activity)| activity.bursts().copy_ups)
    }

    #[test]
    fn the_mounters_namespace_is_outside() {
        let mut habits = Habits::default();
        habits.copy_up(&chown(0, 0));
        habits.mounted = Some(Mounted {
            time_ns: 0,
            namespace: process().mount_namespace,
        });
        habits.copy_up(&chown(1, 0));
        habits.copy_up(&CopyUp {
            process: Process {
                mount_namespace: Some(7),
                ..process()
            },
            ..chown(2, 2 * START_NS)
        });
        let mut found: Vec<_> = habits
            .sorted()
            .iter()
            .map(|(key, activity)| (key.outside, activity.total.at_start))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [(None, false), (Some(false), false), (Some(true), true)]
        );
    }

    #[test]
    fn memory_is_bounded_and_the_largest_stay() {
        let mut habits = Habits::default();
        for number in 0..10 * ACTIVITIES_MAX as u64 {
            let mut event = chown(number, number);
            event.process.comm = number.to_string().into_bytes();
            event.copied_bytes = Some(if number == 3 { 1 << 30 } else { number });
            habits.copy_up(&event);
        }
        assert!(habits.len() <= ACTIVITIES_MAX);
        assert_eq!(habits.sorted()[0].0.comm, b"3");
    }
}
