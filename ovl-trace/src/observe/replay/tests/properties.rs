//! Any session, and any cut.

use proptest::prelude::*;

use super::{
    live::{Step, json, observe},
    read, record, replay_all, sink,
};
use crate::{
    cli::config::{LiveOutput, Observation},
    model::{Filter, LossSource},
};

fn copy_up() -> impl Strategy<Value = Step> {
    (
        0..5_u64,
        0..1_000_000_u64,
        prop_oneof![Just(0_i32), Just(28), Just(-1)],
        0..8_u8,
        0..7_u8,
        210..214_u32,
        prop_oneof![Just(0x1010), Just(0x1110), Just(0_u64), any::<u64>()],
    )
        .prop_map(|(overlay, size, result, kind, method, tid, caller)| {
            let mut copy_up = record::copy_up(record::overlay(overlay), 0, size);
            copy_up.result = result;
            copy_up.kind = kind;
            copy_up.method = method;
            copy_up.task.tid = tid;
            copy_up.task.caller = caller;
            Step::CopyUp(copy_up)
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => copy_up(),
        1 => (210..214_u32, 0..5_u64).prop_map(|(tid, overlay)| Step::Started(tid, overlay)),
        1 => (210..214_u32, 0..9999_u64).prop_map(|(tid, copied)| Step::Running(tid, copied)),
        2 => (0..5_u64).prop_map(Step::Whiteout),
        1 => (0..5_u64).prop_map(Step::Seen),
        1 => (0..5_u64).prop_map(Step::Gone),
        1 => (0..9_u64).prop_map(|count| Step::Loss(LossSource::Ring, count)),
        1 => Just(Step::Undecodable),
        1 => (0..5_u64, "[a-z]{1,3}").prop_map(|(overlay, name)| Step::Renamed(overlay, name)),
        1 => Just(Step::Totals),
        1 => Just(Step::Reloaded),
        1 => Just(Step::Tick),
        1 => (0..9_u32).prop_map(Step::ClockSet),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        Just(Filter::default()),
        (0..1_000_000_u64).prop_map(|min_bytes| Filter {
            min_bytes,
            ..Filter::default()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn reading_gives_what_was_observed(
        steps in prop::collection::vec(step(), 0..60),
        filter in filter(),
        as_json in any::<bool>(),
    ) {
        let output = if as_json { LiveOutput::Json } else { LiveOutput::Lines };
        let observation = Observation { filter, ..Observation::default() };
        let live = observe(&steps, &observation, output);
        let (events, report) = read(&live.recording, &Observation::default(), output);
        prop_assert_eq!(json(&report), live.json());
        prop_assert_eq!(
            String::from_utf8(events).unwrap(),
            String::from_utf8(live.events).unwrap()
        );
    }

    #[test]
    fn any_cut_reads_as_a_beginning(
        steps in prop::collection::vec(step(), 0..40),
        at in any::<prop::sample::Index>(),
    ) {
        let observation = Observation::default();
        let live = observe(&steps, &observation, LiveOutput::Json);
        let cut = &live.recording[..at.index(live.recording.len())];
        let mut events = Vec::new();
        let outcome = replay_all(cut, &observation, &mut sink(LiveOutput::Json, &mut events));
        prop_assert!(live.events.starts_with(&events));
        match outcome {
            Ok(report) => {
                prop_assert!(report.recording.incomplete);
                prop_assert!(report.totals.copy_ups.total <= live.report.totals.copy_ups.total);
            }
            Err(_) => prop_assert!(events.is_empty()),
        }
    }

    #[test]
    fn any_change_is_no_panic(
        steps in prop::collection::vec(step(), 0..20),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let observation = Observation::default();
        let live = observe(&steps, &observation, LiveOutput::Json);
        let mut changed = live.recording.clone();
        let at = at.index(changed.len());
        changed[at] ^= change;
        let mut events = Vec::new();
        let outcome = replay_all(
            changed.as_slice(),
            &observation,
            &mut sink(LiveOutput::Json, &mut events),
        );
        prop_assert!(live.events.starts_with(&events));
        // The minor version and reserved bytes change nothing.
        if let Ok(report) = outcome && !(10..16).contains(&at) {
            prop_assert!(report.recording.incomplete);
        }
    }
}
