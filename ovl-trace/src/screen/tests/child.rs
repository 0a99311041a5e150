//! The view on a real terminal: this test's program, started again on one.

use std::{env, process::Command};

use super::{pty::OnTerminal, scene::Scene};
use crate::{
    aggregate::SortKey,
    render::style::Style,
    screen::{Screen, state::About},
};

const NAME: &str = "screen::tests::child::child";
const FAILS: &str = "OVL_TRACE_TEST_FAILS";

fn on_terminal(fails: bool) -> OnTerminal {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", NAME, "--nocapture"]);
    if fails {
        command.env(FAILS, "1");
    }
    OnTerminal::start(command, 80, 24)
}

/// What the other tests start: `q` ends it, the filter `fail` is a failure.
#[test]
#[ignore = "started by other tests, on a terminal"]
fn child() {
    let fails = env::var(FAILS).is_ok();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut screen = Screen::new(Style { colour: true }, SortKey::default());
    runtime.block_on(async {
        let about = About {
            hostname: "build-7".to_owned(),
            kernel: "6.18.2".to_owned(),
            recording: false,
        };
        screen.open(about).unwrap();
        let scene = Scene::busy();
        scene.play(&mut screen);
        while !screen.is_left() {
            screen.woken().await.unwrap();
            if let Some(id) = screen.missing() {
                screen.detail(id.clone(), scene.report(&id));
            }
            let open = screen.open.as_ref().unwrap();
            assert!(!fails || open.state.filter != "fail", "on purpose");
        }
    });
    drop(screen);
    println!("the summary");
}

#[test]
fn the_terminal_is_given_back_after_a_panic() {
    let mut terminal = on_terminal(true);
    terminal.wait_for("Containers 3");
    terminal.assert_taken();
    terminal.press("/fail");
    assert!(!terminal.end().success());
    terminal.assert_given_back();
    terminal.wait_for("on purpose");
}

#[test]
fn a_terminal_that_hangs_up_ends_it() {
    let mut terminal = on_terminal(false);
    terminal.wait_for("Containers 3");
    terminal.signal(libc::SIGHUP);
    assert!(terminal.end().success());
    terminal.assert_given_back();
    terminal.wait_for("the summary");
}
