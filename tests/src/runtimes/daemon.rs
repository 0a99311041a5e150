//! Daemons of runtimes, started by the tests.

use std::{
    fs::{self, File},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::tracer;

/// How long a daemon may take to start, on an emulated machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running daemon, ended when dropped.
pub(crate) struct Daemon {
    child: Child,
    name: &'static str,
}

impl Daemon {
    /// Starts it and waits until `is_ready`.
    pub(crate) fn start(
        name: &'static str,
        command: &mut Command,
        is_ready: impl Fn() -> bool,
    ) -> Result<Self> {
        let log = File::create(log(name))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start '{name}'"))?;
        let mut daemon = Self { child, name };
        let deadline = Instant::now() + PATIENCE;
        while !is_ready() {
            if let Some(status) = daemon.child.try_wait()? {
                bail!("{name} ended with {status}: {}", tail(name));
            }
            if Instant::now() > deadline {
                bail!("{name} did not start: {}", tail(name));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        tracer::signal(&self.child, libc::SIGTERM);
        if let Err(error) = tracer::wait(&mut self.child) {
            crate::harness::note(&format!("ending {}: {error:#}", self.name));
        }
    }
}

fn log(name: &str) -> String {
    format!("/run/{name}.test.log")
}

/// The end of a daemon's log.
pub(crate) fn tail(name: &str) -> String {
    let text = fs::read(log(name)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
