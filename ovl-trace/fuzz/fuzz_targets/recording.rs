//! Any bytes as a recording: read to the end, shown as lines and as JSON, and
//! summed up.
//!
//! Checksums would keep the fuzzer out of everything behind them. So the bytes
//! are taken as a file as they are, and a second time as the frames of a block
//! whose lengths and checksum are right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ovl_trace::{
    cli::config::{LiveOutput, Observation},
    kernel::{Architecture, WallClock, kallsyms::Symbols},
    model::Filter,
    observe, recording,
    recording::{Header, Writer},
    render::{report_json, style::Style, table},
};

fn replay(bytes: &[u8], output: LiveOutput) {
    let mut out = Vec::new();
    let observation = Observation::default();
    if let Ok(report) = observe::replay(bytes, &observation, Some(output), &mut out) {
        report_json::write_report(&mut out, &report).expect("writing into memory");
        table::write_report(&mut out, Style { colour: true }, &report, Some(80))
            .expect("writing into memory");
    }
}

/// A recording with these frames.
fn with_frames(frames: &[u8]) -> Vec<u8> {
    let header = Header {
        tool_version: "0.1.0".to_owned(),
        kernel: "6.18.2".to_owned(),
        hostname: "host".to_owned(),
        architecture: Architecture::X86_64,
        started: "2026-11-21T07:10:31Z".parse().expect("a time"),
        clock: WallClock::from_offset_ns(1_795_244_000_000_000_000),
        filter: Filter::default(),
        count: None,
        coverage: Vec::new(),
    };
    let symbols = Symbols::of_functions(vec![(0x1000, 0x2000, "ovl_open".to_owned())]);
    let mut out = Vec::new();
    let writer = Writer::start(&mut out, &header, &symbols).expect("writing into memory");
    drop(writer);
    for block in frames.chunks(recording::BLOCK_BYTES_MAX) {
        recording::write_block(&mut out, block).expect("writing into memory");
    }
    out
}

fuzz_target!(|bytes: &[u8]| {
    replay(bytes, LiveOutput::Lines);
    replay(&with_frames(bytes), LiveOutput::Json);
});
