//! The border to the guest: what the other tasks ask of it.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::{build::GuestBinaries, counts::Counts, host::Host};

/// `cargo xtask vm`.
#[derive(Args, Debug)]
pub(crate) struct VmOptions {}

/// Boots a guest; the exit code is that of the command in it.
pub(crate) fn command(_host: &Host, _options: &VmOptions) -> Result<ExitCode> {
    bail!("there is no guest yet")
}

/// Makes sure that a guest can boot: QEMU, kernels, the root filesystem. With
/// `--no-install` what is missing is recorded.
#[expect(clippy::unnecessary_wraps, reason = "the guest's set-up can fail")]
pub(crate) fn set_up(_host: &Host) -> Result<()> {
    Ok(())
}

/// Runs the end-to-end tests in a guest of each kernel. A guest that does not
/// boot is an error.
pub(crate) fn e2e(_host: &Host, binaries: &GuestBinaries, kernels: &[String]) -> Result<Counts> {
    bail!(
        "there is no guest yet to run '{}' on {}",
        binaries.dir.display(),
        kernels.join(", ")
    )
}

/// Runs the demo in a guest.
pub(crate) fn demo(_host: &Host, binaries: &GuestBinaries) -> Result<()> {
    bail!("there is no guest yet to run '{}'", binaries.dir.display())
}
