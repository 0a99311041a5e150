//! When a tracer runs.

use std::{io, os::unix::process::CommandExt as _, process::Command};

/// The priority of a tracer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Priority {
    /// That of all other processes.
    Usual,
    /// It runs as soon as it is woken, as where a processor is free, and none of the others
    /// interrupts it: for what is counted.
    ///
    /// Else it is the scheduler's choice whether a tracer runs right after an event or after
    /// some more, which differs from run to run; each switch to it takes thousands of
    /// instructions of the traced process. And where the kernel preempts its own tasks only at
    /// certain points, up to a tenth of a start is not counted: the clock that a process's time is
    /// taken from is not read at a switch that follows a wake-up (`check_preempt_curr`,
    /// `kernel/sched/core.c`, 6.1; `wakeup_preempt`, 6.12: `rq_clock_skip_update`), so what
    /// the process did since then, up to a tick in a long system call, is counted as the
    /// other's. No wake-up of a lower class does that.
    First,
}

impl Priority {
    /// Gives it to a program that is to be started, and to all its threads.
    pub(super) fn give(self, command: &mut Command) {
        match self {
            Self::Usual => {}
            // SAFETY: between fork and exec `first` only makes a system call, and allocates
            // nothing.
            Self::First => unsafe {
                command.pre_exec(first);
            },
        }
    }
}

/// The lowest real-time priority, for this thread and those that it starts.
fn first() -> io::Result<()> {
    let lowest = libc::sched_param { sched_priority: 1 };
    // SAFETY: the parameters outlive the call, which only reads them.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const lowest) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
