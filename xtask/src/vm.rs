//! `cargo xtask vm`, and what the other tasks run in a guest.

use std::{io::Write as _, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, ensure};

use crate::{
    build::{self, GuestBinaries},
    counts::Counts,
    guest::{self, Guest, VmOptions},
    host::{Host, say},
    setup,
};

/// How long the end-to-end tests of one kernel may take.
const E2E_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How long the demo may take.
const DEMO_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The kernel series that is tested by default.
pub(crate) const KERNEL: &str = "6.1";

/// The suite whose packages the guests' container runtimes come from.
const SUITE: &str = "bookworm";

/// Boots a guest; the exit code is that of the command in it.
pub(crate) fn command(host: &Host, options: &VmOptions) -> Result<ExitCode> {
    guest::supported()?;
    setup::for_tests(host, false, &[])?;
    let binaries = build::guest_binaries(host)?;
    guest::vm_command(host, options, &binaries.dir)
}

/// Makes sure that a guest can boot: QEMU, the kernels, the root file system.
/// With `--no-install` what is missing is recorded.
pub(crate) fn set_up(host: &Host, kernels: &[String]) -> Result<()> {
    let kernels: Vec<&str> = kernels.iter().map(String::as_str).collect();
    guest::ensure(host, &kernels, &[SUITE])
}

/// Runs the end-to-end tests in a guest of each kernel. A guest that does not
/// boot is an error.
pub(crate) fn e2e(host: &Host, binaries: &GuestBinaries, kernels: &[String]) -> Result<Counts> {
    let mut all = Counts::default();
    for kernel in kernels {
        let mut counts = None;
        let finished = in_guest(
            host,
            binaries,
            kernel,
            E2E_LIMIT,
            "exec ovl-trace-tests",
            &mut |line| {
                counts = Counts::parse(line).or(counts);
            },
        )?;
        let counts = counts.with_context(|| {
            format!(
                "the tests on kernel {kernel} ended with status {} before they said how many passed",
                finished.status
            )
        })?;
        ensure!(
            counts.failed > 0 || finished.status == 0,
            "the tests on kernel {kernel} ended with status {}",
            finished.status
        );
        say(format_args!("kernel {}: {counts}", finished.kernel_version));
        all += counts;
    }
    Ok(all)
}

/// Runs the demo in a guest.
pub(crate) fn demo(host: &Host, binaries: &GuestBinaries) -> Result<()> {
    let finished = in_guest(
        host,
        binaries,
        KERNEL,
        DEMO_LIMIT,
        "exec ovl-trace-tests demo",
        &mut |_| {},
    )?;
    ensure!(
        finished.status == 0,
        "the demo ended with status {}",
        finished.status
    );
    Ok(())
}

/// Runs `script` in a guest with Docker, showing what it prints.
fn in_guest(
    host: &Host,
    binaries: &GuestBinaries,
    kernel: &str,
    time_limit: Duration,
    script: &str,
    on_line: &mut dyn FnMut(&str),
) -> Result<guest::Finished> {
    let guest = Guest {
        kernel: kernel.to_owned(),
        rootfs: SUITE.to_owned(),
        docker: true,
        time_limit,
        ..Guest::new(binaries.dir.clone())
    };
    let mut stdout = std::io::stdout().lock();
    let mut written = Ok(());
    let finished = guest::run(host, &guest, script, &mut |line| {
        if written.is_ok() {
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
