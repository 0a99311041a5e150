//! Shows a progress line: the running steps, how many are done, and the estimated time left.
//! Meanwhile the output of commands goes to a log.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::host::log;

/// How often the line is drawn anew.
const TICK: Duration = Duration::from_millis(500);

/// How many lines of the log are shown after a failure.
const TAIL: usize = 20;

/// A step of a task.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Shown in the progress line while the step runs.
    pub(crate) name: &'static str,
    /// Steps of different lanes run at the same time; lane 0 runs after all other lanes.
    pub(crate) lane: usize,
    /// How long it takes on two processors.
    pub(crate) seconds: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running(Instant),
    Done,
}

impl Step {
    pub(crate) fn new(lane: usize, name: &'static str, seconds: u64) -> Self {
        Self {
            name,
            lane,
            seconds,
            state: State::Waiting,
        }
    }

    /// Returns the estimated seconds until the step ends.
    fn rest(&self, now: Instant) -> u64 {
        match self.state {
            State::Waiting => self.seconds,
            // A step that takes longer than its estimate keeps 3 seconds.
            State::Running(since) => {
                let elapsed = now.duration_since(since).as_secs();
                self.seconds.saturating_sub(elapsed).max(3)
            }
            State::Done => 0,
        }
    }
}

/// The progress line and its steps.
pub(crate) struct Progress {
    log: PathBuf,
    started: Instant,
    steps: Mutex<Vec<Step>>,
    /// Text after the running steps; empty if there is none.
    detail: Mutex<String>,
    terminal: bool,
    ended: AtomicBool,
}

impl Progress {
    /// Runs `work` with a line about these steps and a log in `file`. After a failure the end
    /// of the log is shown.
    pub(crate) fn run<T>(
        file: &Path,
        steps: Vec<Step>,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        log::send_to_file(file)?;
        let progress = Self {
            log: file.to_owned(),
            started: Instant::now(),
            steps: Mutex::new(steps),
            detail: Mutex::default(),
            terminal: io::stderr().is_terminal(),
            ended: AtomicBool::new(false),
        };
        progress.show(&format!("The full log: {}", file.display()));
        let result = thread::scope(|scope| {
            // Also after a panic of `work`: the scope waits for the thread.
            let _ends = Ends(&progress.ended);
            scope.spawn(|| progress.tick());
            work(&progress)
        });
        log::send_to_terminal();
        progress.clear(&mut io::stderr().lock());
        if result.is_err() {
            progress.show_tail();
        }
        result
    }

    /// Runs the step of this name.
    pub(crate) fn step<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.set(name, State::Running(Instant::now()));
        if !self.terminal {
            self.draw(&mut io::stderr().lock());
        }
        let result = work();
        self.set(name, State::Done);
        result
    }

    /// Says more about the running step.
    pub(crate) fn detail(&self, text: &str) {
        text.clone_into(&mut self.detail.lock().unwrap_or_else(PoisonError::into_inner));
        if !self.terminal {
            self.draw(&mut io::stderr().lock());
        }
    }

    /// Prints a line above the progress line, on standard error.
    pub(crate) fn show(&self, line: &str) {
        let mut stderr = io::stderr().lock();
        self.clear(&mut stderr);
        drop(writeln!(stderr, "{line}"));
    }

    /// Prints a line above the progress line, on standard output.
    pub(crate) fn print(&self, line: &str) -> io::Result<()> {
        // Held until the line is out, so that the progress line is not drawn before it.
        let mut stderr = io::stderr().lock();
        self.clear(&mut stderr);
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{line}")?;
        stdout.flush()
    }

    fn set(&self, name: &str, state: State) {
        for step in self.lock().iter_mut().filter(|step| step.name == name) {
            step.state = state;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) {
        while !self.ended.load(Ordering::Relaxed) {
            if self.terminal {
                self.draw(&mut io::stderr().lock());
            }
            thread::sleep(TICK);
        }
    }

    fn draw(&self, stderr: &mut impl io::Write) {
        let now = Instant::now();
        let detail = self
            .detail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let line = line(
            &self.lock(),
            &detail,
            now.duration_since(self.started).as_secs(),
            now,
        );
        let written = if self.terminal {
            // Without wrapping: only one row is cleared at the next time.
            write!(stderr, "\r\x1b[K\x1b[?7l{line}\x1b[?7h").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{line}")
        };
        // A closed standard error is nothing to stop for.
        drop(written);
    }

    fn clear(&self, stderr: &mut impl io::Write) {
        if self.terminal {
            drop(write!(stderr, "\r\x1b[K"));
        }
    }

    fn show_tail(&self) {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        self.show(&format!("The end of the log '{}':", self.log.display()));
        for line in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
            self.show(&format!("  | {line}"));
        }
    }
}

/// Sets the flag when it is dropped.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `1:05  compiling the agent; making the guest (2 of 6 steps done), about 2 min left`
fn line(steps: &[Step], detail: &str, elapsed: u64, now: Instant) -> String {
    let running: Vec<&str> = steps
        .iter()
        .filter(|step| matches!(step.state, State::Running(_)))
        .map(|step| step.name)
        .collect();
    let done = steps
        .iter()
        .filter(|step| step.state == State::Done)
        .count();
    let (minutes, seconds) = (elapsed / 60, elapsed % 60);
    format!(
        "{minutes}:{seconds:02}  {}{} ({done} of {} steps done), {}",
        running.join("; "),
        if detail.is_empty() {
            String::new()
        } else {
            format!(": {detail}")
        },
        steps.len(),
        left(rest(steps, now))
    )
}

/// The seconds that are left: those of the longest lane, and of what comes after all lanes.
fn rest(steps: &[Step], now: Instant) -> u64 {
    let of = |lane: usize| -> u64 {
        let in_lane = steps.iter().filter(|step| step.lane == lane);
        in_lane.map(|step| step.rest(now)).sum()
    };
    let lanes = steps.iter().map(|step| step.lane).filter(|lane| *lane > 0);
    lanes.map(of).max().unwrap_or(0) + of(0)
}

fn left(seconds: u64) -> String {
    match seconds {
        0..15 => "nearly done".to_owned(),
        15..100 => format!("about {} s left", seconds.div_ceil(10) * 10),
        _ => format!("about {} min left", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_lane_decides_how_long_it_takes() {
        let now = Instant::now();
        let mut steps = vec![
            Step::new(1, "packages", 40),
            Step::new(1, "linker", 60),
            Step::new(2, "programs", 90),
            Step::new(0, "demo", 80),
        ];
        assert_eq!(rest(&steps, now), 180);
        steps[0].state = State::Done;
        steps[2].state = State::Running(now);
        assert_eq!(rest(&steps, now), 170);
        assert_eq!(rest(&steps, now + Duration::from_secs(200)), 140);
        assert_eq!(
            line(&steps, "", 65, now),
            "1:05  programs (1 of 4 steps done), about 3 min left"
        );
    }

    #[test]
    fn what_is_left_is_rounded() {
        assert_eq!(left(3), "nearly done");
        assert_eq!(left(61), "about 70 s left");
        assert_eq!(left(150), "about 3 min left");
    }
}
