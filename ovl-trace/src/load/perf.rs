//! Binding a loaded kprobe program to a tracefs kprobe event.
//!
//! aya attaches kprobes through the perf PMU, which gives return probes a
//! small pool (they then lose most concurrent copy-ups), cannot probe a module
//! before it is loaded, and goes silently dead when the module is reloaded. A
//! tracefs event has none of these faults, and a program of type kprobe can be
//! bound to it as to a tracepoint (`PERF_EVENT_IOC_SET_BPF`,
//! kernel/events/core.c `perf_event_set_bpf_prog`).

use std::{
    fs, io,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result};

const PERF_TYPE_TRACEPOINT: u32 = 2;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;
/// `_IOW('$', 8, __u32)`
const PERF_EVENT_IOC_SET_BPF: libc::c_ulong = 0x4004_2408;
/// `_IO('$', 0)`
const PERF_EVENT_IOC_ENABLE: libc::c_ulong = 0x2400;

/// `struct perf_event_attr`, first published size (64 bytes).
#[repr(C)]
#[derive(Default)]
struct PerfEventAttr {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_kind: u32,
    config1: u64,
}

/// Runs `program` whenever the event `event_id` (its tracefs `id`) fires, on
/// any CPU, until the returned descriptor is closed.
///
/// One perf event on one CPU is enough: the program is attached to the event
/// itself, not to the CPU (`kprobe_perf_func` in `kernel/trace/trace_kprobe.c`).
pub(super) fn bind(event_id: u64, program: BorrowedFd<'_>) -> Result<OwnedFd> {
    let attr = PerfEventAttr {
        kind: PERF_TYPE_TRACEPOINT,
        size: size_of::<PerfEventAttr>() as u32,
        config: event_id,
        sample_period: 1,
        wakeup_events: 1,
        ..PerfEventAttr::default()
    };
    let cpu = first_online_cpu();
    // SAFETY: `attr` outlives the call and says its own size.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attr,
            -1,
            cpu,
            -1,
            PERF_FLAG_FD_CLOEXEC,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error())
            .with_context(|| format!("perf_event_open of trace event {event_id}"));
    }
    // SAFETY: a new descriptor that nobody else has.
    let event = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    ioctl(&event, PERF_EVENT_IOC_SET_BPF, program.as_raw_fd())
        .with_context(|| format!("binding the program to trace event {event_id}"))?;
    ioctl(&event, PERF_EVENT_IOC_ENABLE, 0)
        .with_context(|| format!("enabling trace event {event_id}"))?;
    Ok(event)
}

fn ioctl(event: &OwnedFd, request: libc::c_ulong, argument: i32) -> io::Result<()> {
    // SAFETY: both requests take an integer.
    let result = unsafe { libc::ioctl(event.as_raw_fd(), request, argument) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// CPU 0 may be offline. The file reads like `0-3,5`.
fn first_online_cpu() -> i32 {
    fs::read_to_string("/sys/devices/system/cpu/online")
        .ok()
        .and_then(|list| list.split(['-', ',', '\n']).next()?.parse().ok())
        .unwrap_or(0)
}
