//! What is checked without running the program: format, lints, licences and
//! documentation.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    build, cargo,
    counts::Counts,
    host::{Host, say},
    steps::Steps,
    toolchain::Toolchain,
    tools::{self, Tool},
};

/// The packages that build for the host: all but the kernel side.
pub(crate) const HOST_PACKAGES: [&str; 3] = ["--workspace", "--exclude", "ovl-trace-ebpf"];

/// Longest wait for the database of advisories, which is a git repository.
const ADVISORIES_LIMIT: Duration = Duration::from_secs(60);

const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    variant: None,
};

/// Runs the checks; one that fails does not stop the others. Only if `thorough`, those that
/// need more tools or a network: of the kernel side, the documentation and the licences.
pub(crate) fn all(host: &Host, toolchain: &Toolchain, thorough: bool, steps: &mut Steps) {
    steps.check("format", || {
        let mut command = cargo::host(host, "fmt");
        host.run("the format", command.args(["--all", "--check"]))
    });
    steps.check("clippy", || {
        let mut command = cargo::host(host, "clippy");
        command
            .args(HOST_PACKAGES)
            .args(["--all-targets", "--", "-Dwarnings"]);
        host.run("lints", &mut command)
    });
    if !thorough {
        return;
    }
    steps.check("clippy, kernel side", || {
        clippy_kernel_side(host, toolchain)
    });
    steps.check("documentation", || {
        let mut command = cargo::host(host, "doc");
        command
            .args(HOST_PACKAGES)
            .args(["--no-deps", "--document-private-items"]);
        host.run(
            "links in the documentation",
            command.env("RUSTDOCFLAGS", "-Dwarnings"),
        )
    });
    steps.check("licences and sources", || {
        let mut command = deny(host)?;
        command.args(["check", "licenses", "bans", "sources"]);
        host.run(
            "licences, duplicates and sources of dependencies",
            &mut command,
        )
    });
    steps.counted("advisories", || advisories(host));
}

/// Makes sure that the tools for the checks are there. With `--no-install`
/// the ones that are not are recorded as missing; so may the toolchain be.
pub(crate) fn set_up(host: &Host, toolchain: Option<&Toolchain>) -> Result<()> {
    if let Some(toolchain) = toolchain {
        toolchain.clippy(host)?;
    }
    if host.install {
        cargo_deny(host)?;
    } else if find_cargo_deny(host).is_none() {
        let how = format!(
            "cargo install cargo-deny --version {} --locked",
            CARGO_DENY.version
        );
        host.missing("cargo-deny (licences of dependencies)", &how);
    }
    Ok(())
}

/// Once as it is shipped, and once with the log, which is compiled only then.
fn clippy_kernel_side(host: &Host, toolchain: &Toolchain) -> Result<()> {
    for features in [&[][..], &["--features", "log"]] {
        let command = build::clippy_command(host, toolchain)?;
        let mut command = command.context("clippy for the kernel side is missing")?;
        command.args(features).args(["--", "-Dwarnings"]);
        host.run("lints of the kernel side", &mut command)?;
    }
    Ok(())
}

/// Known vulnerabilities in dependencies. Where the database cannot be
/// fetched, this is skipped and said so.
fn advisories(host: &Host) -> Result<Counts> {
    let mut fetch = deny(host)?;
    fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    let fetch = host.run_within(ADVISORIES_LIMIT, "the database of advisories", &mut fetch);
    if let Err(error) = fetch {
        say(format_args!(
            "skipped: the database of advisories cannot be fetched: {error:#}"
        ));
        return Ok(Counts::SKIPPED);
    }
    let mut command = deny(host)?;
    command.args(["check", "--disable-fetch", "advisories"]);
    host.run("known vulnerabilities in dependencies", &mut command)?;
    Ok(Counts::PASSED)
}

fn deny(host: &Host) -> Result<Command> {
    let mut command = Command::new(cargo_deny(host)?);
    command.arg("--workspace");
    Ok(command)
}

fn cargo_deny(host: &Host) -> Result<PathBuf> {
    match find_cargo_deny(host) {
        Some(program) => Ok(program),
        None => tools::install(host, "cargo-deny, into the cache", &CARGO_DENY, |_| {}),
    }
}

fn find_cargo_deny(host: &Host) -> Option<PathBuf> {
    Host::find_program(CARGO_DENY.name).or_else(|| tools::program(host, &CARGO_DENY))
}
