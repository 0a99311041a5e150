//! Building: the eBPF object, the agent that embeds it, and both for guests.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};

use crate::{
    cargo,
    files::replace_if_changed,
    host::{Host, say},
    packages::has_apt,
    toolchain::{self, Toolchain},
};

/// The target of the kernel side: little-endian, as every machine that is
/// supported is.
const BPF_TARGET: &str = "bpfel-unknown-none";

/// `cargo xtask build`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  cargo xtask build && sudo target/release/ovl-trace live")]
pub(crate) struct BuildOptions {
    /// Build the agent without optimisation (the eBPF object is always optimised).
    #[arg(long, conflicts_with = "release")]
    dev: bool,
    /// Build the agent with optimisation (the default).
    #[arg(long)]
    release: bool,
    /// Let the eBPF program write its own log (`ovl-trace -vv` shows it).
    #[arg(long)]
    log: bool,
    /// The machine that the eBPF object is for; for another than this one, only the object is built.
    #[arg(long, value_enum, default_value_t = Arch::native())]
    arch: Arch,
}

/// How the agent is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Without optimisation.
    Dev,
    /// With optimisation.
    Release,
}

impl Profile {
    /// Cargo's name of the directory for it.
    fn dir(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }
}

/// Machines whose registers the eBPF program can read (`pt_regs` differs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    /// 64-bit x86.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[value(name = "aarch64")]
    Aarch64,
}

