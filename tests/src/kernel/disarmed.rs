//! The kernel's two switches that disarm all probes: refused before the start, and a loss
//! while `ovl-trace` observes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use super::{case::Case, merged::Merged, sys};
use crate::tracer::Tracer;

/// How long the loss may take to come before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A switch that is off until it is dropped.
struct Off {
    path: &'static str,
}

impl Off {
    fn switch(path: &'static str) -> Result<Self> {
        fs::write(path, "0").with_context(|| format!("switching off '{path}'"))?;
        Ok(Self { path })
    }
}

impl Drop for Off {
    fn drop(&mut self) {
        if let Err(error) = fs::write(self.path, "1") {
            crate::harness::note(&format!("'{}' stays off: {error}", self.path));
        }
    }
}

/// A switch, the reason of its loss, and the command that the refusal gives.
struct Switch {
    path: &'static str,
    reason: &'static str,
    remedy: &'static str,
}

const SWITCHES: [Switch; 2] = [
    Switch {
        path: "/proc/sys/kernel/ftrace_enabled",
        reason: "ftrace_disabled",
        remedy: "sysctl kernel.ftrace_enabled=1",
    },
    Switch {
        path: "/sys/kernel/debug/kprobes/enabled",
        reason: "kprobes_disabled",
        remedy: "echo 1 > /sys/kernel/debug/kprobes/enabled",
    },
];

/// Nothing is observed while a switch is off, so the start is refused.
pub(super) fn before_the_start() -> Result<()> {
    for switch in &SWITCHES {
        let off = Off::switch(switch.path)?;
        let report = Command::new("ovl-trace")
            .args(["report", "--duration", "1s"])
            .output()?;
        let doctor = Command::new("ovl-trace").arg("doctor").output()?;
        drop(off);
        let path = switch.path;
        for output in [&report, &doctor] {
            ensure!(output.status.code() == Some(3), "{path}: {output:?}");
        }
        let said = String::from_utf8_lossy(&report.stderr);
        ensure!(said.contains(switch.remedy), "{path}: {said}");
    }
    Ok(())
}

/// What happens while a switch is off is lost, which is said once, and what happens later
/// is seen again.
pub(super) fn while_observing() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let case = Case::new("disarmed").lower(|layer| {
        let mut names = ["before", "after"].iter();
        names.try_for_each(|name| layer.file(name, 100))
    });
    let merged = Merged::new(&case, directory.path(), directory.path())?;
    for (index, switch) in SWITCHES.iter().enumerate() {
        let tracer = Tracer::start(&[])?;
        let off = Off::switch(switch.path)?;
        wait_for_loss(&tracer)?;
        drop(off);
        merged.touch(["before", "after"][index])?;
        let recorded = tracer.finish()?;
        let loss = &recorded.summary["loss"];
        let expected = (loss["disarmed"] == 1) && (loss["reasons"][switch.reason] == 1);
        ensure!(expected, "{}: {loss}", switch.path);
        let total = &recorded.summary["totals"]["copy_ups"]["total"];
        ensure!(total == 1, "{}: {total} copy-ups later", switch.path);
    }
    sys::umount(&merged.root)?;
    Ok(())
}

fn wait_for_loss(tracer: &Tracer) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !tracer.so_far()?.iter().any(|event| event["type"] == "loss") {
        ensure!(Instant::now() < deadline, "no loss was reported");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A budget cannot be confirmed if the probes were off for a while.
pub(super) fn budget_is_not_confirmed() -> Result<()> {
    for switch in &SWITCHES {
        let mut report = Command::new("ovl-trace")
            .args(["report", "-v", "--duration", "3s", "--fail-over", "1GiB"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = report.stderr.take().context("no standard error")?;
        let mut log = BufReader::new(log).lines().map_while(Result::ok);
        let is_ready = log.any(|line| line.ends_with("ready"));
        let off = Off::switch(switch.path)?;
        let ended = report.wait_with_output()?;
        drop(off);
        ensure!(is_ready, "{}: it did not become ready", switch.path);
        ensure!(ended.status.code() == Some(1), "{}: {ended:?}", switch.path);
        let said = String::from_utf8_lossy(&ended.stdout);
        let reason = format!("disarmed: {}", switch.reason);
        ensure!(said.contains(&reason), "{}: {said}", switch.path);
    }
    Ok(())
}
