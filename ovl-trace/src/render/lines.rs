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
    let header = Columns {
        time: "TIME (UTC)".to_owned(),
        container: "CONTAINER".to_owned(),
        event: "EVENT".into(),
        copied: "COPIED".to_owned(),
        latency: "LATENCY".to_owned(),
        trigger: "TRIGGER".into(),
        process: "PROCESS".to_owned(),
        path: "PATH".to_owned(),
    };
    writeln!(out, "{}", style.bold(header.line()))
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
    }
}

/// One line before it is aligned.
struct Columns {
    time: String,
    container: String,
    event: std::borrow::Cow<'static, str>,
    copied: String,
    latency: String,
    trigger: std::borrow::Cow<'static, str>,
    process: String,
    path: String,
}

impl Columns {
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
mod tests {
    use super::*;
    use crate::model::{
        Kind,
        test_support::{copy_up, origin, unowned, whiteout},
    };

    const PLAIN: Style = Style { colour: false };

    fn lines(events: &[(Event, Origin)]) -> String {
        let time = "2026-11-21T07:10:41.001421770Z".parse().unwrap();
        let mut out = Vec::new();
        write_header(&mut out, PLAIN).unwrap();
        for (event, origin) in events {
            write_event(&mut out, PLAIN, event, origin, time).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    fn loss(source: LossSource) -> Event {
        Event::Loss(Loss {
            time_ns: 0,
            source,
            reason: "ring_copy_up",
            count: 12,
        })
    }

    #[test]
    fn usual_events() {
        let web = origin("web");
        let directory = CopyUp {
            kind: Kind::Directory,
            method: Some(Method::None),
            copied_bytes: Some(0),
            latency_ns: 812_000,
            ..copy_up("/srv")
        };
        let truncated = CopyUp {
            method: Some(Method::Truncated),
            copied_bytes: Some(0),
            latency_ns: 70_000,
            ..copy_up("/var/log/app.log")
        };
        let opaque = Whiteout {
            cause: Cause::Opaque,
            ..whiteout("/var/cache")
        };
        insta::assert_snapshot!(lines(&[
            (Event::CopyUp(directory), web.clone()),
            (Event::CopyUp(copy_up("/srv/model.bin")), web.clone()),
            (Event::CopyUp(truncated), web.clone()),
            (Event::Whiteout(whiteout("/etc/motd")), web),
            (Event::Whiteout(opaque), unowned()),
        ]), @r"
        TIME (UTC)   CONTAINER    EVENT        COPIED LATENCY TRIGGER  PROCESS      PATH
        07:10:41.001 web          directory         -  812 µs open     sh[216]      /srv
        07:10:41.001 web          data       50.0 MiB  183 ms open     sh[216]      /srv/model.bin
        07:10:41.001 web          data      truncated 70.0 µs open     sh[216]      /var/log/app.log
        07:10:41.001 web          whiteout          -       - unlink   sh[216]      /etc/motd
        07:10:41.001 overlay 0:28 opaque            -       - -        sh[216]      /var/cache
        ");
    }

    #[test]
    fn failures_losses_and_what_is_not_known() {
        let web = origin("web");
        let failed = CopyUp {
            outcome: Outcome::Failed(Some(libc::ENOSPC)),
            ..copy_up("/srv/model.bin")
        };
        let raced = CopyUp {
            outcome: Outcome::Raced,
            ..copy_up("/srv/model.bin")
        };
        let unmeasured = CopyUp {
            method: None,
            copied_bytes: None,
            ..copy_up("/srv/model.bin")
        };
        insta::assert_snapshot!(lines(&[
            (Event::CopyUp(failed), web.clone()),
            (Event::CopyUp(raced), web.clone()),
            (Event::CopyUp(unmeasured), web.clone()),
            (Event::CopyUpStarted(copy_up("/srv/model.bin")), web.clone()),
            (loss(LossSource::Ring), web.clone()),
            (loss(LossSource::Probe), web),
        ]), @r"
        TIME (UTC)   CONTAINER    EVENT        COPIED LATENCY TRIGGER  PROCESS      PATH
        07:10:41.001 web          data         ENOSPC  183 ms open     sh[216]      /srv/model.bin
        07:10:41.001 web          data          raced  183 ms open     sh[216]      /srv/model.bin
        07:10:41.001 web          data              ?  183 ms open     sh[216]      /srv/model.bin
        07:10:41.001 web          data              - running open     sh[216]      /srv/model.bin
        07:10:41.001 ! 12 lost (ring: ring_copy_up); lines are missing here, the totals are not affected
        07:10:41.001 ! 12 lost (probe: ring_copy_up); the totals may be short, too
        ");
    }

    #[test]
    fn hostile_names_stay_on_their_line() {
        let mut event = copy_up("/a\n07:10:41 fake\x1b[2J\u{202e}");
        event.process.comm = b"\x1b]0;x\x07\xff".to_vec();
        let mut origin = origin("web");
        origin.container.as_mut().unwrap().name = Some("we\u{9b}b".to_owned());
        insta::assert_snapshot!(lines(&[(Event::CopyUp(event), origin)]), @r"
        TIME (UTC)   CONTAINER    EVENT        COPIED LATENCY TRIGGER  PROCESS      PATH
        07:10:41.001 we\u{9b}b    data       50.0 MiB  183 ms open     \x1b]0;x\x07\xff[216] /a\n07:10:41 fake\x1b[2J\u{202e}
        ");
    }

    #[test]
    fn colours_surround_the_line() {
        let mut out = Vec::new();
        let style = Style { colour: true };
        let event = Event::Whiteout(whiteout("/etc/motd"));
        write_event(&mut out, style, &event, &unowned(), Timestamp::UNIX_EPOCH).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert!(line.starts_with("\x1b[33m00:00:00.000 "), "{line:?}");
        assert!(line.ends_with("/etc/motd\x1b[0m\n"), "{line:?}");
    }
}
