//! `cargo xtask setup`: all that building and testing need.

use anyhow::{Result, bail};

use crate::{
    browser, check, guest,
    host::{Host, say},
    toolchain::{self, Toolchain},
    vm,
};

/// Installs what is missing, or with `--no-install` lists it.
pub(crate) fn command(host: &Host) -> Result<()> {
    let guests = Guests {
        kernels: &[vm::KERNEL.to_owned()],
        suites: &[vm::SUITE],
    };
    let toolchain = for_tests(host, true, guests)?;
    say(format_args!("ready: {}", toolchain.describe()));
    Ok(())
}

/// Guests that will be booted; by default none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Guests<'a> {
    /// Series of their kernels.
    pub(crate) kernels: &'a [String],
    /// Debian suites of their root file systems, beside the first one, which
    /// every kernel is tested with.
    pub(crate) suites: &'a [&'a str],
}

/// Sets up the toolchain, and what the checks and these guests need.
pub(crate) fn for_tests(host: &Host, checks: bool, guests: Guests<'_>) -> Result<Toolchain> {
    if !guests.kernels.is_empty() {
        // Before what takes minutes.
        guest::supported()?;
    }
    let toolchain = toolchain::ensure_toolchain(host)?;
    if checks {
        check::set_up(host, toolchain.as_ref())?;
        browser::set_up(host);
    }
    if !guests.kernels.is_empty() {
        vm::set_up(host, guests)?;
    }
    host.report_missing()?;
    match toolchain {
        Some(toolchain) => Ok(toolchain),
        None => bail!("no eBPF toolchain was found"),
    }
}
