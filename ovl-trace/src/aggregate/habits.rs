//! Who did what to how many files, and in how short a time: what advice needs
//! beside the tables of files and processes. Bounded, as these are.

use super::{activity::Activity, share::Share};
use crate::model::{Comm, CopyUp, Operation, Outcome, Whiteout, make_room};

/// Most kinds of activity of one overlay. A container has a few; one that runs
/// programs under ever new names loses the smallest.
const ACTIVITIES_MAX: usize = 64;

/// How long after its mount a container counts as starting.
const START_NS: u64 = 60_000_000_000;

/// Same operation, by programs of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActivityKey {
    /// `None`: names that disappeared.
    pub(crate) operation: Option<Operation>,
    /// Name of the process. Its number is left out: `find -exec chown` starts a
    /// process for each file.
    pub(crate) comm: Comm,
    /// Whether the process sees the mounts of the one that mounted the overlay:
    /// then it is none of the container's. `None` if the mount was not observed.
    pub(crate) outside: Option<bool>,
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
    activities: Vec<(ActivityKey, Activity)>,
}

impl Habits {
    /// Takes a copy-up in.
    pub(crate) fn copy_up(&mut self, event: &CopyUp) {
        // A directory on the way belongs to what is copied up below it.
        if event.outcome != Outcome::Ok || event.ancestor {
            return;
        }
        let key = ActivityKey {
            operation: Some(event.trigger.operation),
            comm: event.process.comm,
            outside: self.outside(event.process.mount_namespace),
        };
        let began_ns = event.time_ns.saturating_sub(event.latency_ns);
        let at_start = self.is_start(began_ns);
        let activity = self.activity(key);
        activity.at(began_ns);
        activity.note(|share| share.copy_up(event, at_start));
    }

    /// Takes a whiteout in.
    pub(crate) fn whiteout(&mut self, event: &Whiteout) {
        if event.cause == crate::model::Cause::Opaque {
            return;
        }
        let key = ActivityKey {
            operation: None,
            comm: event.process.comm,
            outside: self.outside(event.process.mount_namespace),
        };
        let at_start = self.is_start(event.time_ns);
        let activity = self.activity(key);
        activity.at(event.time_ns);
        activity.note(|share| share.whiteout(event, at_start));
    }

    /// All activities, the most costly first.
    pub(crate) fn sorted(&self) -> Vec<(&ActivityKey, &Activity)> {
        let all = self.activities.iter();
        let mut all: Vec<_> = all.map(|(key, activity)| (key, activity)).collect();
        all.sort_by(|(a_key, a), (b_key, b)| {
            (rank(&b.total).cmp(&rank(&a.total))).then_with(|| a_key.cmp(b_key))
        });
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.activities.len()
    }

    /// Forgets the smaller half, but for so many.
    pub(crate) fn drop_half(&mut self, least: usize) {
        let keep = least.max(self.len() / 2);
        let drop: Vec<ActivityKey> = self
            .sorted()
            .into_iter()
            .skip(keep)
            .map(|(key, _)| *key)
            .collect();
        self.activities.retain(|(key, _)| !drop.contains(key));
    }

    /// Adds those of another overlay of the same container. Not bounded: the
    /// sources are.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, activity) in &other.activities {
            match self.activities.iter_mut().find(|(known, _)| known == key) {
                Some((_, ours)) => ours.add(activity),
                None => self.activities.push((*key, activity.clone())),
            }
        }
    }

    fn activity(&mut self, key: ActivityKey) -> &mut Activity {
        let known = self.activities.iter().position(|(known, _)| *known == key);
        let at = known.unwrap_or_else(|| {
            if self.activities.len() >= ACTIVITIES_MAX {
                self.drop_half(1);
            }
            make_room(&mut self.activities);
            self.activities.push((key, Activity::default()));
            self.activities.len() - 1
        });
        &mut self.activities[at].1
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
    use super::{
        super::activity::{BURST_MIN, PAUSE_NS},
        *,
    };
    use crate::model::{
        OpenFlags, Process, Trigger,
        test_support::{copy_up, process},
    };

    fn chown(number: u64, time_ns: u64) -> CopyUp {
        CopyUp {
            time_ns,
            latency_ns: 1000,
            copied_bytes: Some(10),
            trigger: Trigger {
                operation: Operation::Chown,
                flags: OpenFlags::default(),
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
            event.process.comm = number.to_string().into_bytes().into();
            event.copied_bytes = Some(if number == 3 { 1 << 30 } else { number });
            habits.copy_up(&event);
        }
        assert!(habits.len() <= ACTIVITIES_MAX);
        assert_eq!(habits.sorted()[0].0.comm, b"3");
    }
}
