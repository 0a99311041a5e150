//! A report as a machine in production gives it: long names, thousands of files.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    aggregate::{Advice, Aggregator, Coverage, Evidence, Report, ReportContext, SortKey},
    model::{
        Cause, Container, CopyUp, Event, Filter, Kind, Layer, Method, OpenFlags, Operation, Origin,
        Phases, Process, Runtime, Trigger, Whiteout,
        test_support::{copy_up, origin, process, whiteout},
    },
};

const STARTED: &str = "2026-11-21T07:10:31Z";

/// Numbers that look like chance and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn layers(instructions: &[&str]) -> Vec<Layer> {
    (0_u64..)
        .zip(instructions)
        .map(|(number, instruction)| Layer {
            id: number.to_string(),
            digest: Some(format!(
                "sha256:{:016x}{:048x}",
                0xf9fc_7612_88d0_a3e1 + (number << 44),
                number
            )),
            created_by: Some((*instruction).to_owned()),
        })
        .collect()
}

fn frontend() -> Origin {
    let mut frontend = origin("frontend");
    frontend.container = Some(Container {
        id: "9f0c4be1d3a2".repeat(6)[..64].to_owned(),
        name: Some("frontend".to_owned()),
        image: Some(
            "registry.eu-west-1.example.com/platform/shop/frontend:2026.11.3-rc1".to_owned(),
        ),
        runtime: Runtime::Containerd,
        pod: Some("shop-frontend-7d9c6b5f4d-x2x8k".to_owned()),
        namespace: Some("production-eu-west".to_owned()),
    });
    frontend.layers = layers(&[
        "COPY --chown=node:node . /srv/app # buildkit",
        "RUN /bin/sh -c npm ci --omit=dev && npm cache clean --force && rm -rf /tmp/* # buildkit",
        "WORKDIR /srv/app",
        "/bin/sh -c #(nop) ADD file:6f6a1c0c2e in / ",
    ]);
    frontend
}

fn database() -> Origin {
    let mut database = origin("warehouse-postgresql-primary-0");
    if let Some(container) = &mut database.container {
        container.image = Some("docker.io/library/postgres:16.4-bookworm".to_owned());
    }
    database.layers = layers(&[
        "RUN /bin/sh -c gosu postgres initdb && pg_restore /seed.dump # buildkit",
        "RUN /bin/sh -c apt-get install -y postgresql-16 # buildkit",
    ]);
    database
}

fn build() -> Origin {
    let mut build = origin("build");
    if let Some(container) = &mut build.container {
        container.name = Some(
            "RUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists".to_owned(),
        );
        container.image = None;
        container.runtime = Runtime::Buildkit;
    }
    build.layers = layers(&["/bin/sh -c #(nop) ADD file:77c1 in / "]);
    build
}

/// A copy-up with a size, and times that go with it.
fn data(dice: &mut Dice, overlay: u64, path: &str, size_bytes: u64) -> CopyUp {
    let lock_ns = 600 + dice.below(9000);
    let data_ns = 40_000 + size_bytes * 2 + dice.below(400_000);
    let sync_ns = 900_000 + size_bytes / 2 + dice.below(6_000_000);
    CopyUp {
        overlay: super::overlay(overlay),
        size_bytes,
        copied_bytes: Some(size_bytes),
        latency_ns: lock_ns + data_ns + sync_ns + 30_000 + dice.below(90_000),
        phases: Phases {
            lock_ns: Some(lock_ns),
            data_ns: Some(data_ns),
            sync_ns: Some(sync_ns),
        },
        layer: Some(u32::try_from(1 + dice.below(2)).unwrap()),
        ..copy_up(path)
    }
}

fn asked(operation: Operation, syscall: &'static str, flags: &[&'static str]) -> Trigger {
    Trigger {
        operation,
        flags: OpenFlags::of(flags.iter().copied()),
        syscall: Some(syscall),
    }
}

fn by(pid: u32, comm: &str) -> Process {
    Process {
        pid,
        comm: comm.as_bytes().into(),
        ..process()
    }
}

fn frontend_events(dice: &mut Dice) -> Vec<(i64, Event)> {
    let mut events = Vec::new();
    for number in 0..640_u64 {
        let package = [
            "@babel/core",
            "webpack/lib",
            "typescript",
            "core-js/modules",
        ];
        let package = package[usize::try_from(number % 4).unwrap()];
        let path = format!("/srv/app/node_modules/{package}/dist/cjs/internal/file-{number}.js");
        let size = 200 + dice.below(if number % 40 == 0 { 3_000_000 } else { 40_000 });
        let mut event = data(dice, 1, &path, size);
        event.trigger = asked(Operation::Chown, "fchownat", &[]);
        event.process = by(12_801, "chown");
        events.push((
            4_000 + i64::try_from(number).unwrap() * 23,
            Event::CopyUp(event),
        ));
    }
    for number in 0..60 {
        let path = format!("/srv/app/.next/cache/fetch-cache/{number:08x}.json");
        let mut event = data(dice, 1, &path, 3_000);
        event.process = by(12_877, "next-router-wor");
        events.push((60_000 + number * 4_000, Event::CopyUp(event)));
    }
    for number in 0..24 {
        let directory = CopyUp {
            kind: Kind::Directory,
            method: Some(Method::None),
            size_bytes: 4096,
            copied_bytes: Some(0),
            latency_ns: 61_000 + dice.below(100_000),
            phases: Phases::default(),
            ..data(dice, 1, &format!("/srv/app/node_modules/dir-{number}"), 0)
        };
        events.push((3_900, Event::CopyUp(directory)));
    }
    events
}

