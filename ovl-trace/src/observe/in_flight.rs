//! Copy-ups that are running: how far they are, and those whose end will never
//! be seen.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use anyhow::Result;
use ovl_trace_common::in_flight::InFlight as State;

use crate::{
    kernel::{KernelRoots, pid_namespace},
    load::Tracer,
    model::{CopyUp, Event},
};

/// Age from which on a copy-up's task is looked for.
const AGE_NS: u64 = 10_000_000_000;

/// Age from which on one that was not announced is noticed.
const NOTICED_NS: u64 = 1_000_000_000;

/// The announced copy-ups that run, by thread id. The kernel knows of all that
/// run, but only an announcement brings the path.
#[derive(Default)]
pub(super) struct InFlight {
    announced: HashMap<u32, CopyUp>,
    /// Those of the kernel's table at the last look.
    seen: usize,
}

/// What a look at the kernel's table gave.
#[derive(Default)]
pub(super) struct Look {
    /// How far the announced ones are.
    pub(super) running: Vec<Event>,
    /// Others that have run for a while, by thread id: too small to be
    /// announced, or from before the observation.
    pub(super) unannounced: Vec<(u32, State)>,
    /// Those that were forgotten because their task has ended: a probe missed
    /// their end.
    pub(super) forgotten: u64,
}

impl InFlight {
    /// Learns from an event.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::CopyUpStarted(copy_up) => {
                self.announced.insert(copy_up.process.tid, copy_up.clone());
            }
            Event::CopyUp(copy_up) => {
                self.announced.remove(&copy_up.process.tid);
            }
            _ => {}
        }
    }

    /// Looks how far they are. In another pid namespace than the kernel's
    /// numbers are of, nothing can be said about tasks, and nothing is
    /// forgotten.
    pub(super) fn look(&mut self, tracer: &mut Tracer, now_ns: u64) -> Result<Look> {
        let table = tracer.in_flight()?;
        self.seen = table.len();
        let mut look = Look {
            running: self.running(&table, now_ns),
            unannounced: self.unannounced(&table, now_ns),
            forgotten: 0,
        };
        if pid_namespace::is_initial(&KernelRoots::host().proc) != Some(true) {
            return Ok(look);
        }
        for (tid, state) in &table {
            let is_old = now_ns.saturating_sub(state.started_ns) > AGE_NS;
            // It may have ended, and its task after it, since the table was read.
            if is_old && !exists(*tid) && tracer.abandon(*tid)? {
                self.announced.remove(tid);
                look.forgotten += 1;
            }
        }
        Ok(look)
    }

    /// Whether some copy-up ran at the last look.
    pub(super) const fn is_any(&self) -> bool {
        self.seen > 0
    }

    /// To be called after [`Self::running`].
    fn unannounced(&self, table: &BTreeMap<u32, State>, now_ns: u64) -> Vec<(u32, State)> {
        table
            .iter()
            .filter(|(tid, state)| {
                let age_ns = now_ns.saturating_sub(state.started_ns);
                age_ns >= NOTICED_NS && !self.announced.contains_key(tid)
            })
            .map(|(tid, state)| (*tid, *state))
            .collect()
    }

    /// Those of the table that were announced; the others are forgotten. A
    /// thread may be in its next copy-up, if the last one's end was lost.
    fn running(&mut self, table: &BTreeMap<u32, State>, now_ns: u64) -> Vec<Event> {
        self.announced.retain(|tid, copy_up| {
            let started_ns = copy_up.time_ns.saturating_sub(copy_up.latency_ns);
            table
                .get(tid)
                .is_some_and(|state| state.started_ns == started_ns)
        });
        table
            .iter()
            .filter_map(|(tid, state)| {
                Some(Event::CopyUpRunning(CopyUp {
                    time_ns: now_ns,
                    copied_bytes: Some(state.copied_bytes),
                    latency_ns: now_ns.saturating_sub(state.started_ns),
                    ..self.announced.get(tid)?.clone()
                }))
            })
            .collect()
    }
}

/// `/proc/TID` exists for every thread, though it is not listed.
fn exists(tid: u32) -> bool {
    Path::new("/proc").join(tid.to_string()).exists()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::model::test_support::copy_up;

    fn state(started_ns: u64) -> State {
        State {
            dentry: 0,
            inode: 0,
            inode_number: 0,
            superblock: 0,
            upper_before: 0,
            started_ns,
            lock_entered_ns: 0,
            lock_ns: 0,
            data_entered_ns: 0,
            data_moved_ns: 0,
            sync_entered_ns: 0,
            sync_ns: 0,
            size_bytes: 100,
            data_length: 100,
            copied_bytes: 40,
            cloned_bytes: 0,
            caller: 0,
            open_flags: 0,
            mode: 0,
            flags: 0,
            padding: 0,
        }
    }

    /// Thread 216 announced a copy-up that began at 1000.
    fn announced() -> InFlight {
        let mut in_flight = InFlight::default();
        in_flight.note(&Event::CopyUpStarted(CopyUp {
            time_ns: 1010,
            latency_ns: 10,
            ..copy_up("/srv/model.bin")
        }));
        in_flight
    }

    #[test]
    fn an_announced_copy_up_is_shown_with_its_bytes_so_far() {
        let table = BTreeMap::from([(216, state(1000)), (217, state(1100))]);
        let running = announced().running(&table, 5000);
        let [Event::CopyUpRunning(event)] = &running[..] else {
            panic!("{running:?}");
        };
        assert_eq!(event.path, b"/srv/model.bin");
        assert_eq!((event.copied_bytes, event.latency_ns), (Some(40), 4000));
    }

    #[test]
    fn others_are_noticed_when_they_take_long() {
        let table = BTreeMap::from([(216, state(1000)), (217, state(1100))]);
        let mut in_flight = announced();
        in_flight.running(&table, NOTICED_NS);
        assert_eq!(in_flight.unannounced(&table, NOTICED_NS), []);
        let late = 2 * NOTICED_NS;
        assert_eq!(in_flight.unannounced(&table, late), [(217, state(1100))]);
    }

    #[test]
    fn the_next_copy_up_of_a_thread_is_not_the_announced_one() {
        let mut in_flight = announced();
        let table = BTreeMap::from([(216, state(3000))]);
        assert_eq!(in_flight.running(&table, 5000), []);
        let table = BTreeMap::from([(216, state(1000))]);
        assert_eq!(in_flight.running(&table, 5000), [], "forgotten");
    }

    #[test]
    fn an_end_forgets_the_announcement() {
        let mut in_flight = announced();
        in_flight.note(&Event::CopyUp(copy_up("/srv/model.bin")));
        let table = BTreeMap::from([(216, state(1000))]);
        assert_eq!(in_flight.running(&table, 5000), []);
    }
}
