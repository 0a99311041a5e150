//! Memory is bounded, sums are not cut.

use super::*;

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
