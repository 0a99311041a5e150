//! Copy-ups that are running: how far they are, and those whose end will never
//! be seen.

use std::{collections::HashMap, fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::Result;

use crate::{
    load::Tracer,
    model::{CopyUp, Event},
};

/// Inode number of the initial pid namespace (`PROC_PID_INIT_INO`,
/// `include/linux/proc_ns.h`).
const INITIAL_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Age from which on a copy-up's task is looked for.
const AGE_NS: u64 = 10_000_000_000;

/// The announced copy-ups that run, by thread id. The kernel knows of all that
/// run, but only an announcement brings the path.
#[derive(Default)]
pub(super) struct InFlight {
    announced: HashMap<u32, CopyUp>,
}

/// What a look at the kernel's table gave.
#[derive(Default)]
pub(super) struct Look {
    /// How far the announced ones are.
    pub(super) running: Vec<Event>,
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
        let mut look = Look::default();
        let may_forget = numbers_are_ours();
        let table = tracer.in_flight()?;
        self.announced
            .retain(|tid, _| table.iter().any(|(running, _)| running == tid));
        for (tid, state) in table {
            let elapsed_ns = now_ns.saturating_sub(state.started_ns);
            // `/proc/TID` exists for every thread, though it is not listed.
            if may_forget
                && elapsed_ns > AGE_NS
                && !Path::new("/proc").join(tid.to_string()).exists()
            {
                tracer.abandon(tid)?;
                self.announced.remove(&tid);
                look.forgotten += 1;
                continue;
            }
            if let Some(copy_up) = self.announced.get(&tid) {
                look.running.push(Event::CopyUpRunning(CopyUp {
                    time_ns: now_ns,
                    copied_bytes: Some(state.copied_bytes),
                    latency_ns: elapsed_ns,
                    ..copy_up.clone()
                }));
            }
        }
        Ok(look)
    }
}

fn numbers_are_ours() -> bool {
    fs::metadata("/proc/self/ns/pid")
        .is_ok_and(|namespace| namespace.ino() == INITIAL_PID_NAMESPACE)
}
