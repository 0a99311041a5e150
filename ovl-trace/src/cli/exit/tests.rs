use super::*;
use anyhow::Context as _;

use crate::{
    aggregate::CountedFrom,
    render::test_report::{busy, quiet},
};

fn outcome(result: anyhow::Result<Ending>) -> (ExitCode, String) {
    let mut err = Vec::new();
    let code = code(result, &mut err);
    (code, String::from_utf8(err).unwrap())
}

#[test]
fn errors_show_their_whole_chain() {
    let error = Err(io::Error::other("boom")).context("cannot read '/x'");
    assert_eq!(
        outcome(error),
        (
            ExitCode::Runtime,
            "ovl-trace: cannot read '/x': boom\n".to_owned()
        )
    );
}

#[test]
fn a_closed_pipe_is_success_wherever_it_is() {
    let pipe = || io::Error::from(io::ErrorKind::BrokenPipe);
    let quiet = (ExitCode::Ok, String::new());
    assert_eq!(outcome(Err(pipe().into())), quiet);
    assert_eq!(
        outcome(Err(pipe()).context("cannot write").context("live")),
        quiet
    );
    let json = serde_json::Error::io(pipe());
    assert_eq!(outcome(Err(json).context("cannot write")), quiet);
}

#[test]
fn refusals_are_found_under_context() {
    let refused = || Refused("CAP_BPF is missing".to_owned());
    assert_eq!(outcome(Err(refused().into())).0, ExitCode::Refused);
    assert_eq!(
        outcome(Err(refused()).context("cannot start")),
        (
            ExitCode::Refused,
            "ovl-trace: cannot start: CAP_BPF is missing\n".to_owned()
        )
    );
    // As a context of something else.
    let error = Err(io::Error::other("EPERM")).context(refused());
    assert_eq!(outcome(error).0, ExitCode::Refused);
}

#[test]
fn over_budget() {
    let ending = Ending::OverBudget {
        copied_bytes: 2048,
        budget_bytes: 1024,
        blame: String::new(),
    };
    assert_eq!(
        outcome(Ok(ending)),
        (
            ExitCode::Budget,
            "ovl-trace: 2.0 KiB were copied up, more than '--fail-over 1.0 KiB' allows\n"
                .to_owned()
        )
    );
}

#[test]
fn messages_are_harmless() {
    let error = anyhow::anyhow!("cannot read '/a\x1b[2J\\b'\nTry again.");
    assert_eq!(
        outcome(Err(error)).1,
        "ovl-trace: cannot read '/a\\u{1b}[2J\\b'\nTry again.\n"
    );
}

/// A report in which so much was copied, and so much more could not be
/// measured.
fn report(copied_bytes: u64, copied_unknown: u64) -> Report {
    let mut report = quiet();
    report.totals.copied_bytes = copied_bytes;
    report.totals.copied_unknown = copied_unknown;
    report
}

#[test]
fn budgets_are_judged() {
    let over = Ending::OverBudget {
        copied_bytes: 101,
        budget_bytes: 100,
        blame: String::new(),
    };
    assert_eq!(Ending::judge(&report(101, 0), None).unwrap(), Ending::Ok);
    assert_eq!(
        Ending::judge(&report(100, 0), Some(100)).unwrap(),
        Ending::Ok
    );
    assert_eq!(Ending::judge(&report(101, 0), Some(100)).unwrap(), over);
    assert_eq!(Ending::judge(&report(101, 9), Some(100)).unwrap(), over);
    assert_eq!(Ending::judge(&report(0, 0), Some(0)).unwrap(), Ending::Ok);
}

#[test]
fn a_budget_that_cannot_be_confirmed_is_not_kept() {
    let judge = |report: &Report| Ending::judge(report, Some(100));
    assert!(judge(&report(50, 1)).is_err());
    let mut missed = report(50, 0);
    missed.loss.probe = 1;
    assert!(judge(&missed).is_err());
    let mut disarmed = report(50, 0);
    disarmed.loss.disarmed = 1;
    assert!(judge(&disarmed).is_err());
    // Lost events do not touch totals, but they do touch counted events.
    let mut lost = report(50, 0);
    lost.loss.ring = 1;
    assert!(judge(&lost).is_ok());
    lost.counted_from = CountedFrom::Events;
    assert!(judge(&lost).is_err());
}

#[test]
fn a_gate_says_who_and_what_to_do() {
    let ending = Ending::judge(&busy(), Some(1 << 20)).unwrap();
    let (code, text) = outcome(Ok(ending));
    assert_eq!(code, ExitCode::Budget);
    insta::assert_snapshot!(text, @r"
    ovl-trace: 50.6 MiB were copied up, more than '--fail-over 1.0 MiB' allows
      shop-frontend-production-7 (registry.example.org/shop/web:1.4): 50.6 MiB
        written-in-place: 'sh' opened 1 file for writing, which copied the data (from the image's layer of 'COPY model.bin /srv/'): 50.0 MiB in 183 ms, the largest '/srv/model.bin' (50.0 MiB).
        Keep data that changes on a volume: '/srv'. A named volume of Docker or Podman is filled from the image when it is made; a bind mount or an emptyDir hides what the image has there.
    ");
}

#[test]
fn only_the_largest_are_named_and_names_are_harmless() {
    let mut report = busy();
    let mut row = report.containers.remove(0);
    row.advice.truncate(1);
    row.advice[0].finding = "'/a\n\x1b[2J' was opened.".to_owned();
    report.containers = Vec::new();
    for number in 0..5 {
        let mut row = row.clone();
        row.sums.copied_bytes = number << 20;
        report.containers.push(row);
    }
    let ending = Ending::judge(&report, Some(1)).unwrap();
    let text = outcome(Ok(ending)).1;
    assert!(text.contains("'/a\\n\\x1b[2J' was opened"), "{text}");
    assert!(text.contains(": 4.0 MiB\n"), "{text}");
    assert!(text.ends_with("\n  1 other: 1.0 MiB\n"), "{text}");
}
