//! The package manager: install, upgrade, purge. The packages are Debian's,
//! and so are the files below.

use anyhow::{Result, ensure};

use super::{container::Container, layers::Kind, ledger::Ledger};

/// Alternatives, configuration files, scripts of maintainers.
pub(crate) fn apt_installs() -> Result<()> {
    let container = Container::new("apt-install", "")?;
    let ledger = container
        .observe(
            "cd /var/cache/debs
             apt-get -qq install -y ./nano_*.deb ./less_*.deb ./sudo_*.deb
             dpkg --audit; nano --version; less --version; sudo --version; test -f /etc/sudoers",
        )?
        .ledger;
    ensure!(ledger.created > 50, "{ledger}");
    // dpkg renames new directories into place.
    ensure!(ledger.opaque_held > 0, "{ledger}");
    dpkg_habits(&ledger)
}

/// A package of the lower layer gets a new version, with a changed
/// configuration file.
pub(crate) fn apt_upgrades() -> Result<()> {
    let container = Container::new(
        "apt-upgrade",
        r#"
        mkdir -p "$1/srv"
        cd "$1/srv"
        dpkg-deb -R /var/cache/debs/procps_*.deb package
        sed -i 's/^Version: .*/&+new/' package/DEBIAN/control
        echo '# new' >>package/etc/sysctl.conf
        dpkg-deb -Znone -b package new.deb
        rm -r package
        "#,
    )?;
    let ledger = container
        .observe(
            "apt-get -qq install -y /srv/new.deb
             dpkg-query -W procps | grep '+new$'; grep '^# new$' /etc/sysctl.conf; ps ax",
        )?
        .ledger;
    ensure!(ledger.of(Kind::Data) > 10, "{ledger}");
    // The old version of a file is kept as a link, for which it is copied up,
    // until the new one has its name.
    ensure!(
        ledger.replaced.iter().any(|name| name == "/usr/bin/ps"),
        "{ledger}"
    );
    dpkg_habits(&ledger)
}

/// Packages of the lower layer are removed with their configuration.
pub(crate) fn apt_purges() -> Result<()> {
    let container = Container::new("apt-purge", "")?;
    let ledger = container
        .observe("apt-get -qq purge -y rsync xfsprogs; ! test -e /etc/default/rsync")?
        .ledger;
    ensure!(ledger.whiteouts_held > 30, "{ledger}");
    dpkg_habits(&ledger)
}

/// Each time that dpkg writes its list of packages, it removes the copy of the
/// one before and makes a new one. No other name is removed twice, and none
/// that was removed comes back.
fn dpkg_habits(ledger: &Ledger) -> Result<()> {
    const COPY: &str = "/var/lib/dpkg/status-old";
    ensure!(ledger.again.iter().all(|name| name == COPY), "{ledger}");
    ensure!(ledger.renewed == [COPY], "{ledger}");
    let list = ["/var/lib/dpkg/status".to_owned()];
    ensure!(ledger.replaced.ends_with(&list), "{ledger}");
    Ok(())
}
