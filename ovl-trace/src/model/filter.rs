//! Which events the user wants to see.

use super::{
    Container, CopyUp, Event, Kind, Operation, Origin, PathPatterns, TotalsKey, Whiteout,
    image_reference,
};

/// The shared filters of `live`, `report`, `record` and `serve`. An empty list
/// or `None` admits all; lists are alternatives, different fields must all
/// hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Container names, full ids or id prefixes (at least 4 characters).
    pub containers: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Pods.
    pub pods: Vec<String>,
    /// Image references.
    pub images: Vec<String>,
    /// Paths.
    pub paths: Option<PathPatterns>,
    /// Thread group ids.
    pub pids: Vec<u32>,
    /// Kinds of copy-up (a whiteout matches none of them).
    pub kinds: Vec<Kind>,
    /// Operations (a whiteout matches none of them).
    pub triggers: Vec<Operation>,
    /// Least `size_bytes` (whiteouts do not match a value above 0).
    pub min_bytes: u64,
    /// Least `latency_ns` (likewise).
    pub min_latency_ns: u64,
    /// Another filter that has to hold, too: that of a recording.
    pub and: Option<Box<Self>>,
}

/// Shortest id prefix that names a container.
const ID_PREFIX_MIN: usize = 4;

impl Filter {
    /// Whether an event is to be shown. Losses and the birth and death of
    /// overlays concern every reader, so no filter hides them.
    pub fn admits(&self, event: &Event, origin: &Origin) -> bool {
        self.admits_event(event)
            && match event {
                Event::CopyUp(_)
                | Event::CopyUpStarted(_)
                | Event::CopyUpRunning(_)
                | Event::Whiteout(_) => self.admits_origin(origin),
                Event::OverlaySeen(_) | Event::OverlayGone { .. } | Event::Loss(_) => true,
            }
    }

    /// Whether there is nothing to ask for: every event is admitted.
    pub fn admits_all(&self) -> bool {
        !self.asks_for_origins()
            && self.admits_whiteouts()
            && self.totals_answerable()
            && self.and(Self::admits_all)
    }

    /// Whether it matters whose an overlay is.
    pub fn asks_for_origins(&self) -> bool {
        let lists = [&self.containers, &self.namespaces, &self.pods, &self.images];
        lists.iter().any(|list| !list.is_empty()) || !self.and(|other| !other.asks_for_origins())
    }

    /// Whether it matters which operation needed a copy-up.
    pub fn asks_for_triggers(&self) -> bool {
        !self.triggers.is_empty() || !self.and(|other| !other.asks_for_triggers())
    }

    /// Whether copy-ups that this operation needed can be admitted.
    pub fn admits_trigger(&self, operation: Operation) -> bool {
        self.admits_operation(operation) && self.and(|other| other.admits_trigger(operation))
    }

    /// The part of [`Self::admits`] that does not depend on the container,
    /// which may become known only later.
    pub fn admits_event(&self, event: &Event) -> bool {
        (match event {
            Event::CopyUp(copy_up)
            | Event::CopyUpStarted(copy_up)
            | Event::CopyUpRunning(copy_up) => self.admits_copy_up(copy_up),
            Event::Whiteout(whiteout) => self.admits_whiteout(whiteout),
            Event::OverlaySeen(_) | Event::OverlayGone { .. } | Event::Loss(_) => true,
        }) && self.and(|other| other.admits_event(event))
    }

    /// Whether events of this container (or of no container) are to be shown.
    pub fn admits_origin(&self, origin: &Origin) -> bool {
        let container = origin.container.as_ref();
        let admits = |wanted: &[String], holds: &dyn Fn(&Container, &str) -> bool| {
            wanted.is_empty()
                || container
                    .is_some_and(|container| wanted.iter().any(|text| holds(container, text)))
        };
        admits(&self.containers, &is_called)
            && admits(&self.namespaces, &|container, text| {
                container.namespace.as_deref() == Some(text)
            })
            && admits(&self.pods, &|container, text| {
                container.pod.as_deref() == Some(text)
            })
            && admits(&self.images, &|container, text| {
                container
                    .image
                    .as_deref()
                    .is_some_and(|image| image_reference::is(image, text))
            })
            && self.and(|other| other.admits_origin(origin))
    }

    /// Whether this row of the kernel's totals is to be counted. Only
    /// meaningful if [`Self::totals_answerable`].
    pub fn admits_row(&self, key: &TotalsKey) -> bool {
        self.admits_kind(key.kind)
            && self.admits_operation(key.operation)
            && self.and(|other| other.admits_row(key))
    }

    /// Whether whiteouts as such are to be counted: they have no kind,
    /// trigger, size or latency, so a filter on one of these excludes them.
    pub fn admits_whiteouts(&self) -> bool {
        self.kinds.is_empty()
            && self.triggers.is_empty()
            && self.min_bytes == 0
            && self.min_latency_ns == 0
            && self.and(Self::admits_whiteouts)
    }

