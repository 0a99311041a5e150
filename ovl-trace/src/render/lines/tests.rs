//! The lines as they look.

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
        (loss(LossSource::Probe), web.clone()),
        (loss(LossSource::Disarmed), web),
    ]), @r"
    TIME (UTC)   CONTAINER    EVENT        COPIED LATENCY TRIGGER  PROCESS      PATH
    07:10:41.001 web          data         ENOSPC  183 ms open     sh[216]      /srv/model.bin
    07:10:41.001 web          data          raced  183 ms open     sh[216]      /srv/model.bin
    07:10:41.001 web          data              ?  183 ms open     sh[216]      /srv/model.bin
    07:10:41.001 web          data              - running open     sh[216]      /srv/model.bin
    07:10:41.001 ! 12 lost (ring: ring_copy_up); lines are missing here, the totals are not affected
    07:10:41.001 ! 12 lost (probe: ring_copy_up); the totals may be short, too
    07:10:41.001 ! 12 lost (disarmed: ring_copy_up); the kernel's probes are off: nothing is seen until they are on again
    ");
}

#[test]
fn hostile_names_stay_on_their_line() {
    let mut event = copy_up("/a\n07:10:41 fake\x1b[2J\u{202e}");
    event.process.comm = b"\x1b]0;x\x07\xff".into();
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