impl Arch {
    fn native() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Aarch64
        } else {
            Self::X86_64
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

/// Static programs that run in any guest.
#[derive(Debug)]
pub(crate) struct GuestBinaries {
    /// Holds `ovl-trace` and `ovl-trace-tests`.
    pub(crate) dir: PathBuf,
}

/// Builds what the options ask for.
pub(crate) fn command(host: &Host, options: &BuildOptions) -> Result<()> {
    let BuildOptions {
        dev,
        release: _,
        log,
        arch,
    } = *options;
    let toolchain = toolchain::require(host)?;
    let object = object(host, &toolchain, arch, log)?;
    say(format_args!("eBPF object: {}", object.display()));
    if arch == Arch::native() {
        let profile = if dev { Profile::Dev } else { Profile::Release };
        say(format_args!(
            "agent: {}",
            agent_with(host, profile)?.display()
        ));
    }
    Ok(())
}

/// Builds the agent with its eBPF object and returns its path.
pub(crate) fn agent(host: &Host, profile: Profile) -> Result<PathBuf> {
    native_object(host, &toolchain::require(host)?)?;
    agent_with(host, profile)
}

/// Builds the eBPF object for this machine, without the log.
pub(crate) fn native_object(host: &Host, toolchain: &Toolchain) -> Result<PathBuf> {
    object(host, toolchain, Arch::native(), false)
}

/// Builds the eBPF object for the other architecture, which nothing here can
/// run.
pub(crate) fn foreign_object(host: &Host, toolchain: &Toolchain) -> Result<PathBuf> {
    let other = match Arch::native() {
        Arch::X86_64 => Arch::Aarch64,
        Arch::Aarch64 => Arch::X86_64,
    };
    object(host, toolchain, other, false)
}

/// Builds the agent and the end-to-end tests for this machine; returns the
/// directory that holds `ovl-trace` and `ovl-trace-tests`.
pub(crate) fn programs(host: &Host) -> Result<PathBuf> {
    let agent = agent(host, Profile::Release)?;
    let mut command = cargo::host(host, "build");
    command.args(["--package=ovl-trace-tests", "--release"]);
    host.run("the demo", &mut command)?;
    let dir = agent.parent().context("a program is in a directory")?;
    Ok(dir.to_owned())
}

/// Builds the agent and the end-to-end tests as static programs: guests run
/// other releases, with other C libraries.
pub(crate) fn guest_binaries(host: &Host) -> Result<GuestBinaries> {
    const PROGRAMS: [&str; 2] = ["ovl-trace", "ovl-trace-tests"];
    native_object(host, &toolchain::require(host)?)?;
    if has_apt() {
        host.ensure_packages("the static C library", &["libc6-dev"])?;
        host.report_missing()?;
    }
    let triple = cargo::host_triple();
    // Of its own, since other flags mean other artifacts.
    let target = host.target.join("guest");
    let mut command = cargo::host(host, "build");
    command
        .args(["--release", "--target", &triple, "--target-dir"])
        .arg(&target);
    command.args(PROGRAMS.map(|program| format!("--package={program}")));
    // With --target, the flags do not reach build scripts and procedural
    // macros, which cannot be static.
    command
        .env("RUSTFLAGS", "-Ctarget-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    host.run("static programs for guests", &mut command)?;
    let dir = host.target.join("guest-bin");
    for program in PROGRAMS {
        let built = target.join(&triple).join("release").join(program);
        replace_if_changed(&built, &dir.join(program))
            .with_context(|| format!("package '{program}' has no program of its name"))?;
    }
    Ok(GuestBinaries { dir })
}

/// Builds the eBPF object and puts it where the agent's build script looks
/// for it (for another machine: beside that).
fn object(host: &Host, toolchain: &Toolchain, arch: Arch, log: bool) -> Result<PathBuf> {
    let target = bpf_target_dir(host, arch);
    let mut command = toolchain.cargo(host, "build");
    bpf_args(&mut command, toolchain, arch, &target);
    if log {
        command.args(["--features", "log"]);
    }
    host.run("the kernel side (eBPF object)", &mut command)?;
    let built = target.join(BPF_TARGET).join("release/ovl-trace");
    let name = if arch == Arch::native() {
        "ovl-trace".to_owned()
    } else {
        format!("ovl-trace-{}", arch.name())
    };
    let object = host.target.join("bpf").join(name);
    replace_if_changed(&built, &object)?;
    Ok(object)
}

/// Clippy over the kernel side, for the kernel's target. `None`: clippy is
/// missing, and recorded as such.
pub(crate) fn clippy_command(host: &Host, toolchain: &Toolchain) -> Result<Option<Command>> {
    let Some(mut command) = toolchain.clippy(host)? else {
        return Ok(None);
    };
    let arch = Arch::native();
    bpf_args(&mut command, toolchain, arch, &bpf_target_dir(host, arch));
    Ok(Some(command))
}

/// Cargo's directory for the kernel side; one for each machine, since other
/// flags mean other artifacts.
fn bpf_target_dir(host: &Host, arch: Arch) -> PathBuf {
    let name = if arch == Arch::native() {
        "ebpf".to_owned()
    } else {
        format!("ebpf-{}", arch.name())
    };
    host.target.join(name)
}

fn bpf_args(command: &mut Command, toolchain: &Toolchain, arch: Arch, target: &Path) {
    command
        .args(["--package=ovl-trace-ebpf", "-Zbuild-std=core", "--release"])
        .args(["--target", BPF_TARGET, "--target-dir"])
        .arg(target)
        .env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &toolchain.linker)
        .env("RUSTFLAGS", bpf_flags(arch).join(" "));
}

/// BTF needs debug information; without BTF, maps have no types and the
/// verifier's log no source lines. aya-ebpf reads registers by the cfg.
fn bpf_flags(arch: Arch) -> [String; 3] {
    [
        "-Cdebuginfo=2".to_owned(),
        "-Clink-arg=--btf".to_owned(),
        format!("--cfg=bpf_target_arch=\"{}\"", arch.name()),
    ]
}

fn agent_with(host: &Host, profile: Profile) -> Result<PathBuf> {
    let mut command = cargo::host(host, "build");
    command.arg("--package=ovl-trace").args(profile.args());
    host.run("the agent", &mut command)?;
    let triple = env::var_os("CARGO_BUILD_TARGET")
        .map(PathBuf::from)
        .unwrap_or_default();
    let agent = host
        .target
        .join(triple)
        .join(profile.dir())
        .join("ovl-trace");
    ensure!(agent.is_file(), "cargo built no '{}'", agent.display());
    Ok(agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_name_the_machine() {
        assert_eq!(
            bpf_flags(Arch::Aarch64)[2],
            "--cfg=bpf_target_arch=\"aarch64\""
        );
    }
}
