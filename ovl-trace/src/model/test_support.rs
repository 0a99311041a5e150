//! Values for the tests of the modules that work on the model.

use super::{
    Cause, Container, CopyUp, DeviceNumber, Kind, Layer, Method, Mount, Operation, Origin, Outcome,
    OverlayKey, Phases, Process, RealFileSystem, Runtime, Trigger, Whiteout,
};

/// An overlay.
pub(crate) const OVERLAY: OverlayKey = OverlayKey {
    superblock: 0xffff_8880_0123_4000,
    born_ns: 1,
};

const DEVICE: DeviceNumber = DeviceNumber {
    major: 0,
    minor: 28,
};

/// Of a Docker container with this name, and an id derived from it.
pub(crate) fn origin(name: &str) -> Origin {
    let digits = name.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    let id: String = digits.collect::<Vec<_>>().iter().cycle().take(64).collect();
    Origin {
        container: Some(Container {
            id,
            name: Some(name.to_owned()),
            image: Some(format!("shop/{name}:1.4")),
            runtime: Runtime::Docker,
            pod: None,
            namespace: None,
        }),
        mount: Mount {
            device: DEVICE,
            merged: Some("/var/lib/docker/overlay2/95be/merged".into()),
            upperdir: Some("/var/lib/docker/overlay2/95be/diff".into()),
            workdir: Some("/var/lib/docker/overlay2/95be/work".into()),
            upper_filesystem: Some("ext4".to_owned()),
            lowerdirs: vec!["/var/lib/docker/overlay2/l/ABC".into()],
        },
        layers: vec![Layer {
            id: "f9fc".to_owned(),
            digest: Some("sha256:f9fc76".to_owned()),
            created_by: Some("COPY model.bin /srv/ # buildkit".to_owned()),
        }],
    }
}

/// Of an overlay that nobody owns.
pub(crate) fn unowned() -> Origin {
    Origin::clone(&Origin::unknown(DEVICE))
}

/// `sh` with pid 216.
pub(crate) fn process() -> Process {
    Process {
        pid: 216,
        tid: 216,
        comm: b"sh".into(),
        uid: Some(0),
        cgroup: 4242,
        mount_namespace: Some(4_026_532_000),
    }
}

/// 50 MiB appended to: copied in 183 ms.
pub(crate) fn copy_up(path: &str) -> CopyUp {
    CopyUp {
        time_ns: 5_000_000_000,
        overlay: OVERLAY,
        device: DEVICE,
        path: path.as_bytes().to_vec(),
        kind: Kind::Data,
        method: Some(Method::Copy),
        size_bytes: 52_428_800,
        copied_bytes: Some(52_428_800),
        latency_ns: 183_000_000,
        phases: Phases {
            lock_ns: Some(900),
            data_ns: Some(150_000_000),
            sync_ns: Some(32_000_000),
        },
        trigger: Trigger {
            operation: Operation::Open,
            flags: super::OpenFlags::of(["O_WRONLY", "O_APPEND"]),
            syscall: Some("openat"),
        },
        process: process(),
        outcome: Outcome::Ok,
        inode: 77,
        mode: 0o100_644,
        layer: Some(1),
        lower: Some(RealFileSystem {
            device: DeviceNumber {
                major: 254,
                minor: 1,
            },
            name: super::FileSystemName::new(b"ext4"),
        }),
        ancestor: false,
    }
}

/// Unlinked by `sh`.
pub(crate) fn whiteout(path: &str) -> Whiteout {
    Whiteout {
        time_ns: 6_000_000_000,
        overlay: OVERLAY,
        device: DEVICE,
        path: path.as_bytes().to_vec(),
        cause: Cause::Unlink,
        process: process(),
    }
}
