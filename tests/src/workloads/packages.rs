//! The package manager: install, upgrade, purge. The packages are Debian's,
//! and so are the files below.

use anyhow::{Result, ensure};

use super::{container::Container, layers::Kind};

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
    Ok(())
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
    Ok(())
}

/// Packages of the lower layer are removed with their configuration.
pub(crate) fn apt_purges() -> Result<()> {
    let container = Container::new("apt-purge", "")?;
    let ledger = container
        .observe("apt-get -qq purge -y rsync xfsprogs; ! test -e /etc/default/rsync")?
        .ledger;
    ensure!(ledger.whiteouts_held > 30, "{ledger}");
    Ok(())
}
