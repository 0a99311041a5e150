//! Two switches that disarm every probe of the machine.
//!
//! While one of them is off, the kernel registers a probe without an error and never
//! runs its program. A probe that was armed before is disarmed.
//!
//! - `kernel.ftrace_enabled`: `ftrace_startup_enable` patches no function while the value is
//!   0, and `ftrace_shutdown_sysctl` takes back what was patched (`kernel/trace/ftrace.c`).
//!   Trampolines, and kprobes at the entry of a function, are built on ftrace.
//! - `kprobes/enabled` in debugfs: `register_kprobe` calls `arm_kprobe` only if
//!   `kprobes_all_disarmed` is false, and `disarm_all_kprobes` disarms the others
//!   (`kernel/kprobes.c`).

use std::{fs::File, os::unix::fs::FileExt as _, path::PathBuf};

use super::KernelRoots;

/// One of the switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeSwitch {
    /// `kernel.ftrace_enabled`
    Ftrace,
    /// `kprobes/enabled` in debugfs
    Kprobes,
}

impl ProbeSwitch {
    /// Both switches.
    pub const ALL: [Self; 2] = [Self::Ftrace, Self::Kprobes];

    /// The switch as an administrator knows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ftrace => "kernel.ftrace_enabled",
            Self::Kprobes => "/sys/kernel/debug/kprobes/enabled",
        }
    }

    /// The command that turns the switch on.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Ftrace => "sysctl kernel.ftrace_enabled=1",
            Self::Kprobes => "echo 1 > /sys/kernel/debug/kprobes/enabled",
        }
    }

    /// The reason of the loss while the switch is off.
    pub const fn loss_reason(self) -> &'static str {
        match self {
            Self::Ftrace => "ftrace_disabled",
            Self::Kprobes => "kprobes_disabled",
        }
    }

    fn path(self, roots: &KernelRoots) -> PathBuf {
        match self {
            Self::Ftrace => roots.proc.join("sys/kernel/ftrace_enabled"),
            Self::Kprobes => roots.sys.join("kernel/debug/kprobes/enabled"),
        }
    }
}

/// The files of the switches, kept open: reading one again takes a single system call.
#[derive(Debug)]
pub struct ProbeSwitches {
    files: Vec<(ProbeSwitch, File)>,
}

impl ProbeSwitches {
    /// Opens the switches that this kernel has. A file that cannot be opened says nothing:
    /// the kernel lacks the switch, debugfs is not mounted, or lockdown hides the file.
    pub fn open(roots: &KernelRoots) -> Self {
        let files = ProbeSwitch::ALL.into_iter();
        let files = files.filter_map(|switch| Some((switch, File::open(switch.path(roots)).ok()?)));
        Self {
            files: files.collect(),
        }
    }

    /// Reads all switches and returns those that are off.
    pub fn read_off(&self) -> impl Iterator<Item = ProbeSwitch> {
        let off = self.files.iter().filter(|(_, file)| is_off(file));
        off.map(|(switch, _)| *switch)
    }
}

/// Returns true if the file says `0`. The kernel makes the text anew for a read from the
/// start of the file.
fn is_off(file: &File) -> bool {
    let mut text = [0; 2];
    matches!(file.read_at(&mut text, 0), Ok(1..)) && text[0] == b'0'
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn roots(directory: &Path) -> KernelRoots {
        KernelRoots {
            proc: directory.join("proc"),
            sys: directory.join("sys"),
            ..KernelRoots::host()
        }
    }

    #[test]
    fn a_switch_is_read_again_from_the_same_file() {
        let directory = tempfile::tempdir().unwrap();
        let roots = roots(directory.path());
        for switch in ProbeSwitch::ALL {
            let path = switch.path(&roots);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "1\n").unwrap();
        }
        let switches = ProbeSwitches::open(&roots);
        let off = || switches.read_off().collect::<Vec<_>>();
        assert_eq!(off(), []);
        fs::write(ProbeSwitch::Kprobes.path(&roots), "0\n").unwrap();
        assert_eq!(off(), [ProbeSwitch::Kprobes]);
        fs::write(ProbeSwitch::Ftrace.path(&roots), "0\n").unwrap();
        assert_eq!(off(), ProbeSwitch::ALL);
        fs::write(ProbeSwitch::Kprobes.path(&roots), "1\n").unwrap();
        assert_eq!(off(), [ProbeSwitch::Ftrace]);
    }

    #[test]
    fn a_kernel_without_the_switches_disarms_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let roots = roots(directory.path());
        assert_eq!(ProbeSwitches::open(&roots).read_off().next(), None);
        let path = ProbeSwitch::Ftrace.path(&roots);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        assert_eq!(ProbeSwitches::open(&roots).read_off().next(), None);
    }
}
