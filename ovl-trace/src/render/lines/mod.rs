//! `live` as text: one line per event, the path last since it may be long.
//!
//! The column COPIED says what reached the upper layer: the bytes; or how it
//! was done without any (`reflink`, `metacopy`, `truncated`, `link`), `-` if
//! there was no data, `?` if it could not be measured; or, for a copy-up that
//! failed, the error's name. Text that is wider than its column is not cut:
//! the rest of that line moves.

use std::io::{self, Write};

use jiff::Timestamp;

use super::{json::result, sanitize, style::Style, units};
use crate::model::{
    Cause, CopyUp, Event, Loss, LossSource, Method, Origin, Outcome, Process, Whiteout,
};

/// Writes the names of the columns.
pub fn write_header(out: &mut dyn Write, style: Style) -> io::Result<()> {
    writeln!(out, "{}", style.bold(Columns::names().line()))
}

/// Writes an event. `time` is its wall-clock time. Nothing is written for the
/// birth and death of overlays.
pub fn write_event(
    out: &mut dyn Write,
    style: Style,
    event: &Event,
    origin: &Origin,
    time: Timestamp,
) -> io::Result<()> {
    match event {
        Event::CopyUp(event) => write_copy_up(out, style, event, origin, time),
        Event::CopyUpRunning(event) => {
            let columns = Columns {
                event: "…".into(),
                copied: share(event),
                ..copy_up_columns(event, origin, time)
            };
            writeln!(out, "{}", style.dim(columns.line()))
        }
        Event::CopyUpStarted(event) => {
            let columns = Columns {
                copied: "-".to_owned(),
                latency: "running".to_owned(),
                ..copy_up_columns(event, origin, time)
            };
            writeln!(out, "{}", style.dim(columns.line()))
        }
        Event::Whiteout(event) => {
            let columns = whiteout_columns(event, origin, time);
            writeln!(out, "{}", style.yellow(columns.line()))
        }
        Event::Loss(loss) => write_loss(out, style, *loss, time),
        Event::OverlaySeen(_) | Event::OverlayGone { .. } => Ok(()),
    }
}

fn write_copy_up(
    out: &mut dyn Write,
    style: Style,
    event: &CopyUp,
    origin: &Origin,
    time: Timestamp,
) -> io::Result<()> {
    let line = copy_up_columns(event, origin, time).line();
    match event.outcome {
        Outcome::Ok => writeln!(out, "{line}"),
        Outcome::Raced => writeln!(out, "{}", style.dim(line)),
        Outcome::Failed(_) => writeln!(out, "{}", style.red(line)),
    }
}

fn write_loss(out: &mut dyn Write, style: Style, loss: Loss, time: Timestamp) -> io::Result<()> {
    let line = format!(
        "{:<12} ! {} lost ({}: {}); {}",
        units::time_of_day(time),
        loss.count,
        loss.source.name(),
        loss.reason,
        consequence(loss.source),
    );
    writeln!(out, "{}", style.red(line))
}

/// What a loss means for the reader.
fn consequence(source: LossSource) -> &'static str {
    match source {
        LossSource::Ring | LossSource::Queue => {
            "lines are missing here, the totals are not affected"
        }
        LossSource::Probe => "the totals may be short, too",
        LossSource::Disarmed => {
            "the kernel's probes are off: nothing is seen until they are on again"
        }
        LossSource::Path => "paths that begin with '…/' lack their top, all else is exact",
    }
}

/// One line before it is aligned.
pub(crate) struct Columns {
    pub(crate) time: String,
    pub(crate) container: String,
    pub(crate) event: std::borrow::Cow<'static, str>,
    pub(crate) copied: String,
    pub(crate) latency: String,
    pub(crate) trigger: std::borrow::Cow<'static, str>,
    pub(crate) process: String,
    pub(crate) path: String,
}

impl Columns {
    /// What stands above the columns.
    pub(crate) fn names() -> Self {
        Self {
            time: "TIME (UTC)".to_owned(),
            container: "CONTAINER".to_owned(),
            event: "EVENT".into(),
            copied: "COPIED".to_owned(),
            latency: "LATENCY".to_owned(),
            trigger: "TRIGGER".into(),
            process: "PROCESS".to_owned(),
            path: "PATH".to_owned(),
        }
    }

    /// Of a copy-up that ended, or a whiteout.
    pub(crate) fn of(event: &Event, origin: &Origin, time: Timestamp) -> Option<Self> {
        match event {
            Event::CopyUp(event) => Some(copy_up_columns(event, origin, time)),
            Event::Whiteout(event) => Some(whiteout_columns(event, origin, time)),
            _ => None,
        }
    }

    fn line(&self) -> String {
        let Self {
            time,
            container,
            event,
            copied,
            latency,
            trigger,
            process,
            path,
        } = self;
        format!(
            "{time:<12} {container:<12} {event:<9} {copied:>9} {latency:>7} {trigger:<8} {process:<12} {path}"
        )
    }
}

/// How much of a running copy-up is done. A sparse file ends before 100 %.
fn share(event: &CopyUp) -> String {
    match event.copied_bytes {
        Some(copied) if event.size_bytes > 0 => {
            let share = u128::from(copied) * 100 / u128::from(event.size_bytes);
            format!("{share} %")
        }
        _ => "?".to_owned(),
    }
}

fn copy_up_columns(event: &CopyUp, origin: &Origin, time: Timestamp) -> Columns {
    Columns {
        time: units::time_of_day(time),
        container: sanitize::text(&origin.label()),
        event: event.kind.name(),
        copied: copied(event),
        latency: units::duration(event.latency_ns),
        trigger: event.trigger.operation.name(),
        process: process(&event.process),
        path: sanitize::bytes(&event.path),
    }
}

fn whiteout_columns(event: &Whiteout, origin: &Origin, time: Timestamp) -> Columns {
    let (name, trigger) = match event.cause {
        // The mark has a cause of its own, which is not known.
        Cause::Opaque => ("opaque", "-".into()),
        cause => ("whiteout", cause.name()),
    };
    Columns {
        time: units::time_of_day(time),
        container: sanitize::text(&origin.label()),
        event: name.into(),
        copied: "-".to_owned(),
        latency: "-".to_owned(),
        trigger,
        process: process(&event.process),
        path: sanitize::bytes(&event.path),
    }
}

fn copied(event: &CopyUp) -> String {
    if event.outcome != Outcome::Ok {
        return result(event.outcome).into_owned();
    }
    match (event.method, event.copied_bytes) {
        (Some(Method::None), _) => "-".to_owned(),
        (
            Some(method @ (Method::Reflink | Method::Metacopy | Method::Truncated | Method::Link)),
            None | Some(0),
        ) => method.to_string(),
        (_, Some(bytes)) => units::bytes(bytes),
        (_, None) => "?".to_owned(),
    }
}

/// `comm[pid]`.
pub(crate) fn process(process: &Process) -> String {
    format!("{}[{}]", sanitize::bytes(&process.comm), process.pid)
}

#[cfg(test)]
mod tests;
