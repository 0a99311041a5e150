//! `cargo xtask demo`: the main job on real input.
//!
//! The same demo runs on this machine, where its kernel can be traced and it
//! has a Docker, or in a guest.

use std::{env, ffi::OsString, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{
    build::{self, Profile},
    host::{Host, say},
    packages::has_apt,
    setup, vm,
};

/// What `ovl-trace doctor` exits with where the kernel or the privileges do
/// not allow tracing.
const NOT_ALLOWED: i32 = 3;

/// The storage driver whose layers are overlay mounts.
const DRIVER: &str = "overlay2";

/// Sets up, builds, and shows copy-ups of real containers.
pub(crate) fn command(host: &Host) -> Result<()> {
    let guests = setup::Guests {
        kernels: &[vm::KERNEL.to_owned()],
        suites: &[vm::SUITE],
    };
    let obstacle = docker_obstacle();
    if let Some(obstacle) = &obstacle {
        say_guest(obstacle);
        setup::for_tests(host, false, guests)?;
    } else {
        setup::for_tests(host, false, setup::Guests::default())?;
        match on_this_machine(host)? {
            Some(obstacle) => say_guest(&obstacle),
            None => return Ok(()),
        }
    }
    vm::set_up(host, guests)?;
    host.report_missing()?;
    vm::demo(host, &build::programs(host, Profile::Dev)?)
}

fn say_guest(obstacle: &str) {
    say(format_args!("{obstacle}: the demo runs in a guest"));
}

/// Why the containers of this machine are of no use to the demo.
fn docker_obstacle() -> Option<String> {
    if Host::find_program("docker").is_none() {
        return Some("this machine has no Docker".to_owned());
    }
    let mut info = Command::new("docker");
    info.args(["info", "--format", "{{.Driver}}"]);
    let answer = Host::output_as_root("does Docker answer?", &mut info)
        .ok()
        .filter(|answer| answer.status.success());
    let Some(answer) = answer else {
        return Some("Docker does not answer here".to_owned());
    };
    let driver = String::from_utf8_lossy(&answer.stdout);
    let driver = driver.trim();
    (driver != DRIVER).then(|| format!("Docker's storage driver is '{driver}', not '{DRIVER}'"))
}

/// Runs the demo here, or says why that is not possible.
fn on_this_machine(host: &Host) -> Result<Option<String>> {
    let programs = build::programs(host, Profile::Dev)?;
    let mut doctor = Command::new(programs.join("ovl-trace"));
    doctor.arg("doctor");
    let verdict = Host::output_as_root("can this kernel be traced?", &mut doctor)?;
    match verdict.status.code() {
        Some(0) => {}
        Some(NOT_ALLOWED) => {
            let said = String::from_utf8_lossy(&verdict.stdout).into_owned();
            say(said.trim_end());
            return Ok(Some("this machine's kernel cannot be traced".to_owned()));
        }
        _ => bail!(
            "'ovl-trace doctor' failed: {}: {}",
            verdict.status,
            String::from_utf8_lossy(&verdict.stderr).trim()
        ),
    }
    if Host::find_program("busybox").is_none() && has_apt() {
        host.ensure_packages("what the demo's containers run", &["busybox-static"])?;
        host.report_missing()?;
    }
    let mut demo = Command::new(programs.join("ovl-trace-tests"));
    demo.arg("demo").env("PATH", path_with(&programs)?);
    host.run_as_root("the demo, on this machine", &mut demo)?;
    say(
        "the containers are removed; the image stays for the next demo: \
         docker rmi ovl-trace/shop:1.4 ovl-trace/base:1",
    );
    Ok(None)
}

/// `PATH` with the built programs first.
fn path_with(programs: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = [programs.to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    env::join_paths(dirs)
        .with_context(|| format!("'{}' cannot be in PATH: it has a colon", programs.display()))
}
