//! An overview and the detail of one container, against the report.

use super::*;

/// Two containers, one of them with two overlays, and one overlay of nobody.
fn events() -> Vec<(Event, Arc<Origin>)> {
    let web = Arc::new(origin("web"));
    let db = Arc::new(origin("db"));
    let nobody = Arc::new(unowned());
    let copied = |superblock, path: &str| {
        Event::CopyUp(CopyUp {
            overlay: key(superblock),
            ..copy_up(path)
        })
    };
    let removed = Event::Whiteout(Whiteout {
        overlay: key(3),
        ..whiteout("/c")
    });
    vec![
        (copied(1, "/a"), Arc::clone(&web)),
        (copied(2, "/b"), web),
        (removed, Arc::clone(&db)),
        (copied(4, "/d"), nobody),
        (copied(3, "/e"), db),
    ]
}

fn aggregated(filter: &Filter, kernel: bool) -> Aggregator {
    let mut aggregator = aggregator(filter.clone());
    for (event, origin) in events() {
        aggregator.event(&event, &origin, Timestamp::UNIX_EPOCH);
    }
    if kernel {
        for (overlay, (origin, totals)) in kernel_totals(&events()) {
            aggregator.totals(overlay, &origin, &totals);
        }
    }
    aggregator.loss(LossSource::Ring, "ring_copy_up", 3);
    aggregator
}

#[test]
fn an_overview_has_the_numbers_of_the_report() {
    let of_web = Filter {
        containers: vec!["web".to_owned()],
        ..Filter::default()
    };
    let large = Filter {
        min_bytes: 1 << 40,
        ..Filter::default()
    };
    for (filter, count) in [(Filter::default(), 3), (of_web, 1), (large, 0)] {
        for kernel in [false, true] {
            let aggregator = aggregated(&filter, kernel);
            let (overview, report) = (aggregator.overview(), aggregator.report(context()));
            assert_eq!(overview.totals, report.totals);
            assert_eq!(overview.loss, report.loss);
            assert_eq!(overview.containers.len(), count);
            assert_eq!(report.containers.len(), count);
            for row in &overview.containers {
                let label = row.origin.label();
                let same = (report.containers.iter())
                    .find(|container| container.origin.label() == label)
                    .unwrap();
                assert_eq!(
                    (&row.sums, row.counted_from),
                    (&same.sums, same.counted_from)
                );
                let mut detail = aggregator.container(&row.id).unwrap();
                // As wide as those of the others only in a report.
                detail.timeline = same.timeline.clone();
                assert_eq!(format!("{detail:?}"), format!("{same:?}"), "{label}");
            }
        }
    }
}

#[test]
fn a_container_that_is_not_known_has_no_detail() {
    let aggregator = aggregated(&Filter::default(), true);
    assert!(
        aggregator
            .container(&ContainerId::Overlay(key(9)))
            .is_none()
    );
    assert!(
        aggregator
            .container(&ContainerId::Overlay(key(1)))
            .is_none(),
        "web's"
    );
}
