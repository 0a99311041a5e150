//! The emulator's command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::accel::Accel;
use super::arch::Arch;
use super::tool::tool;

/// Everything about a machine that the emulator is told.
pub(super) struct Machine<'a> {
    pub(super) arch: &'static Arch,
    pub(super) accel: Accel,
    pub(super) kernel: PathBuf,
    pub(super) initramfs: PathBuf,
    /// More words for the kernel's command line.
    pub(super) kernel_args: Vec<String>,
    pub(super) memory_mib: u32,
    pub(super) cpus: u32,
    /// Count instructions as nanoseconds: see [`super::Guest`].
    pub(super) count_instructions: bool,
    /// Disks in order: `/dev/vda`, `/dev/vdb`.
    pub(super) disks: Vec<Disk>,
    /// Directories of the host, by the tag that the guest mounts.
    pub(super) shares: Vec<Share>,
    pub(super) terminal: Terminal<'a>,
}

/// A disk image.
pub(super) struct Disk {
    pub(super) image: PathBuf,
    /// Writes go to a temporary file, and the image stays as it is.
    pub(super) pristine: bool,
}

/// A directory of the host in the guest.
pub(super) struct Share {
    pub(super) tag: &'static str,
    pub(super) directory: PathBuf,
    pub(super) writable: bool,
}

/// What the emulator's own terminal is.
pub(super) enum Terminal<'a> {
    /// The guest's console: for a person.
    Console,
    /// The output port; the console goes to a file.
    Output {
        /// That file.
        console: &'a Path,
    },
}

impl Machine<'_> {
    /// The command that runs this machine.
    pub(super) fn command(&self) -> Command {
        let mut qemu = tool(self.arch.qemu);
        qemu.args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
        ]);
        qemu.args(["-machine", self.arch.machine]);
        self.processor(&mut qemu);
        qemu.args(["-m", &format!("{}M", self.memory_mib)]);
        qemu.arg("-kernel").arg(&self.kernel);
        qemu.arg("-initrd").arg(&self.initramfs);
        qemu.args(["-append", &self.kernel_command_line()]);
        for disk in &self.disks {
            let snapshot = if disk.pristine { "on" } else { "off" };
            // "unsafe": nothing of a guest outlives it, so nothing is flushed.
            let options = format!("if=virtio,format=raw,cache=unsafe,snapshot={snapshot},file=");
            qemu.arg("-drive").arg(with_path(&options, &disk.image, ""));
        }
        for share in &self.shares {
            let options = format!(
                ",mount_tag={},security_model=none,multidevs=remap,readonly={}",
                share.tag,
                if share.writable { "off" } else { "on" }
            );
            qemu.arg("-virtfs")
                .arg(with_path("local,path=", &share.directory, &options));
        }
        self.terminal(&mut qemu);
        qemu
    }

    fn processor(&self, qemu: &mut Command) {
        match (self.count_instructions, self.accel) {
            (true, _) => {
                qemu.args(["-accel", "tcg", "-cpu", "max", "-smp", "1"]);
                qemu.args(["-icount", "shift=0,sleep=off"]);
            }
            (false, Accel::Kvm) => {
                qemu.args([
                    "-accel",
                    "kvm",
                    "-cpu",
                    "host",
                    "-smp",
                    &self.cpus.to_string(),
                ]);
            }
            (false, Accel::Tcg) => {
                qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max"]);
                qemu.args(["-smp", &self.cpus.to_string()]);
            }
        }
    }

    fn terminal(&self, qemu: &mut Command) {
        match self.terminal {
            Terminal::Console => {
                qemu.args(["-serial", "mon:stdio"]);
            }
            Terminal::Output { console } => {
                qemu.arg("-chardev")
                    .arg(with_path("file,id=console,path=", console, ""));
                qemu.args(["-serial", "chardev:console"]);
                qemu.args(["-chardev", "stdio,id=output,signal=off"]);
                qemu.args(["-device", "virtio-serial-pci"]);
                qemu.args(["-device", "virtserialport,chardev=output,name=output"]);
            }
        }
    }

    /// kernel-parameters.txt. A kernel that is broken ends at once, with its
    /// last words on the console: it panics on an oops, a panic reboots, and a
    /// reboot ends the emulator. `loglevel=5` shows warnings and worse.
    /// `AppArmor` is off because Docker wants its tools where it is on.
    fn kernel_command_line(&self) -> String {
        let mut words = vec![
            format!("console={}", self.arch.console),
            "rdinit=/init loglevel=5 panic=-1 oops=panic".to_owned(),
            "apparmor=0 random.trust_cpu=on".to_owned(),
        ];
        if self.count_instructions || self.accel == Accel::Tcg {
            // An emulated processor on a busy machine stands still for seconds.
            words.push("watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120".to_owned());
        }
        words.extend(self.kernel_args.iter().cloned());
        words.join(" ")
    }
}

/// An option with a path in it: QEMU reads a doubled comma as a comma.
fn with_path(before: &str, path: &Path, after: &str) -> OsString {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let mut option = before.as_bytes().to_vec();
    for byte in path.as_os_str().as_bytes() {
        option.push(*byte);
        if *byte == b',' {
            option.push(b',');
        }
    }
    option.extend_from_slice(after.as_bytes());
    OsString::from_vec(option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_path_does_not_end_the_option() {
        let option = with_path("local,path=", Path::new("/a,b"), ",readonly=on");
        assert_eq!(option, "local,path=/a,,b,readonly=on");
    }
}
