//! What a tracer itself takes beside the workload.

use serde::{Deserialize, Serialize};

/// What the tracer itself took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Agent {
    /// Until it observed, in each run.
    pub(super) starts: Vec<u64>,
    /// While it observed: the least of all runs.
    pub(super) work: u64,
    /// The most of all runs.
    pub(super) work_most: u64,
    /// Most memory when it observed, in KiB.
    pub(super) start_kib: u64,
    /// The same at the end.
    pub(super) end_kib: u64,
    /// Events that it wrote, in the run with the fewest.
    pub(super) events: u64,
    /// Events that it says it lost, in the run with the most; `None` if it does not
    /// say.
    pub(super) lost: Option<u64>,
}

/// The same of one run, as the guest prints it.
#[derive(Deserialize)]
pub(super) struct OneRun {
    start_ns: u64,
    work_ns: u64,
    start_kib: u64,
    end_kib: u64,
    events: u64,
    lost: Option<u64>,
}

impl Agent {
    /// Of one run.
    pub(super) fn of(run: &OneRun) -> Self {
        Self {
            starts: vec![run.start_ns],
            work: run.work_ns,
            work_most: run.work_ns,
            start_kib: run.start_kib,
            end_kib: run.end_kib,
            events: run.events,
            lost: run.lost,
        }
    }

    /// With another run.
    pub(super) fn and(&self, run: &OneRun) -> Self {
        Self {
            starts: [self.starts.as_slice(), &[run.start_ns]].concat(),
            work: self.work.min(run.work_ns),
            work_most: self.work_most.max(run.work_ns),
            start_kib: self.start_kib.max(run.start_kib),
            end_kib: self.end_kib.max(run.end_kib),
            events: self.events.min(run.events),
            lost: self.lost.max(run.lost),
        }
    }
}
