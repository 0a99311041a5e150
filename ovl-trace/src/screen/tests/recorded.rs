//! A recording of two containers, as `record` writes one.

use std::{fs, path::Path};

use jiff::{SignedDuration, Timestamp};
use ovl_trace_common::codes::event_kind;

use crate::{
    kernel::{Architecture, WallClock, kallsyms::Symbols},
    model::{CopyUp, Filter, test_support},
    recording::{End, Header, Writer, test_support as record},
};

const SECONDS: u64 = 70;
const SECOND_NS: u64 = 1_000_000_000;
/// 2026-11-21 07:10:00 UTC.
const STARTED: i64 = 1_795_245_000;

/// 70 copy-ups of `web`, one per second, 35 whiteouts of `db`, and a copy-up of
/// `db` that is half done at the end.
pub(super) fn write(path: &Path) {
    let started = Timestamp::from_second(STARTED).unwrap();
    let header = Header {
        tool_version: "0.1.0".to_owned(),
        kernel: "6.18.2".to_owned(),
        hostname: "build-7".to_owned(),
        architecture: Architecture::X86_64,
        started,
        clock: WallClock::from_offset_ns(STARTED * 1_000_000_000),
        filter: Filter::default(),
        count: None,
        coverage: Vec::new(),
    };
    let symbols = Symbols::of_functions(vec![(0x1000, 0x2000, "ovl_open".to_owned())]);
    let (web, db) = (record::overlay(1), record::overlay(2));
    let mut bytes = Vec::new();
    let mut writer = Writer::start(&mut bytes, &header, &symbols).unwrap();
    writer.origin(web, &test_support::origin("web")).unwrap();
    writer.origin(db, &test_support::origin("db")).unwrap();
    let mut announced = record::copy_up(db, 20 * SECOND_NS, 20 << 30);
    announced.header.kind = event_kind::COPY_UP_STARTED;
    announced.task.tid = 4711;
    let announced = record::with_path(&announced);
    for second in 0..SECONDS {
        let time_ns = second * SECOND_NS;
        let copy_up = record::copy_up(web, time_ns, 1 << 20);
        writer.record(&record::with_path(&copy_up)).unwrap();
        if second % 2 == 0 {
            let whiteout = record::whiteout(db, time_ns);
            writer.record(&record::with_path(&whiteout)).unwrap();
        }
        if second == 20 {
            writer.record(&announced).unwrap();
        }
        if second > 20 {
            let running = CopyUp {
                time_ns,
                copied_bytes: Some((second - 20) * (200 << 20)),
                latency_ns: (second - 20) * SECOND_NS,
                ..test_support::copy_up("/srv/data")
            };
            writer.running(&running, &announced).unwrap();
        }
        writer.clock(after(started, second)).unwrap();
    }
    let end = End {
        ended: after(started, SECONDS),
        in_flight: 1,
        full: false,
    };
    writer.finish(&end).unwrap();
    fs::write(path, bytes).unwrap();
}

fn after(started: Timestamp, seconds: u64) -> Timestamp {
    started + SignedDuration::from_secs(i64::try_from(seconds).unwrap())
}
