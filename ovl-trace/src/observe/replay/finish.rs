//! What a recording gave.

use super::{
    Replay,
    remarks::{self, Stop},
};
use crate::{
    aggregate::{Report, ReportContext},
    recording::{Header, Tail},
};

impl Replay<'_, '_> {
    /// All that there is was read.
    pub(super) fn settle(&mut self, stop: &Stop) {
        if !matches!(stop, Stop::Tail(Tail::Complete(_))) {
            self.core.aggregator.prefer_newer_events();
        }
    }

    pub(super) fn finish(self, header: &Header, stop: &Stop) -> Report {
        let end = match stop {
            Stop::Tail(Tail::Complete(end)) => Some(end),
            _ => None,
        };
        let mut report = self.core.report(ReportContext {
            tool_version: header.tool_version.clone(),
            kernel: header.kernel.clone(),
            hostname: header.hostname.clone(),
            started: header.started,
            ended: end.map_or(self.reached, |end| end.ended),
            in_flight: end.map_or(self.running.len(), |end| end.in_flight),
            coverage: header.coverage.clone(),
        });
        report.incomplete = matches!(
            stop,
            Stop::Signal | Stop::Tail(Tail::Cut | Tail::Damaged(_))
        );
        report.remarks = remarks::of(stop, self.reached, self.unknown);
        report
    }
}
