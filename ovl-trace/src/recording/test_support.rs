//! Records as the kernel side writes them.

use std::{fs, path::PathBuf};

use ovl_trace_common::{
    codes::{self, event_kind},
    event as wire,
    overlay::{OverlayKey, OverlayState},
};

/// Every recording in the repository; there is at least one.
pub(crate) fn fixtures() -> Vec<PathBuf> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/recordings");
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == super::EXTENSION))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no recording in '{directory}'");
    paths
}

/// The overlay of this number.
pub(crate) fn overlay(number: u64) -> OverlayKey {
    OverlayKey {
        superblock: 0xffff_8880_0000_0000 + number,
        born_ns: number + 1,
    }
}

pub(crate) fn header(kind: u16, overlay: OverlayKey, time_ns: u64, path: &[u8]) -> wire::Header {
    wire::Header {
        kind,
        flags: 0,
        path_bytes: path.len() as u32,
        time_ns,
        overlay,
        device: 28,
        padding: 0,
    }
}

pub(crate) fn task(tid: u32, caller: u64) -> wire::Task {
    let mut comm = [0; 16];
    comm[..2].copy_from_slice(b"sh");
    wire::Task {
        pid: tid,
        tid,
        uid: 0,
        syscall: 257,
        caller,
        cgroup: 42,
        comm,
        mount_namespace: 9,
    }
}

/// A file of this size that was opened to be written.
pub(crate) fn copy_up(overlay: OverlayKey, time_ns: u64, size_bytes: u64) -> wire::CopyUp {
    wire::CopyUp {
        header: header(event_kind::COPY_UP, overlay, time_ns, PATH),
        task: task(216, 0x1010),
        size_bytes,
        copied_bytes: size_bytes,
        latency_ns: 1000 + size_bytes,
        lock_ns: 100,
        data_ns: 500,
        sync_ns: codes::UNKNOWN_U64,
        inode: 77,
        open_flags: 1,
        result: 0,
        mode: 0o100_644,
        layer: 1,
        kind: codes::kind::DATA,
        method: codes::method::COPY,
        padding: [0; 2],
        lower_device: 0,
        lower_filesystem: [0; 16],
    }
}

/// `/srv/data`.
pub(crate) const PATH: &[u8] = b"data\0srv\0";

pub(crate) fn with_path(record: &(impl zerocopy::IntoBytes + zerocopy::Immutable)) -> Vec<u8> {
    [record.as_bytes(), PATH].concat()
}

pub(crate) fn whiteout(overlay: OverlayKey, time_ns: u64) -> wire::Whiteout {
    wire::Whiteout {
        header: header(event_kind::WHITEOUT, overlay, time_ns, PATH),
        task: task(217, 0),
        inode: 77,
        cause: codes::cause::UNLINK,
        padding: [0; 7],
    }
}

pub(crate) fn seen(overlay: OverlayKey) -> wire::Overlay {
    wire::Overlay {
        header: header(event_kind::OVERLAY, overlay, 1, b""),
        task: task(1, 0),
        state: OverlayState {
            born_ns: overlay.born_ns,
            device: 28,
            upper_device: 1,
            upper_inode: 2,
            mount_namespace: 9,
            layers: 3,
            pid: 1,
            mounted: 1,
            padding: 0,
            cgroup: 42,
            upper_filesystem: *b"ext4\0\0\0\0\0\0\0\0\0\0\0\0",
        },
        upperdir_bytes: 0,
        workdir_bytes: 0,
    }
}

pub(crate) fn gone(overlay: OverlayKey) -> wire::OverlayGone {
    wire::OverlayGone {
        header: header(event_kind::OVERLAY_GONE, overlay, 2, b""),
    }
}
