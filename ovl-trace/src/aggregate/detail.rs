//! What only events know: files, processes, and how they asked.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{CopyUp, Kind, Method, Operation, Outcome, Process, Whiteout};

use super::{by_size::BySize, file::FileRow, report::SortKey, timeline::Timeline, top::TopTable};

/// Sums of one row of detail. Bytes and latencies are those of successful
/// copy-ups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Successful copy-ups.
    pub copy_ups: u64,
    /// Failed ones.
    pub failed: u64,
    /// Whiteouts, without opaque marks.
    pub whiteouts: u64,
    /// Opaque marks.
    pub opaque: u64,
    /// Sum of lower file sizes.
    pub size_bytes: u64,
    /// Sum of bytes really written, as far as measured.
    pub copied_bytes: u64,
    /// Copy-ups whose bytes could not be measured.
    pub copied_unknown: u64,
    /// Sum of latencies.
    pub latency_ns: u64,
    /// Longest latency.
    pub latency_max_ns: u64,
}

impl Tally {
    fn copy_up(&mut self, event: &CopyUp) {
        match event.outcome {
            Outcome::Raced => return,
            Outcome::Failed(_) => {
                self.failed += 1;
                return;
            }
            Outcome::Ok => self.copy_ups += 1,
        }
        self.size_bytes = self.size_bytes.saturating_add(event.size_bytes);
        match event.copied_bytes {
            Some(bytes) => self.copied_bytes = self.copied_bytes.saturating_add(bytes),
            None => self.copied_unknown += 1,
        }
        self.latency_ns = self.latency_ns.saturating_add(event.latency_ns);
        self.latency_max_ns = self.latency_max_ns.max(event.latency_ns);
    }

    fn whiteout(&mut self, event: &Whiteout) {
        if event.cause == crate::model::Cause::Opaque {
            self.opaque += 1;
        } else {
            self.whiteouts += 1;
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.copy_ups += other.copy_ups;
        self.failed += other.failed;
        self.whiteouts += other.whiteouts;
        self.opaque += other.opaque;
        self.size_bytes = self.size_bytes.saturating_add(other.size_bytes);
        self.copied_bytes = self.copied_bytes.saturating_add(other.copied_bytes);
        self.copied_unknown += other.copied_unknown;
        self.latency_ns = self.latency_ns.saturating_add(other.latency_ns);
        self.latency_max_ns = self.latency_max_ns.max(other.latency_max_ns);
    }

    /// What makes a row large: the sort key first, then bytes, number, time.
    pub(crate) fn rank(&self, sort: SortKey) -> [u64; 4] {
        let events = self.copy_ups + self.failed + self.whiteouts + self.opaque;
        let first = match sort {
            SortKey::CopiedBytes | SortKey::Name => self.copied_bytes,
            SortKey::SizeBytes => self.size_bytes,
            SortKey::CopyUps => self.copy_ups,
            SortKey::Latency => self.latency_ns,
            SortKey::Whiteouts => self.whiteouts,
        };
        [first, self.copied_bytes, events, self.latency_ns]
    }
}

/// A process, as far as detail tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Its name when the event happened: up to 15 bytes, any but NUL.
    pub comm: Vec<u8>,
    /// Thread group id.
    pub pid: u32,
}

impl From<&Process> for ProcessKey {
    fn from(process: &Process) -> Self {
        Self {
            comm: process.comm.clone(),
            pid: process.pid,
        }
    }
}

/// How copy-ups were asked for: refines the operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    /// The operation.
    pub operation: Operation,
    /// The system call, where known.
    pub syscall: Option<&'static str>,
    /// The open flags.
    pub flags: Vec<&'static str>,
}

/// The most recent copy-up of a file. Ordered by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileLast {
    /// When.
    pub time: Timestamp,
    /// What was copied.
    pub kind: Kind,
    /// How, if known.
    pub method: Option<Method>,
    /// Why.
    pub operation: Operation,
    /// Who.
    pub process: ProcessKey,
    /// How it ended.
    pub outcome: Outcome,
}

/// The tables of one overlay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    pub(crate) files: TopTable<Vec<u8>, FileRow>,
    pub(crate) processes: TopTable<ProcessKey>,
    pub(crate) calls: TopTable<CallKey>,
    /// By lower layer, 1 being the topmost; `None` where it is not known.
    pub(crate) layers: BTreeMap<Option<u32>, Tally>,
    pub(crate) by_size: BySize,
    pub(crate) timeline: Timeline,
}

/// An overlay has no more lower layers (`OVL_MAX_STACK` in `fs/overlayfs`).
/// The number comes from outside: another one is none.
const MAX_LAYER: u32 = 500;

impl Detail {
    /// Takes a copy-up in; the number of new rows, as of [`Self::rows`].
    pub(crate) fn copy_up(&mut self, event: &CopyUp, wall: Timestamp, sort: SortKey) -> usize {
        if event.outcome == Outcome::Raced {
            return 0;
        }
        let (file, new_file) = self.files.row(&event.path, sort);
        file.tally.copy_up(event);
        let last = FileLast {
            time: wall,
            kind: event.kind,
            method: event.method,
            operation: event.trigger.operation,
            process: (&event.process).into(),
            outcome: event.outcome,
        };
        file.extra.note(event, last);
        let (process, new_process) = self.processes.row(&(&event.process).into(), sort);
        process.tally.copy_up(event);
        let call = CallKey {
            operation: event.trigger.operation,
            syscall: event.trigger.syscall,
            flags: event.trigger.flags.clone(),
        };
        let (call, _) = self.calls.row(&call, sort);
        call.tally.copy_up(event);
        let layer = event.layer.filter(|index| *index <= MAX_LAYER);
        self.layers.entry(layer).or_default().copy_up(event);
        self.by_size.copy_up(event);
        self.timeline.copy_up(event, wall);
        usize::from(new_file) + usize::from(new_process)
    }

    /// Takes a whiteout in; the number of new rows.
    pub(crate) fn whiteout(&mut self, event: &Whiteout, wall: Timestamp, sort: SortKey) -> usize {
        let (file, new_file) = self.files.row(&event.path, sort);
        file.tally.whiteout(event);
        let (process, new_process) = self.processes.row(&(&event.process).into(), sort);
        process.tally.whiteout(event);
        self.timeline.whiteout(event, wall);
        usize::from(new_file) + usize::from(new_process)
    }

    /// Rows of the tables that can grow large; there are only so many ways to
    /// call for a copy-up, and so many layers.
    pub(crate) fn rows(&self) -> usize {
        self.files.len() + self.processes.len()
    }

    pub(crate) fn drop_half(&mut self, sort: SortKey) {
        self.files.drop_half(sort);
        self.processes.drop_half(sort);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.files.merge(&other.files);
        self.processes.merge(&other.processes);
        self.calls.merge(&other.calls);
        for (layer, tally) in &other.layers {
            self.layers.entry(*layer).or_default().add(tally);
        }
        self.by_size.merge(&other.by_size);
        self.timeline.merge(&other.timeline);
    }
}
