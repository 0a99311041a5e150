//! Records as the kernel side writes them, and others.

use ovl_trace_common::{
    codes::{self, UNKNOWN_U64, event_kind, method},
    event as wire,
    overlay::OverlayKey,
};
use proptest::prelude::*;
use zerocopy::IntoBytes;

use super::*;
use crate::model::{Event, Kind, Method, OpenFlags, Operation, Outcome, Trigger};

struct Fixed;

impl TriggerTable for Fixed {
    fn trigger(&self, caller: u64, _: Option<u32>, syscall: i32, _: bool) -> Trigger {
        assert_eq!((caller, syscall), (0xffff, 257));
        Trigger {
            operation: Operation::Open,
            flags: OpenFlags::of(["O_WRONLY"]),
            syscall: Some("openat"),
        }
    }
}

struct Any;

impl TriggerTable for Any {
    fn trigger(&self, _: u64, _: Option<u32>, _: i32, _: bool) -> Trigger {
        Trigger {
            operation: Operation::Other,
            flags: OpenFlags::default(),
            syscall: None,
        }
    }
}

fn header(kind: u16, path: &[u8]) -> wire::Header {
    wire::Header {
        kind,
        flags: 0,
        path_bytes: path.len() as u32,
        time_ns: 7,
        overlay: OverlayKey {
            superblock: 1,
            born_ns: 2,
        },
        device: 28,
        padding: 0,
    }
}

fn task() -> wire::Task {
    let mut comm = [0; 16];
    comm[..2].copy_from_slice(b"sh");
    wire::Task {
        pid: 216,
        tid: 217,
        uid: 1000,
        syscall: 257,
        caller: 0xffff,
        cgroup: 9,
        comm,
        mount_namespace: 0,
    }
}

fn copy_up_record(path: &[u8]) -> Vec<u8> {
    let raw = wire::CopyUp {
        header: header(event_kind::COPY_UP, path),
        task: task(),
        size_bytes: 52_428_800,
        copied_bytes: UNKNOWN_U64,
        latency_ns: 183_000_000,
        lock_ns: 900,
        data_ns: UNKNOWN_U64,
        sync_ns: UNKNOWN_U64,
        inode: 12,
        open_flags: 1,
        result: 28,
        mode: 0o100_644,
        layer: 1,
        kind: codes::kind::DATA,
        method: method::COPY,
        padding: [0; 2],
        lower_device: 0x80_0001,
        lower_filesystem: *b"ext4\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    [raw.as_bytes(), path].concat()
}

#[test]
fn a_copy_up_with_unknown_numbers_and_an_errno() {
    let event = decode(&copy_up_record(b"model.bin\0srv\0"), &Fixed);
    let Ok(Event::CopyUp(copy_up)) = event else {
        panic!("{event:?}")
    };
    assert_eq!(copy_up.path, b"/srv/model.bin");
    assert_eq!(copy_up.device.to_string(), "0:28");
    assert_eq!(copy_up.copied_bytes, None);
    assert_eq!(copy_up.phases.lock_ns, Some(900));
    assert_eq!(copy_up.phases.data_ns, None);
    assert_eq!(copy_up.outcome, Outcome::Failed(Some(28)));
    assert_eq!(copy_up.method, Some(Method::Copy));
    assert_eq!(copy_up.process.comm, b"sh");
    assert_eq!(copy_up.process.uid, Some(1000));
    assert_eq!(copy_up.layer, Some(1));
    let lower = copy_up.lower.unwrap();
    assert_eq!(lower.device.to_string(), "8:1");
    assert_eq!(
        lower.name.map(|it| it.as_str().to_owned()).as_deref(),
        Some("ext4")
    );
}

#[test]
fn an_unknown_enumerator_is_kept() {
    let mut bytes = copy_up_record(b"x\0");
    bytes[std::mem::offset_of!(wire::CopyUp, kind)] = 77;
    let Ok(Event::CopyUp(copy_up)) = decode(&bytes, &Any) else {
        panic!("not decoded")
    };
    assert_eq!(copy_up.kind, Kind::Unknown(77));
    assert_eq!(copy_up.kind.name(), "unknown(77)");
}

#[test]
fn an_overlay_with_and_without_options() {
    let options = b"/up/w";
    let state = ovl_trace_common::overlay::OverlayState {
        born_ns: 2,
        device: 28,
        upper_device: 0x80_0001,
        upper_inode: 5,
        mount_namespace: 0,
        layers: 3,
        pid: 1,
        mounted: 1,
        padding: 0,
        cgroup: 9,
        upper_filesystem: *b"\x1b]0;\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    let raw = wire::Overlay {
        header: header(event_kind::OVERLAY, options),
        task: task(),
        state,
        upperdir_bytes: 3,
        workdir_bytes: 2,
    };
    let bytes = [raw.as_bytes(), options].concat();
    let Ok(Event::OverlaySeen(seen)) = decode(&bytes, &Any) else {
        panic!("not decoded")
    };
    assert_eq!(seen.upperdir.as_deref(), Some(&b"/up"[..]));
    assert_eq!(seen.workdir.as_deref(), Some(&b"/w"[..]));
    assert_eq!(seen.upper_filesystem, None, "no name of a file system");
    assert_eq!(
        seen.upper
            .map(|(device, inode)| (device.to_string(), inode)),
        Some(("8:1".to_owned(), 5))
    );
    let longer = wire::Overlay {
        upperdir_bytes: 4,
        ..raw
    };
    let bytes = [longer.as_bytes(), options].concat();
    assert_eq!(
        decode(&bytes, &Any),
        Err(DecodeError::Short { have: 1, need: 2 })
    );
}

#[test]
fn a_record_cut_anywhere_is_an_error() {
    let bytes = copy_up_record(b"model.bin\0srv\0");
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length], &Any).is_err(), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0u16..8) {
        let mut bytes = bytes;
        if bytes.len() >= 8 {
            bytes[..2].copy_from_slice(&kind.to_le_bytes());
            let tail = (bytes.len() / 2) as u32;
            bytes[4..8].copy_from_slice(&tail.to_le_bytes());
        }
        // Must return; what it returns for noise does not matter.
        let _event = decode(&bytes, &Any);
    }
}
