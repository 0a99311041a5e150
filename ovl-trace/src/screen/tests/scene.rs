//! A machine on which something happens, and a view of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, layout::Rect};

use super::frame;
use crate::{
    aggregate::{Advice, Aggregator, ContainerId, ContainerReport, Evidence, SortKey},
    model::{
        Cause, CopyUp, Event, Filter, Kind, Loss, LossSource, Method, OpenFlags, Operation, Origin,
        Outcome, OverlayKey, Process, Runtime, Trigger, Whiteout,
        test_support::{copy_up, origin, process, unowned, whiteout},
    },
    screen::{
        input::{Key, Keys},
        state::{About, Input, Snapshot, State},
        theme::Theme,
        view,
    },
};

const START: i64 = 1_795_000_000;

/// What feeds the view.
pub(super) struct Scene {
    pub(super) state: State,
    aggregator: Aggregator,
    second: u64,
    pub(super) colour: bool,
    size: Option<(u16, u16)>,
}

impl Scene {
    /// Nothing has happened.
    pub(super) fn new() -> Self {
        let about = About {
            hostname: "build-7".to_owned(),
            kernel: "6.18.2".to_owned(),
            recording: false,
        };
        Self {
            state: State::new(about, SortKey::CopiedBytes),
            aggregator: Aggregator::new(Filter::default(), 10, SortKey::default()),
            second: 0,
            colour: true,
            size: None,
        }
    }

    /// Three containers, of which one is a pod's, and an overlay of nobody; a
    /// large copy-up that runs.
    pub(super) fn busy() -> Self {
        let mut scene = Self::new();
        scene.tick();
        for second in 0..65_u64 {
            for number in 0..=second % 3 {
                scene.copy_up("web", 1, &format!("/app/lib{second}-{number}.so"), 1 << 20);
            }
            if second % 2 == 0 {
                scene.chown(second);
            }
            if second == 60 {
                scene.whiteouts();
            }
            if second > 60 {
                scene.running(second - 60);
            }
            scene.tick();
        }
        scene.copy_up("nobody", 4, "/lost+found/x", 812);
        scene.failed();
        scene.running(5);
        scene.tick();
        scene
    }

    pub(super) fn tick(&mut self) {
        let snapshot = Snapshot {
            elapsed: Duration::from_secs(self.second),
            overview: self.aggregator.overview(),
        };
        self.state.update(Input::Tick(Box::new(snapshot)));
        self.second += 1;
        self.detail();
    }

    /// A second in which nothing could change; whether more than the time shows.
    pub(super) fn idle(&mut self) -> bool {
        let elapsed = Duration::from_secs(self.second);
        self.second += 1;
        self.state.update(Input::Idle(elapsed))
    }

    /// The lines at the top.
    pub(super) fn head(&self, width: u16, height: u16) -> Option<Buffer> {
        let theme = Theme {
            colour: self.colour,
        };
        view::head(Rect::new(0, 0, width, height), &self.state, theme)
    }

    /// What the driver does when a detail is wanted.
    pub(super) fn detail(&mut self) {
        if let Some(wanted) = self.state.wanted() {
            let report = self.report(&wanted);
            self.state.update(Input::Detail(wanted, Box::new(report)));
        }
    }

    pub(super) fn report(&self, id: &ContainerId) -> ContainerReport {
        {
            let mut report = self.aggregator.container(id).unwrap();
            if report.advice.is_empty() {
                report.advice = vec![Advice {
                    id: "recursive-chown",
                    finding: "chown copied up 33 files (3.3 MiB) to change their owner only"
                        .to_owned(),
                    remedy: "Set the owner when the image is built: COPY --chown=1000:1000 in the \
                             Dockerfile, instead of chown -R when the container starts."
                        .to_owned(),
                    evidence: Evidence::default(),
                }];
            }
            report
        }
    }

    pub(super) fn event(&mut self, event: &Event, origin: Origin) {
        let (origin, time) = (Arc::new(origin), self.time());
        self.aggregator.event(event, &origin, time);
        self.state.update(Input::Event(event, &origin, time));
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_second(START + i64::try_from(self.second).unwrap()).unwrap()
    }

    pub(super) fn copy_up(&mut self, name: &str, overlay: u64, path: &str, bytes: u64) {
        let event = CopyUp {
            overlay: key(overlay),
            size_bytes: bytes,
            copied_bytes: Some(bytes),
            latency_ns: 400_000 + bytes * 3,
            ..copy_up(path)
        };
        let origin = if name == "nobody" {
            foreign()
        } else {
            origin(name)
        };
        self.event(&Event::CopyUp(event), origin);
    }

