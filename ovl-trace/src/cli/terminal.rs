//! The terminal that the process was started in.

use std::{
    env,
    io::{self, IsTerminal as _},
};

use super::config::Environment;
use crate::screen;

/// Asks the process's environment and the terminal.
pub(crate) fn environment() -> Environment {
    let stdout_terminal = io::stdout().is_terminal();
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    Environment {
        stdin_terminal: io::stdin().is_terminal(),
        stdout_terminal,
        stderr_terminal: io::stderr().is_terminal(),
        // https://no-color.org
        no_colour: set("NO_COLOR") || env::var_os("TERM").is_some_and(|term| term == "dumb"),
        full_screen: set("TERM")
            && env::var_os("TERM").is_some_and(|term| term != "dumb")
            && screen::terminal::is_possible(),
        width: stdout_terminal.then(stdout_width).flatten(),
    }
}

/// Columns of the terminal that standard output is, as it says itself.
fn stdout_width() -> Option<u16> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one `winsize` to the address, which is valid
    // for that.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    // A serial console says 0.
    (result == 0 && size.ws_col > 0).then_some(size.ws_col)
}
