//! Single cases; laws that always hold are in `properties`.

mod bounds;
mod identity;
mod overview;
mod properties;
mod sources;

use super::*;
use crate::model::{
    Cause, CopyUp, Kind, Loss, Operation, Outcome, Process, TotalsKey, Whiteout,
    test_support::{OVERLAY, copy_up, origin, process, unowned, whiteout},
};

fn context() -> ReportContext {
    ReportContext {
        tool_version: "0.1.0".to_owned(),
        kernel: "6.18.2".to_owned(),
        hostname: "host".to_owned(),
        started: "2026-11-21T07:10:31Z".parse().unwrap(),
        ended: "2026-11-21T07:10:41Z".parse().unwrap(),
        in_flight: 0,
        coverage: Vec::new(),
    }
}

fn key(superblock: u64) -> OverlayKey {
    OverlayKey {
        superblock,
        ..OVERLAY
    }
}

fn aggregator(filter: Filter) -> Aggregator {
    Aggregator::new(filter, 10, SortKey::default())
}

/// A report of these events, with or without kernel totals of them.
fn report(filter: Filter, events: &[(Event, Arc<Origin>)], kernel: bool) -> Report {
    let mut aggregator = aggregator(filter);
    for (event, origin) in events {
        aggregator.event(event, origin, Timestamp::UNIX_EPOCH);
    }
    if kernel {
        for (overlay, (origin, totals)) in kernel_totals(events) {
            aggregator.totals(overlay, &origin, &totals);
        }
    }
    aggregator.report(context())
}

/// What the kernel would have counted: another implementation than the
/// aggregator's own, so that they check each other.
fn kernel_totals(
    events: &[(Event, Arc<Origin>)],
) -> BTreeMap<OverlayKey, (Arc<Origin>, OverlayTotals)> {
    let mut all = BTreeMap::new();
    let mut totals_of = |overlay, origin: &Arc<Origin>, add: &dyn Fn(&mut OverlayTotals)| {
        let entry = all
            .entry(overlay)
            .or_insert_with(|| (Arc::clone(origin), OverlayTotals::default()));
        add(&mut entry.1);
    };
    for (event, origin) in events {
        match event {
            Event::CopyUp(event) => totals_of(event.overlay, origin, &|totals| {
                let row = totals.copy_ups.row(TotalsKey {
                    kind: event.kind,
                    method: event.method,
                    operation: event.trigger.operation,
                    outcome: event.outcome,
                });
                let latencies = [
                    row.latency_min_ns,
                    row.latency_max_ns,
                    Some(event.latency_ns),
                ];
                row.count += 1;
                row.size_bytes += event.size_bytes;
                row.copied_bytes += event.copied_bytes.unwrap_or(0);
                row.copied_unknown += u64::from(event.copied_bytes.is_none());
                row.latency_ns += event.latency_ns;
                row.latency_min_ns = latencies.into_iter().flatten().min();
                row.latency_max_ns = latencies.into_iter().flatten().max();
                row.histogram.count_one(event.latency_ns);
                for (total, duration) in [
                    (&mut row.phases.lock, event.phases.lock_ns),
                    (&mut row.phases.data, event.phases.data_ns),
                    (&mut row.phases.sync, event.phases.sync_ns),
                ] {
                    let duration = duration.unwrap();
                    total.sum_ns += duration;
                    total.histogram.count_one(duration);
                }
            }),
            Event::Whiteout(event) => totals_of(event.overlay, origin, &|totals| {
                *totals.whiteouts.row(event.cause) += 1;
            }),
            _ => {}
        }
    }
    all
}

fn of(container: &str, event: Event) -> (Event, Arc<Origin>) {
    (event, Arc::new(origin(container)))
}

#[test]
fn nothing_is_nothing() {
    let report = report(Filter::default(), &[], true);
    assert!(report.containers.is_empty());
    assert!(report.totals.is_empty());
    assert!(report.notes().is_empty());
}

#[test]
fn successes_failures_and_races_are_apart() {
    let with = |outcome| {
        Event::CopyUp(CopyUp {
            outcome,
            ..copy_up("/a")
        })
    };
    let events = [
        of("web", with(Outcome::Ok)),
        of("web", with(Outcome::Raced)),
        of("web", with(Outcome::Failed(Some(28)))),
        of("web", with(Outcome::Failed(None))),
    ];
    for kernel in [true, false] {
        let report = report(Filter::default(), &events, kernel);
        let sums = &report.totals;
        assert_eq!(sums.copy_ups.total, 1);
        assert_eq!(sums.copy_ups.data, 1);
        assert_eq!(sums.copy_ups.raced, 1);
        assert_eq!(sums.copy_ups.failed, 2);
        assert_eq!(sums.copied_bytes, 52_428_800);
        assert_eq!(sums.latency.histogram.count(), 1);
        assert_eq!(sums.triggers[&Operation::Open].failed, 2);
        let (_, file, last) = &report.containers[0].files.rows[0];
        assert_eq!((file.copy_ups, file.failed), (1, 2));
        assert_eq!(last.as_ref().unwrap().outcome, Outcome::Failed(None));
    }
}

