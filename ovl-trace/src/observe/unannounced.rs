//! A copy-up that runs and was not announced, for a view: its path is not known.

use std::fs;

use ovl_trace_common::in_flight::InFlight as State;

use crate::model::{
    CopyUp, DeviceNumber, Event, Kind, OpenFlags, Operation, Outcome, OverlayKey, Phases, Process,
    Trigger,
};

/// As an event without a path. `None` if the thread is gone, or is not one of
/// this pid namespace.
pub(super) fn event(
    tid: u32,
    state: &State,
    (overlay, device): (OverlayKey, DeviceNumber),
    now_ns: u64,
) -> Option<Event> {
    Some(Event::CopyUpRunning(CopyUp {
        time_ns: now_ns,
        overlay,
        device,
        path: Vec::new(),
        kind: kind(state.mode)?,
        method: None,
        size_bytes: state.size_bytes,
        copied_bytes: Some(state.copied_bytes),
        latency_ns: now_ns.saturating_sub(state.started_ns),
        phases: Phases::default(),
        trigger: Trigger {
            operation: Operation::Other,
            flags: OpenFlags::default(),
            syscall: None,
        },
        process: process(tid)?,
        outcome: Outcome::Ok,
        inode: 0,
        mode: state.mode,
        layer: None,
        lower: None,
        ancestor: false,
    }))
}

/// Of a regular file; nothing else takes long.
fn kind(mode: u32) -> Option<Kind> {
    (mode & libc::S_IFMT == libc::S_IFREG).then_some(Kind::Data)
}

fn process(tid: u32) -> Option<Process> {
    let status = fs::read(format!("/proc/{tid}/status")).ok()?;
    let field = |name: &[u8]| {
        let line = status
            .split(|byte| *byte == b'\n')
            .find(|line| line.starts_with(name))?;
        std::str::from_utf8(&line[name.len()..])
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    let mut comm = fs::read(format!("/proc/{tid}/comm")).ok()?;
    if comm.last() == Some(&b'\n') {
        comm.pop();
    }
    Some(Process {
        pid: field(b"Tgid:")?,
        tid,
        comm: comm.into(),
        uid: None,
        cgroup: 0,
        mount_namespace: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_of_this_process() {
        // SAFETY: it only returns a number.
        let tid = u32::try_from(unsafe { libc::gettid() }).unwrap();
        let process = process(tid).unwrap();
        assert_eq!((process.pid, process.tid), (std::process::id(), tid));
        assert!(!process.comm.is_empty() && !process.comm.contains(&b'\n'));
        assert_eq!(super::process(u32::MAX), None);
    }

    #[test]
    fn only_files_with_data() {
        assert_eq!(kind(0o100_644), Some(Kind::Data));
        assert_eq!(kind(0o040_755), None);
    }
}
