//! The compiler of a Debian system: which packages it is.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{
    linker,
    rustc::{Compiler, major_minor},
};
use crate::{
    host::Host,
    packages::{absent_packages, has_apt},
};

/// The oldest release that the workspace builds with (`rust-version` in
/// Cargo.toml).
const OLDEST: (u32, u32) = (1, 88);

/// One compiler and what belongs to it.
struct Flavour {
    rustc: &'static str,
    cargo: &'static str,
    source: &'static str,
    /// Links core's bitcode; brings the matching libLLVM.
    llvm: &'static str,
    clippy: &'static str,
}

/// In stable releases Debian updates a second, newer compiler for browsers
/// ("web"); elsewhere the plain one is new enough.
const FLAVOURS: [Flavour; 2] = [
    Flavour {
        rustc: "rustc-web",
        cargo: "cargo-web",
        source: "rust-web-src",
        llvm: "rust-web-llvm",
        clippy: "rust-web-clippy",
    },
    Flavour {
        rustc: "rustc",
        cargo: "cargo",
        source: "rust-src",
        llvm: "rust-llvm",
        clippy: "rust-clippy",
    },
];

impl Flavour {
    fn compiler(&self) -> [&'static str; 4] {
        [self.rustc, self.cargo, self.source, self.llvm]
    }
}

/// Installs the distribution's compiler, then the LLVM that belongs to it.
pub(super) fn install(host: &Host) -> Result<()> {
    let flavour = choose()?;
    host.ensure_packages(
        "a compiler with core's source, for the kernel side",
        &flavour.compiler(),
    )?;
    let compiler = Compiler::distribution().with_context(|| {
        format!(
            "'{}' is installed, but '/usr/bin/rustc' does not run",
            flavour.rustc
        )
    })?;
    linker::install(host, &compiler)
}

/// The names of the compiler's packages, and of the LLVM that its linker is built with.
pub(super) fn packages() -> Result<Vec<String>> {
    let flavour = choose()?;
    let mut packages: Vec<String> = flavour.compiler().map(str::to_owned).to_vec();
    let mut depends = Command::new("apt-cache");
    depends.env("LC_ALL", "C").args(["depends", flavour.llvm]);
    packages.extend(llvm_of(&Host::query(&mut depends)?).map(linker::dev_package));
    Ok(packages)
}

/// The number in a line `  Depends: llvm-22`.
fn llvm_of(depends: &str) -> Option<u32> {
    let mut names = depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: llvm-"));
    names.find_map(|number| number.parse().ok())
}

/// Installs clippy for the distribution's compiler.
pub(super) fn install_clippy(host: &Host) -> Result<()> {
    host.ensure_packages("clippy for the kernel side", &[choose()?.clippy])
}

/// The command that gets the compiler, for people; `None` without apt or when
/// its release has no compiler that is new enough.
pub(super) fn advice() -> Option<String> {
    if !has_apt() {
        return None;
    }
    let [stable, _] = &FLAVOURS;
    let (before, flavour) = match choose() {
        Ok(flavour) => ("", flavour),
        // A machine whose package lists were never fetched.
        Err(_) if FLAVOURS.iter().all(is_unknown) => ("apt-get update && ", stable),
        Err(_) => return None,
    };
    Some(format!(
        "{before}apt-get install --no-install-recommends {}",
        flavour.compiler().join(" ")
    ))
}

fn is_unknown(flavour: &Flavour) -> bool {
    Host::candidate(flavour.rustc).is_none()
}

/// The flavour that is installed, else the first that apt knows and that is
/// new enough.
fn choose() -> Result<&'static Flavour> {
    let names: Vec<_> = FLAVOURS.iter().map(|flavour| flavour.rustc).collect();
    let absent = absent_packages(&names)?;
    let fits =
        |flavour: &&Flavour| Host::candidate(flavour.rustc).is_some_and(|version| is_new(&version));
    let installed = FLAVOURS
        .iter()
        .find(|flavour| !absent.contains(&flavour.rustc));
    match installed
        .filter(fits)
        .or_else(|| FLAVOURS.iter().find(fits))
    {
        Some(flavour) => Ok(flavour),
        None => bail!(
            "apt has no rustc {}.{} or newer (neither as '{}')",
            OLDEST.0,
            OLDEST.1,
            names.join("' nor as '")
        ),
    }
}

fn is_new(version: &str) -> bool {
    major_minor(version).is_some_and(|release| release >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_when_its_release_is_new_enough() {
        assert!(is_new("1.96.0+dfsg1-1~deb12u2"));
        assert!(is_new("1.88.0+dfsg1-1"));
        assert!(!is_new("1.63.0+dfsg1-2"));
        assert!(!is_new("unknown"));
    }
}
