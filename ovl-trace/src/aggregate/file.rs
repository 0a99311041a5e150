//! What is kept of one file beside its sums.

use super::detail::FileLast;
use crate::model::{CopyUp, Kind, Operation, Outcome, Part};

/// The most recent copy-up of a file, and what became of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileRow {
    /// For the report.
    pub(crate) last: Option<FileLast>,
    /// For advice; of successful copy-ups only.
    pub(crate) copied: Option<Copied>,
}

/// The most recent successful copy-up. Ordered by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Copied {
    pub(crate) time_ns: u64,
    pub(crate) latency_ns: u64,
    pub(crate) operation: Operation,
    pub(crate) kind: Kind,
    pub(crate) size_bytes: u64,
    pub(crate) mode: u32,
    pub(crate) layer: Option<u32>,
    /// What a later look at this part of the file found: whether it is unchanged.
    pub(crate) examined: Option<(Part, bool)>,
}

impl FileRow {
    pub(crate) fn note(&mut self, event: &CopyUp, last: FileLast) {
        self.last = Some(last);
        if event.outcome == Outcome::Ok {
            self.copied = Some(Copied {
                time_ns: event.time_ns,
                latency_ns: event.latency_ns,
                operation: event.trigger.operation,
                kind: event.kind,
                size_bytes: event.size_bytes,
                mode: event.mode,
                layer: event.layer,
                examined: None,
            });
        }
    }
}

impl Copied {
    /// What of a regular file the operation was about to change, where that is
    /// known.
    pub(crate) fn part(&self) -> Option<Part> {
        if self.kind != Kind::Data {
            return None;
        }
        if changes_content(self.operation) {
            Some(Part::Content)
        } else {
            // The time of a change (utimes) and extended attributes are not
            // compared afterwards.
            matches!(self.operation, Operation::Chmod | Operation::Chown)
                .then_some(Part::Attributes)
        }
    }

    /// Whether a later look found this part as it was before.
    pub(crate) fn is_unchanged(&self, part: Part) -> bool {
        self.examined == Some((part, true))
    }
}

/// Whether an operation is there to change a file's data in its place.
pub(crate) const fn changes_content(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Open | Operation::Truncate | Operation::Fallocate | Operation::Mmap
    )
}
