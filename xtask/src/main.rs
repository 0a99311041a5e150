//! `cargo xtask`: set-up, build, checks, guest, demo and tests.

mod bench;
mod browser;
mod build;
mod cargo;
mod check;
mod cli;
mod counts;
mod demo;
#[cfg(test)]
mod docs;
mod e2e;
mod files;
mod guest;
mod host;
mod install;
mod packages;
mod progress;
mod screenshot;
mod setup;
mod steps;
mod test;
mod toolchain;
mod tools;
mod tries;
mod unit_tests;
mod vm;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::Cli::parse().run().unwrap_or_else(|error| {
        host::say(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
