//! Programs that the kernel skipped.
//!
//! `trace_call_bpf` (`kernel/trace/bpf_trace.c`) skips the program of a probe while
//! another BPF program or a system call on a BPF map is under way on its CPU, and
//! counts that nowhere on most kernels. But the probe's hit was counted before
//! (`kprobe_dispatcher`, `kernel/trace/trace_kprobe.c`), and the program counts its
//! runs: the difference was skipped.
//!
//! Hits and runs cannot be read at one moment, and a probe is hit some times
//! before its program is bound to it. So the number found is a lower bound, and
//! exact as soon as there is a quiet moment.

/// What is known of one probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    /// At the last look.
    hits: Option<u64>,
    /// At most so many hits were before the program was bound.
    before: Option<u64>,
    reported: u64,
}

impl Skipped {
    /// Takes in runs that were read now, and hits that were read after them;
    /// returns how many runs are newly known to have been skipped.
    pub(super) fn look(&mut self, runs: u64, hits: u64) -> u64 {
        // What was hit by the last look has run by now, or never will.
        let missing = self.hits.map_or(0, |hits| hits.saturating_sub(runs));
        let at_most = hits.saturating_sub(runs);
        let before = self.before.map_or(at_most, |before| before.min(at_most));
        self.before = Some(before);
        self.hits = Some(hits);
        let skipped = missing.saturating_sub(before);
        let added = skipped.saturating_sub(self.reported);
        self.reported += added;
        added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_before_the_program_was_bound_are_not_skipped() {
        let mut probe = Skipped::default();
        assert_eq!(probe.look(0, 7), 0);
        assert_eq!(probe.look(100, 107), 0);
        assert_eq!(probe.look(100, 107), 0);
    }

    #[test]
    fn what_was_hit_and_did_not_run_is_reported_once() {
        let mut probe = Skipped::default();
        assert_eq!(probe.look(0, 2), 0);
        assert_eq!(probe.look(10, 15), 0, "these three may be running");
        assert_eq!(probe.look(10, 15), 3);
        assert_eq!(probe.look(10, 15), 0);
        assert_eq!(probe.look(20, 26), 0);
        assert_eq!(probe.look(20, 26), 1);
    }

    #[test]
    fn a_busy_probe_is_not_one_that_skips() {
        let mut probe = Skipped::default();
        // Between reading the runs and the hits there are always some more.
        for second in 0..100 {
            assert_eq!(probe.look(second * 1000, second * 1000 + 30), 0);
        }
        assert_eq!(probe.look(100_030, 100_030), 0);
    }
}
