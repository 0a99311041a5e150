//! Whether this machine can run a guest with hardware support.
//!
//! The file `/dev/kvm` proves nothing: there are machines, themselves guests,
//! where it can be opened and a stock kernel then hangs in it for ever. So a
//! kernel is booted, with a limit, once per boot of the machine.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use super::arch::Arch;
use super::clock::Limits;
use super::initramfs;
use super::kernel::Kernel;
use super::qemu::{Machine, Terminal};
use super::tool::write_whole;
use super::watch;
use crate::host::Host;

/// With hardware support a kernel boots in two seconds.
const LIMIT: Duration = Duration::from_secs(20);

/// How a guest's processor is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accel {
    /// The machine's own, through KVM.
    Kvm,
    /// Translated by QEMU: works everywhere, ten to thirty times slower.
    Tcg,
}

impl Accel {
    /// The best that works here for `kernel`; remembered in the cache.
    pub(super) fn probe(host: &Host, arch: &'static Arch, kernel: &Kernel) -> anyhow::Result<Self> {
        // Writable for this user, or of no use.
        if File::options()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_err()
        {
            return Ok(Self::Tcg);
        }
        let _lock = host.lock("accel")?;
        let file = host.cache.join("accel");
        let question = question(kernel);
        let known = fs::read_to_string(&file).unwrap_or_default();
        if let Some(answer) = recall(&known, &question) {
            return Ok(answer);
        }
        let mut stderr = std::io::stderr().lock();
        let limit = LIMIT.as_secs();
        writeln!(
            stderr,
            "trying /dev/kvm with kernel {} (at most {limit} s)",
            kernel.version
        )?;
        let answer = if boots(host, arch, kernel)? {
            Self::Kvm
        } else {
            writeln!(
                stderr,
                "/dev/kvm is there but does not run a kernel: emulating"
            )?;
            Self::Tcg
        };
        write_whole(&file, remember(&known, &question, answer).as_bytes())?;
        Ok(answer)
    }
}

/// What is asked: on this boot of the machine, for this kernel.
fn question(kernel: &Kernel) -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    format!("{} {}", boot.trim(), kernel.version)
}

/// A kernel that ran says nothing about another one, but a machine on which
/// one did not run is not worth the wait for each.
fn recall(known: &str, question: &str) -> Option<Accel> {
    let boot = question.split(' ').next().unwrap_or_default();
    let mut of_boot = known.lines().filter(|line| line.starts_with(boot));
    if of_boot.clone().any(|line| line.ends_with(" tcg")) {
        return Some(Accel::Tcg);
    }
    let yes = format!("{question} kvm");
    of_boot.any(|line| line == yes).then_some(Accel::Kvm)
}

/// The verdicts of earlier boots of the machine are dropped.
fn remember(known: &str, question: &str, answer: Accel) -> String {
    let boot = question.split(' ').next().unwrap_or_default();
    let mut lines: Vec<&str> = known
        .lines()
        .filter(|line| line.starts_with(boot))
        .collect();
    let name = match answer {
        Accel::Kvm => "kvm",
        Accel::Tcg => "tcg",
    };
    let line = format!("{question} {name}");
    lines.push(&line);
    lines.join("\n") + "\n"
}

fn boots(host: &Host, arch: &'static Arch, kernel: &Kernel) -> anyhow::Result<bool> {
    let work = tempfile::tempdir().context("cannot make a temporary directory")?;
    let console: PathBuf = work.path().join("console");
    let machine = Machine {
        arch,
        accel: Accel::Kvm,
        kernel: kernel.image(),
        initramfs: initramfs::ensure(host, kernel)?,
        kernel_args: vec!["ovl_guest.probe".to_owned()],
        memory_mib: 512,
        cpus: 1,
        count_instructions: false,
        disks: Vec::new(),
        shares: Vec::new(),
        terminal: Terminal::Output { console: &console },
    };
    let seen = watch::run(
        &mut machine.command(),
        &console,
        "@",
        Limits::new(LIMIT),
        &mut |_| {},
    )?;
    Ok(seen.console.alive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_kvm_works_holds_for_one_boot_and_one_kernel() {
        let known = remember("", "boot-1 6.1.0", Accel::Kvm);
        assert_eq!(recall(&known, "boot-1 6.1.0"), Some(Accel::Kvm));
        assert_eq!(recall(&known, "boot-1 6.1"), None);
        assert_eq!(recall(&known, "boot-2 6.1.0"), None);
        let next = remember(&known, "boot-2 6.1.0", Accel::Kvm);
        assert_eq!(next, "boot-2 6.1.0 kvm\n");
    }

    #[test]
    fn that_kvm_hangs_holds_for_all_kernels_of_a_boot() {
        let known = remember("", "boot-1 6.1.0", Accel::Kvm);
        let known = remember(&known, "boot-1 6.12.0", Accel::Tcg);
        assert_eq!(recall(&known, "boot-1 7.2.0"), Some(Accel::Tcg));
        assert_eq!(recall(&known, "boot-2 7.2.0"), None);
    }
}
