//! Runs an emulator to its end, or to the end of its time.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::clock::{Clock, End, GRACE, Limits};
use super::console::Console;
use super::output::Output;

/// How often the console's file and the clock are looked at.
const TICK: Duration = Duration::from_millis(100);

/// All that came from a guest.
pub(super) struct Seen {
    pub(super) end: End,
    pub(super) console: Console,
    pub(super) output: Output,
    /// The emulator's own complaints.
    pub(super) complaints: String,
}

enum Message {
    Output(Vec<u8>),
    Complaint(Vec<u8>),
}

/// Runs `qemu` until it exits or has to be ended. `console` is the file that
/// it writes the guest's console to, `mark` is what init's lines start with.
pub(super) fn run(
    qemu: &mut Command,
    console: &Path,
    mark: &str,
    limits: Limits,
    on_line: &mut dyn FnMut(&str),
) -> anyhow::Result<Seen> {
    File::create(console).with_context(|| format!("cannot create '{}'", console.display()))?;
    let mut tail = File::open(console)?;
    let program = qemu.get_program().to_string_lossy().into_owned();
    // An end of file on its input would tell the guest that nobody reads its
    // output: the pipe stays open, and unused, while the emulator runs.
    qemu.stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    ends_with_parent(qemu);
    let mut child = Running(
        qemu.spawn()
            .with_context(|| format!("cannot start '{program}'"))?,
    );
    let messages = read_all(&mut child.0);
    let mut seen = Seen {
        end: End::Exit,
        console: Console::default(),
        output: Output::new(mark),
        complaints: String::new(),
    };
    let mut clock = Clock::new(limits);
    loop {
        match messages.recv_timeout(TICK) {
            Ok(Message::Output(bytes)) => {
                clock.heard();
                seen.output.feed(&bytes, on_line);
            }
            Ok(Message::Complaint(bytes)) => {
                seen.complaints.push_str(&String::from_utf8_lossy(&bytes));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if feed_console(&mut tail, &mut seen.console)? {
            clock.heard();
        }
        if seen.output.status.is_some() || seen.console.fatal.is_some() {
            clock.last_words();
        }
        if let Some(end) = clock.over() {
            seen.end = end;
            break;
        }
    }
    child.end();
    // What was on its way when the emulator ended.
    while let Ok(message) = messages.recv_timeout(TICK) {
        match message {
            Message::Output(bytes) => seen.output.feed(&bytes, on_line),
            Message::Complaint(bytes) => {
                seen.complaints.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
    feed_console(&mut tail, &mut seen.console)?;
    seen.console.finish();
    seen.output.finish(on_line);
    Ok(seen)
}

/// Feeds what the console's file has gained; whether that was anything.
fn feed_console(tail: &mut File, console: &mut Console) -> anyhow::Result<bool> {
    let mut bytes = Vec::new();
    tail.read_to_end(&mut bytes)
        .context("cannot read the guest's console")?;
    console.feed(&bytes);
    Ok(!bytes.is_empty())
}

/// Reads both streams of the emulator, each in a thread, so that it is never
/// blocked by a caller that takes its time with a line.
fn read_all(child: &mut Child) -> Receiver<Message> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone(), Message::Output);
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender, Message::Complaint);
    }
    receiver
}

fn forward(
    mut from: impl Read + Send + 'static,
    to: Sender<Message>,
    wrap: fn(Vec<u8>) -> Message,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let Some(bytes) = buffer.get(..length) else {
                break;
            };
            if to.send(wrap(bytes.to_vec())).is_err() {
                break;
            }
        }
    });
}

/// An emulator that does not outlive this value.
struct Running(Child);

impl Running {
    /// Ends the emulator, and waits for it a little: one that hangs in the
    /// kernel for ever must not take this program with it.
    fn end(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) && self.0.kill().is_err() {
            return;
        }
        let started = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && started.elapsed() < GRACE {
            thread::sleep(TICK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// An emulator is also ended when this program is killed.
fn ends_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    let die_with_parent = || {
        // SAFETY: prctl(2) with these arguments touches no memory, and is one
        // system call, as the child of a fork of many threads must keep to.
        match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    };
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(die_with_parent) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell in the place of the emulator: `$0` is the console's file.
    fn watched(script: &str, limits: Limits) -> (Seen, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        let console = directory.path().join("console");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(&console);
        let mut lines = Vec::new();
        let mut on_line = |line: &str| lines.push(line.to_owned());
        let seen = run(&mut shell, &console, "@1@", limits, &mut on_line).unwrap();
        (seen, lines)
    }

    #[test]
    fn output_console_and_complaints_are_kept_apart() {
        let script = "echo booting >>\"$0\"; echo hello; echo odd >&2; echo '@1@ status 4'";
        let (seen, lines) = watched(script, Limits::new(Duration::from_secs(60)));
        assert_eq!(seen.end, End::Exit);
        assert_eq!(lines, ["hello"]);
        assert_eq!(seen.output.status, Some(4));
        assert_eq!(seen.console.tail(), "  | booting");
        assert_eq!(seen.complaints, "odd\n");
    }

    #[test]
    fn an_emulator_that_hangs_is_ended_at_its_limit() {
        // Long enough for a shell to start on a busy machine.
        let limits = Limits::new(Duration::from_secs(5));
        let (seen, lines) = watched("echo started; exec sleep 600", limits);
        assert_eq!(seen.end, End::TimeLimit);
        assert_eq!(lines, ["started"]);
        assert_eq!(seen.output.status, None);
    }

    #[test]
    fn an_emulator_that_says_nothing_is_ended_before_its_limit() {
        let limits = Limits {
            time: Duration::from_secs(3600),
            silence: Duration::from_secs(1),
        };
        let (seen, _) = watched("exec sleep 600", limits);
        assert_eq!(seen.end, End::Silence);
    }
}
