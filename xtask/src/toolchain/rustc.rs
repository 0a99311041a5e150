//! Compilers that can build for the kernel: where they are, and what they are.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::host::Host;

/// Where a compiler comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// rustup's nightly.
    Rustup,
    /// The distribution's package in `/usr/bin`, which is a stable compiler:
    /// `RUSTC_BOOTSTRAP` lets it build `core` from source.
    Distribution,
}

/// A compiler, and whether `core` can be built with it.
#[derive(Clone, Debug)]
pub(crate) struct Compiler {
    pub(crate) origin: Origin,
    pub(crate) rustc: PathBuf,
    pub(crate) cargo: PathBuf,
    pub(crate) version: Version,
    /// Is the source of the standard library there?
    pub(crate) has_source: bool,
}

/// What `rustc -vV` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// The first line without `rustc`, for people.
    pub(crate) text: String,
    /// Major and minor number.
    pub(crate) release: (u32, u32),
    /// The major number of the LLVM whose bitcode it writes.
    pub(crate) llvm: u32,
}

impl Version {
    /// Reads the output of `rustc -vV`; `None` when a line that is needed is
    /// not there.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        Some(Self {
            text: text.lines().next()?.strip_prefix("rustc ")?.to_owned(),
            release: major_minor(field("release")?)?,
            llvm: field("LLVM version")?.split('.').next()?.parse().ok()?,
        })
    }
}

/// The first two numbers of a version: of rustc (`1.97.0-nightly`), of a
/// Debian package (`1.96.0+dfsg1-1`), of a tool (`0.13.0`).
pub(crate) fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl Compiler {
    /// rustup's nightly, if there is one.
    pub(super) fn nightly() -> Option<Self> {
        let which = |program| {
            // Without the variable, rustup would download what it lacks.
            let mut command = Command::new("rustup");
            command.env("RUSTUP_AUTO_INSTALL", "0").args([
                "which",
                "--toolchain",
                "nightly",
                program,
            ]);
            Host::query(&mut command)
                .ok()
                .map(|path| PathBuf::from(path.trim_end()))
        };
        Self::at(Origin::Rustup, which("rustc")?, which("cargo")?)
    }

    /// The distribution's compiler, if it is installed.
    pub(super) fn distribution() -> Option<Self> {
        Self::at(
            Origin::Distribution,
            "/usr/bin/rustc".into(),
            "/usr/bin/cargo".into(),
        )
    }

    /// A packaged rustup puts its proxies into `/usr/bin`: such a one is no
    /// compiler of the distribution.
    fn at(origin: Origin, rustc: PathBuf, cargo: PathBuf) -> Option<Self> {
        let links_to_rustup = |path: &Path| {
            path.canonicalize()
                .is_ok_and(|path| path.ends_with("rustup"))
        };
        if !cargo.is_file() || links_to_rustup(&rustc) {
            return None;
        }
        let version = Version::parse(&Host::query(Command::new(&rustc).arg("-vV")).ok()?)?;
        let sysroot = Host::query(Command::new(&rustc).args(["--print", "sysroot"])).ok()?;
        let source =
            Path::new(sysroot.trim_end()).join("lib/rustlib/src/rust/library/core/src/lib.rs");
        Some(Self {
            origin,
            rustc,
            cargo,
            version,
            has_source: source.is_file(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHTLY: &str = "rustc 1.97.0-nightly (e50aa6fba 2026-05-19)\nbinary: rustc\n\
        commit-hash: e50aa6fba4e63ab34c72bf9acfd2c307c1155d1a\ncommit-date: 2026-05-19\n\
        host: x86_64-unknown-linux-gnu\nrelease: 1.97.0-nightly\nLLVM version: 22.1.4\n";

    #[test]
    fn rustc_says_its_release_and_llvm() {
        let version = Version {
            text: "1.97.0-nightly (e50aa6fba 2026-05-19)".to_owned(),
            release: (1, 97),
            llvm: 22,
        };
        assert_eq!(Version::parse(NIGHTLY), Some(version));
    }

    #[test]
    fn other_text_is_no_version() {
        for text in [
            "",
            "rustc",
            "rustc 1.97.0\nrelease: 1.97.0\n",
            "rustc 1\nrelease: x.y\nLLVM version: 22\n",
        ] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_first_two_numbers_are_read() {
        assert_eq!(major_minor("1.96.0+dfsg1-1~deb12u2"), Some((1, 96)));
        assert_eq!(major_minor("0.13.0"), Some((0, 13)));
        assert_eq!(major_minor("13"), None);
        assert_eq!(major_minor("1:2.3"), None);
    }
}
