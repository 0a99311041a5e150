//! The emulator, from the machine's own packages where that is possible.

use std::fs;

use anyhow::Context as _;

use super::arch::Arch;
use super::suite::{Apt, Archive};
use crate::host::{Host, say};

/// Why it is installed.
const WHY: &str = "the emulator that runs guests";

/// Makes sure that the emulator is installed.
///
/// A machine that has some of QEMU from backports (its `qemu-utils`) cannot
/// take the rest from the stable release: apt would remove what is there. Then
/// all of it comes from backports.
///
/// # Errors
/// When it is not there and cannot be installed.
pub(super) fn ensure(host: &Host, arch: &Arch) -> anyhow::Result<()> {
    let packages = [arch.qemu_package];
    if Host::find_program(arch.qemu).is_some() {
        return Ok(());
    }
    if !host.install || host.is_installable(&packages)? {
        return host.ensure_packages(WHY, &packages);
    }
    let release = fs::read_to_string("/etc/os-release").context("cannot read '/etc/os-release'")?;
    let Some(codename) = codename_of_debian(&release) else {
        // With apt's own words about what stands in the way.
        return host.ensure_packages(WHY, &packages);
    };
    say(format_args!(
        "{} conflicts with packages of this machine: trying {codename}-backports",
        arch.qemu_package
    ));
    let backports = format!("{codename}-backports");
    let security = format!("{codename}-security");
    let archives = [
        Archive::Main(codename),
        Archive::Security(&security),
        Archive::Main(&backports),
    ];
    let apt = Apt::new(host, "emulator", &archives)?;
    apt.update()?;
    apt.install(WHY, &backports, &packages)
}

/// `VERSION_CODENAME` of os-release(5), if this is Debian itself.
fn codename_of_debian(release: &str) -> Option<&str> {
    let value = |key: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(key));
        line.map(|value| value.trim_matches('"'))
    };
    value("VERSION_CODENAME=").filter(|_| value("ID=") == Some("debian"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codename_of_debian() {
        let release = "PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!(codename_of_debian(release), Some("bookworm"));
        let other = "ID=ubuntu\nVERSION_CODENAME=noble\nID_LIKE=debian\n";
        assert_eq!(codename_of_debian(other), None);
        assert_eq!(codename_of_debian("ID=debian\n"), None);
    }
}
