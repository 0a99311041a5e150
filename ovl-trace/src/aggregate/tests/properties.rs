//! Laws of the fold.

use proptest::prelude::*;

use super::*;
use crate::model::{Method, Trigger};

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => Just(Outcome::Ok),
        1 => Just(Outcome::Raced),
        1 => Just(Outcome::Failed(Some(28))),
        1 => Just(Outcome::Failed(None)),
    ]
}

fn any_copy_up() -> impl Strategy<Value = CopyUp> {
    (
        (0_u8..6).prop_map(Kind::from_code),
        proptest::option::of((0_u8..6).prop_map(Method::from_code)),
        (0_u8..14).prop_map(Operation::from_code),
        any_outcome(),
        (0_u64..1 << 40, 0_u64..1 << 40, 0_u64..1 << 39),
        "/[a-c]{1,2}",
        1_u32..4,
    )
        .prop_map(|(kind, method, operation, outcome, numbers, path, pid)| {
            let (size_bytes, copied, latency_ns) = numbers;
            let any = copy_up(&path);
            CopyUp {
                kind,
                method,
                outcome,
                size_bytes,
                copied_bytes: method.map(|_| copied),
                latency_ns,
                trigger: Trigger {
                    operation,
                    ..any.trigger
                },
                process: Process { pid, ..any.process },
                ..any
            }
        })
}

fn any_event() -> impl Strategy<Value = (Event, Arc<Origin>)> {
    let any_whiteout =
        ((0_u8..5).prop_map(Cause::from_code), "/[a-c]{1,2}").prop_map(|(cause, path)| Whiteout {
            cause,
            ..whiteout(&path)
        });
    let event = prop_oneof![
        any_copy_up().prop_map(Event::CopyUp),
        any_whiteout.prop_map(Event::Whiteout),
    ];
    (0_u64..4, event).prop_map(|(superblock, mut event)| {
        match &mut event {
            Event::CopyUp(event) => event.overlay = key(superblock),
            Event::Whiteout(event) => event.overlay = key(superblock),
            _ => {}
        }
        // An overlay has one owner, an owner may have two overlays.
        let origin = match superblock {
            0 | 1 => origin("web"),
            2 => origin("db"),
            _ => unowned(),
        };
        (event, Arc::new(origin))
    })
}

fn any_filter() -> impl Strategy<Value = Filter> {
    (
        proptest::sample::subsequence(vec![Kind::Data, Kind::Directory], 0..=2),
        proptest::sample::subsequence(vec![Operation::Open, Operation::Chown], 0..=2),
        proptest::sample::subsequence(vec!["web".to_owned(), "db".to_owned()], 0..=2),
    )
        .prop_map(|(kinds, triggers, containers)| Filter {
            containers,
            kinds,
            triggers,
            ..Filter::default()
        })
}

proptest! {
    #[test]
    fn events_and_kernel_totals_agree(
        events in proptest::collection::vec(any_event(), 0..60),
        filter in any_filter(),
    ) {
        let from_kernel = report(filter.clone(), &events, true);
        let from_events = report(filter, &events, false);
        prop_assert_eq!(&from_kernel.totals, &from_events.totals);
        prop_assert_eq!(from_kernel.containers.len(), from_events.containers.len());
        for (a, b) in from_kernel.containers.iter().zip(&from_events.containers) {
            prop_assert_eq!(&a.sums, &b.sums);
            prop_assert_eq!(&a.origin, &b.origin);
        }
    }

    #[test]
    fn every_part_adds_up_to_the_total(
        events in proptest::collection::vec(any_event(), 0..60),
        filter in any_filter(),
    ) {
        let report = report(filter, &events, true);
        let mut sum = Sums::default();
        for container in &report.containers {
            sum.add(&container.sums);
            let (sums, counts) = (&container.sums, &container.sums.copy_ups);
            let kinds = counts.data + counts.metadata + counts.directory + counts.symlink
                + counts.special + counts.unknown;
            prop_assert_eq!(kinds, counts.total);
            prop_assert_eq!(sums.latency.histogram.count(), counts.total);
            let triggers: u64 = container.triggers.iter().map(|row| row.sums.copy_ups).sum();
            prop_assert_eq!(triggers, counts.total);
            let mut files = container.files.others_tally;
            for (_, tally, _) in &container.files.rows {
                files.add(tally);
            }
            prop_assert_eq!(files.copy_ups, counts.total);
            prop_assert_eq!(files.copied_bytes, sums.copied_bytes);
            prop_assert_eq!(files.whiteouts, sums.whiteouts.total);
            let calls: u64 = container.triggers.iter()
                .flat_map(|row| &row.calls).map(|(_, tally)| tally.copy_ups).sum();
            prop_assert_eq!(calls, counts.total);
            let sized: u64 = container.by_size.iter().map(|row| row.copy_ups).sum();
            prop_assert_eq!(sized, counts.data);
            let time = container.timeline.sum();
            prop_assert_eq!(time.copy_ups, counts.total);
            prop_assert_eq!(time.copied_bytes, sums.copied_bytes);
            prop_assert_eq!(time.whiteouts, sums.whiteouts.total);
        }
        prop_assert_eq!(sum, report.totals);
    }

    #[test]
    fn the_order_of_events_does_not_matter(
        events in proptest::collection::vec(any_event(), 0..40),
    ) {
        let reversed: Vec<_> = events.iter().rev().cloned().collect();
        let a = report(Filter::default(), &events, false);
        let b = report(Filter::default(), &reversed, false);
        prop_assert_eq!(a.totals, b.totals);
    }
}
