//! The report as values; `render` makes text and JSON of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    advice::Advice,
    by_size::SizeRow,
    detail::{CallKey, FileLast, ProcessKey, Tally},
    loss::LossReport,
    recording::RecordingState,
    sums::{Sums, TriggerSums},
    timeline::Timeline,
};
use crate::{
    model::{Operation, Origin},
    render::units::bytes,
};

/// What the report is about; known to the caller, not to the fold.
#[derive(Clone, Debug)]
pub struct ReportContext {
    /// Version of this tool.
    pub tool_version: String,
    /// Kernel release (`uname -r`) of the observed machine.
    pub kernel: String,
    /// Its host name.
    pub hostname: String,
    /// When the observation began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Copy-ups that had not ended by then: they are in no count.
    pub in_flight: usize,
    /// The probes.
    pub coverage: Vec<Coverage>,
}

/// The state of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Its name.
    pub probe: String,
    /// Why it is not attached; `None` if it is.
    pub why_not: Option<String>,
    /// What is missing without it.
    pub lost: Option<String>,
    /// It is no probe, but what the user asked to leave out: nothing is wrong.
    pub is_unwanted: bool,
}

/// The order of containers, and of their files and processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// Most bytes written.
    #[default]
    CopiedBytes,
    /// Largest lower files.
    SizeBytes,
    /// Most copy-ups.
    CopyUps,
    /// Most time spent in copy-ups.
    Latency,
    /// Most whiteouts.
    Whiteouts,
    /// By name.
    Name,
}

/// Where counts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedFrom {
    /// The kernel's own totals: exact.
    Kernel,
    /// The events that arrived: a lower bound if some were lost.
    Events,
}

impl CountedFrom {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Events => "events",
        }
    }
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Report {
    /// When, where, with what.
    pub context: ReportContext,
    /// What the filter allows; a single container may differ, if it has no
    /// kernel totals.
    pub counted_from: CountedFrom,
    /// Containers (and overlays of nobody) with at least one event, sorted.
    pub containers: Vec<ContainerReport>,
    /// Sums over all of them, and over the retired overlays.
    pub totals: Sums,
    /// Overlays, all of them gone, that are only in `totals`.
    pub retired_overlays: u64,
    /// What was lost.
    pub loss: LossReport,
    /// The recording that it was made from, if it was.
    pub recording: RecordingState,
}

/// One container, or one overlay of nobody.
#[derive(Clone, Debug)]
pub struct ContainerReport {
    /// Who, and its newest mount.
    pub origin: Arc<Origin>,
    /// Overlays that were joined: more than one if it was restarted.
    pub overlays: usize,
    /// Where `sums` come from.
    pub counted_from: CountedFrom,
    /// Counts.
    pub sums: Sums,
    /// By operation, most copy-ups first.
    pub triggers: Vec<TriggerRow>,
    /// The top files by path.
    pub files: TopList<Vec<u8>, Option<FileLast>>,
    /// The top processes.
    pub processes: TopList<ProcessKey>,
    /// By lower layer, the topmost first, from events: what of the image was
    /// copied up. Layers without a copy-up are missing.
    pub layers: Vec<LayerRow>,
    /// By size of the file, the smallest first, from events. Sizes without a
    /// copy-up are missing.
    pub by_size: Vec<SizeRow>,
    /// Over time, from events.
    pub timeline: Timeline,
    /// What to change, the most costly first: a handful at most.
    pub advice: Vec<Advice>,
}

/// Copy-ups out of one lower layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerRow {
    /// 1 is the topmost; `None`: not known which (the last row).
    pub index: Option<u32>,
    /// Their sums.
    pub tally: Tally,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct TriggerRow {
    /// The operation.
    pub operation: Operation,
    /// Counts, from the same source as the container's.
    pub sums: TriggerSums,
    /// The system calls and flags, from events.
    pub calls: Vec<(CallKey, Tally)>,
}

