//! Debian packages: what is installed, and installing what is not.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{
    host::{Host, say},
    tries::patiently,
};

/// Where dpkg keeps the journal of what it is doing.
const DPKG_UPDATES: &str = "/var/lib/dpkg/updates";

impl Host {
    /// Makes sure that Debian packages are installed. With `--no-install` the
    /// ones that are not are recorded as missing.
    ///
    /// Fails on a system without dpkg, and names the packages whose
    /// equivalents are needed.
    pub(crate) fn ensure_packages(&self, why: &str, packages: &[&str]) -> Result<()> {
        let absent = absent_packages(packages)
            .with_context(|| format!("needed: {why}: Debian's {}", packages.join(", ")))?;
        if absent.is_empty() {
            return Ok(());
        }
        if !self.install {
            let how = format!(
                "apt-get install --no-install-recommends {}",
                absent.join(" ")
            );
            self.missing(&format!("{} ({why})", absent.join(", ")), &how);
            return Ok(());
        }
        patiently(|| {
            self.update_lists()?;
            // After an error they may be what was wrong.
            self.install_packages(why, install(apt_get()).args(&absent))
                .inspect_err(|_| self.lists_updated.set(false))
        })
    }

    /// Runs a command that installs packages. A dpkg that was interrupted is
    /// set right first.
    fn install_packages(&self, why: &str, install: &mut Command) -> Result<()> {
        // Two runs at once would find apt's lock taken.
        let _lock = self.lock("packages")?;
        match self.run_as_root(why, install) {
            Err(error) if was_interrupted(Path::new(DPKG_UPDATES)) => {
                say(format_args!("{error:#}"));
                self.run_as_root("dpkg was interrupted", &mut configure_all())?;
                self.run_as_root(why, install)
            }
            done => done,
        }
    }

    /// Whether apt could install the packages beside what is there.
    pub(crate) fn is_installable(&self, packages: &[&str]) -> Result<bool> {
        let absent = absent_packages(packages)?;
        if absent.is_empty() {
            return Ok(true);
        }
        self.update_lists()?;
        let mut simulated = install(apt_get());
        Ok(Self::query(simulated.arg("--simulate").args(absent)).is_ok())
    }

    /// Installs packages by another configuration of apt (apt.conf(5)), whose
    /// `release` comes before the others.
    pub(crate) fn install_from_release(
        &self,
        why: &str,
        config: &Path,
        release: &str,
        packages: &[&str],
    ) -> Result<()> {
        let mut command = apt_get();
        command.arg("-c").arg(config);
        self.install_packages(
            why,
            install(command)
                .args(["--target-release", release])
                .args(packages),
        )
    }

    /// The version that apt would install (or has installed), if it knows the
    /// package.
    pub(crate) fn candidate(package: &str) -> Option<String> {
        let policy = Self::query(
            Command::new("apt-cache")
                .env("LC_ALL", "C")
                .args(["policy", package]),
        );
        parse_candidate(&policy.ok()?)
    }

    /// Brings apt's package lists up to date, once per run. Where that fails
    /// (offline, or another apt is at it), the lists that are there have to do.
    pub(crate) fn update_lists(&self) -> Result<()> {
        if self.lists_updated.replace(true) {
            return Ok(());
        }
        let _lock = self.lock("packages")?;
        let updated = self.run_as_root("the newest package lists", apt_get().arg("update"));
        if let Err(error) = updated {
            say(format_args!(
                "going on with the lists that are there: {error:#}"
            ));
        }
        Ok(())
    }
}

/// dpkg refuses everything until what was interrupted is finished.
fn configure_all() -> Command {
    let mut command = Command::new("dpkg");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["--configure", "-a"]);
    command
}

/// dpkg's journal: its files have numbers as names, and are there only while
/// dpkg works, or after it was killed (apt looks at the same).
fn was_interrupted(updates: &Path) -> bool {
    let entries = fs::read_dir(updates).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| {
        name.to_string_lossy()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    })
}

/// Is this a Debian system (or a derivative) that can install packages?
pub(crate) fn has_apt() -> bool {
    ["dpkg-query", "apt-get", "apt-cache"]
        .iter()
        .all(|name| Host::find_program(name).is_some())
}

/// Which of the packages are not installed.
pub(crate) fn absent_packages<'a>(packages: &[&'a str]) -> Result<Vec<&'a str>> {
    if !has_apt() {
        bail!("this system has no apt: install the equivalents with its own package manager");
    }
    // dpkg-query fails when it does not know one of the names, and still lists
    // the others.
    let output = Command::new("dpkg-query")
        .args([
            "--show",
            "--showformat",
            "${Package}\\t${db:Status-Abbrev}\\n",
            "--",
        ])
        .args(packages)
        .output()
        .context("cannot start 'dpkg-query'")?;
    let listing = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(packages
        .iter()
        .copied()
        .filter(|name| !is_installed(&listing, name))
        .collect())
}

/// apt-get that never asks, waits for another apt instead of failing, and
/// draws no progress.
fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .args(["-o", "Dpkg::Use-Pty=0"]);
    command
}

/// The arguments of an installation.
///
/// `--no-remove`: a package that conflicts with the user's own set-up (rustc
/// with a packaged rustup) must be an error, never a removal.
fn install(mut command: Command) -> Command {
    command.args(["install", "--yes", "--no-install-recommends", "--no-remove"]);
    command
}

/// Reads dpkg-query's `package<tab>status` lines. The status has one letter
/// for what is wanted and one for what is (`ii`: installed; `rc`: removed,
/// configuration left; `iU`: unpacked only).
fn is_installed(listing: &str, package: &str) -> bool {
    listing.lines().any(|line| {
        line.split_once('\t')
            .is_some_and(|(name, status)| name == package && status.chars().nth(1) == Some('i'))
    })
}

fn parse_candidate(policy: &str) -> Option<String> {
    let version = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_installed_status_counts() {
        let listing = "gcc\tii \nqemu-utils\tun \nkmod\trc \nheld\thi \nhalf\tiU \n";
        let installed = |name| is_installed(listing, name);
        assert!(installed("gcc"));
        assert!(installed("held"));
        for name in ["qemu-utils", "kmod", "half", "gc", "unknown"] {
            assert!(!installed(name), "{name}");
        }
    }

    #[test]
    fn the_journal_of_a_killed_dpkg_is_seen() -> Result<()> {
        let dir = tempfile::tempdir()?;
        assert!(!was_interrupted(dir.path()));
        fs::write(dir.path().join("tmp.i"), "")?;
        assert!(!was_interrupted(dir.path()));
        fs::write(dir.path().join("0003"), "")?;
        assert!(was_interrupted(dir.path()));
        assert!(!was_interrupted(&dir.path().join("absent")));
        Ok(())
    }

    #[test]
    fn the_candidate_is_read_from_the_policy() {
        let policy = "rustc:\n  Installed: (none)\n  Candidate: 1.63.0+dfsg1-2\n  Version table:\n";
        assert_eq!(parse_candidate(policy).as_deref(), Some("1.63.0+dfsg1-2"));
        assert_eq!(parse_candidate("x:\n  Candidate: (none)\n"), None);
        assert_eq!(parse_candidate(""), None);
    }
}
