//! Building: the eBPF object, the agent that embeds it, and both for guests.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
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
#[command(
    after_help = "Example:\n  cargo xtask build && sudo target/programs/release/ovl-trace live"
)]
pub(crate) struct BuildOptions {
    /// How the agent is compiled: 'dev' compiles fast, 'release' runs fast, 'dist' is what is
    /// shipped and compiles for minutes. The eBPF object is always optimised.
    #[arg(long, value_enum, default_value = "release")]
    profile: Profile,
    /// Let the eBPF program write its own log (`ovl-trace -vv` shows it).
    #[arg(long)]
    log: bool,
    /// The machine that the eBPF object is for; for another than this one, only the object is built.
    #[arg(long, value_enum, default_value_t = Arch::native())]
    arch: Arch,
}

/// How programs are compiled. `Cargo.toml` has the profiles of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Compiles fast: for the demo and the tests.
    Dev,
    /// Runs fast.
    Release,
    /// Runs fast and is small, but compiles for minutes: what is shipped and measured.
    Dist,
}

impl Profile {
    /// Cargo's name of the directory for it.
    fn dir(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }

    /// Cargo's name of the profile.
    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Dist => "dist",
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

/// The programs that run on a kernel: the agent, and the end-to-end tests.
const PROGRAMS: [&str; 2] = ["ovl-trace", "ovl-trace-tests"];

/// Builds what the options ask for.
pub(crate) fn command(host: &Host, options: &BuildOptions) -> Result<()> {
    let BuildOptions { profile, log, arch } = *options;
    let toolchain = toolchain::require(host)?;
    let object = object(host, &toolchain, arch, log)?;
    say(format_args!("eBPF object: {}", object.display()));
    if arch == Arch::native() {
        let programs = static_binaries(host, profile, &PROGRAMS[..1])?;
        say(format_args!(
            "agent: {}",
            programs.join(PROGRAMS[0]).display()
        ));
    }
    Ok(())
}

/// Builds the eBPF object and the agent that embeds it; returns the agent's path.
pub(crate) fn agent(host: &Host, profile: Profile) -> Result<PathBuf> {
    native_object(host, &toolchain::require(host)?)?;
    Ok(static_binaries(host, profile, &PROGRAMS[..1])?.join(PROGRAMS[0]))
}

/// Builds the eBPF object, the agent and the end-to-end tests; returns the directory that
/// holds `ovl-trace` and `ovl-trace-tests`.
pub(crate) fn programs(host: &Host, profile: Profile) -> Result<PathBuf> {
    native_object(host, &toolchain::require(host)?)?;
    static_programs(host, profile)
}

/// Builds the agent and the end-to-end tests. The agent embeds the eBPF object that was built
/// last, or none.
pub(crate) fn static_programs(host: &Host, profile: Profile) -> Result<PathBuf> {
    static_binaries(host, profile, &PROGRAMS)
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

/// Builds programs that bring their C library along, because guests and other machines have
/// other releases of it. Returns the directory that holds the programs.
fn static_binaries(host: &Host, profile: Profile, names: &[&str]) -> Result<PathBuf> {
    if has_apt() {
        host.ensure_packages("the static C library", &["libc6-dev"])?;
        host.report_missing()?;
    }
    let mut command = cargo::static_target(host, "build");
    command.args(["--profile", profile.name()]);
    command.args(names.iter().map(|name| format!("--package={name}")));
    host.run("static programs", &mut command)?;
    // The directory holds nothing else, because guests see all of it.
    let dir = host.target.join("programs").join(profile.name());
    let built = host.target.join(cargo::host_triple()).join(profile.dir());
    for name in names {
        replace_if_changed(&built.join(name), &dir.join(name))
            .with_context(|| format!("package '{name}' has no program of its name"))?;
    }
    Ok(dir)
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