/// The largest rows of detail, from events.
#[derive(Clone, Debug)]
pub struct TopList<K, X = ()> {
    /// Key, sums, and what else is known.
    pub rows: Vec<(K, Tally, X)>,
    /// Number of rows that are not listed.
    pub others: u64,
    /// Their sums.
    pub others_tally: Tally,
    /// What each of `rows` lacks at most, in each number (the longest latency: what it
    /// may have been): it came in after others had been dropped, and may have been
    /// one of them.
    pub missing: Vec<Tally>,
    /// How many of them were dropped to bound memory: if not 0, a listed row
    /// may be a lower bound.
    pub dropped: u64,
    /// What a row that was dropped had at most, in each number.
    pub floor: Tally,
}

impl Report {
    /// Some counts come from events.
    pub fn counts_events(&self) -> bool {
        self.counted_from == CountedFrom::Events
            || self
                .containers
                .iter()
                .any(|container| container.counted_from == CountedFrom::Events)
    }

    /// What a reader must know to read the numbers right, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.recording.remarks.clone();
        let lost = self.loss.events();
        if lost > 0 && self.counts_events() {
            notes.push(format!(
                "{} lost, and counts come from events: all numbers are lower bounds",
                counted(lost, "event was", "events were"),
            ));
        } else if lost > 0 {
            notes.push(format!(
                "{} lost: files, processes, calls, layers, sizes and times are incomplete; counts, bytes and latencies come from the kernel's totals and are exact",
                counted(lost, "event was", "events were"),
            ));
        }
        if self.loss.probe > 0 {
            notes.push(format!(
                "probes missed something {}: counts may be short, too",
                counted(self.loss.probe, "time", "times"),
            ));
        }
        if self.loss.disarmed > 0 {
            notes.push(format!(
                "the kernel's probes were switched off {}: nothing that happened then is in any number",
                counted(self.loss.disarmed, "time", "times"),
            ));
        }
        if self.loss.path > 0 {
            notes.push(format!(
                "{} too deep to be shown from its top, or partly unreadable: it begins with '…/'",
                counted(self.loss.path, "path is", "paths are"),
            ));
        }
        if self.totals.copied_unknown > 0 {
            notes.push(format!(
                "the bytes of {} could not be measured: copied bytes are a lower bound",
                counted(self.totals.copied_unknown, "copy-up", "copy-ups"),
            ));
        }
        let in_flight = self.context.in_flight as u64;
        if in_flight > 0 {
            notes.push(format!(
                "{} still running at the end: not counted",
                counted(in_flight, "copy-up was", "copy-ups were"),
            ));
        }
        if self.retired_overlays > 0 {
            notes.push(format!(
                "{} gone for long and in the totals only",
                counted(self.retired_overlays, "overlay is", "overlays are"),
            ));
        }
        if self
            .containers
            .iter()
            .any(|container| container.files.dropped > 0)
        {
            notes.push(format!(
                "there were too many files to track them all: the smaller ones are summed up{}",
                self.missing_of_files(),
            ));
        }
        notes
    }
}

impl Report {
    /// What listed files lack at most, if that is anything.
    fn missing_of_files(&self) -> String {
        let lists = self.containers.iter().map(|container| &container.files);
        let missing = lists.flat_map(|files| files.missing.iter());
        let most = missing.map(|missing| missing.copied_bytes).max();
        match most {
            Some(most) if most > 0 => {
                format!(", among them up to {} of one that is listed", bytes(most))
            }
            _ => String::new(),
        }
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Sorts containers, the largest (or the first name) first.
pub(crate) fn sort_containers(containers: &mut [ContainerReport], sort: SortKey) {
    containers.sort_by_cached_key(|container| {
        let sums = &container.sums;
        let first = match sort {
            SortKey::Name => 0,
            SortKey::CopiedBytes => sums.copied_bytes,
            SortKey::SizeBytes => sums.size_bytes,
            SortKey::CopyUps => sums.copy_ups.total,
            SortKey::Latency => sums.latency.sum_ns,
            SortKey::Whiteouts => sums.whiteouts.total,
        };
        let rest = match sort {
            SortKey::Name => [0; 3],
            _ => [sums.copied_bytes, sums.copy_ups.total, sums.whiteouts.total],
        };
        (std::cmp::Reverse((first, rest)), container.origin.label())
    });
}
