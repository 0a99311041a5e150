//! What the rules know of a container.

use std::{borrow::Cow, cmp::Reverse};

use super::{Evidence, words::quoted};
use crate::{
    aggregate::{
        activity::Activity,
        detail::{Detail, Tally},
        family::Repeated,
        file::Copied,
        habits::{ActivityKey, Habits},
        share::Share,
        sums::Sums,
    },
    model::{Operation, Origin, Runtime, SortedRows},
};

/// One container, all of its overlays joined.
pub(crate) struct Facts<'a> {
    pub(crate) origin: &'a Origin,
    /// What everything came to.
    pub(crate) sums: &'a Sums,
    /// Files by path that were copied up, the most costly first.
    pub(super) files: Vec<(&'a [u8], &'a Tally, &'a Copied)>,
    /// Sums by lower layer.
    pub(super) layers: &'a SortedRows<Option<u32>, Tally>,
    /// Activities, the most costly first.
    pub(super) activities: Vec<(&'a ActivityKey, &'a Activity)>,
    /// What other containers of the same image copied up as well.
    pub(super) repeated: Option<&'a Repeated>,
    /// Events that did not arrive, of any container.
    pub(crate) lost: u64,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(
        origin: &'a Origin,
        sums: &'a Sums,
        detail: &'a Detail,
        habits: &'a Habits,
        repeated: Option<&'a Repeated>,
        lost: u64,
    ) -> Self {
        let mut files: Vec<_> = detail
            .files
            .iter()
            .filter_map(|(path, row)| {
                let copied = row.extra.copied.as_ref()?;
                Some((&**path, &row.tally, copied))
            })
            .collect();
        files.sort_by_key(|(path, tally, _)| {
            (
                Reverse(tally.copied_bytes),
                Reverse(tally.latency_ns),
                *path,
            )
        });
        Self {
            origin,
            sums,
            files,
            layers: &detail.layers,
            activities: habits.sorted(),
            repeated,
            lost,
        }
    }

    /// The name of the build step that this is, if it is one.
    pub(super) fn build_step(&self) -> Option<&str> {
        let container = self.origin.container.as_ref()?;
        matches!(container.runtime, Runtime::Buildkit | Runtime::Buildah).then(|| container.label())
    }

    pub(super) fn runtime(&self) -> Option<&Runtime> {
        self.origin
            .container
            .as_ref()
            .map(|container| &container.runtime)
    }

    /// The instruction of the image that made a layer.
    pub(super) fn instruction(&self, layer: u32) -> Option<Cow<'_, str>> {
        let instruction = self.origin.layer(layer)?.instruction()?;
        (!instruction.is_empty()).then_some(instruction)
    }

    /// ` (from the layer of 'COPY app /srv/')`, if nearly all bytes came from
    /// one, and what made it is known.
    pub(super) fn source(&self, share: &Share) -> String {
        let layer = share.main_layer().and_then(|layer| self.instruction(layer));
        layer.map_or_else(String::new, |text| {
            format!(" (from the image's layer of {})", quoted(text.as_bytes()))
        })
    }

    /// The activities with one of these operations.
    pub(super) fn with(
        &self,
        operations: impl Fn(Operation) -> bool,
    ) -> impl Iterator<Item = (&'a ActivityKey, &'a Activity)> {
        let activities = self.activities.iter().copied();
        activities.filter(move |(key, _)| key.operation.is_some_and(&operations))
    }

    /// The evidence, but not more than there was: counts come from the kernel,
    /// evidence from events.
    pub(super) fn bound(&self, mut evidence: Evidence) -> Evidence {
        let sums = self.sums;
        evidence.copy_ups = evidence.copy_ups.min(sums.copy_ups.total);
        evidence.whiteouts = evidence.whiteouts.min(sums.whiteouts.total);
        evidence.copied_bytes = evidence.copied_bytes.min(sums.copied_bytes);
        evidence.latency_ns = evidence.latency_ns.min(sums.latency.sum_ns);
        evidence
    }
}

/// Of some files: what they came to, and their paths in the same order.
pub(super) fn of_files<'a>(
    files: impl IntoIterator<Item = (&'a [u8], &'a Tally, &'a Copied)>,
) -> Evidence {
    /// As many paths as other evidence has.
    const PATHS: usize = 5;
    let mut evidence = Evidence::default();
    for (path, tally, _) in files {
        evidence.copy_ups = evidence.copy_ups.saturating_add(tally.copy_ups);
        evidence.copied_bytes = evidence.copied_bytes.saturating_add(tally.copied_bytes);
        evidence.latency_ns = evidence.latency_ns.saturating_add(tally.latency_ns);
        if evidence.paths.len() < PATHS {
            evidence.paths.push(path.to_vec());
        }
    }
    evidence
}