fn database_events(dice: &mut Dice) -> Vec<(i64, Event)> {
    let mut events = Vec::new();
    for (at, name, size) in [
        (20_000, "base/16384/16402", 1_073_741_824_u64),
        (48_000, "base/16384/16402.1", 1_610_612_736),
        (70_000, "base/16384/16455", 268_435_456),
        (71_000, "base/16384/16457", 50_331_648),
        (72_000, "global/1262", 8_192),
        (73_000, "pg_wal/000000010000000000000001", 16_777_216),
    ] {
        let path = format!("/var/lib/postgresql/data/{name}");
        let mut event = data(dice, 2, &path, size);
        event.trigger = asked(Operation::Open, "openat", &["O_RDWR"]);
        event.process = by(4_410, "postgres");
        events.push((at, Event::CopyUp(event)));
    }
    events
}

fn build_events(dice: &mut Dice) -> Vec<(i64, Event)> {
    let mut events = Vec::new();
    for number in 0..180_i64 {
        let path = format!("/usr/lib/x86_64-linux-gnu/libexample-{number}.so.3.0.{number}");
        let at = 110_000 + number * 350;
        if number % 3 == 0 {
            let size = 10_000 + dice.below(900_000);
            let mut event = data(dice, 3, &path, size);
            event.trigger = asked(Operation::Rename, "renameat2", &[]);
            event.process = by(30_011, "dpkg");
            events.push((at, Event::CopyUp(event)));
        }
        events.push((
            at + 5,
            Event::Whiteout(Whiteout {
                overlay: super::overlay(3),
                cause: if number % 3 == 0 {
                    Cause::Rename
                } else {
                    Cause::Unlink
                },
                process: by(30_011, "dpkg"),
                ..whiteout(&path)
            }),
        ));
    }
    events
}

fn advice() -> Vec<Advice> {
    vec![Advice {
        id: "recursive-chown",
        finding: "'chown' copied up 640 files below '/srv/app/node_modules' only to change their owner.".to_owned(),
        remedy: "Set the owner when the image is built: 'COPY --chown=node:node', or 'RUN chown' in the same instruction that writes the files.".to_owned(),
        evidence: Evidence {
            copy_ups: 640,
            whiteouts: 0,
            copied_bytes: 36_700_160,
            latency_ns: 3_120_000_000,
            paths: vec![
                b"/srv/app/node_modules/@babel/core/dist/cjs/internal/file-0.js".to_vec(),
                b"/srv/app/node_modules/typescript/dist/cjs/internal/file-2.js".to_vec(),
            ],
        },
    }]
}

/// Three containers with different habits, over five minutes.
pub(crate) fn real() -> Report {
    let started: Timestamp = STARTED.parse().unwrap();
    let mut aggregator = Aggregator::new(Filter::default(), 10, SortKey::default());
    let mut dice = Dice(7);
    let all = [
        (frontend(), frontend_events(&mut dice)),
        (database(), database_events(&mut dice)),
        (build(), build_events(&mut dice)),
    ];
    for (origin, events) in all {
        let origin = Arc::new(origin);
        for (at, event) in events {
            aggregator.event(&event, &origin, started + SignedDuration::from_millis(at));
        }
    }
    let attached = ["ovl_copy_up_one", "ovl_copy_up_end", "vfs_fsync"].map(|probe| Coverage {
        probe: probe.to_owned(),
        why_not: None,
        lost: None,
        is_unwanted: false,
    });
    let mut report = aggregator.report(ReportContext {
        tool_version: "0.1.0".to_owned(),
        kernel: "6.12.48+deb13-cloud-amd64".to_owned(),
        hostname: "worker-eu-west-1b-07.prod.example.com".to_owned(),
        started,
        ended: started + SignedDuration::from_secs(305),
        in_flight: 0,
        coverage: attached.to_vec(),
    });
    let frontend = report.containers.iter_mut();
    if let Some(frontend) = frontend
        .into_iter()
        .find(|it| it.origin.label() == "frontend")
    {
        frontend.advice = advice();
    }
    report
}
