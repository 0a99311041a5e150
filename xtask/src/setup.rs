//! `cargo xtask setup`: all that building and testing need.

use anyhow::{Result, bail};

use crate::{
    check, guest,
    host::{Host, say},
    toolchain::{self, Toolchain},
    vm,
};

/// Installs what is missing, or with `--no-install` lists it.
pub(crate) fn command(host: &Host) -> Result<()> {
    let toolchain = for_tests(host, true, &[vm::KERNEL.to_owned()])?;
    say(format_args!("ready: {}", toolchain.describe()));
    Ok(())
}

/// Sets up the toolchain, and what the checks and guests with these kernels
/// need.
pub(crate) fn for_tests(host: &Host, checks: bool, kernels: &[String]) -> Result<Toolchain> {
    if !kernels.is_empty() {
        // Before what takes minutes.
        guest::supported()?;
    }
    let toolchain = toolchain::ensure_toolchain(host)?;
    if checks {
        check::set_up(host, toolchain.as_ref())?;
    }
    if !kernels.is_empty() {
        vm::set_up(host, kernels)?;
    }
    host.report_missing()?;
    match toolchain {
        Some(toolchain) => Ok(toolchain),
        None => bail!("no eBPF toolchain was found"),
    }
}
