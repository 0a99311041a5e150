//! `cargo xtask setup`: installs what building, all checks and the short tests need.

use anyhow::{Result, bail};

use crate::{
    browser, check,
    e2e::{Job, Tier},
    guest,
    host::{Host, say},
    packages::has_apt,
    toolchain::{self, Toolchain},
};

/// Installs what is missing, or with `--no-install` lists it.
pub(crate) fn command(host: &Host) -> Result<()> {
    let toolchain = for_tests(
        host,
        true,
        &Guests::of(&Tier::Short.jobs(None, None, false)),
    )?;
    say(format_args!("ready: {}", toolchain.describe()));
    Ok(())
}

/// Guests that will be booted; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guests {
    /// Series of their kernels.
    pub(crate) kernels: Vec<String>,
    /// Their root file systems.
    pub(crate) suites: Vec<String>,
}

impl Guests {
    /// Returns what the jobs need.
    pub(crate) fn of(jobs: &[Job]) -> Self {
        let mut guests = Self::default();
        for job in jobs {
            if !guests.kernels.contains(&job.kernel) {
                guests.kernels.push(job.kernel.clone());
            }
            if !guests.suites.iter().any(|suite| suite == job.rootfs) {
                guests.suites.push(job.rootfs.to_owned());
            }
        }
        guests
    }
}

/// Installs the packages of the toolchain and the guests in one run of apt, because each run
/// takes seconds. Later set-up steps install what is still missing.
pub(crate) fn packages(host: &Host, guests: Option<&Guests>) -> Result<()> {
    if !has_apt() || !host.install {
        return Ok(());
    }
    let mut packages: Vec<String> = toolchain::packages(host)?;
    if guests.is_some() {
        packages.extend(guest::packages()?.into_iter().map(str::to_owned));
    }
    let mut names: Vec<&str> = packages.iter().map(String::as_str).collect();
    let all = host.is_installable(&names)?;
    if !all && guests.is_some() {
        // If parts of QEMU are from backports, `guest::ensure` installs the rest.
        names.retain(|name| !name.starts_with("qemu-"));
    }
    host.ensure_packages("compilers, and what guests are made with", &names)
}

/// Sets up the toolchain, the guests and, if `thorough`, what only the longer tests need.
pub(crate) fn for_tests(host: &Host, thorough: bool, guests: &Guests) -> Result<Toolchain> {
    if !guests.kernels.is_empty() {
        // Fails before the steps that take minutes.
        guest::supported()?;
    }
    let toolchain = toolchain::ensure_toolchain(host)?;
    if thorough {
        check::set_up(host, toolchain.as_ref())?;
        browser::set_up(host);
    }
    guest::ensure(host, &guests.kernels, &guests.suites)?;
    host.report_missing()?;
    match toolchain {
        Some(toolchain) => Ok(toolchain),
        None => bail!("no eBPF toolchain was found"),
    }
}
