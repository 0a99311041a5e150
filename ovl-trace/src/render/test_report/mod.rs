//! Reports: one with something of everything, one as in production, one of an
//! enemy.

mod hostile;
mod real;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    aggregate::{Aggregator, Coverage, Report, ReportContext, SortKey},
    model::{
        Cause, CopyUp, Event, Filter, Kind, LossSource, Method, OpenFlags, Operation, Origin,
        Outcome, OverlayKey, Process, Trigger, Whiteout,
        test_support::{copy_up, origin, process, unowned, whiteout},
    },
};

pub(crate) use hostile::{NAMES as HOSTILE_NAMES, hostile as of_an_enemy};
pub(crate) use real::real;

const STARTED: &str = "2026-11-21T07:10:31Z";

fn context(coverage: Vec<Coverage>) -> ReportContext {
    ReportContext {
        tool_version: "0.1.0".to_owned(),
        kernel: "6.18.2".to_owned(),
        hostname: "host".to_owned(),
        started: STARTED.parse().unwrap(),
        ended: "2026-11-21T07:10:41.5Z".parse().unwrap(),
        in_flight: 0,
        coverage,
    }
}

/// Nothing happened.
pub(crate) fn quiet() -> Report {
    Aggregator::new(Filter::default(), 10, SortKey::default()).report(context(Vec::new()))
}

fn overlay(superblock: u64) -> OverlayKey {
    OverlayKey {
        superblock,
        born_ns: 1,
    }
}

fn web() -> Vec<Event> {
    let overlay = overlay(1);
    let directory = CopyUp {
        overlay,
        kind: Kind::Directory,
        method: Some(Method::None),
        size_bytes: 4096,
        copied_bytes: Some(0),
        latency_ns: 61_000,
        ancestor: true,
        ..copy_up("/srv")
    };
    let chown = Trigger {
        operation: Operation::Chown,
        flags: OpenFlags::default(),
        syscall: Some("fchownat"),
    };
    let mut events = vec![
        Event::CopyUp(directory),
        Event::CopyUp(CopyUp {
            overlay,
            ..copy_up("/srv/model.bin")
        }),
        Event::Whiteout(Whiteout {
            overlay,
            ..whiteout("/etc/motd")
        }),
        Event::Whiteout(Whiteout {
            overlay,
            cause: Cause::Opaque,
            ..whiteout("/var/cache")
        }),
    ];
    for number in 0..4_u32 {
        events.push(Event::CopyUp(CopyUp {
            overlay,
            trigger: chown,
            process: Process {
                pid: 301,
                comm: b"chown".into(),
                ..process()
            },
            size_bytes: 100_000 * u64::from(number),
            copied_bytes: Some(100_000 * u64::from(number)),
            latency_ns: 812_000,
            ..copy_up(&format!("/app/lib{number}.so"))
        }));
    }
    events
}

fn hostile() -> Vec<Event> {
    let failed = CopyUp {
        overlay: overlay(2),
        outcome: Outcome::Failed(Some(libc::ENOSPC)),
        process: Process {
            comm: b"\x1b[2Jx\xff".into(),
            ..process()
        },
        ..copy_up("")
    };
    vec![Event::CopyUp(CopyUp {
        path: b"/a\nb\xff\x1b]0;t\x07\xe2\x80\xae".to_vec(),
        ..failed
    })]
}

fn aggregated(top: usize) -> Aggregator {
    let mut aggregator = Aggregator::new(Filter::default(), top, SortKey::default());
    let mut long = origin("web");
    if let Some(container) = &mut long.container {
        container.name = Some("shop-frontend-production-7".to_owned());
        container.image = Some("registry.example.org/shop/web:1.4".to_owned());
    }
    let mut foreign = unowned();
    foreign.mount.upperdir = Some("/mnt/upper".into());
    let started: Timestamp = STARTED.parse().unwrap();
    let overlays: [(Origin, Vec<Event>); 2] = [(long, web()), (foreign, hostile())];
    for (origin, events) in overlays {
        let origin = Arc::new(origin);
        for (number, event) in (0..).zip(events) {
            let wall = started + SignedDuration::from_millis(300 + 700 * number);
            aggregator.event(&event, &origin, wall);
        }
    }
    aggregator
}

/// Two overlays, every kind of row, nothing lost.
pub(crate) fn busy() -> Report {
    aggregated(3).report(context(vec![Coverage {
        probe: "ovl_copy_up_start".to_owned(),
        why_not: None,
        lost: None,
        is_unwanted: false,
    }]))
}

/// A hundred overlays of nobody, with one copy-up each.
pub(crate) fn many() -> Report {
    let mut aggregator = Aggregator::new(Filter::default(), 3, SortKey::default());
    for superblock in 0..100 {
        let event = CopyUp {
            overlay: overlay(superblock),
            ..copy_up("/a")
        };
        let time = STARTED.parse().unwrap();
        aggregator.event(&Event::CopyUp(event), &Arc::new(unowned()), time);
    }
    aggregator.report(context(Vec::new()))
}

/// What `--totals-only` left out.
pub(crate) fn without_events() -> Report {
    let probe = |name: &str| Coverage {
        probe: name.to_owned(),
        why_not: None,
        lost: None,
        is_unwanted: false,
    };
    let events = Coverage {
        why_not: Some("not asked for (--totals-only)".to_owned()),
        lost: Some("files, processes, layers and single latencies".to_owned()),
        is_unwanted: true,
        ..probe("events")
    };
    let aggregator = Aggregator::new(Filter::default(), 3, SortKey::default());
    aggregator.report(context(vec![probe("ovl_copy_up_start"), events]))
}

/// As [`busy`], with losses and a missing probe.
pub(crate) fn degraded() -> Report {
    let mut aggregator = aggregated(1);
    aggregator.loss(LossSource::Ring, "ring_copy_up", 12);
    aggregator.loss(LossSource::Probe, "in_flight_full", 1);
    aggregator.loss(LossSource::Disarmed, "ftrace_disabled", 1);
    let coverage = vec![Coverage {
        probe: "do_splice_direct".to_owned(),
        why_not: Some("no such symbol".to_owned()),
        lost: Some("bytes are unknown".to_owned()),
        is_unwanted: false,
    }];
    aggregator.report(ReportContext {
        in_flight: 2,
        ..context(coverage)
    })
}
