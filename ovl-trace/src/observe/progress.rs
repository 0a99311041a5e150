//! One line on a terminal that says that something goes on, until the report is
//! there.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::{Duration, Instant},
};

use crate::{
    model::{CopyUp, Event, Origin},
    render::{sanitize, units},
};

/// Columns of the narrowest terminal, without the last one: a line that wraps
/// could not be erased.
const COLUMNS: usize = 79;

/// Back to the first column, and nothing from there on.
const ERASE: &str = "\r\x1b[K";

/// Copy-ups that are remembered as running.
const RUNNING_MAX: usize = 1024;

/// What there was so far.
pub(super) struct Progress {
    started: Instant,
    events: u64,
    copied_bytes: u64,
    /// The announced copy-ups, by thread.
    running: BTreeMap<u32, Running>,
    is_shown: bool,
}

struct Running {
    name: String,
    latency_ns: u64,
    copied_bytes: Option<u64>,
    size_bytes: u64,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            events: 0,
            copied_bytes: 0,
            running: BTreeMap::new(),
            is_shown: false,
        }
    }

    /// Takes note of an event.
    pub(super) fn event(&mut self, event: &Event, origin: &Origin) {
        match event {
            Event::CopyUp(event) => {
                self.events += 1;
                self.running.remove(&event.process.tid);
                let copied = event.copied_bytes.unwrap_or(0);
                self.copied_bytes = self.copied_bytes.saturating_add(copied);
            }
            Event::Whiteout(_) => self.events += 1,
            Event::CopyUpStarted(event) | Event::CopyUpRunning(event) => {
                let tid = event.process.tid;
                if self.running.len() < RUNNING_MAX || self.running.contains_key(&tid) {
                    self.running.insert(tid, Running::new(event, origin));
                }
            }
            Event::OverlaySeen(_) | Event::OverlayGone { .. } | Event::Loss(_) => {}
        }
    }

    /// Writes the line over the one before. `share` of the recording is read, if
    /// there is one.
    pub(super) fn show(&mut self, out: &mut dyn Write, share: Option<f64>) -> io::Result<()> {
        let line = self.line(self.started.elapsed(), share);
        self.is_shown = true;
        write!(out, "{ERASE}{line}")?;
        out.flush()
    }

    /// Leaves nothing behind.
    pub(super) fn erase(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::take(&mut self.is_shown) {
            write!(out, "{ERASE}")?;
            out.flush()?;
        }
        Ok(())
    }

    fn line(&self, elapsed: Duration, share: Option<f64>) -> String {
        let far = match share {
            Some(share) => format!("{:.0} % read", share * 100.0),
            None => format!("{} s", elapsed.as_secs()),
        };
        let s = if self.events == 1 { "" } else { "s" };
        let longest = self
            .running
            .values()
            .max_by_key(|running| running.latency_ns);
        let now = longest.map_or_else(String::new, |running| format!("; copying {running}"));
        let (events, bytes) = (self.events, units::bytes(self.copied_bytes));
        let line = format!("{far}, {events} event{s}, {bytes} copied up{now}");
        match line.char_indices().nth(COLUMNS) {
            Some(_) => line.chars().take(COLUMNS - 1).chain(['…']).collect(),
            None => line,
        }
    }
}

impl Running {
    fn new(event: &CopyUp, origin: &Origin) -> Self {
        let name = sanitize::text(&origin.label());
        Self {
            name: format!("{name} {}", sanitize::bytes(&event.path)),
            latency_ns: event.latency_ns,
            copied_bytes: event.copied_bytes,
            size_bytes: event.size_bytes,
        }
    }
}

impl std::fmt::Display for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(copied) = self.copied_bytes
            && self.size_bytes > 0
        {
            let share = u128::from(copied) * 100 / u128::from(self.size_bytes);
            write!(f, "{share} % of ")?;
        }
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support::{copy_up, origin, whiteout};

    #[test]
    fn the_line_says_how_much_and_what_is_copied_now() {
        let mut progress = Progress::new();
        let web = origin("web");
        let line = |progress: &Progress| progress.line(Duration::from_millis(12_900), None);
        assert_eq!(line(&progress), "12 s, 0 events, 0 B copied up");
        progress.event(&Event::Whiteout(whiteout("/a")), &web);
        let mut running = copy_up("/srv/model.bin");
        running.copied_bytes = Some(running.size_bytes / 4);
        progress.event(&Event::CopyUpRunning(running), &web);
        assert_eq!(
            line(&progress),
            "12 s, 1 event, 0 B copied up; copying 25 % of web /srv/model.bin"
        );
        progress.event(&Event::CopyUp(copy_up("/srv/model.bin")), &web);
        assert_eq!(line(&progress), "12 s, 2 events, 50.0 MiB copied up");
        assert_eq!(
            progress.line(Duration::ZERO, Some(0.42)),
            "42 % read, 2 events, 50.0 MiB copied up"
        );
    }

    #[test]
    fn a_long_name_is_cut_and_a_hostile_one_is_harmless() {
        let mut progress = Progress::new();
        let path = format!("/\x1b[2J{}", "x".repeat(100));
        progress.event(&Event::CopyUpStarted(copy_up(&path)), &origin("web"));
        let line = progress.line(Duration::ZERO, None);
        assert_eq!(line.chars().count(), COLUMNS);
        assert!(line.ends_with('…') && !line.contains('\x1b'), "{line}");
    }

    #[test]
    fn nothing_is_left_on_the_terminal() {
        let mut progress = Progress::new();
        let mut out = Vec::new();
        progress.erase(&mut out).unwrap();
        assert!(out.is_empty(), "nothing was there");
        progress.show(&mut out, None).unwrap();
        progress.erase(&mut out).unwrap();
        assert!(out.ends_with(ERASE.as_bytes()));
    }
}
