//! What depends on the processor architecture of the machine.

use anyhow::{bail, ensure};

use super::tool::{output_of, tool};
use crate::packages::has_apt;

/// One architecture that guests can run on. A guest has its host's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arch {
    /// Debian's name, also the suffix of its kernel packages.
    pub(super) debian: &'static str,
    /// The emulator's program.
    pub(super) qemu: &'static str,
    /// The package with that program.
    pub(super) qemu_package: &'static str,
    /// The emulated machine (`-machine`).
    pub(super) machine: &'static str,
    /// The first serial port, as the kernel names it.
    pub(super) console: &'static str,
}

/// `amd64` is the one that was run; `arm64` follows QEMU's documentation.
const ARCHES: [Arch; 2] = [
    Arch {
        debian: "amd64",
        qemu: "qemu-system-x86_64",
        qemu_package: "qemu-system-x86",
        machine: "q35",
        console: "ttyS0",
    },
    Arch {
        debian: "arm64",
        qemu: "qemu-system-aarch64",
        qemu_package: "qemu-system-arm",
        machine: "virt,gic-version=max",
        console: "ttyAMA0",
    },
];

impl Arch {
    /// The architecture of this machine, as `dpkg` names it.
    pub(super) fn of_host() -> anyhow::Result<&'static Self> {
        ensure!(
            has_apt(),
            "guests are made of Debian's packages, and this system has no apt: run this on Debian \
             or a derivative (in a container as well)"
        );
        let name = output_of(tool("dpkg").arg("--print-architecture"))?;
        Self::named(name.trim())
    }

    fn named(name: &str) -> anyhow::Result<&'static Self> {
        let Some(arch) = ARCHES.iter().find(|arch| arch.debian == name) else {
            bail!("no guest for the architecture '{name}': run this on amd64 or arm64");
        };
        Ok(arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_architecture_is_refused_by_name() {
        assert_eq!(
            Arch::named("amd64").map(|arch| arch.console).ok(),
            Some("ttyS0")
        );
        let error = Arch::named("s390x").unwrap_err().to_string();
        assert!(error.contains("'s390x'"), "{error}");
    }
}
