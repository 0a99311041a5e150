//! What was recorded is what is read.

mod kernel;
mod live;
mod overview;
mod properties;

use std::num::NonZero;

use self::live::{Observed, Step, json, observe, observe_limited, sink};
use super::replay_all;
use crate::{
    aggregate::{CountedFrom, Report},
    cli::{
        config::{LiveOutput, Observation},
        exit::Ending,
    },
    model::{Filter, LossSource, PathPatterns},
    recording::test_support as record,
};

/// Events as text, and the report.
fn read(recording: &[u8], observation: &Observation, output: LiveOutput) -> (Vec<u8>, Report) {
    let mut events = Vec::new();
    let report = {
        let mut sink = sink(output, &mut events);
        replay_all(recording, observation, &mut sink).unwrap()
    };
    (events, report)
}

fn copy_up(overlay: u64, size_bytes: u64) -> Step {
    Step::CopyUp(record::copy_up(record::overlay(overlay), 0, size_bytes))
}

/// Something of everything.
fn steps() -> Vec<Step> {
    vec![
        Step::Seen(1),
        copy_up(1, 100),
        Step::Renamed(1, "web".to_owned()),
        copy_up(1, 200),
        Step::Started(300, 1),
        Step::Tick,
        Step::Running(300, 5000),
        Step::Totals,
        Step::Loss(LossSource::Ring, 3),
        Step::Undecodable,
        copy_up(2, 300),
        Step::ClockSet(3600),
        Step::Reloaded,
        copy_up(2, 400),
        Step::Whiteout(1),
        Step::Gone(1),
        Step::Renamed(2, "db".to_owned()),
    ]
}

fn observed(output: LiveOutput) -> Observed {
    observe(&steps(), &Observation::default(), output)
}

#[test]
fn lines_json_and_report_are_those_of_the_observation() {
    for output in [LiveOutput::Lines, LiveOutput::Json] {
        let live = observed(output);
        let (events, report) = read(&live.recording, &Observation::default(), output);
        assert_eq!(
            String::from_utf8(events).unwrap(),
            String::from_utf8(live.events.clone()).unwrap()
        );
        assert_eq!(json(&report), live.json());
        assert!(report.recording.remarks.is_empty() && !report.recording.incomplete);
    }
}

#[test]
fn times_after_a_step_of_the_clock_are_those_of_the_observation() {
    let steps = [copy_up(1, 100), Step::ClockSet(3600), copy_up(1, 200)];
    let live = observe(&steps, &Observation::default(), LiveOutput::Lines);
    let (lines, _) = read(&live.recording, &Observation::default(), LiveOutput::Lines);
    let lines = String::from_utf8(lines).unwrap();
    let hours: Vec<_> = lines.lines().skip(1).map(|line| &line[..2]).collect();
    assert_eq!(hours, ["06", "07"], "{lines}");
}

#[test]
fn filters_of_reading_apply_on_top_of_those_of_recording() {
    let sized = |min_bytes| Observation {
        filter: Filter {
            min_bytes,
            ..Filter::default()
        },
        ..Observation::default()
    };
    let recorded = observe(&steps(), &sized(200), LiveOutput::Lines);
    let (_, report) = read(&recorded.recording, &sized(0), LiveOutput::Lines);
    assert_eq!(report.totals.copy_ups.total, 3, "100 was not recorded");
    assert_eq!(report.totals.whiteouts.total, 0);
    let named = Observation {
        filter: Filter {
            containers: vec!["db".to_owned()],
            paths: Some(PathPatterns::new(vec!["/srv/*".to_owned()]).unwrap()),
            ..Filter::default()
        },
        ..Observation::default()
    };
    let (_, report) = read(&recorded.recording, &named, LiveOutput::Lines);
    assert_eq!(report.totals.copy_ups.total, 2);
    assert_eq!(report.counted_from, CountedFrom::Events);
}

#[test]
fn a_recording_of_one_container_has_nothing_of_others() {
    let only = |name: &str| Observation {
        filter: Filter {
            containers: vec![name.to_owned()],
            ..Filter::default()
        },
        ..Observation::default()
    };
    let mut steps = steps();
    steps.insert(0, Step::Renamed(2, "db".to_owned()));
    let recorded = observe(&steps, &only("web"), LiveOutput::Lines);
    let everything = Observation::default();
    let (_, report) = read(&recorded.recording, &everything, LiveOutput::Lines);
    assert_eq!(json(&report), recorded.json());
    let (_, report) = read(&recorded.recording, &only("db"), LiveOutput::Lines);
    assert!(report.containers.is_empty());
}

