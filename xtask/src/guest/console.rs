//! What the guest's kernel says on its console, judged line by line.

use std::collections::VecDeque;

/// How many of the last lines an error shows.
const REMEMBERED: usize = 40;

/// What a console line means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Ordinary,
    /// The kernel complains but goes on. An emulated processor can be starved
    /// for seconds, so lockups and stalls alone are no failure.
    Warning,
    /// The kernel is broken: nothing that follows can be believed.
    Fatal,
}

/// `linux/kernel/watchdog.c`, `kernel/rcu/tree_stall.h`, `kernel/hung_task.c`
/// and `kernel/panic.c` (`WARNING: CPU: 0 PID: 1 at FILE`; newer kernels start
/// with the file).
const WARNINGS: [&str; 6] = [
    "BUG: soft lockup",
    "BUG: workqueue lockup",
    "rcu: INFO: rcu_",
    "blocked for more than",
    "WARNING: ",
    "Out of memory: Killed process",
];

/// `kernel/panic.c`, `arch/x86/mm/fault.c` (`BUG: unable to handle …`,
/// `BUG: kernel NULL pointer dereference`), `arch/x86/kernel/traps.c`.
const FATAL: [&str; 7] = [
    "Kernel panic - not syncing",
    "Oops:",
    "Internal error: Oops",
    "BUG:",
    "kernel BUG at",
    "general protection fault",
    "ovl-guest: failed:",
];

/// Judges one line.
pub(super) fn classify(line: &str) -> Verdict {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| line.contains(phrase));
    if says(&WARNINGS) {
        Verdict::Warning
    } else if says(&FATAL) {
        Verdict::Fatal
    } else {
        Verdict::Ordinary
    }
}

/// The console so far: what was wrong, and the last lines.
#[derive(Default)]
pub(super) struct Console {
    partial: Vec<u8>,
    last: VecDeque<String>,
    /// Lines that are warnings, in order.
    pub(super) warnings: Vec<String>,
    /// The first fatal line.
    pub(super) fatal: Option<String>,
    /// Whether the guest answered the question of a probe boot.
    pub(super) alive: bool,
}

impl Console {
    /// Takes the next bytes of the console.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            self.line(&String::from_utf8_lossy(&line));
        }
    }

    /// Takes an unfinished last line: the guest is gone.
    pub(super) fn finish(&mut self) {
        let rest = std::mem::take(&mut self.partial);
        self.line(&String::from_utf8_lossy(&rest));
    }

    /// The last lines, for an error message.
    pub(super) fn tail(&self) -> String {
        let lines: Vec<String> = self.last.iter().map(|line| format!("  | {line}")).collect();
        if lines.is_empty() {
            "  | (nothing)".to_owned()
        } else {
            lines.join("\n")
        }
    }

    fn line(&mut self, line: &str) {
        let line = printable(line);
        let line = line.trim_end();
        if line.is_empty() || line == "ovl-guest: beat" {
            return;
        }
        self.alive |= line == "ovl-guest: alive";
        match classify(line) {
            Verdict::Ordinary => {}
            Verdict::Warning => self.warnings.push(line.to_owned()),
            Verdict::Fatal => {
                self.fatal.get_or_insert_with(|| line.to_owned());
            }
        }
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }
}

/// A line without what would move a terminal's cursor: firmware clears the
/// screen before the kernel speaks.
fn printable(line: &str) -> String {
    line.chars()
        .filter(|c| !c.is_control() || *c == '\t')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kernels_print_is_judged() {
        let cases = [
            ("[    1.2] Run /init as init process", Verdict::Ordinary),
            ("debugging BUGs", Verdict::Ordinary),
            (
                "watchdog: BUG: soft lockup - CPU#1 stuck for 22s!",
                Verdict::Warning,
            ),
            (
                "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                Verdict::Warning,
            ),
            (
                "INFO: task sync:91 blocked for more than 120 seconds.",
                Verdict::Warning,
            ),
            (
                "WARNING: CPU: 0 PID: 7 at fs/overlayfs/dir.c:1",
                Verdict::Warning,
            ),
            (
                "Kernel panic - not syncing: Attempted to kill init!",
                Verdict::Fatal,
            ),
            (
                "BUG: kernel NULL pointer dereference, address: 08",
                Verdict::Fatal,
            ),
            ("kernel BUG at fs/inode.c:599!", Verdict::Fatal),
            ("Oops: 0002 [#1] PREEMPT SMP NOPTI", Verdict::Fatal),
            ("Internal error: Oops: 96000004 [#1] SMP", Verdict::Fatal),
            ("ovl-guest: failed: no root disk", Verdict::Fatal),
        ];
        for (line, verdict) in cases {
            assert_eq!(classify(line), verdict, "{line}");
        }
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        let mut console = Console::default();
        console.feed(b"\x1b[2Jfirst\r\nKernel pa");
        assert_eq!(console.fatal, None);
        console.feed(b"nic - not syncing: x\nOops: later\nlast");
        console.finish();
        assert_eq!(
            console.fatal.as_deref(),
            Some("Kernel panic - not syncing: x")
        );
        assert!(console.tail().starts_with("  | [2Jfirst\n"));
        assert!(console.tail().ends_with("  | last"));
    }

    #[test]
    fn only_the_last_lines_are_kept_and_beats_are_not() {
        let mut console = Console::default();
        for number in 0..100 {
            console.feed(format!("line {number}\novl-guest: beat\n").as_bytes());
        }
        assert_eq!(console.tail().lines().count(), REMEMBERED);
        assert!(console.tail().ends_with("line 99"));
    }
}
