//! `cargo xtask`: set-up, build, guest, demo and tests.

mod guest;
mod host;

use clap::Parser as _;

#[derive(clap::Parser)]
enum Task {
    /// Runs a command, or a shell, in a guest.
    Vm(guest::VmOptions),
    /// Fetches all.
    Fetch {
        #[arg(long)]
        no_install: bool,
        series: Vec<String>,
    },
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    let host = host::Host::new(true);
    match Task::parse() {
        Task::Fetch { no_install, series } => {
            let host = host::Host::new(!no_install);
            let series: Vec<&str> = series.iter().map(String::as_str).collect();
            guest::ensure(&host, &series, &["bookworm"])?;
            Ok(std::process::ExitCode::SUCCESS)
        }
        Task::Vm(options) => {
            let share = host.target.join("debug");
            guest::vm_command(&host, &options, &share)
        }
    }
}
