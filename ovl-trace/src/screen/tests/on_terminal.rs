//! The view on a real terminal: this test's program, started again on one, with
//! the command line of `ovl-trace`.

use std::{
    env,
    ffi::OsString,
    io,
    process::{Command, ExitCode},
};

use super::{pty::OnTerminal, recorded};
use crate::cli;

const NAME: &str = "screen::tests::on_terminal::child";
const ARGUMENTS: &str = "OVL_TRACE_TEST_ARGUMENTS";

/// What the other tests start.
#[test]
#[ignore = "started by other tests, on a terminal"]
fn child() {
    let arguments = env::var(ARGUMENTS).unwrap();
    let arguments = arguments.split(' ').map(OsString::from);
    let code = cli::on_terminal(arguments, &mut io::stdout(), &mut io::stderr());
    println!("ended well: {}", code == ExitCode::SUCCESS);
}

/// `ovl-trace live --from` a recording, and what else is asked for.
struct Live {
    terminal: OnTerminal,
    _directory: tempfile::TempDir,
}

fn live(more: &str, environment: &[(&str, &str)], (columns, rows): (u16, u16)) -> Live {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.ovlrec");
    recorded::write(&path);
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", NAME, "--nocapture"]);
    let arguments = format!("ovl-trace live --from {}{more}", path.display());
    command.env(ARGUMENTS, arguments);
    let terminal = OnTerminal::start(command, environment, columns, rows);
    Live {
        terminal,
        _directory: directory,
    }
}

fn view() -> Live {
    let mut live = live("", &[], (80, 24));
    live.terminal.wait_for("end of recording");
    live.terminal.assert_taken();
    live
}

/// After the view: the terminal as it was, and the summary on it.
fn assert_ended(mut live: Live) {
    assert!(live.terminal.end().success());
    live.terminal.assert_given_back();
    let text = live.terminal.wait_for("ended well: true");
    for printed in ["WHITEOUTS", "70.0 MiB", "0 events lost."] {
        assert!(text.contains(printed), "no '{printed}' in\n{text}");
    }
}

#[test]
fn a_recording_is_shown_until_q() {
    let mut live = view();
    for shown in [
        "Containers 2",
        "build-7",
        "Linux 6.18.2",
        "1m09s",
        "0 lost",
        "70 copy-ups",
        "70.0 MiB",
        "In flight 1",
        "47 %",
        "200.0 MiB/s",
        "1 events/s",
        "/srv/data",
        "whiteout",
    ] {
        live.terminal.wait_for(shown);
    }
    live.terminal.press("q");
    assert_ended(live);
}

#[test]
fn panes_filter_help_and_sizes() {
    let mut live = view();
    let terminal = &mut live.terminal;
    terminal.press("/db");
    terminal.wait_for("filter: db");
    terminal.wait_for("Containers 1 of 2");
    terminal.press("\r\r");
    terminal.wait_for("Detail of db");
    terminal.press("\x1b");
    terminal.wait_for("Containers 1 of 2");
    terminal.press("\x1b");
    terminal.wait_for("Containers 2");
    terminal.press("?");
    terminal.wait_for("quit, and print the summary");
    terminal.press("?");
    terminal.wait_for_no("quit, and print the summary");
    terminal.press(" ");
    terminal.wait_for("PAUSED");
    terminal.resize(200, 50);
    for shown in ["IMAGE", "In flight 1", "Detail of db", "TRIGGER"] {
        terminal.wait_for(shown);
    }
    terminal.resize(30, 5);
    terminal.wait_for("too small");
    terminal.resize(80, 24);
    terminal.wait_for("PAUSED");
    terminal.press("\x03");
    assert_ended(live);
}

#[test]
fn signals_end_it_as_q_does() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let live = view();
        live.terminal.signal(signal);
        assert_ended(live);
    }
}

#[test]
fn a_panic_is_reported_on_a_terminal_as_it_was() {
    let environment = [(crate::screen::FAIL, "1")];
    let mut live = live("", &environment, (80, 24));
    live.terminal.wait_for("end of recording");
    live.terminal.assert_taken();
    live.terminal.press("/fail");
    assert!(!live.terminal.end().success());
    live.terminal.assert_given_back();
    live.terminal.wait_for("failed on purpose");
}

#[test]
fn a_log_waits_until_the_view_is_gone() {
    let mut live = live(" -vv", &[("RUST_LOG", "trace")], (80, 24));
    let text = live.terminal.wait_for("end of recording");
    assert!(!text.contains("TRACE") && !text.contains("DEBUG"), "{text}");
    live.terminal.press("q");
    assert!(live.terminal.end().success());
    live.terminal.assert_given_back();
}

#[test]
fn lines_where_a_view_is_not_wanted_or_possible() {
    for (more, environment) in [(" -o lines", vec![]), ("", vec![("TERM", "dumb")])] {
        let mut live = live(more, &environment, (120, 24));
        assert!(live.terminal.end().success());
        let text = live.terminal.wait_for("ended well: true");
        assert!(text.contains("0 events lost."), "{text}");
        assert!(!text.contains("end of recording"), "{text}");
    }
}
