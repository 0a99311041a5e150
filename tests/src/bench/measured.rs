//! The processor time of a child process, all its threads and all that it waited
//! for.

use std::{io, mem::MaybeUninit, process::Command};

use anyhow::{Context as _, Result, ensure};

/// Waits for a child; returns its processor time in nanoseconds.
///
/// The sum of `ru_utime` and `ru_stime` is the scheduler's own account
/// (`sum_exec_runtime`) in microseconds: the tick only decides which part is
/// called which (`cputime_adjust`, `kernel/sched/cputime.c`).
pub(super) fn wait(pid: i32) -> Result<u64> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both outlive the call, and have room for what it writes.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
    ensure!(waited == pid, "wait4: {}", io::Error::last_os_error());
    // SAFETY: wait4 filled it in, and all zeros are a value, too.
    let usage = unsafe { usage.assume_init() };
    ensure!(status == 0, "the process ended with status {status:#x}");
    let microseconds = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    let sum = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    Ok(sum.cast_unsigned() * 1000)
}

/// Runs a program to its end.
pub(super) fn run(command: &mut Command) -> Result<u64> {
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    wait(child.id().cast_signed())
}

/// What a running process has used up in all its threads that still run, in
/// nanoseconds.
pub(super) fn so_far(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = std::fs::read_to_string(entry?.path().join("schedstat"))?;
        let first = text.split(' ').next().context("no schedstat")?;
        sum += first.parse::<u64>()?;
    }
    Ok(sum)
}

/// A line of `/proc/PID/status`, in KiB.
pub(super) fn memory(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.with_context(|| format!("no '{name}'"))?.parse()?)
}
