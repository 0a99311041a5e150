//! `cargo xtask`: set-up, build, guest, demo and tests.

mod guest;
mod host;

use clap::Parser as _;

#[derive(clap::Parser)]
enum Task {
    /// Runs a command, or a shell, in a guest.
    Vm(guest::VmOptions),
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    let host = host::Host::new(true);
    match Task::parse() {
        Task::Vm(options) => {
            let share = host.target.join("debug");
            guest::vm_command(&host, &options, &share)
        }
    }
}
