//! Reading maps without making the probes miss.
//!
//! A system call on a map counts as a running BPF program of its CPU
//! (`bpf_disable_instrumentation`, kernel/bpf/syscall.c: `bpf_prog_active` is
//! raised, and only migration is disabled), and `trace_call_bpf` skips the
//! programs of kprobes while one runs, without counting that. If the agent is
//! preempted in such a call, every probe that fires on its CPU meanwhile is
//! missed. Seen with 500 tasks on two busy CPUs: four copy-ups without data.

/// For as long as it lives, no ordinary task preempts this thread.
pub(super) struct Unpreempted {
    before: Option<(i32, libc::sched_param)>,
}

impl Unpreempted {
    /// Needs `CAP_SYS_NICE`; without it everything is as before.
    pub(super) fn enter() -> Self {
        let least = libc::sched_param { sched_priority: 1 };
        let mut parameters = libc::sched_param { sched_priority: 0 };
        // SAFETY: 0 is this thread, and the structures live until the calls
        // return.
        let policy = unsafe {
            let policy = libc::sched_getscheduler(0);
            let known = policy >= 0 && libc::sched_getparam(0, &raw mut parameters) == 0;
            let entered =
                known && libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const least) == 0;
            entered.then_some(policy)
        };
        Self {
            before: policy.map(|policy| (policy, parameters)),
        }
    }
}

impl Drop for Unpreempted {
    fn drop(&mut self) {
        if let Some((policy, parameters)) = self.before {
            // SAFETY: as above.
            let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
            if result != 0 {
                let error = std::io::Error::last_os_error();
                tracing::warn!("this thread stays a real-time one: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_comes_back() {
        // SAFETY: 0 is this thread.
        let policy = || unsafe { libc::sched_getscheduler(0) };
        let before = policy();
        {
            let guard = Unpreempted::enter();
            let expected = guard.before.map_or(before, |_| libc::SCHED_FIFO);
            assert_eq!(policy(), expected);
        }
        assert_eq!(policy(), before);
    }
}
