//! Notices that somebody switches the kernel's probes off during the observation. A switch
//! that is back on at the next reading, a second later, is not noticed.

use crate::kernel::{ProbeSwitch, ProbeSwitches};

/// The switches, and those that were off at the last look.
#[derive(Debug)]
pub(super) struct Disarmed {
    switches: ProbeSwitches,
    off: Vec<ProbeSwitch>,
}

impl Disarmed {
    pub(super) fn new(switches: ProbeSwitches) -> Self {
        Self {
            switches,
            off: Vec::new(),
        }
    }

    /// Reads the switches and returns those that were on at the last look and are off now.
    pub(super) fn look(&mut self) -> Vec<ProbeSwitch> {
        let off: Vec<_> = self.switches.read_off().collect();
        let before = std::mem::replace(&mut self.off, off);
        let newly_off = self.off.iter().filter(|switch| !before.contains(switch));
        newly_off.copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::kernel::KernelRoots;

    #[test]
    fn each_switching_off_is_told_once() {
        let directory = tempfile::tempdir().unwrap();
        let roots = KernelRoots {
            proc: directory.path().join("proc"),
            sys: directory.path().join("sys"),
            ..KernelRoots::host()
        };
        let path = roots.proc.join("sys/kernel/ftrace_enabled");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "1\n").unwrap();
        let mut disarmed = Disarmed::new(ProbeSwitches::open(&roots));
        let mut look_at = |value: &str| {
            fs::write(&path, value).unwrap();
            disarmed.look()
        };
        assert_eq!(look_at("1\n"), []);
        assert_eq!(look_at("0\n"), [ProbeSwitch::Ftrace]);
        assert_eq!(look_at("0\n"), []);
        assert_eq!(look_at("1\n"), []);
        assert_eq!(look_at("0\n"), [ProbeSwitch::Ftrace]);
    }
}