#[test]
fn a_count_ends_reading_and_counts_events() {
    let live = observed(LiveOutput::Lines);
    let two = Observation {
        count: NonZero::new(2),
        ..Observation::default()
    };
    let (events, report) = read(&live.recording, &two, LiveOutput::Lines);
    assert_eq!(report.totals.copy_ups.total, 2);
    assert_eq!(String::from_utf8(events).unwrap().lines().count(), 3);
    assert!(
        report.recording.remarks[0].contains("'--count'"),
        "{:?}",
        report.recording.remarks
    );
    assert!(!report.recording.incomplete);
}

#[test]
fn a_count_of_recording_shows_no_more_when_read() {
    let two = Observation {
        count: NonZero::new(2),
        ..Observation::default()
    };
    let live = observe(&steps(), &two, LiveOutput::Lines);
    let (events, report) = read(&live.recording, &Observation::default(), LiveOutput::Lines);
    assert_eq!(events, live.events);
    assert_eq!(json(&report), live.json());
}

/// Without its last block: what came after the last totals is counted from
/// events, which are more by then.
#[test]
fn a_recording_that_was_cut_off_says_so_and_until_when_it_reads() {
    let mut steps = steps();
    steps.push(Step::Tick);
    let live = observe(&steps, &Observation::default(), LiveOutput::Lines);
    let cut = &live.recording[..live.recording.len() - 1];
    let (events, report) = read(cut, &Observation::default(), LiveOutput::Lines);
    assert_eq!(events, live.events, "the last block has the end only");
    assert_eq!(report.totals.copy_ups.total, 4);
    assert!(report.counts_events() && report.recording.incomplete);
    assert!(
        report.notes()[0]
            .starts_with("the recording is incomplete: it was cut off, and reads until 20")
    );
    let budget = Ending::judge(&report, Some(1 << 40))
        .unwrap_err()
        .to_string();
    assert!(budget.contains("cannot tell"), "{budget}");
}

#[test]
fn totals_are_better_than_fewer_events() {
    let mut steps = steps();
    // Of events that the ring lost.
    let lost: Vec<_> = (0..5).map(|_| copy_up(1, 10)).collect();
    steps.splice(5..5, lost);
    let live = observe(&steps, &Observation::default(), LiveOutput::Lines);
    assert_eq!(live.report.totals.copy_ups.total, 9);
    let (_, report) = read(&live.recording, &Observation::default(), LiveOutput::Lines);
    assert_eq!(report.counted_from, CountedFrom::Kernel);
    assert!(!report.counts_events());
}

/// The kernel's totals are there, the events that had no room are counted.
#[test]
fn a_full_recording_is_complete_and_says_what_it_left_out() {
    let steps: Vec<_> = (0..20_000)
        .map(|number| copy_up(1, number * 7919))
        .collect();
    let max = 256 << 10;
    let observation = Observation::default();
    let live = observe_limited(&steps, &observation, LiveOutput::Lines, Some(max));
    assert!(
        live.recording.len() as u64 <= max,
        "{}",
        live.recording.len()
    );
    assert!(
        live.recording.len() as u64 > max / 2,
        "{}",
        live.recording.len()
    );
    let (events, report) = read(&live.recording, &observation, LiveOutput::Lines);
    let shown = String::from_utf8(events).unwrap().lines().count() as u64 - 2;
    assert_eq!(
        report.loss.queue,
        20_000 - shown,
        "a line each, a heading, the loss"
    );
    assert_eq!(report.totals, live.report.totals);
    assert_eq!(report.counted_from, CountedFrom::Kernel);
    assert!(
        report.recording.remarks[0].contains("'--max-size'"),
        "{:?}",
        report.recording.remarks
    );
    assert!(!report.recording.incomplete);
}

#[test]
fn damage_is_said_with_its_place() {
    let mut steps = steps();
    steps.insert(4, Step::Tick);
    let live = observe(&steps, &Observation::default(), LiveOutput::Lines);
    let mut recording = live.recording.clone();
    let last = recording.len() - 60;
    recording[last] ^= 0x40;
    let (_, report) = read(&recording, &Observation::default(), LiveOutput::Lines);
    assert!(
        report.recording.remarks[0].contains("is damaged"),
        "{:?}",
        report.recording.remarks
    );
    assert!(report.recording.incomplete);
    assert!(report.totals.copy_ups.total > 0);
}