    fn chown(&mut self, number: u64) {
        let event = CopyUp {
            overlay: key(2),
            size_bytes: 100_000,
            copied_bytes: Some(100_000),
            latency_ns: 812_000 + number * 50_000,
            trigger: Trigger {
                operation: Operation::Chown,
                flags: OpenFlags::default(),
                syscall: Some("fchownat"),
            },
            process: Process {
                pid: 301,
                tid: 301,
                comm: b"chown".into(),
                ..process()
            },
            ..copy_up(&format!(
                "/var/lib/app/data/{number:04}/segment-with-a-long-name.db"
            ))
        };
        self.event(&Event::CopyUp(event), pod());
    }

    fn whiteouts(&mut self) {
        for (path, cause) in [
            ("/etc/motd", Cause::Unlink),
            ("/var/cache/apt", Cause::Rmdir),
            ("/var/cache", Cause::Opaque),
        ] {
            let event = Whiteout {
                overlay: key(1),
                cause,
                ..whiteout(path)
            };
            self.event(&Event::Whiteout(event), origin("web"));
        }
        let directory = CopyUp {
            overlay: key(1),
            kind: Kind::Directory,
            method: Some(Method::None),
            size_bytes: 4096,
            copied_bytes: Some(0),
            latency_ns: 61_000,
            layer: None,
            ..copy_up("/var/cache")
        };
        self.event(&Event::CopyUp(directory), origin("web"));
    }

    fn failed(&mut self) {
        let event = CopyUp {
            overlay: key(1),
            outcome: Outcome::Failed(Some(libc::ENOSPC)),
            ..copy_up("/srv/full.img")
        };
        self.event(&Event::CopyUp(event), origin("web"));
    }

    /// 20 GiB, of which so many seconds are done.
    pub(super) fn running(&mut self, seconds: u64) {
        let event = CopyUp {
            overlay: key(3),
            time_ns: (1000 + seconds) * 1_000_000_000,
            latency_ns: seconds * 1_000_000_000,
            size_bytes: 20 << 30,
            copied_bytes: Some(seconds * (900 << 20)),
            process: Process {
                pid: 4711,
                tid: 4711,
                comm: b"postgres".into(),
                ..process()
            },
            ..copy_up("/var/lib/postgresql/16/main/base/16384/2619")
        };
        let event = match seconds {
            0 => Event::CopyUpStarted(event),
            _ => Event::CopyUpRunning(event),
        };
        self.event(&event, origin("db"));
    }

    pub(super) fn lose(&mut self, source: LossSource, count: u64) {
        let loss = Loss {
            time_ns: 0,
            source,
            reason: "ring_copy_up",
            count,
        };
        self.event(&Event::Loss(loss), unowned());
        self.tick();
    }

    /// Presses keys, as a terminal sends them; each is shown if anything is.
    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for key in Keys::default().feed(keys.as_bytes()) {
            self.key(key);
            if let Some((width, height)) = self.size {
                self.draw(width, height);
            }
        }
        self
    }

    pub(super) fn key(&mut self, key: Key) {
        self.state.update(Input::Key(key));
        self.detail();
    }

    /// What is drawn, twice: the first time finds out how far there is to
    /// scroll.
    pub(super) fn draw(&mut self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.size = Some((width, height));
        self.state.update(Input::Resize(width, height));
        for _ in 0..2 {
            let theme = Theme {
                colour: self.colour,
            };
            let mut extent = None;
            terminal
                .draw(|frame| {
                    let area = frame.area();
                    extent = Some(view::draw(frame.buffer_mut(), area, &self.state, theme));
                })
                .unwrap();
            self.state.update(Input::Drawn(extent.unwrap()));
            self.detail();
        }
        terminal.backend().buffer().clone()
    }

    /// The same as text, without the spaces at the ends of lines.
    pub(super) fn text(&mut self, width: u16, height: u16) -> String {
        frame::text(&self.draw(width, height))
    }
}

pub(super) fn key(superblock: u64) -> OverlayKey {
    OverlayKey {
        superblock,
        born_ns: 1,
    }
}

fn pod() -> Origin {
    let mut pod = origin("app");
    if let Some(container) = &mut pod.container {
        container.runtime = Runtime::Containerd;
        container.pod = Some("shop-frontend-7d9c5b8f6-x2x9k".to_owned());
        container.namespace = Some("prod".to_owned());
    }
    pod
}

fn foreign() -> Origin {
    let mut foreign = unowned();
    foreign.mount.upperdir = Some("/mnt/upper".into());
    foreign
}
