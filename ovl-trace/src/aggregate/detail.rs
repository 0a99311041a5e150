//! What only events know: files, processes, and how they asked.

use jiff::Timestamp;

use crate::model::{
    Comm, CopyUp, Kind, Method, OpenFlags, Operation, Outcome, Process, SortedRows, Whiteout,
};

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

    /// What is at least as much as both.
    pub(crate) fn raise(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.copy_ups, other.copy_ups),
            (&mut self.failed, other.failed),
            (&mut self.whiteouts, other.whiteouts),
            (&mut self.opaque, other.opaque),
            (&mut self.size_bytes, other.size_bytes),
            (&mut self.copied_bytes, other.copied_bytes),
            (&mut self.copied_unknown, other.copied_unknown),
            (&mut self.latency_ns, other.latency_ns),
            (&mut self.latency_max_ns, other.latency_max_ns),
        ] {
            *ours = (*ours).max(theirs);
        }
    }

    /// The sum of both.
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        self.add(other);
        self
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Its name when the event happened.
    pub comm: Comm,
    /// Thread group id.
    pub pid: u32,
}

impl From<&Process> for ProcessKey {
    fn from(process: &Process) -> Self {
        Self {
            comm: process.comm,
            pid: process.pid,
        }
    }
}

/// How copy-ups were asked for: refines the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    /// The operation.
    pub operation: Operation,
    /// The system call, where known.
    pub syscall: Option<&'static str>,
    /// The open flags.
    pub flags: OpenFlags,
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
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub(crate) files: TopTable<Box<[u8]>, FileRow>,
    pub(crate) processes: TopTable<ProcessKey>,
    pub(crate) calls: TopTable<CallKey>,
    /// By lower layer, 1 being the topmost; `None` where it is not known.
    pub(crate) layers: SortedRows<Option<u32>, Tally>,
    pub(crate) by_size: BySize,
    pub(crate) timeline: Timeline,
}

/// Ways to call for a copy-up that are told apart: a program can open files with any
/// flags.
const CALLS_MAX: usize = 64;

impl Default for Detail {
    fn default() -> Self {
        Self {
            files: TopTable::default(),
            processes: TopTable::default(),
            calls: TopTable::with_capacity(CALLS_MAX),
            layers: SortedRows::default(),
            by_size: BySize::default(),
            timeline: Timeline::default(),
        }
    }
}

/// An overlay has no more lower layers (`OVL_MAX_STACK` in `fs/overlayfs`).
/// The number comes from outside: another one is none.
const MAX_LAYER: u32 = 500;

impl Detail {
    /// Takes a copy-up in.
    pub(crate) fn copy_up(&mut self, event: &CopyUp, wall: Timestamp, sort: SortKey) {
        if event.outcome == Outcome::Raced {
            return;
        }
        let path: &[u8] = &event.path;
        let file = self.files.row(path, || path.into(), sort);
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
        let process = self.processes.row_again((&event.process).into(), sort);
        process.tally.copy_up(event);
        let call = CallKey {
            operation: event.trigger.operation,
            syscall: event.trigger.syscall,
            flags: event.trigger.flags,
        };
        let call = self.calls.row_again(call, sort);
        call.tally.copy_up(event);
        let layer = event.layer.filter(|index| *index <= MAX_LAYER);
        self.layers.row(layer).copy_up(event);
        self.by_size.copy_up(event);
        self.timeline.copy_up(event, wall);
    }

    /// Takes a whiteout in.
    pub(crate) fn whiteout(&mut self, event: &Whiteout, wall: Timestamp, sort: SortKey) {
        let path: &[u8] = &event.path;
        let file = self.files.row(path, || path.into(), sort);
        file.tally.whiteout(event);
        let process = self.processes.row_again((&event.process).into(), sort);
        process.tally.whiteout(event);
        self.timeline.whiteout(event, wall);
    }

    /// Rows of the tables that can grow large; there are only so many ways to
    /// call for a copy-up, and so many layers.
    pub(crate) fn rows(&self) -> usize {
        self.files.len() + self.processes.len()
    }

    pub(crate) fn drop_half(&mut self, sort: SortKey, least: usize) {
        self.files.drop_half(sort, least);
        self.processes.drop_half(sort, least);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.files.merge(other.files);
        self.processes.merge(other.processes);
        self.calls.merge(other.calls);
        for (layer, tally) in other.layers.iter() {
            self.layers.row(*layer).add(tally);
        }
        self.by_size.merge(&other.by_size);
        self.timeline.merge(&other.timeline);
    }
}
