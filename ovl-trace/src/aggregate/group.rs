//! Joining overlays to containers.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use super::{
    advice::{Advice, Facts, advise},
    detail::Detail,
    family::Repeated,
    habits::Habits,
    overlay::Overlay,
    overlays::Overlays,
    report::{ContainerReport, CountedFrom, LayerRow, SortKey, TriggerRow},
    sums::Sums,
};
use crate::model::{Container, Filter, Origin, OverlayKey, Runtime};

/// What makes overlays one row: the container, whatever its name is by now.
/// An overlay of nobody is alone; its upperdir is no identity, since it is
/// relative to a mount namespace.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity<'a> {
    Container(ContainerKey<'a>),
    Overlay(OverlayKey),
}

/// Identifies a container. Its id alone is not enough: containerd's are unique in
/// a namespace, and an engine inside of a container can give any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerKey<'a> {
    runtime: Cow<'a, Runtime>,
    id: Cow<'a, str>,
    namespace: Option<Cow<'a, str>>,
    /// The container that the engine runs in.
    outer: Option<Cow<'a, str>>,
}

impl<'a> ContainerKey<'a> {
    fn of(container: &'a Container) -> Self {
        Self {
            runtime: Cow::Borrowed(&container.runtime),
            id: container.id.as_str().into(),
            namespace: container.id_namespace().map(Cow::Borrowed),
            outer: container.outer().map(Cow::Borrowed),
        }
    }

    pub(crate) fn to_owned(&self) -> ContainerKey<'static> {
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(|text| text.to_owned().into());
        ContainerKey {
            runtime: Cow::Owned(Runtime::clone(&self.runtime)),
            id: Cow::Owned(str::to_owned(&self.id)),
            namespace: text(&self.namespace),
            outer: text(&self.outer),
        }
    }
}

impl<'a> Identity<'a> {
    pub(crate) fn of(key: &OverlayKey, overlay: &'a Overlay) -> Self {
        match &overlay.origin.container {
            Some(container) => Self::Container(ContainerKey::of(container)),
            None => Self::Overlay(*key),
        }
    }
}

/// Overlays of one identity.
pub(crate) struct Group {
    origin: Arc<Origin>,
    /// Birth of the overlay that `origin` is of: the newest one.
    born_ns: u64,
    overlays: usize,
    counted_from: CountedFrom,
    pub(crate) sums: Sums,
    detail: Detail,
    habits: Habits,
    keys: Vec<OverlayKey>,
}

/// The keys of the overlays that the filter admits, by identity and in the order of
/// these.
pub(crate) fn identities(overlays: &Overlays, filter: &Filter) -> Vec<Vec<OverlayKey>> {
    let mut groups: BTreeMap<Identity<'_>, Vec<OverlayKey>> = BTreeMap::new();
    for (key, overlay) in overlays.iter() {
        if filter.admits_origin(&overlay.origin) {
            let keys = groups.entry(Identity::of(key, overlay)).or_default();
            keys.push(*key);
        }
    }
    groups.into_values().collect()
}

/// Joins the overlays of one identity; `None` without any.
pub(crate) fn join(
    overlays: impl IntoIterator<Item = (OverlayKey, Overlay)>,
    filter: &Filter,
) -> Option<Group> {
    let mut group = None;
    for (key, overlay) in overlays {
        let group = group.get_or_insert_with(|| Group {
            origin: Arc::clone(&overlay.origin),
            born_ns: key.born_ns,
            overlays: 0,
            counted_from: CountedFrom::Kernel,
            sums: Sums::default(),
            detail: Detail::default(),
            habits: Habits::default(),
            keys: Vec::new(),
        });
        group.add(key, overlay, filter);
    }
    group
}

impl Group {
    fn add(&mut self, key: OverlayKey, overlay: Overlay, filter: &Filter) {
        let (sums, counted_from) = overlay.sums(filter);
        if counted_from == CountedFrom::Events {
            self.counted_from = CountedFrom::Events;
        }
        self.overlays += 1;
        self.sums.add(&sums);
        self.detail.merge(overlay.detail);
        self.habits.merge(&overlay.habits);
        self.keys.push(key);
        if key.born_ns >= self.born_ns {
            self.born_ns = key.born_ns;
            self.origin = overlay.origin;
        }
    }

    /// What to change, given what containers of the same image have in common
    /// and how many events were lost.
    pub(crate) fn advice(&self, families: &[Repeated], lost: u64) -> Vec<Advice> {
        let mut repeated = families.iter();
        let repeated = repeated.find(|repeated| self.keys.contains(&repeated.newest));
        let (sums, detail, habits) = (&self.sums, &self.detail, &self.habits);
        advise(&Facts::new(
            &self.origin,
            sums,
            detail,
            habits,
            repeated,
            lost,
        ))
    }

    pub(crate) fn into_report(
        self,
        sort: SortKey,
        top: usize,
        advice: Vec<Advice>,
    ) -> ContainerReport {
        let calls = self.detail.calls.into_list(sort, usize::MAX);
        let mut triggers: Vec<TriggerRow> = self
            .sums
            .triggers
            .iter()
            .map(|(operation, sums)| TriggerRow {
                operation: *operation,
                sums: *sums,
                calls: calls
                    .rows
                    .iter()
                    .filter(|(key, ..)| key.operation == *operation)
                    .map(|(key, tally, ())| (*key, *tally))
                    .take(top)
                    .collect(),
            })
            .collect();
        triggers.sort_by_key(|row| std::cmp::Reverse(row.sums.copy_ups));
        let layers = self.detail.layers.into_iter();
        let mut layers: Vec<LayerRow> = layers
            .map(|(index, tally)| LayerRow { index, tally })
            .collect();
        layers.sort_by_key(|row| (row.index.is_none(), row.index));
        let files = self.detail.files.into_list(sort, top);
        ContainerReport {
            origin: self.origin,
            overlays: self.overlays,
            counted_from: self.counted_from,
            sums: self.sums,
            triggers,
            files: files.map(|path, row| (path.into(), row.last)),
            processes: self.detail.processes.into_list(sort, top),
            layers,
            by_size: self.detail.by_size.into_rows(),
            timeline: self.detail.timeline,
            advice,
        }
    }
}
