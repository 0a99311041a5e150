//! Kernel totals or events.

use super::*;

#[test]
fn kernel_totals_are_replaced_not_added() {
    let origin = Arc::new(origin("web"));
    let mut aggregator = aggregator(Filter::default());
    for count in [3, 5] {
        let mut totals = OverlayTotals::default();
        *totals.whiteouts.row(Cause::Unlink) = count;
        aggregator.totals(OVERLAY, &origin, &totals);
    }
    let report = aggregator.report(context());
    assert_eq!(report.totals.whiteouts.total, 5);
    assert_eq!(report.counted_from, CountedFrom::Kernel);
}

#[test]
fn totals_are_exact_when_events_were_lost() {
    let mut events = vec![of("web", Event::CopyUp(copy_up("/a"))); 10];
    let totals = kernel_totals(&events);
    events.truncate(3);
    let mut aggregator = aggregator(Filter::default());
    for (event, origin) in &events {
        aggregator.event(event, origin, Timestamp::UNIX_EPOCH);
    }
    for (overlay, (origin, totals)) in &totals {
        aggregator.totals(*overlay, origin, totals);
    }
    aggregator.event(
        &Event::Loss(Loss {
            time_ns: 0,
            source: LossSource::Ring,
            reason: "ring_copy_up",
            count: 7,
        }),
        &Arc::new(unowned()),
        Timestamp::UNIX_EPOCH,
    );
    let report = aggregator.report(context());
    assert_eq!(report.totals.copy_ups.total, 10);
    assert_eq!(report.containers[0].files.rows[0].1.copy_ups, 3);
    assert_eq!((report.loss.ring, report.loss.queue), (7, 0));
    assert!(
        report.notes()[0].contains("7 events were lost: files"),
        "{:?}",
        report.notes()
    );
}

#[test]
fn a_filter_that_totals_cannot_answer_counts_events() {
    let filter = Filter {
        pids: vec![216],
        ..Filter::default()
    };
    let other = Process {
        pid: 1,
        ..process()
    };
    let events = [
        of("web", Event::CopyUp(copy_up("/a"))),
        of(
            "web",
            Event::CopyUp(CopyUp {
                process: other,
                ..copy_up("/b")
            }),
        ),
    ];
    let mut report = report(filter, &events, true);
    assert_eq!(report.counted_from, CountedFrom::Events);
    assert_eq!(report.totals.copy_ups.total, 1);
    report.loss.ring = 1;
    assert!(report.notes()[0].contains("lower bounds"));
}

#[test]
fn filters_on_kind_and_container_apply_to_kernel_totals() {
    let filter = Filter {
        containers: vec!["web".to_owned()],
        kinds: vec![Kind::Directory],
        ..Filter::default()
    };
    let directory = CopyUp {
        kind: Kind::Directory,
        overlay: key(2),
        ..copy_up("/d")
    };
    let events = [
        of(
            "web",
            Event::CopyUp(CopyUp {
                overlay: key(2),
                ..copy_up("/a")
            }),
        ),
        of("web", Event::CopyUp(directory.clone())),
        of(
            "web",
            Event::Whiteout(Whiteout {
                overlay: key(2),
                ..whiteout("/w")
            }),
        ),
        of(
            "db",
            Event::CopyUp(CopyUp {
                overlay: key(3),
                ..directory
            }),
        ),
    ];
    let report = report(filter, &events, true);
    assert_eq!(report.counted_from, CountedFrom::Kernel);
    assert_eq!(report.containers.len(), 1);
    assert_eq!(report.totals.copy_ups.total, 1);
    assert_eq!(report.totals.whiteouts.total, 0);
}

#[test]
fn bytes_that_were_not_measured_are_not_zero() {
    let event = CopyUp {
        method: None,
        copied_bytes: None,
        ..copy_up("/a")
    };
    let report = report(Filter::default(), &[of("web", Event::CopyUp(event))], true);
    assert_eq!(report.totals.copied_unknown, 1);
    assert!(report.notes()[0].contains("could not be measured"));
}
