//! `cargo xtask vm`, and what the other tasks run in a guest.

use std::{io::Write as _, path::Path, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, ensure};

use crate::{
    build::{self, Profile},
    guest::{self, Guest, VmOptions},
    host::{Host, say},
    setup,
};

/// How long the demo may take.
const DEMO_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The kernel series that is tested by default.
pub(crate) const KERNEL: &str = "6.1";

/// The suite that guests have unless asked otherwise.
pub(crate) const SUITE: &str = "bookworm";

/// Boots a guest; the exit code is that of the command in it.
pub(crate) fn command(host: &Host, options: &VmOptions) -> Result<ExitCode> {
    guest::supported()?;
    setup::for_tests(host, false, setup::Guests::default())?;
    let programs = build::programs(host, Profile::Dev)?;
    guest::vm_command(host, options, &programs)
}

/// Makes sure that guests can boot: QEMU, the kernels, the root file systems.
/// With `--no-install` what is missing is recorded.
pub(crate) fn set_up(host: &Host, guests: setup::Guests<'_>) -> Result<()> {
    let kernels: Vec<&str> = guests.kernels.iter().map(String::as_str).collect();
    let others = guests
        .suites
        .iter()
        .copied()
        .filter(|suite| *suite != SUITE);
    let suites: Vec<&str> = [SUITE].into_iter().chain(others).collect();
    guest::ensure(host, &kernels, &suites)
}

/// Runs the demo in a guest.
pub(crate) fn demo(host: &Host, programs: &Path) -> Result<()> {
    let guest = Guest {
        docker: true,
        time_limit: DEMO_LIMIT,
        ..Guest::new(programs.to_owned())
    };
    let finished = in_guest(host, &guest, "exec ovl-trace-tests demo", &mut |_| {})?;
    ensure!(
        finished.status == 0,
        "the demo ended with status {}",
        finished.status
    );
    Ok(())
}

/// Runs `script` in a guest, showing what it prints.
pub(crate) fn in_guest(
    host: &Host,
    guest: &Guest,
    script: &str,
    on_line: &mut dyn FnMut(&str),
) -> Result<guest::Finished> {
    let mut written = Ok(());
    let finished = guest::run(host, guest, script, &mut |line| {
        if written.is_ok() {
            // Line by line: another guest may run beside it.
            let mut stdout = std::io::stdout().lock();
            written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
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
