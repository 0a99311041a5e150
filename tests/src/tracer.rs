//! The built `ovl-trace`, observing while a test works.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::events::Recorded;

/// How long to wait for a start or an end before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running `ovl-trace live --output json`.
pub(crate) struct Tracer {
    child: Child,
    directory: TempDir,
    log: thread::JoinHandle<String>,
}

/// The file that standard output goes to.
fn output(directory: &TempDir) -> PathBuf {
    directory.path().join("events.jsonl")
}

impl Tracer {
    /// Starts it and waits until it observes.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        Self::start_with(arguments, &[])
    }

    /// The same with some environment variables.
    pub(crate) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new("ovl-trace");
        command.envs(environment.iter().copied());
        Self::start_by(command, arguments)
    }

    /// The same with at most so many open descriptors.
    pub(crate) fn start_within(descriptors: u32) -> Result<Self> {
        let mut command = Command::new("prlimit");
        command.args([&format!("--nofile={descriptors}"), "ovl-trace"]);
        Self::start_by(command, &[])
    }

    fn start_by(mut command: Command, arguments: &[&str]) -> Result<Self> {
        let directory = tempfile::tempdir().context("a directory for the events")?;
        let mut child = command
            .args(["live", "--output", "json", "-v"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(File::create(output(&directory))?)
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let stderr = child.stderr.take().context("no standard error")?;
        let (ready, is_ready) = mpsc::channel();
        let log = thread::spawn(move || {
            let mut log = String::new();
            let mut reader = BufReader::new(stderr);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                if line.trim_end().ends_with("ready") {
                    // Nobody waits any more if the start was given up.
                    let _sent = ready.send(());
                }
                log.push_str(&line);
                line.clear();
            }
            log
        });
        let tracer = Self {
            child,
            directory,
            log,
        };
        match is_ready.recv_timeout(PATIENCE) {
            Ok(()) => Ok(tracer),
            Err(_) => tracer.give_up("did not become ready"),
        }
    }

    /// Stops it from running: it reads nothing.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal(libc::SIGSTOP)
    }

    /// Lets it run again.
    pub(crate) fn resume(&self) -> Result<()> {
        self.signal(libc::SIGCONT)
    }

    fn signal(&self, signal: i32) -> Result<()> {
        // SAFETY: the pid is that of a child that was not reaped, so it is ours.
        let sent = unsafe { libc::kill(self.pid().cast_signed(), signal) };
        ensure!(sent == 0, "{}", std::io::Error::last_os_error());
        Ok(())
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its events so far.
    pub(crate) fn so_far(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(output(&self.directory))?;
        // The last line may be half written.
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")))
            .collect()
    }

    /// Ends it with Ctrl-C and reads what it wrote.
    pub(crate) fn finish(mut self) -> Result<Recorded> {
        signal(&self.child, libc::SIGINT);
        let status = wait(&mut self.child)?;
        let events = self.so_far()?;
        let log = self.log.join().unwrap_or_default();
        ensure!(
            status.code() == Some(0),
            "ovl-trace ended with {status} at Ctrl-C: {log}"
        );
        Recorded::new(events, log)
    }

    /// Kills it, as the out-of-memory killer would.
    pub(crate) fn kill(mut self) -> Result<()> {
        signal(&self.child, libc::SIGKILL);
        let status = wait(&mut self.child)?;
        ensure!(status.signal() == Some(libc::SIGKILL), "{status}");
        Ok(())
    }

    fn give_up<T>(mut self, what: &str) -> Result<T> {
        signal(&self.child, libc::SIGKILL);
        let status = wait(&mut self.child)?;
        let log = self.log.join().unwrap_or_default();
        bail!("ovl-trace {what} ({status}): {log}")
    }
}

/// Sends a signal to a child that has not been waited for.
pub(crate) fn signal(child: &Child, signal: i32) {
    // SAFETY: the pid is that of a child that was not reaped, so it is ours.
    unsafe { libc::kill(child.id().cast_signed(), signal) };
}

/// Waits for the end of a child, for a limited time.
pub(crate) fn wait(child: &mut Child) -> Result<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > deadline {
            signal(child, libc::SIGKILL);
            bail!("process {} did not end", child.id());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A command that ended by itself.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, for a limited time.
pub(crate) fn run(command: &mut Command) -> Result<Ended> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let mut stdout = child.stdout.take().context("no standard output")?;
    let mut stderr = child.stderr.take().context("no standard error")?;
    let out = thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let err = thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).map(|_| bytes)
    });
    let status = wait(&mut child)?;
    let text = |thread: thread::JoinHandle<std::io::Result<Vec<u8>>>| {
        thread
            .join()
            .ok()
            .and_then(Result::ok)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .context("its output could not be read")
    };
    Ok(Ended {
        code: status.code(),
        stdout: text(out)?,
        stderr: text(err)?,
    })
}

/// Runs `ovl-trace live` as text while `work` runs, until it ends by itself.
pub(crate) fn lines(arguments: &[&str], work: impl FnOnce() -> Result<()>) -> Result<Ended> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("lines");
    let mut child = Command::new("ovl-trace")
        .arg("live")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(File::create(&path)?)
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start 'ovl-trace'")?;
    let deadline = Instant::now() + PATIENCE;
    // The header comes when it observes.
    while fs::metadata(&path)?.len() == 0 {
        ensure!(child.try_wait()?.is_none(), "ovl-trace ended at once");
        ensure!(Instant::now() < deadline, "ovl-trace did not become ready");
        thread::sleep(Duration::from_millis(20));
    }
    let worked = work();
    let status = wait(&mut child)?;
    worked?;
    Ok(Ended {
        code: status.code(),
        stdout: fs::read_to_string(&path)?,
        stderr: String::new(),
    })
}
