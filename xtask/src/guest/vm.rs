//! `cargo xtask vm`: a command, or a shell, in a guest.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;

use super::tool::quoted;
use super::{Guest, run, shell};
use crate::host::Host;

/// Options of `cargo xtask vm`.
#[derive(Debug, clap::Args)]
pub(crate) struct VmOptions {
    /// Series of the kernel: 5.10, 6.1, 6.12, 6.18 or newest
    #[arg(long, default_value = "6.1", value_name = "SERIES")]
    kernel: String,
    /// Debian suite of the root file system
    #[arg(long, default_value = "bookworm", value_name = "SUITE")]
    rootfs: String,
    /// Start Docker first
    #[arg(long)]
    docker: bool,
    /// Memory in MiB
    #[arg(long, default_value_t = 3072, value_name = "MIB")]
    memory: u32,
    /// Number of processors
    #[arg(long, default_value_t = 2, value_name = "N")]
    cpus: u32,
    /// Seconds after which the guest is ended (a shell is not)
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    timeout: u64,
    /// Directory that the guest sees as /out and may write to
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// More words for the kernel's command line
    #[arg(long, value_name = "WORD")]
    kernel_arg: Vec<String>,
    /// One emulated processor whose clock counts instructions
    #[arg(long)]
    count_instructions: bool,
    /// Command to run; a shell on this terminal without one
    #[arg(last = true)]
    command: Vec<String>,
}

/// Runs the command in a guest that has `share` at `/host`, and exits as the
/// command did.
pub(crate) fn vm_command(
    host: &Host,
    options: &VmOptions,
    share: &Path,
) -> anyhow::Result<ExitCode> {
    let guest = Guest {
        kernel: options.kernel.clone(),
        rootfs: options.rootfs.clone(),
        memory_mib: options.memory,
        cpus: options.cpus,
        docker: options.docker,
        out: options.out.clone(),
        time_limit: Duration::from_secs(options.timeout),
        kernel_args: options.kernel_arg.clone(),
        count_instructions: options.count_instructions,
        ..Guest::new(share.to_owned())
    };
    if options.command.is_empty() {
        if !std::io::stdin().is_terminal() {
            bail!("a shell needs a terminal: give a command, as in 'cargo xtask vm -- uname -a'");
        }
        shell(host, &guest)?;
        return Ok(ExitCode::SUCCESS);
    }
    let words: Vec<String> = options.command.iter().map(|word| quoted(word)).collect();
    let mut stdout = std::io::stdout().lock();
    let mut written = Ok(());
    let finished = run(
        host,
        &guest,
        &format!("exec {}", words.join(" ")),
        &mut |line| {
            if written.is_ok() {
                written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
            }
        },
    )?;
    written?;
    let mut stderr = std::io::stderr().lock();
    for warning in &finished.kernel_warnings {
        writeln!(stderr, "kernel {}: {warning}", finished.kernel_version)?;
    }
    Ok(u8::try_from(finished.status).map_or(ExitCode::FAILURE, ExitCode::from))
}
