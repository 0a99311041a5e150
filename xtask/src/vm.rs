//! `cargo xtask vm`, and what the other tasks run in a guest.

use std::{io::Write as _, process::ExitCode};

use anyhow::{Context as _, Result};

use crate::{
    build::{self, Profile},
    guest::{self, Guest, VmOptions},
    host::{Host, say},
    setup,
};

/// The kernel series of a guest unless another is asked for.
pub(crate) const KERNEL: &str = "6.1";

/// The suite that guests have unless asked otherwise.
pub(crate) const SUITE: &str = "bookworm";

/// The root file system with only what the demo and the short tests need.
pub(crate) const SMALL: &str = "small";

/// Boots a guest; the exit code is that of the command in it.
pub(crate) fn command(host: &Host, options: &VmOptions) -> Result<ExitCode> {
    guest::supported()?;
    setup::for_tests(host, false, &setup::Guests::default())?;
    let programs = build::programs(host, Profile::Dev)?;
    guest::vm_command(host, options, &programs)
}

/// Runs `script` in a guest, showing what it prints, with `label` before each line.
pub(crate) fn in_guest(
    host: &Host,
    guest: &Guest,
    script: &str,
    label: &str,
    on_line: &mut dyn FnMut(&str),
) -> Result<guest::Finished> {
    let mut written = Ok(());
    let finished = guest::run(host, guest, script, &mut |line| {
        if written.is_ok() {
            // Line by line: another guest may run beside it.
            let mut stdout = std::io::stdout().lock();
            written = writeln!(stdout, "{label}{line}").and_then(|()| stdout.flush());
        }
        on_line(line);
    })?;
    written.context("cannot write to standard output")?;
    for warning in &finished.kernel_warnings {
        say(format_args!(
            "kernel {}: {warning}",
            finished.kernel_version
        ));
    }
    Ok(finished)
}
