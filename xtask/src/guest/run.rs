//! Runs a script, or a shell, in a guest.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use super::accel::Accel;
use super::arch::Arch;
use super::clock::Limits;
use super::emulator;
use super::kernel::Kernel;
use super::qemu::{Disk, Machine, Share, Terminal};
use super::rootfs::Rootfs;
use super::tool::{output_of, quoted, tool};
use super::verdict::result;
use super::watch;
use super::work::Work;
use super::{Finished, Guest, initramfs};
use crate::host::Host;

const INIT: &str = include_str!("init.sh");

/// Size of the data disk, a sparse file that goes with the run.
const DATA_BYTES: u64 = 16 << 30;

/// Runs `script` in a guest and calls `on_line` with each line that it writes.
/// The script may start with `#!`; without, it is one for `/bin/sh`.
///
/// # Errors
/// When the guest cannot be made, its kernel breaks, its time is over, or it
/// ends without a result. A script that fails is no error: see its status.
pub(crate) fn run(
    host: &Host,
    guest: &Guest,
    script: &str,
    on_line: &mut dyn FnMut(&str),
) -> anyhow::Result<Finished> {
    let parts = Parts::prepare(host, guest)?;
    parts.write_settings(guest, "run", "")?;
    parts.write_script(script)?;
    let console = parts.work.path().join("console");
    let machine = parts.machine(guest, Terminal::Output { console: &console });
    let mut qemu = machine.command();
    let mut limits = Limits::new(guest.time_limit);
    if guest.count_instructions {
        // Five seconds of its clock can be minutes.
        limits.silence *= 5;
    }
    let seen = watch::run(&mut qemu, &console, &parts.mark, limits, on_line)?;
    result(seen, guest, &parts.out)
}

/// A shell in a guest, on this terminal, until it is left.
///
/// # Errors
/// When the guest cannot be made, or the emulator fails.
pub(crate) fn shell(host: &Host, guest: &Guest) -> anyhow::Result<()> {
    let parts = Parts::prepare(host, guest)?;
    let size = output_of(tool("stty").arg("size").stdin(Stdio::inherit())).unwrap_or_default();
    parts.write_settings(guest, "shell", &terminal_size(&size))?;
    let mut qemu = parts.machine(guest, Terminal::Console).command();
    host.run(
        "a shell in a guest: leave with 'exit', or Ctrl-A X",
        &mut qemu,
    )
}

/// All that a guest is made of.
struct Parts {
    arch: &'static Arch,
    accel: Accel,
    kernel: Kernel,
    initramfs: PathBuf,
    rootfs: Rootfs,
    /// Data disk, console and what the host shares for this run only.
    work: Work,
    modules: PathBuf,
    out: PathBuf,
    mark: String,
}

impl Parts {
    fn prepare(host: &Host, guest: &Guest) -> anyhow::Result<Self> {
        let arch = Arch::of_host()?;
        emulator::ensure(host, arch)?;
        host.ensure_packages("the tools that make disks", &["e2fsprogs"])?;
        let kernel = Kernel::ensure(host, &guest.kernel)?;
        let initramfs = initramfs::ensure(host, &kernel)?;
        let rootfs = Rootfs::ensure(host, &guest.rootfs)?;
        let accel = if guest.count_instructions {
            Accel::Tcg
        } else {
            Accel::probe(host, arch, &kernel)?
        };
        let work = Work::new(host)?;
        let out = guest.out.clone().unwrap_or_else(|| work.path().join("out"));
        fs::create_dir_all(&out).with_context(|| format!("cannot make '{}'", out.display()))?;
        fs::create_dir(work.path().join("guest"))?;
        fs::write(work.path().join("guest/init.sh"), INIT)?;
        make_data_disk(&work.path().join("data"))?;
        Ok(Self {
            arch,
            accel,
            modules: kernel.modules(),
            kernel,
            initramfs,
            rootfs,
            mark: mark(work.path()),
            work,
            out,
        })
    }

    /// The settings that init reads as a part of itself.
    fn write_settings(&self, guest: &Guest, mode: &str, size: &str) -> anyhow::Result<()> {
        let docker = if guest.docker { "yes" } else { "no" };
        let settings = [
            ("MARK", self.mark.as_str()),
            ("MODE", mode),
            ("DOCKER", docker),
            ("TTY", self.arch.console),
            ("SIZE", size),
        ];
        let lines = settings.map(|(name, value)| format!("{name}={}\n", quoted(value)));
        fs::write(self.work.path().join("guest/settings"), lines.concat())?;
        Ok(())
    }

    fn write_script(&self, script: &str) -> anyhow::Result<()> {
        let file = self.work.path().join("guest/script");
        let first = if script.starts_with("#!") {
            ""
        } else {
            "#!/bin/sh\n"
        };
        fs::write(&file, format!("{first}{script}\n"))?;
        fs::set_permissions(&file, Permissions::from_mode(0o755))?;
        Ok(())
    }

    fn machine<'a>(&'a self, guest: &'a Guest, terminal: Terminal<'a>) -> Machine<'a> {
        let share = |tag, directory, writable| Share {
            tag,
            directory,
            writable,
        };
        let work = self.work.path();
        Machine {
            arch: self.arch,
            accel: self.accel,
            kernel: self.kernel.image(),
            initramfs: self.initramfs.clone(),
            kernel_args: guest.kernel_args.clone(),
            memory_mib: guest.memory_mib,
            cpus: guest.cpus,
            count_instructions: guest.count_instructions,
            disks: vec![
                Disk {
                    image: self.rootfs.image.clone(),
                    pristine: true,
                },
                Disk {
                    image: work.join("data"),
                    pristine: false,
                },
            ],
            shares: vec![
                share("guest", work.join("guest"), false),
                share("modules", self.modules.clone(), false),
                share("host", guest.share.clone(), false),
                share("out", self.out.clone(), true),
            ],
            terminal,
        }
    }
}

/// An empty ext4 disk. Its tables are made by the guest when it needs them.
fn make_data_disk(image: &Path) -> anyhow::Result<()> {
    File::create(image)?.set_len(DATA_BYTES)?;
    let mut format = tool("mkfs.ext4");
    format.args(["-q", "-F", "-L", "data"]);
    format.args([
        "-E",
        "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0",
    ]);
    output_of(format.arg(image))?;
    Ok(())
}

/// A word that no command writes by chance: the run's directory and the time.
fn mark(work: &Path) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = work.file_name().unwrap_or_default().to_string_lossy();
    format!("@guest{name}{}@", now.as_nanos())
}

/// `stty size` prints rows and columns; nothing when there is no terminal.
fn terminal_size(printed: &str) -> String {
    let mut numbers = printed.split_whitespace().map(str::parse::<u16>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(rows @ 1..)), Some(Ok(columns @ 1..))) => format!("rows {rows} columns {columns}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_terminal_has_a_size() {
        assert_eq!(terminal_size("50 160\n"), "rows 50 columns 160");
        assert_eq!(terminal_size("0 0\n"), "");
        assert_eq!(terminal_size(""), "");
    }
}
