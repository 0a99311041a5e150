//! Memory is bounded, sums are not cut.

use super::{
    super::bounds::{self, LIVING_MAX, OVERLAYS_MAX, ROWS_MAX},
    *,
};

#[test]
fn retired_overlays_stay_in_the_totals() {
    let mut aggregator = aggregator(Filter::default());
    let origin = Arc::new(unowned());
    let lives = OVERLAYS_MAX as u64 + 10;
    for superblock in 0..lives {
        let overlay = OverlayKey {
            superblock,
            born_ns: superblock,
        };
        let event = Event::CopyUp(CopyUp {
            overlay,
            ..copy_up("/a")
        });
        aggregator.event(&event, &origin, Timestamp::UNIX_EPOCH);
        let device = origin.mount.device;
        aggregator.event(
            &Event::OverlayGone { overlay, device },
            &origin,
            Timestamp::UNIX_EPOCH,
        );
    }
    assert_eq!(aggregator.overlays.len(), OVERLAYS_MAX);
    let report = aggregator.report(context());
    assert_eq!(report.totals.copy_ups.total, lives);
    assert_eq!(report.retired_overlays, 10);
}

#[test]
fn layers_of_several_overlays_are_joined_and_bounded() {
    let origin = Arc::new(origin("web"));
    let mut aggregator = aggregator(Filter::default());
    let indices = [
        Some(2),
        Some(1),
        None,
        Some(2),
        Some(500),
        Some(501),
        Some(u32::MAX),
    ];
    for (number, layer) in indices.into_iter().enumerate() {
        let mut event = copy_up("/a");
        event.overlay = key(number as u64 % 2);
        event.layer = layer;
        event.copied_bytes = Some(1 << number);
        aggregator.event(&Event::CopyUp(event), &origin, Timestamp::UNIX_EPOCH);
    }
    let report = aggregator.report(context());
    let [container] = report.containers.as_slice() else {
        panic!("{:?}", report.containers);
    };
    let found: Vec<_> = container
        .layers
        .iter()
        .map(|row| (row.index, row.tally.copy_ups, row.tally.copied_bytes))
        .collect();
    assert_eq!(
        found,
        [
            (Some(1), 1, 2),
            (Some(2), 2, 1 + 8),
            (Some(500), 1, 16),
            (None, 3, 4 + 32 + 64),
        ]
    );
}

#[test]
fn rows_are_bounded_over_all_overlays() {
    let mut aggregator = aggregator(Filter::default());
    let origin = Arc::new(unowned());
    for number in 0..(2 * ROWS_MAX as u64) {
        let overlay = key(number % 100);
        let mut event = copy_up("/a");
        event.overlay = overlay;
        event.path = format!("/{number}").into_bytes();
        aggregator.event(&Event::CopyUp(event), &origin, Timestamp::UNIX_EPOCH);
    }
    let rows: usize = aggregator.overlays.values().map(Overlay::rows).sum();
    assert!(rows <= ROWS_MAX, "{rows}");
    let report = aggregator.report(context());
    assert_eq!(report.totals.copy_ups.total, 2 * ROWS_MAX as u64);
}

/// No kernel side has so many, but a recording may say so.
#[test]
fn even_living_overlays_are_bounded() {
    let mut aggregator = aggregator(Filter::default());
    let origin = Arc::new(unowned());
    let lives = LIVING_MAX as u64 + 10;
    for number in 0..lives {
        let event = Event::CopyUp(CopyUp {
            overlay: key(number),
            ..copy_up("/a")
        });
        aggregator.event(&event, &origin, Timestamp::UNIX_EPOCH);
        assert!(aggregator.overlays.len() <= LIVING_MAX);
    }
    let rows: usize = aggregator
        .overlays
        .values()
        .map(|it| it.size().totals)
        .sum();
    assert_eq!(aggregator.totals, rows);
    let report = aggregator.report(context());
    assert_eq!(report.totals.copy_ups.total, lives);
}

/// As many containers as rows, and more files than are kept: what is listed is a
/// lower bound, and at most what is said is missing.
#[test]
fn a_report_says_what_it_lacks() {
    let mut aggregator = Aggregator::new(Filter::default(), 1000, SortKey::default());
    let mut exact: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    let mut dice: u64 = 7;
    for _ in 0..5 * ROWS_MAX {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (file, bytes) = (dice >> 33, 1 + (dice >> 20) % 1000);
        // Half of the events are of a few files.
        let file = if file % 2 == 0 {
            file % 100
        } else {
            file % (1 << 18)
        };
        let mut event = copy_up(&format!("/{file}"));
        event.overlay = key(file % 4);
        event.copied_bytes = Some(bytes);
        *exact.entry(event.path.clone()).or_default() += bytes;
        // One container with four overlays.
        let origin = Arc::new(origin("web"));
        aggregator.event(&Event::CopyUp(event), &origin, Timestamp::UNIX_EPOCH);
    }
    let all: u64 = exact.values().sum();
    let report = aggregator.into_report(context());
    assert_eq!(report.totals.copied_bytes, all);
    let files = &report.containers[0].files;
    assert!(files.dropped > 0 && files.floor.copied_bytes > 0);
    assert_eq!(files.missing.len(), files.rows.len());
    for ((path, tally, _), missing) in files.rows.iter().zip(&files.missing) {
        let truth = exact.remove(path).unwrap();
        assert!(tally.copied_bytes <= truth, "{path:?}");
        assert!(
            truth <= tally.copied_bytes + missing.copied_bytes,
            "{path:?}"
        );
    }
    // Those that come again and again are known by now, and their sums are exact.
    assert!(
        (0..100)
            .step_by(2)
            .all(|file| !exact.contains_key(format!("/{file}").as_bytes()))
    );
    let notes = report.notes().join(" ");
    assert!(notes.contains("of one that is listed"), "{notes}");
}

#[test]
fn timelines_are_bounded_over_all_overlays() {
    let mut aggregator = aggregator(Filter::default());
    let origin = Arc::new(unowned());
    let overlays = 2 * bounds::STRETCHES_MAX as u64 / 120;
    for second in 0..30 {
        for number in 0..overlays {
            let event = Event::CopyUp(CopyUp {
                overlay: key(number),
                ..copy_up("/a")
            });
            for quarter in 0..4 {
                let at = Timestamp::from_millisecond(1000 * second + 250 * quarter).unwrap();
                aggregator.event(&event, &origin, at);
            }
        }
    }
    let stretches = |aggregator: &Aggregator| -> usize {
        let overlays = aggregator.overlays.values();
        overlays.map(|it| it.size().stretches).sum()
    };
    assert_eq!(stretches(&aggregator), aggregator.stretches);
    assert!(aggregator.stretches <= bounds::STRETCHES_MAX);
    let report = aggregator.into_report(context());
    let counted: u64 = report
        .containers
        .iter()
        .map(|it| it.timeline.sum().copy_ups)
        .sum();
    assert_eq!(counted, 120 * overlays);
}
