//! What a reader says of files that it cannot read, or not wholly.

use std::io::Write as _;

use zerocopy::IntoBytes as _;

use super::{block::Packer, frame::kind, *};
use crate::{
    kernel::{Architecture, WallClock, kallsyms::Symbols},
    model::Filter,
};

fn header() -> Header {
    Header {
        tool_version: "0.1.0".to_owned(),
        kernel: "6.18.2".to_owned(),
        hostname: "host".to_owned(),
        architecture: Architecture::X86_64,
        started: "2026-11-21T07:10:31Z".parse().unwrap(),
        clock: WallClock::from_offset_ns(7),
        filter: Filter::default(),
        count: None,
        coverage: Vec::new(),
    }
}

fn started() -> Vec<u8> {
    let mut out = Vec::new();
    drop(Writer::start(&mut out, &header(), &Symbols::of_functions(Vec::new())).unwrap());
    out
}

/// A recording with one more block of these frames.
fn with_frames(frames: &[(u32, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (kind, payload) in frames {
        frame::push(&mut block, *kind, &[payload]);
    }
    let mut out = started();
    Packer::default().write(&mut out, &block).unwrap();
    out
}

/// The items after the start, as text.
fn items(recording: &[u8]) -> Vec<String> {
    let mut reader = Reader::open(recording).unwrap();
    let mut items = Vec::new();
    loop {
        let item = reader.next_item().unwrap();
        items.push(format!("{item:?}"));
        if let Item::Tail(_) = item {
            return items.split_off(1);
        }
    }
}

fn refusal(recording: &[u8]) -> String {
    match Reader::open(recording) {
        Ok(_) => panic!("it can be read"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_no_recording_is_called_so() {
    assert!(refusal(b"").contains("it is empty"));
    assert!(refusal(b"#!/bin/sh\n").contains("no recording"));
    assert!(refusal(b"\x89OVL").contains("before its header"));
    assert!(refusal(&started()[..40]).contains("before its header"));
    let mut damaged = started();
    damaged[50] ^= 1;
    assert!(refusal(&damaged).contains("before its header"));
}

#[test]
fn other_versions_are_named() {
    let mut newer = started();
    newer[8] = 2;
    assert!(refusal(&newer).contains("version 2.0 of the format"));
    let mut other = Vec::new();
    other.write_all(&started()[..16]).unwrap();
    let mut frames = Vec::new();
    let json = br#"{"abi_version":99,"tool_version":"7.0.0"}"#;
    frame::push(&mut frames, kind::HEADER, &[json]);
    Packer::default().write(&mut other, &frames).unwrap();
    assert!(refusal(&other).contains("use ovl-trace 7.0.0"));
}

#[test]
fn a_newer_minor_version_is_read_as_far_as_it_is_known() {
    let loss = br#"{"time_ns":1,"source":"gremlins","reason":"new","count":1,"time":"2026-11-21T07:10:31Z"}"#;
    let mut recording = with_frames(&[
        (4711, b"whatever"),
        (kind::LOSS, loss),
        (kind::RECORD, b"r"),
    ]);
    recording[10] = 9;
    assert_eq!(
        items(&recording),
        ["Unknown", "Unknown", "Record([114])", "Tail(Cut)"]
    );
}

#[test]
fn frames_that_are_not_what_they_say_are_damage() {
    for (kind, payload) in [
        (kind::ORIGIN, &b"{}"[..]),
        (kind::SYMBOLS, b"["),
        (kind::RUNNING, b"short"),
        (kind::TOTALS, &[255; 8]),
        (kind::CLOCK, &[255; 3]),
        (kind::END, b"{}"),
    ] {
        let items = items(&with_frames(&[(kind, payload)]));
        assert!(items[0].starts_with("Tail(Damaged("), "{kind}: {items:?}");
    }
    let mut block = Vec::new();
    frame::push(&mut block, kind::RECORD, &[b"r"]);
    block[4] = 200;
    let mut recording = started();
    Packer::default().write(&mut recording, &block).unwrap();
    assert!(items(&recording)[0].starts_with("Tail(Damaged("));
}

#[test]
fn nothing_after_the_end_is_read() {
    let end = End {
        ended: "2026-11-21T07:10:41.5Z".parse().unwrap(),
        in_flight: 3,
        full: true,
    };
    let mut out = Vec::new();
    let writer = Writer::start(&mut out, &header(), &Symbols::of_functions(Vec::new())).unwrap();
    let bytes = writer.finish(&end).unwrap();
    assert_eq!(bytes, out.len() as u64);
    out.extend_from_slice(b"and more");
    assert_eq!(
        items(&out),
        [format!("{:?}", Item::Tail(Tail::Complete(end)))]
    );
}

#[test]
fn both_sides_forget_the_same_origins() {
    let mut origins = Origins::default();
    let origin = std::sync::Arc::new(crate::model::test_support::origin("web"));
    for number in 0..5000 {
        assert!(origins.learn(test_support::overlay(number), &origin));
    }
    assert!(origins.get(test_support::overlay(0)).is_none());
    assert!(!origins.learn(test_support::overlay(4999), &origin));
    assert!(
        origins.learn(test_support::overlay(0), &origin),
        "news again"
    );
}

/// Paths are bytes, and an origin has a largest size.
#[test]
fn origins_come_back_as_they_were() {
    use std::os::unix::ffi::OsStringExt as _;
    let key = test_support::overlay(1);
    let mut origin = crate::model::test_support::origin("web");
    origin.mount.merged = Some(std::ffi::OsString::from_vec(b"/a\xff\n".to_vec()).into());
    let payload = origin::encode(key, &origin).unwrap();
    assert_eq!(origin::decode(&payload), Some((key, origin.clone())));
    origin.layers[0].created_by = Some("x".repeat(ORIGIN_BYTES_MAX));
    let payload = origin::encode(key, &origin).unwrap();
    let (_, short) = origin::decode(&payload).unwrap();
    assert_eq!(
        (
            short.layers[0].digest.is_some(),
            &short.layers[0].created_by
        ),
        (true, &None)
    );
    assert_eq!(short.container, origin.container);
}

/// An origin of 64 KiB whose text takes eight times its bytes as values.
fn bomb(number: u64) -> Vec<u8> {
    let head = br#"{"mount":{"device":[0,40],"merged":null,"upperdir":null,"workdir":null,"upper_filesystem":null,"lowerdirs":["#;
    let count = (ORIGIN_BYTES_MAX - head.len() - 32) / 3;
    let mut payload = test_support::overlay(number).as_bytes().to_vec();
    payload.extend_from_slice(head);
    payload.extend_from_slice(&br#""","#.repeat(count));
    payload.extend_from_slice(br#"""]}}"#);
    payload
}

#[test]
fn more_layers_than_the_kernel_has_are_damage() {
    assert_eq!(origin::decode(&bomb(1)), None);
    let items = items(&with_frames(&[(kind::ORIGIN, &bomb(1))]));
    assert!(items[0].contains("Damaged"), "{items:?}");
}

/// Recordings of older versions have names of any length.
#[test]
fn an_origin_that_is_too_long_is_shortened_and_what_follows_is_read() {
    let mut long = crate::model::test_support::origin("web");
    let name = "a".repeat(2 * ORIGIN_BYTES_MAX);
    let mut payload = test_support::overlay(1).as_bytes().to_vec();
    let json = origin::encode(test_support::overlay(1), &long).unwrap();
    let json = String::from_utf8(json[size_of_val(&test_support::overlay(1))..].to_vec()).unwrap();
    payload.extend_from_slice(json.replace("\"web\"", &format!("\"{name}\"")).as_bytes());
    let items = items(&with_frames(&[
        (kind::ORIGIN, &payload),
        (kind::CLOCK, &0_u64.to_le_bytes()),
    ]));
    assert!(items[0].contains("aaa…"), "{items:?}");
    assert!(items[1].contains("Clock"), "{items:?}");
    // And none is written.
    long.container.as_mut().unwrap().name = Some(name.clone());
    long.mount.merged = Some(name.clone().into());
    let payload = origin::encode(test_support::overlay(1), &long).unwrap();
    assert!(payload.len() <= ORIGIN_BYTES_MAX);
    let (_, short) = origin::decode(&payload).unwrap();
    assert_eq!(short.container.unwrap().name.unwrap().len(), 255);
}

#[test]
fn origins_of_a_recording_are_bounded_in_memory_wherever_they_are_kept() {
    let mut budget = OriginBudget::default();
    let mut big = crate::model::test_support::origin("web");
    big.mount.lowerdirs = vec!["x".repeat(120).into(); 500];
    let kept: Vec<_> = (0..4096).map(|_| budget.take(big.clone())).collect();
    let bytes = |origins: &[std::sync::Arc<crate::model::Origin>]| -> usize {
        origins.iter().map(|origin| origin.heap_bytes()).sum()
    };
    assert!(bytes(&kept) < 24 << 20, "{}", bytes(&kept));
    assert_eq!(*kept[0], big);
    assert_eq!(kept[4095].container, big.container);
    assert_eq!(kept[4095].mount.lowerdirs.len(), 0);
    // What is not used any more counts no more.
    drop(kept);
    let later: Vec<_> = (0..2048).map(|_| budget.take(big.clone())).collect();
    assert!(later.iter().any(|origin| **origin == big));
}
