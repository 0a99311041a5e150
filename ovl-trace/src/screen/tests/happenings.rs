//! What happens in a scene.

use super::scene::Scene;
use crate::model::{
    Cause, CopyUp, Event, Kind, Loss, LossSource, Method, OpenFlags, Operation, Origin, Outcome,
    OverlayKey, Process, Runtime, Trigger, Whiteout,
    test_support::{copy_up, origin, process, unowned, whiteout},
};

impl Scene {
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
