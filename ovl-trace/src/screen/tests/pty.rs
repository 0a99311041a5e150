//! A program on a terminal of its own, and what it shows there.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::process::CommandExt as _,
    },
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

/// Longer than anything takes; only a failure waits for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program, its terminal, and the screen as a person would see it.
pub(crate) struct OnTerminal {
    child: Child,
    main: File,
    /// Kept open, so that the settings can be read after the program's end.
    other: OwnedFd,
    screen: vt100::Parser,
    before: libc::termios,
}

impl OnTerminal {
    /// Starts it on a terminal of this size.
    pub(crate) fn start(
        mut command: Command,
        environment: &[(&str, &str)],
        columns: u16,
        rows: u16,
    ) -> Self {
        let (mut main, mut other) = (-1, -1);
        let size = window(columns, rows);
        // SAFETY: two places for descriptors, no name, no settings, a size.
        let opened = unsafe {
            libc::openpty(
                &raw mut main,
                &raw mut other,
                std::ptr::null_mut(),
                std::ptr::null(),
                &raw const size,
            )
        };
        assert_eq!(opened, 0, "openpty");
        // SAFETY: both were just opened, and belong to nobody else.
        let (main, other) = unsafe { (File::from_raw_fd(main), OwnedFd::from_raw_fd(other)) };
        // SAFETY: only these calls, which a child may make after fork.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let end = || other.try_clone().unwrap();
        command.stdin(end()).stdout(end()).stderr(end());
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        // What a failure says is to stay on the screen.
        command.env("RUST_BACKTRACE", "0");
        command.envs(environment.iter().copied());
        let before = settings(&other);
        let child = command.spawn().unwrap();
        drop(command);
        Self {
            child,
            main,
            other,
            screen: vt100::Parser::new(rows, columns, 200),
            before,
        }
    }

    /// Reads until the screen shows the text.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contents().contains(text))
    }

    /// Reads until the screen does not show the text any more.
    pub(crate) fn wait_for_no(&mut self, text: &str) -> String {
        self.wait_until(text, |screen| !screen.contents().contains(text))
    }

    fn wait_until(&mut self, what: &str, done: impl Fn(&vt100::Screen) -> bool) -> String {
        let start = Instant::now();
        while !done(self.screen.screen()) {
            let contents = self.screen.screen().contents();
            assert!(start.elapsed() < PATIENCE, "no '{what}' on:\n{contents}");
            self.read();
        }
        self.screen.screen().contents()
    }

    /// Reads what is there, waiting a little if nothing is.
    fn read(&mut self) -> bool {
        let mut poll = libc::pollfd {
            fd: self.main.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one valid `pollfd`.
        let ready = unsafe { libc::poll(&raw mut poll, 1, 50) };
        if ready != 1 || poll.revents & libc::POLLIN == 0 {
            return false;
        }
        let mut bytes = [0; 4096];
        let count = self.main.read(&mut bytes).unwrap();
        self.screen.process(&bytes[..count]);
        true
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.main.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let size = window(columns, rows);
        // SAFETY: the ioctl reads one `winsize`.
        let set = unsafe { libc::ioctl(self.main.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
        assert_eq!(set, 0, "TIOCSWINSZ");
        self.screen.screen_mut().set_size(rows, columns);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).unwrap();
        // SAFETY: a child that was not waited for, so the number is still its.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "kill");
    }

    /// Waits for its end, and for its last words.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        let status = loop {
            self.read();
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
        };
        while self.read() {}
        status
    }

    /// The terminal is as it was: its own screen, the cursor shown, the same
    /// settings.
    pub(crate) fn assert_given_back(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        let (before, now) = (self.before, settings(&self.other));
        assert_eq!(before.c_iflag, now.c_iflag);
        assert_eq!(before.c_oflag, now.c_oflag);
        assert_eq!(before.c_lflag, now.c_lflag);
        assert_ne!(now.c_lflag & libc::ICANON, 0, "cooked");
    }

    /// The view has the terminal.
    pub(crate) fn assert_taken(&self) {
        let screen = self.screen.screen();
        assert!(screen.alternate_screen() && screen.hide_cursor());
        assert_eq!(settings(&self.other).c_lflag & libc::ICANON, 0, "raw");
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        // A failed assertion must not leave it running.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn window(columns: u16, rows: u16) -> libc::winsize {
    libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn settings(terminal: &OwnedFd) -> libc::termios {
    // SAFETY: all zeroes are a `termios`, which the call then fills.
    let mut settings: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: an open terminal and a place for its settings.
    let got = unsafe { libc::tcgetattr(terminal.as_raw_fd(), &raw mut settings) };
    assert_eq!(got, 0, "tcgetattr");
    settings
}
