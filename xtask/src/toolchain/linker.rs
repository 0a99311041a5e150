//! bpf-linker: finding one that reads a compiler's bitcode, or building it.
//!
//! bpf-linker links with LLVM, and an LLVM reads the bitcode of its own and
//! older major versions only; the version of bpf-linker does not tell which
//! LLVM it has. So a candidate is tried on a small piece of bitcode.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use super::{
    plan::LinkerState,
    rustc::{Compiler, major_minor},
};
use crate::{
    host::Host,
    packages::has_apt,
    tools::{self, Tool},
};

/// The version that is installed when there is none.
const VERSION: &str = "0.13.0";

/// The oldest that is taken from `PATH`: it writes BTF for Rust's types.
const OLDEST: (u32, u32) = (0, 10);

/// The LLVM versions that [`VERSION`] can be built with (its features).
const LLVM_SUPPORTED: std::ops::RangeInclusive<u32> = 21..=23;

/// A crate that needs no `core`, so that a probe takes no time to compile.
const PROBE: &str = r#"
#![feature(no_core, lang_items)]
#![no_core]
#[lang = "pointee_sized"] pub trait PointeeSized {}
#[lang = "meta_sized"] pub trait MetaSized: PointeeSized {}
#[lang = "sized"] pub trait Sized: MetaSized {}
#[lang = "copy"] pub trait Copy: Sized {}
impl Copy for u32 {}
#[unsafe(no_mangle)] #[unsafe(link_section = "probe")]
pub extern "C" fn probe(x: u32) -> u32 { x }
"#;

/// A linker on `PATH` or in the cache that works with the compiler.
pub(super) fn find(host: &Host, compiler: &Compiler) -> Result<Option<PathBuf>> {
    let dir = tempfile::tempdir().context("cannot make a temporary directory")?;
    let bitcode = probe_bitcode(compiler, dir.path())?;
    let cached = tools::program(host, &tool(compiler.version.llvm));
    let mut candidates = Host::find_programs("bpf-linker").chain(cached);
    Ok(candidates.find(|linker| is_recent(linker) && links(linker, &bitcode, dir.path())))
}

/// How near a linker for the compiler is.
pub(super) fn state(compiler: &Compiler, found: Option<&Path>) -> LinkerState {
    let llvm = compiler.version.llvm;
    if found.is_some() {
        return LinkerState::Works;
    }
    let from_source = LLVM_SUPPORTED.contains(&llvm)
        && (prefix(llvm).is_dir() || Host::candidate(&dev_package(llvm)).is_some());
    if from_source || Host::find_program("cargo-binstall").is_some() {
        LinkerState::Obtainable
    } else {
        LinkerState::None
    }
}

/// Puts a linker for the compiler into the cache.
pub(super) fn install(host: &Host, compiler: &Compiler) -> Result<()> {
    let llvm = compiler.version.llvm;
    let package = dev_package(llvm);
    if has_apt() && Host::candidate(&package).is_some() {
        host.ensure_packages("LLVM for bpf-linker", &[&package])?;
    }
    let why = format!("bpf-linker for LLVM {llvm}, into the cache");
    if LLVM_SUPPORTED.contains(&llvm) && prefix(llvm).is_dir() {
        tools::install(host, &why, &tool(llvm), |command| {
            command.env("LLVM_PREFIX", prefix(llvm));
            command.args([
                "--no-default-features",
                "--features",
                &format!("llvm-{llvm}"),
            ]);
        })?;
    } else if Host::find_program("cargo-binstall").is_some() {
        tools::binstall(host, &why, &tool(llvm))?;
    } else {
        bail!("bpf-linker for LLVM {llvm} needs '{package}' or cargo-binstall");
    }
    Ok(())
}

/// The command that gets a linker, for people.
pub(super) fn advice(llvm: u32) -> String {
    format!(
        "LLVM_PREFIX={} cargo install bpf-linker --version {VERSION} --locked --no-default-features \
         --features llvm-{llvm} (with {}), or: cargo binstall bpf-linker",
        prefix(llvm).display(),
        dev_package(llvm)
    )
}

fn tool(llvm: u32) -> Tool {
    Tool {
        name: "bpf-linker",
        version: VERSION,
        variant: Some(format!("llvm-{llvm}")),
    }
}

pub(super) fn dev_package(llvm: u32) -> String {
    format!("llvm-{llvm}-dev")
}

/// Where Debian puts an LLVM.
fn prefix(llvm: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/llvm-{llvm}"))
}

fn probe_bitcode(compiler: &Compiler, dir: &Path) -> Result<PathBuf> {
    let source = dir.join("probe.rs");
    let bitcode = dir.join("probe.bc");
    fs::write(&source, PROBE).context("cannot write the linker's probe")?;
    let mut rustc = Command::new(&compiler.rustc);
    rustc
        .env("RUSTC_BOOTSTRAP", "1")
        .args([
            "--target",
            "bpfel-unknown-none",
            "--crate-type=lib",
            "--emit=llvm-bc",
            "-Cdebuginfo=2",
        ])
        .args(["-Copt-level=3", "--cap-lints=allow", "-o"])
        .args([&bitcode, &source]);
    Host::query(&mut rustc).with_context(|| {
        format!(
            "rustc {} cannot compile for 'bpfel-unknown-none'",
            compiler.version.text
        )
    })?;
    Ok(bitcode)
}

fn links(linker: &Path, bitcode: &Path, dir: &Path) -> bool {
    Command::new(linker)
        .arg("--btf")
        .arg("-o")
        .arg(dir.join("probe.o"))
        .arg(bitcode)
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

fn is_recent(linker: &Path) -> bool {
    Host::query(Command::new(linker).arg("--version"))
        .ok()
        .and_then(|text| parse_version(&text))
        .is_some_and(|version| version >= OLDEST)
}

/// Reads `bpf-linker 0.13.0`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    major_minor(text.trim().strip_prefix("bpf-linker ")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linkers_version_is_read() {
        assert_eq!(parse_version("bpf-linker 0.13.0\n"), Some((0, 13)));
        assert!(parse_version("bpf-linker 0.9.15") < Some(OLDEST));
        assert_eq!(parse_version("0.13.0"), None);
    }
}
