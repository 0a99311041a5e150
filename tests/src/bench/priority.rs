//! When a tracer runs.

use std::{fs, io};

use anyhow::{Context as _, Result, ensure};

/// Lets all threads of a process run as soon as they are woken, as where a processor is
/// free. Else it is the scheduler's choice whether a tracer runs right after an event or
/// after some more, which differs from run to run; each switch to it takes thousands of
/// instructions of the traced process.
pub(super) fn at_once(pid: u32) -> Result<()> {
    let lowest = libc::sched_param { sched_priority: 1 };
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let name = task?.file_name();
        let id: libc::pid_t = name.to_str().context("a thread's id")?.parse()?;
        // SAFETY: the parameters outlive the call, which only reads them.
        let set = unsafe { libc::sched_setscheduler(id, libc::SCHED_FIFO, &raw const lowest) };
        ensure!(
            set == 0,
            "sched_setscheduler: {}",
            io::Error::last_os_error()
        );
    }
    Ok(())
}
