//! For each rule a pattern that it is about, and one that just is not.

mod attributes;
mod content;
mod laws;
mod rest;
mod unchanged;

use std::sync::Arc;

use jiff::Timestamp;

use super::Advice;
use crate::{
    aggregate::{Aggregator, Report, SortKey},
    model::{
        CopyUp, DeviceNumber, Event, Examined, Filter, OpenFlags, Operation, Origin, OverlayKey,
        OverlaySeen, Runtime, Trigger, Whiteout,
        test_support::{OVERLAY, copy_up, origin, process, whiteout},
    },
    render::test_report::quiet,
};

/// Milliseconds in nanoseconds.
const MS: u64 = 1_000_000;
const MIB: u64 = 1 << 20;

/// A small copy-up: its number is its time, too.
fn small(number: u64, operation: Operation, comm: &str, directory: &str) -> CopyUp {
    let mut event = CopyUp {
        time_ns: 10_000 * MS + number * MS,
        size_bytes: 100,
        copied_bytes: Some(100),
        latency_ns: MS / 10,
        trigger: Trigger {
            operation,
            flags: OpenFlags::default(),
            syscall: None,
        },
        ..copy_up(&format!("{directory}/file-{number}"))
    };
    event.phases.sync_ns = Some(0);
    event.process.comm = comm.as_bytes().into();
    event
}

fn many(count: u64, operation: Operation, comm: &str, directory: &str) -> Vec<Event> {
    let numbers = 0..count;
    numbers
        .map(|number| Event::CopyUp(small(number, operation, comm, directory)))
        .collect()
}

/// A copy-up of so many bytes.
fn large(path: &str, operation: Operation, bytes: u64) -> CopyUp {
    CopyUp {
        path: path.as_bytes().to_vec(),
        size_bytes: bytes,
        copied_bytes: Some(bytes),
        latency_ns: 10 * MS,
        ..small(0, operation, "sh", "")
    }
}

fn removed(count: u64) -> Vec<Event> {
    let path = |number| format!("/var/cache/part/{number}");
    let names = (0..count).map(|number| {
        Event::Whiteout(Whiteout {
            time_ns: 10_000 * MS + number * MS,
            ..whiteout(&path(number))
        })
    });
    names.collect()
}

/// The mount of [`OVERLAY`] by a process in this mount namespace.
fn mounted(namespace: u64, time_ns: u64) -> Event {
    let mut mounter = process();
    mounter.mount_namespace = Some(namespace);
    Event::OverlaySeen(OverlaySeen {
        time_ns,
        overlay: OVERLAY,
        device: DeviceNumber { major: 0, minor: 1 },
        upperdir: None,
        workdir: None,
        upper: None,
        upper_filesystem: None,
        layers: None,
        mounted: true,
        process: mounter,
    })
}

fn aggregated(origin: &Origin, events: &[Event]) -> Aggregator {
    let mut aggregator = Aggregator::new(Filter::default(), 10, SortKey::default());
    let origin = Arc::new(origin.clone());
    for event in events {
        aggregator.event(event, &origin, Timestamp::UNIX_EPOCH);
    }
    aggregator
}

fn report_of(aggregator: &Aggregator) -> Report {
    aggregator.report(quiet().context)
}

fn advice_of(origin: &Origin, events: &[Event]) -> Vec<Advice> {
    let mut containers = report_of(&aggregated(origin, events)).containers;
    containers.pop().map_or_else(Vec::new, |row| row.advice)
}

/// The advice for a container of Docker's.
fn advice(events: &[Event]) -> Vec<Advice> {
    advice_of(&origin("web"), events)
}

fn ids(advice: &[Advice]) -> Vec<&'static str> {
    advice.iter().map(|advice| advice.id).collect()
}

/// The same container as a step of a build.
fn step() -> Origin {
    let mut origin = origin("chown -R 7:7 /srv");
    if let Some(container) = &mut origin.container {
        container.runtime = Runtime::Buildkit;
        container.image = None;
    }
    origin
}

/// What a later look found of some of the files.
fn examined(aggregator: &mut Aggregator, unchanged: impl Fn(usize) -> bool) -> usize {
    let files = aggregator.to_examine(None, usize::MAX);
    for (index, file) in files.iter().enumerate() {
        aggregator.examined(&Examined {
            overlay: file.overlay,
            path: file.path.clone(),
            part: file.part,
            unchanged: unchanged(index),
        });
    }
    files.len()
}

fn first_advice(aggregator: &Aggregator) -> Vec<Advice> {
    report_of(aggregator).containers.remove(0).advice
}

fn overlay(born_ns: u64) -> OverlayKey {
    OverlayKey { born_ns, ..OVERLAY }
}
