//! From what is kept of overlays to the report.

use super::{
    Aggregator,
    family::{self, Repeated},
    group,
    loss::LossReport,
    overlay::Overlay,
    recording::RecordingState,
    report::{self, CountedFrom, Report, ReportContext},
    timeline,
};
use crate::model::OverlayKey;

impl Aggregator {
    /// The report as of now.
    pub fn report(&self, context: ReportContext) -> Report {
        let groups = group::identities(&self.overlays, &self.filter);
        let repeated = family::repeated(&self.overlays, &self.filter);
        self.sum_up(context, groups, &repeated, |key| {
            self.overlays.get(&key).cloned()
        })
    }

    /// The same at the end, when nothing more comes: what is kept becomes the report
    /// bit by bit, so that it is in memory once.
    pub fn into_report(mut self, context: ReportContext) -> Report {
        let groups = group::identities(&self.overlays, &self.filter);
        let repeated = family::repeated(&self.overlays, &self.filter);
        let mut overlays = std::mem::take(&mut self.overlays);
        self.sum_up(context, groups, &repeated, |key| overlays.remove(&key))
    }

    /// `groups` are the overlays of each row, `overlay` gives what is kept of one.
    fn sum_up(
        &self,
        context: ReportContext,
        groups: Vec<Vec<OverlayKey>>,
        repeated: &[Repeated],
        mut overlay: impl FnMut(OverlayKey) -> Option<Overlay>,
    ) -> Report {
        let mut totals = self.retired.clone();
        let loss = LossReport::new(&self.losses);
        let mut containers = Vec::new();
        for keys in groups {
            let overlays = keys.into_iter();
            let overlays = overlays.filter_map(|key| Some((key, overlay(key)?)));
            let Some(group) = group::join(overlays, &self.filter) else {
                continue;
            };
            totals.add(&group.sums);
            if !group.sums.is_empty() {
                let advice = group.advice(repeated, loss.events());
                containers.push(group.into_report(self.sort, self.top, advice));
            }
        }
        report::sort_containers(&mut containers, self.sort);
        let mut timelines: Vec<_> = containers.iter_mut().map(|it| &mut it.timeline).collect();
        timeline::align(&mut timelines, context.started, context.ended);
        Report {
            context,
            counted_from: if self.filter.totals_answerable() {
                CountedFrom::Kernel
            } else {
                CountedFrom::Events
            },
            containers,
            totals,
            retired_overlays: self.retired_overlays,
            loss,
            recording: RecordingState::default(),
        }
    }
}