    /// Whether the kernel's totals, which know neither path nor process nor
    /// the single sizes and latencies, can answer this filter. If not, the
    /// events have to be counted.
    pub fn totals_answerable(&self) -> bool {
        self.paths.is_none()
            && self.pids.is_empty()
            && self.min_bytes == 0
            && self.min_latency_ns == 0
            && self.and(Self::totals_answerable)
    }

    fn and(&self, holds: impl FnOnce(&Self) -> bool) -> bool {
        self.and.as_deref().is_none_or(holds)
    }

    fn admits_copy_up(&self, copy_up: &CopyUp) -> bool {
        self.admits_kind(copy_up.kind)
            && self.admits_operation(copy_up.trigger.operation)
            && copy_up.size_bytes >= self.min_bytes
            && copy_up.latency_ns >= self.min_latency_ns
            && self.admits_pid(copy_up.process.pid)
            && self.admits_path(&copy_up.path)
    }

    fn admits_whiteout(&self, whiteout: &Whiteout) -> bool {
        self.admits_whiteouts()
            && self.admits_pid(whiteout.process.pid)
            && self.admits_path(&whiteout.path)
    }

    fn admits_kind(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    fn admits_operation(&self, operation: Operation) -> bool {
        self.triggers.is_empty() || self.triggers.contains(&operation)
    }

    fn admits_pid(&self, pid: u32) -> bool {
        self.pids.is_empty() || self.pids.contains(&pid)
    }

    fn admits_path(&self, path: &[u8]) -> bool {
        self.paths.as_ref().is_none_or(|paths| paths.is_match(path))
    }
}

fn is_called(container: &Container, text: &str) -> bool {
    container.name.as_deref() == Some(text)
        || container.id == text
        || (text.len() >= ID_PREFIX_MIN && container.id.starts_with(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support::{copy_up, origin, unowned, whiteout};

    fn admits(filter: &Filter, event: &Event) -> bool {
        filter.admits(event, &origin("web"))
    }

    #[test]
    fn an_empty_filter_admits_everything() {
        let filter = Filter::default();
        assert!(admits(&filter, &Event::CopyUp(copy_up("/a"))));
        assert!(filter.admits(&Event::Whiteout(whiteout("/a")), &unowned()));
        assert!(filter.totals_answerable());
    }

    #[test]
    fn containers_by_name_id_and_prefix() {
        let of = |text: &str| Filter {
            containers: vec![text.to_owned()],
            ..Filter::default()
        };
        let origin = origin("web");
        let id = origin.container.as_ref().unwrap().id.clone();
        assert!(of("web").admits_origin(&origin));
        assert!(of(&id).admits_origin(&origin));
        assert!(of(&id[..4]).admits_origin(&origin));
        assert!(!of(&id[..3]).admits_origin(&origin), "too short for an id");
        assert!(!of("we").admits_origin(&origin), "a name is matched whole");
        assert!(!of("web").admits_origin(&unowned()));
    }

    #[test]
    fn fields_must_all_hold_and_lists_are_alternatives() {
        let filter = Filter {
            kinds: vec![Kind::Directory, Kind::Data],
            pids: vec![216],
            ..Filter::default()
        };
        let event = copy_up("/a");
        assert!(admits(&filter, &Event::CopyUp(event.clone())));
        let other = CopyUp {
            kind: Kind::Symlink,
            ..event
        };
        assert!(!admits(&filter, &Event::CopyUp(other)));
        assert!(!admits(&filter, &Event::Whiteout(whiteout("/a"))));
    }

    #[test]
    fn losses_pass_every_filter() {
        let filter = Filter {
            containers: vec!["none".to_owned()],
            pids: vec![1],
            ..Filter::default()
        };
        let loss = Event::Loss(crate::model::Loss {
            time_ns: 0,
            source: crate::model::LossSource::Ring,
            reason: "ring_copy_up",
            count: 1,
        });
        assert!(filter.admits(&loss, &unowned()));
    }

    #[test]
    fn what_totals_cannot_answer() {
        for filter in [
            Filter {
                pids: vec![1],
                ..Filter::default()
            },
            Filter {
                min_bytes: 1,
                ..Filter::default()
            },
            Filter {
                min_latency_ns: 1,
                ..Filter::default()
            },
            Filter {
                paths: Some(PathPatterns::new(Vec::new()).unwrap()),
                ..Filter::default()
            },
        ] {
            assert!(!filter.totals_answerable());
        }
    }
    #[test]
    fn what_is_asked_for_may_be_asked_for_by_the_recording() {
        let plain = Filter::default();
        assert!(!plain.asks_for_origins() && !plain.asks_for_triggers());
        let asks = Filter {
            pods: vec!["web-0".to_owned()],
            triggers: vec![Operation::Chmod],
            ..Filter::default()
        };
        let recorded = Filter {
            and: Some(Box::new(asks.clone())),
            ..Filter::default()
        };
        for filter in [asks, recorded] {
            assert!(filter.asks_for_origins() && filter.asks_for_triggers());
            assert!(!filter.admits_all());
            assert!(filter.admits_trigger(Operation::Chmod));
            assert!(!filter.admits_trigger(Operation::Open));
        }
    }
}
