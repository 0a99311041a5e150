//! One record of the ring.

use ovl_trace_common::{
    codes::{SYSCALL_UNKNOWN, UNKNOWN_U64, event_kind, method, result},
    event::{self as wire, FLAG_ANCESTOR, FLAG_COMPAT_SYSCALL},
    verdict::Call,
};
use zerocopy::FromBytes;

use super::{DecodeError, TriggerTable, overlay, path};
use crate::model::{
    Cause, Comm, CopyUp, DeviceNumber, Event, FileSystemName, Kind, Method, Outcome, Phases,
    Process, RealFileSystem, Whiteout,
};

/// Decodes one record.
pub fn decode(bytes: &[u8], triggers: &dyn TriggerTable) -> Result<Event, DecodeError> {
    decode_reusing(bytes, triggers, &mut Vec::new())
}

/// Decodes one record. A path that it has is put into the memory of `spare`, which
/// is empty then: that of the event before, once that is done with
/// ([`Event::into_path`]).
pub fn decode_reusing(
    bytes: &[u8],
    triggers: &dyn TriggerTable,
    spare: &mut Vec<u8>,
) -> Result<Event, DecodeError> {
    let (header, _) = fixed::<wire::Header>(bytes)?;
    match header.kind {
        event_kind::COPY_UP => Ok(Event::CopyUp(copy_up(bytes, triggers, spare)?)),
        event_kind::COPY_UP_STARTED => Ok(Event::CopyUpStarted(copy_up(bytes, triggers, spare)?)),
        event_kind::WHITEOUT => whiteout(bytes, spare),
        event_kind::OVERLAY => Ok(Event::OverlaySeen(overlay::record(bytes)?)),
        event_kind::OVERLAY_GONE => Ok(Event::OverlayGone {
            overlay: header.overlay,
            device: DeviceNumber::from_kernel(header.device),
        }),
        kind => Err(DecodeError::UnknownKind(kind)),
    }
}

/// What the trigger of a copy-up follows from, if the record is one of a copy-up.
pub fn call(bytes: &[u8]) -> Option<Call> {
    let (raw, _) = fixed::<wire::CopyUp>(bytes).ok()?;
    (raw.header.kind == event_kind::COPY_UP).then_some(Call {
        caller: raw.task.caller,
        open_flags: raw.open_flags,
        syscall: raw.task.syscall,
        compat: u32::from(raw.header.flags & FLAG_COMPAT_SYSCALL != 0),
        padding: 0,
    })
}

/// Splits the fixed structure from what follows it.
pub(super) fn fixed<T: FromBytes>(bytes: &[u8]) -> Result<(T, &[u8]), DecodeError> {
    T::read_from_prefix(bytes).map_err(|_short| DecodeError::Short {
        have: bytes.len(),
        need: size_of::<T>(),
    })
}

/// The first `length` bytes of what follows, and the rest.
pub(super) fn take(tail: &[u8], length: u32) -> Result<(&[u8], &[u8]), DecodeError> {
    let length = length as usize;
    tail.split_at_checked(length).ok_or(DecodeError::Short {
        have: tail.len(),
        need: length,
    })
}

// Built where the event is to be, not moved there.
#[inline]
fn copy_up(
    bytes: &[u8],
    triggers: &dyn TriggerTable,
    spare: &mut Vec<u8>,
) -> Result<CopyUp, DecodeError> {
    let (raw, tail) = fixed::<wire::CopyUp>(bytes)?;
    let header = raw.header;
    let (names, _) = take(tail, header.path_bytes)?;
    let compat = header.flags & FLAG_COMPAT_SYSCALL != 0;
    Ok(CopyUp {
        time_ns: header.time_ns,
        overlay: header.overlay,
        device: DeviceNumber::from_kernel(header.device),
        path: path::decode(names, header.flags, spare)?,
        kind: Kind::from_code(raw.kind),
        method: method(raw.method),
        size_bytes: raw.size_bytes,
        copied_bytes: known(raw.copied_bytes),
        latency_ns: raw.latency_ns,
        phases: Phases {
            lock_ns: known(raw.lock_ns),
            data_ns: known(raw.data_ns),
            sync_ns: known(raw.sync_ns),
        },
        trigger: triggers.trigger(
            raw.task.caller,
            Some(raw.open_flags),
            raw.task.syscall,
            compat,
        ),
        process: process(&raw.task),
        outcome: outcome(raw.result),
        inode: raw.inode,
        mode: raw.mode,
        layer: (raw.layer != 0).then_some(raw.layer),
        lower: (raw.lower_device != 0).then(|| RealFileSystem {
            device: DeviceNumber::from_kernel(raw.lower_device),
            name: FileSystemName::new(&raw.lower_filesystem),
        }),
        ancestor: header.flags & FLAG_ANCESTOR != 0,
    })
}

fn whiteout(bytes: &[u8], spare: &mut Vec<u8>) -> Result<Event, DecodeError> {
    let (raw, tail) = fixed::<wire::Whiteout>(bytes)?;
    let (names, _) = take(tail, raw.header.path_bytes)?;
    Ok(Event::Whiteout(Whiteout {
        time_ns: raw.header.time_ns,
        overlay: raw.header.overlay,
        device: DeviceNumber::from_kernel(raw.header.device),
        path: path::decode(names, raw.header.flags, spare)?,
        cause: Cause::from_code(raw.cause),
        process: process(&raw.task),
    }))
}

pub(super) fn process(task: &wire::Task) -> Process {
    Process {
        pid: task.pid,
        tid: task.tid,
        comm: Comm::new(&task.comm),
        uid: (task.uid != u32::MAX).then_some(task.uid),
        cgroup: task.cgroup,
        mount_namespace: (task.mount_namespace != 0).then_some(task.mount_namespace),
    }
}

/// How a copy-up ended, from the wire's result.
pub(crate) fn outcome(code: i32) -> Outcome {
    match code {
        result::OK => Outcome::Ok,
        result::RACED => Outcome::Raced,
        errno if errno > 0 => Outcome::Failed(Some(errno)),
        _ => Outcome::Failed(None),
    }
}

/// The method, if it is known.
pub(crate) fn method(code: u8) -> Option<Method> {
    (code != method::UNKNOWN).then(|| Method::from_code(code))
}

/// A number, if it was measured.
fn known(number: u64) -> Option<u64> {
    (number != UNKNOWN_U64).then_some(number)
}

const _: () = assert!(
    SYSCALL_UNKNOWN < 0,
    "TriggerTable takes negative as unknown"
);
