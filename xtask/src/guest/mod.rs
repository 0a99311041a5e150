//! Guests: a Debian kernel in an emulator, with what was built here, a root
//! file system with real container runtimes, and nothing to set up by hand.
//!
//! A guest has these directories:
//!
//! | path | what |
//! |---|---|
//! | `/host` | a directory of the host, read-only, first in `PATH` |
//! | `/out` | a directory that the host gets back |
//! | `/data` | an empty ext4 disk; the runtimes' data is on it |

mod accel;
mod arch;
mod clock;
mod console;
mod cpio;
mod emulator;
mod initramfs;
mod kernel;
mod modules;
mod output;
mod qemu;
mod recipe;
mod release;
mod rootfs;
mod run;
mod suite;
mod tool;
mod verdict;
mod vm;
mod watch;
mod work;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use run::{run, shell};
pub(crate) use vm::{VmOptions, vm_command};

use crate::host::Host;

/// A guest to run.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    /// Series of the kernel: "6.1", or "newest".
    pub(crate) kernel: String,
    /// Debian suite of the root file system: "bookworm".
    pub(crate) rootfs: String,
    /// Memory in MiB.
    pub(crate) memory_mib: u32,
    /// Number of processors.
    pub(crate) cpus: u32,
    /// Start Docker before the script.
    pub(crate) docker: bool,
    /// Directory of the host at `/host`, read-only.
    pub(crate) share: PathBuf,
    /// Directory of the host at `/out`, writable. Without one, what the guest
    /// writes there is gone.
    pub(crate) out: Option<PathBuf>,
    /// How long the whole run may take, boot and power-off included.
    pub(crate) time_limit: Duration,
    /// More words for the kernel's command line.
    pub(crate) kernel_args: Vec<String>,
    /// One processor, always emulated, whose clock advances one nanosecond per
    /// instruction: processor time is then the same from run to run, and wall
    /// time means nothing (QEMU's `-icount shift=0,sleep=off`).
    pub(crate) count_instructions: bool,
}

impl Guest {
    /// A guest with kernel 6.1 on bookworm, without Docker, for ten minutes.
    pub(crate) fn new(share: PathBuf) -> Self {
        Self {
            kernel: "6.1".to_owned(),
            rootfs: "bookworm".to_owned(),
            memory_mib: 3072,
            cpus: 2,
            docker: false,
            share,
            out: None,
            time_limit: Duration::from_secs(600),
            kernel_args: Vec::new(),
            count_instructions: false,
        }
    }
}

/// What came of a script in a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finished {
    /// Exit status of the script, as a shell has it.
    pub(crate) status: i32,
    /// What it wrote to standard output and standard error, together.
    pub(crate) output: Vec<u8>,
    /// Lines of the kernel that are no failure: lockups, stalls, `WARNING`.
    pub(crate) kernel_warnings: Vec<String>,
    /// Release of the kernel, as `uname -r` has it.
    pub(crate) kernel_version: String,
}

/// An error where no guest can be made, whatever is installed.
pub(crate) fn supported() -> anyhow::Result<()> {
    arch::Arch::of_host().map(drop)
}

/// Finds out whether a guest with this kernel can run without emulation.
pub(crate) fn warm_up(host: &Host, series: &str) -> anyhow::Result<()> {
    let kernel = kernel::Kernel::ensure(host, series)?;
    accel::Accel::probe(host, arch::Arch::of_host()?, &kernel).map(drop)
}

/// The packages of the machine that making and running guests needs.
pub(crate) fn packages() -> anyhow::Result<Vec<&'static str>> {
    let arch = arch::Arch::of_host()?;
    let mut packages = PACKAGES.to_vec();
    if Host::find_program(arch.qemu).is_none() {
        packages.push(arch.qemu_package);
    }
    Ok(packages)
}

/// Debian packages that guests are made with.
const PACKAGES: [&str; 7] = [
    "ca-certificates",
    "debian-archive-keyring",
    "e2fsprogs",
    "kmod",
    "mmdebstrap",
    "xz-utils",
    "zstd",
];

/// Fetches and builds all that guests of these kernels and suites need; when
/// nothing may be installed, says what is missing instead.
pub(crate) fn ensure(host: &Host, series: &[String], suites: &[String]) -> anyhow::Result<()> {
    if series.is_empty() {
        return Ok(());
    }
    let arch = arch::Arch::of_host()?;
    let mut packages = vec!["e2fsprogs"];
    let mut missing = Vec::new();
    for series in series {
        if kernel::Kernel::in_cache(host, series)?.is_none() {
            packages.extend(["kmod", "xz-utils", "zstd", "ca-certificates"]);
            missing.push(format!("Debian's kernel {series}"));
        }
    }
    for suite in suites {
        if !rootfs::Rootfs::is_cached(host, suite)? {
            packages.extend(["mmdebstrap", "debian-archive-keyring"]);
            missing.push(format!("a root file system of '{suite}'"));
        }
    }
    // All at once: apt takes its time for each run.
    packages.sort_unstable();
    packages.dedup();
    host.ensure_packages("what guests are made with", &packages)?;
    emulator::ensure(host, arch)?;
    if !host.install {
        for what in missing {
            host.missing(&what, "cargo xtask setup (into the cache, with apt)");
        }
        return Ok(());
    }
    for series in series {
        let kernel = kernel::Kernel::ensure(host, series)?;
        initramfs::ensure(host, &kernel)?;
    }
    for suite in suites {
        rootfs::Rootfs::ensure(host, suite)?;
    }
    Ok(())
}
