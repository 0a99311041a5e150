//! A look at the numbers while they grow: sums without the tables of detail,
//! and the detail of one container alone. A whole report copies every table,
//! which a view that is drawn each second cannot afford.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Aggregator, family,
    group::{self, ContainerKey, Identity},
    loss::LossReport,
    overlay::Overlay,
    report::{ContainerReport, CountedFrom},
    sums::Sums,
};
use crate::model::{Origin, OverlayKey};

/// What makes overlays one row, for as long as an observation lasts: the
/// container, or an overlay of nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerId {
    /// The container.
    Container(ContainerKey<'static>),
    /// An overlay without a container.
    Overlay(OverlayKey),
}

impl ContainerId {
    fn of(identity: &Identity<'_>) -> Self {
        match identity {
            Identity::Container(key) => Self::Container(key.to_owned()),
            Identity::Overlay(key) => Self::Overlay(*key),
        }
    }

    fn is(&self, identity: &Identity<'_>) -> bool {
        match (self, identity) {
            (Self::Container(key), Identity::Container(other)) => key == other,
            (Self::Overlay(key), Identity::Overlay(other)) => key == other,
            _ => false,
        }
    }
}

/// The counts of a report, without its tables.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Containers (and overlays of nobody) with at least one event, in the
    /// order of their identity.
    pub containers: Vec<ContainerSums>,
    /// Sums over all of them, and over the retired overlays.
    pub totals: Sums,
    /// What was lost.
    pub loss: LossReport,
}

/// The counts of one container.
#[derive(Clone, Debug)]
pub struct ContainerSums {
    /// Which one.
    pub id: ContainerId,
    /// Who, and its newest mount.
    pub origin: Arc<Origin>,
    /// Where `sums` come from.
    pub counted_from: CountedFrom,
    /// Counts.
    pub sums: Sums,
}

impl Aggregator {
    /// The counts as of now: the same numbers as those of [`Self::report`].
    pub fn overview(&self) -> Overview {
        let mut rows: BTreeMap<Identity<'_>, (u64, ContainerSums)> = BTreeMap::new();
        let mut totals = self.retired.clone();
        for (key, overlay) in self.overlays.iter() {
            if !self.filter.admits_origin(&overlay.origin) {
                continue;
            }
            let (sums, counted_from) = overlay.sums(&self.filter);
            totals.add(&sums);
            let identity = Identity::of(key, overlay);
            let (born_ns, row) = rows.entry(identity).or_insert_with_key(|identity| {
                let row = ContainerSums {
                    id: ContainerId::of(identity),
                    origin: Arc::clone(&overlay.origin),
                    counted_from: CountedFrom::Kernel,
                    sums: Sums::default(),
                };
                (key.born_ns, row)
            });
            row.sums.add(&sums);
            if counted_from == CountedFrom::Events {
                row.counted_from = CountedFrom::Events;
            }
            if key.born_ns >= *born_ns {
                *born_ns = key.born_ns;
                row.origin = Arc::clone(&overlay.origin);
            }
        }
        Overview {
            containers: rows
                .into_values()
                .map(|(_, row)| row)
                .filter(|row| !row.sums.is_empty())
                .collect(),
            totals,
            loss: LossReport::new(&self.losses),
        }
    }

    /// Everything about one container; `None` if nothing of it is known. Its timeline
    /// is not that of the report, where all have one width.
    pub fn container(&self, id: &ContainerId) -> Option<ContainerReport> {
        let admitted = |overlay: &Overlay| self.filter.admits_origin(&overlay.origin);
        let overlays = self
            .overlays
            .iter()
            .filter(|(key, overlay)| id.is(&Identity::of(key, overlay)) && admitted(overlay))
            .map(|(key, overlay)| (*key, Overlay::clone(overlay)));
        let group = group::join(overlays, &self.filter)?;
        let repeated = family::repeated(&self.overlays, &self.filter);
        let advice = group.advice(&repeated, LossReport::new(&self.losses).events());
        Some(group.into_report(self.sort, self.top, advice))
    }
}
