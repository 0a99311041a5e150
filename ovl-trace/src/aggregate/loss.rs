//! What was lost, by source and reason.

use std::collections::BTreeMap;

use ovl_trace_common::loss::{NAMES, RING_STARTED};

use crate::model::LossSource;

/// What was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossReport {
    /// Events that did not fit into the ring.
    pub ring: u64,
    /// Events that the agent itself could not take.
    pub queue: u64,
    /// What the probes missed.
    pub probe: u64,
    /// Events whose path lacks its top: nothing else is missing.
    pub path: u64,
    /// How often the kernel's probes were found switched off: whatever happened meanwhile
    /// is in no number.
    pub disarmed: u64,
    /// The same by reason.
    pub reasons: Vec<(LossSource, String, u64)>,
}

impl LossReport {
    pub(crate) fn new(losses: &BTreeMap<(LossSource, String), u64>) -> Self {
        let mut report = Self::default();
        for ((source, reason), count) in losses {
            let sum = match source {
                LossSource::Ring => &mut report.ring,
                LossSource::Queue => &mut report.queue,
                LossSource::Probe => &mut report.probe,
                LossSource::Path => &mut report.path,
                LossSource::Disarmed => &mut report.disarmed,
            };
            *sum = sum.saturating_add(*count);
            report.reasons.push((*source, reason.clone(), *count));
        }
        report
    }

    /// Returns true if totals may be short.
    pub fn shortens_totals(&self) -> bool {
        self.probe > 0 || self.disarmed > 0
    }

    /// Copy-ups and whiteouts that arrived nowhere: detail is missing. An
    /// announcement that was lost is none: its copy-up came later.
    pub fn events(&self) -> u64 {
        let announcements: u64 = self
            .reasons
            .iter()
            .filter(|(_, reason, _)| reason == NAMES[RING_STARTED as usize])
            .map(|(_, _, count)| count)
            .sum();
        self.ring
            .saturating_add(self.queue)
            .saturating_sub(announcements)
    }
}
