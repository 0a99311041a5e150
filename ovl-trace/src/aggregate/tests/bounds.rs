//! Memory is bounded, sums are not cut.

use super::{
    super::bounds::{LIVING_MAX, OVERLAYS_MAX, ROWS_MAX},
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
    let rows: usize = aggregator.overlays.values().map(|it| it.rows()).sum();
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