#[test]
fn opaque_marks_are_not_whiteouts() {
    let with = |cause| {
        of(
            "web",
            Event::Whiteout(Whiteout {
                cause,
                ..whiteout("/d")
            }),
        )
    };
    let events = [
        with(Cause::Opaque),
        with(Cause::Rename),
        with(Cause::Unknown(9)),
    ];
    let whiteouts = report(Filter::default(), &events, true).totals.whiteouts;
    assert_eq!(
        (whiteouts.total, whiteouts.rename, whiteouts.opaque),
        (2, 1, 1)
    );
}

#[test]
fn a_restarted_container_is_one_row_with_its_newest_mount() {
    let mut aggregator = aggregator(Filter::default());
    for life in 1..=3_u32 {
        let mut origin = origin("web");
        origin.mount.device.minor = life;
        let overlay = OverlayKey {
            superblock: 7,
            born_ns: u64::from(life),
        };
        let event = Event::CopyUp(CopyUp {
            overlay,
            ..copy_up("/a")
        });
        aggregator.event(&event, &Arc::new(origin), Timestamp::UNIX_EPOCH);
    }
    let report = aggregator.report(context());
    assert_eq!(report.containers.len(), 1);
    assert_eq!(report.containers[0].overlays, 3);
    assert_eq!(report.containers[0].sums.copy_ups.total, 3);
    assert_eq!(report.containers[0].origin.mount.device.minor, 3);
    assert_eq!(report.containers[0].files.rows[0].1.copy_ups, 3);
}

#[test]
fn overlays_of_nobody_are_rows_of_their_own() {
    let nobody = Arc::new(unowned());
    let events = [1, 2].map(|superblock| {
        let overlay = key(superblock);
        (
            Event::CopyUp(CopyUp {
                overlay,
                ..copy_up("/a")
            }),
            Arc::clone(&nobody),
        )
    });
    assert_eq!(report(Filter::default(), &events, true).containers.len(), 2);
}

#[test]
fn a_container_may_become_known_late_and_is_not_forgotten() {
    let filter = Filter {
        containers: vec!["web".to_owned()],
        ..Filter::default()
    };
    let mut aggregator = aggregator(filter);
    for origin in [unowned(), origin("web"), unowned()] {
        let event = Event::CopyUp(copy_up("/a"));
        aggregator.event(&event, &Arc::new(origin), Timestamp::UNIX_EPOCH);
    }
    let report = aggregator.report(context());
    assert_eq!(report.containers.len(), 1);
    assert_eq!(report.containers[0].sums.copy_ups.total, 3);
}

#[test]
fn a_container_may_become_known_when_its_overlay_is_gone() {
    let mut aggregator = aggregator(Filter::default());
    let event = Event::CopyUp(copy_up("/a"));
    aggregator.event(&event, &Arc::new(unowned()), Timestamp::UNIX_EPOCH);
    let named = Arc::new(origin("web"));
    aggregator.learn(|_| Arc::clone(&named));
    aggregator.learn(|_| panic!("its owner is known"));
    let report = aggregator.report(context());
    assert_eq!(report.containers[0].origin, named);
}

#[test]
fn containers_and_files_are_in_the_order_asked_for() {
    let order = |sort| {
        let mut aggregator = Aggregator::new(Filter::default(), 10, sort);
        for (name, path, bytes, latency_ns) in [
            ("b", "/x", 10, 5),
            ("a", "/y", 20, 1),
            ("a", "/z", 5, 4),
            ("c", "/q", 1, 100),
        ] {
            let event = CopyUp {
                overlay: key(name.as_bytes()[0].into()),
                copied_bytes: Some(bytes),
                latency_ns,
                ..copy_up(path)
            };
            aggregator.event(
                &Event::CopyUp(event),
                &Arc::new(origin(name)),
                Timestamp::UNIX_EPOCH,
            );
        }
        let report = aggregator.report(context());
        let names: Vec<_> = report
            .containers
            .iter()
            .map(|it| it.origin.label())
            .collect();
        let of_a = report
            .containers
            .iter()
            .find(|it| it.origin.label() == "a")
            .unwrap();
        let paths: Vec<_> = of_a
            .files
            .rows
            .iter()
            .map(|(path, ..)| String::from_utf8(path.clone()).unwrap())
            .collect();
        (names.concat(), paths.concat())
    };
    assert_eq!(
        order(SortKey::CopiedBytes),
        ("abc".to_owned(), "/y/z".to_owned())
    );
    assert_eq!(
        order(SortKey::CopyUps),
        ("abc".to_owned(), "/y/z".to_owned())
    );
    assert_eq!(
        order(SortKey::Latency),
        ("cab".to_owned(), "/z/y".to_owned())
    );
    assert_eq!(order(SortKey::Name), ("abc".to_owned(), "/y/z".to_owned()));
}
