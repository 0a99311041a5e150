//! `ovl-trace live`, its lines shown as they come.

use std::{
    collections::HashMap,
    io::{self, BufRead as _, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::tracer::{signal, wait};

/// How many lines that look alike are shown.
const SHOWN: usize = 5;

/// How long to wait for its start before the demo fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running `ovl-trace live --output lines`; killed when dropped.
pub(super) struct Live {
    child: Child,
    begun: mpsc::Receiver<()>,
    shown: Option<JoinHandle<io::Result<String>>>,
}

impl Live {
    pub(super) fn start() -> Result<Self> {
        let mut child = Command::new("ovl-trace")
            .args(["live", "--output", "lines", "--top", "3"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start 'ovl-trace'")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let (sender, begun) = mpsc::channel();
        let shown = thread::spawn(move || show(stdout, &sender));
        Ok(Self {
            child,
            begun,
            shown: Some(shown),
        })
    }

    /// The header comes when it observes.
    pub(super) fn wait_until_ready(&self) -> Result<()> {
        let begun = self.begun.recv_timeout(PATIENCE);
        begun.context("'ovl-trace live' did not become ready")
    }

    /// Ends it with Ctrl-C; returns its lines and its report.
    pub(super) fn finish(mut self) -> Result<String> {
        signal(&self.child, libc::SIGINT);
        let status = wait(&mut self.child)?;
        let shown = self
            .shown
            .take()
            .context("'ovl-trace live' has already ended")?;
        let text = shown.join().ok().context("a thread panicked")??;
        ensure!(status.success(), "'ovl-trace live' ended with {status}");
        Ok(text)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Shows the lines; returns all of them.
fn show(stdout: ChildStdout, sender: &mpsc::Sender<()>) -> io::Result<String> {
    let mut text = String::new();
    let mut fold = Fold::new(io::stdout());
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        fold.line(&line)?;
        // Nobody waits any more after the first line.
        let _sent = sender.send(());
        text.push_str(&line);
        text.push('\n');
    }
    fold.end_runs()?;
    Ok(text)
}

/// Shortens runs of lines that look alike, as a hundred calls of one process do: a few
/// lines tell it. Lines of other containers may come between.
struct Fold<W> {
    out: W,
    /// By container.
    runs: HashMap<String, Run>,
    in_report: bool,
}

/// Lines of a container that look alike.
struct Run {
    event: String,
    process: String,
    length: usize,
}

impl<W: Write> Fold<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            runs: HashMap::new(),
            in_report: false,
        }
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        // An empty line divides the events from the report.
        if line.is_empty() && !self.in_report {
            self.end_runs()?;
            self.in_report = true;
        }
        if self.in_report || self.is_among_the_first(line)? {
            writeln!(self.out, "{line}")?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// Whether the line is one of the first of its run.
    fn is_among_the_first(&mut self, line: &str) -> io::Result<bool> {
        let Some((container, event, process)) = look(line) else {
            return Ok(true);
        };
        if let Some(run) = self.runs.get_mut(container)
            && (&*run.event, &*run.process) == (event, process)
        {
            run.length += 1;
            return Ok(run.length <= SHOWN);
        }
        let run = Run {
            event: event.to_owned(),
            process: process.to_owned(),
            length: 1,
        };
        if let Some(ended) = self.runs.insert(container.to_owned(), run) {
            self.end(container, &ended)?;
        }
        Ok(true)
    }

    fn end_runs(&mut self) -> io::Result<()> {
        let mut runs: Vec<_> = self.runs.drain().collect();
        runs.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (container, run) in runs {
            self.end(&container, &run)?;
        }
        Ok(())
    }

    fn end(&mut self, container: &str, run: &Run) -> io::Result<()> {
        if run.length > SHOWN {
            let more = run.length - SHOWN;
            let Run { event, process, .. } = run;
            writeln!(
                self.out,
                "             (and {more} more like these of {container}: {event}, {process})"
            )?;
            self.out.flush()?;
        }
        Ok(())
    }
}

/// The container, the event and the process of an event's line.
fn look(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.split_whitespace().skip(1);
    let (container, event) = (words.next()?, words.next()?);
    let process = words.find(|word| word.ends_with(']'))?;
    Some((container, event, process))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_folded_by_container() {
        let mut fold = Fold::new(Vec::new());
        fold.line("TIME CONTAINER EVENT PROCESS PATH").unwrap();
        for index in 0..7 {
            fold.line(&format!("1 web data chown[7] /{index}")).unwrap();
            fold.line(&format!("2 shop whiteout rm[{index}] /"))
                .unwrap();
        }
        fold.line("3 web data chmod[8] /etc/motd").unwrap();
        for line in ["", "x web data rm[1]"] {
            fold.line(line).unwrap();
        }
        let text = String::from_utf8(fold.out).unwrap();
        assert_eq!(text.matches("chown[7] /").count(), SHOWN);
        assert_eq!(text.matches("rm[").count(), 8);
        let end = "\
             (and 2 more like these of web: data, chown[7])
3 web data chmod[8] /etc/motd

x web data rm[1]
";
        assert!(text.ends_with(end.trim_start()), "{text}");
    }
}
