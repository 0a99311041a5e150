//! `cargo xtask demo`: the main job on real input.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{
    build::{self, Profile},
    host::{Host, cannot_start, say},
    setup, vm,
};

/// What `ovl-trace doctor` exits with where the kernel or the privileges do
/// not allow tracing.
const NOT_ALLOWED: i32 = 3;

/// Sets up, builds, and shows copy-ups of real containers: on this machine's
/// kernel if it can be traced, else in a guest.
pub(crate) fn command(host: &Host) -> Result<()> {
    setup::for_tests(host, false, &[])?;
    let agent = build::agent(host, Profile::Release)?;
    let doctor = Command::new(&agent)
        .arg("doctor")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| cannot_start(&Command::new(&agent)))?;
    match doctor.code() {
        Some(0) => {
            let mut live = Command::new(&agent);
            live.args(["live", "--duration", "30s"]);
            host.run("copy-ups on this machine, for 30 seconds", &mut live)
        }
        Some(NOT_ALLOWED) => {
            say(
                "this machine's kernel cannot be traced (ovl-trace doctor says why): the demo runs in a guest",
            );
            vm::set_up(host, &[vm::KERNEL.to_owned()])?;
            host.report_missing()?;
            vm::demo(host, &build::guest_binaries(host)?)
        }
        _ => bail!("'{} doctor' failed: {doctor}", agent.display()),
    }
}
