//! A program on a terminal, and what a person would see there.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::process::CommandExt as _,
    },
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

/// The longest that a program may go on changing its screen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A screen that has not changed for so long is finished.
const QUIET: Duration = Duration::from_millis(1500);

/// The program, and its screen.
pub(super) struct Terminal {
    child: Child,
    main: File,
    screen: vt100::Parser,
}

impl Terminal {
    /// Starts the program on a terminal of its own.
    pub(super) fn start(mut command: Command, columns: u16, rows: u16) -> Result<Self> {
        let (main, other) = open(columns, rows).context("cannot open a terminal")?;
        // SAFETY: only calls that a child may make after fork.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        command
            .stdin(other.try_clone()?)
            .stdout(other.try_clone()?)
            .stderr(other);
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let child = command.spawn().context("cannot start 'ovl-trace'")?;
        Ok(Self {
            child,
            main,
            screen: vt100::Parser::new(rows, columns, 0),
        })
    }

    /// Reads until the program has shown something and shows nothing new.
    pub(super) fn settled(&mut self) -> Result<()> {
        let start = Instant::now();
        let mut last = start;
        loop {
            if self.read()? {
                last = Instant::now();
            }
            if let Some(status) = self.child.try_wait()? {
                let said = self.screen.screen().contents();
                bail!("the view ended at once: {status}: {}", said.trim());
            }
            if self.screen.screen().alternate_screen() && last.elapsed() > QUIET {
                return Ok(());
            }
            ensure!(start.elapsed() < PATIENCE, "the view does not come to rest");
        }
    }

    /// Types.
    pub(super) fn press(&mut self, keys: &str) -> Result<()> {
        Ok(self.main.write_all(keys.as_bytes())?)
    }

    /// What is shown now.
    pub(super) fn screen(&self) -> vt100::Screen {
        self.screen.screen().clone()
    }

    /// Reads what is there, waiting a little if nothing is; whether there was
    /// something.
    fn read(&mut self) -> Result<bool> {
        let mut poll = libc::pollfd {
            fd: self.main.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one valid `pollfd`.
        let ready = unsafe { libc::poll(&raw mut poll, 1, 50) };
        if ready != 1 || poll.revents & libc::POLLIN == 0 {
            return Ok(false);
        }
        let mut bytes = [0; 4096];
        let count = self.main.read(&mut bytes)?;
        self.screen.process(&bytes[..count]);
        Ok(true)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Both ends of a new terminal of this size: ours, and the program's.
fn open(columns: u16, rows: u16) -> Result<(File, OwnedFd)> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let (mut main, mut other) = (-1, -1);
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
    ensure!(opened == 0, io::Error::last_os_error());
    // SAFETY: both were just opened, and belong to nobody else.
    let ends = unsafe { (File::from_raw_fd(main), OwnedFd::from_raw_fd(other)) };
    // Else the program would inherit ours, and never see the terminal end.
    // SAFETY: a descriptor that is open.
    let set = unsafe { libc::fcntl(main, libc::F_SETFD, libc::FD_CLOEXEC) };
    ensure!(set == 0, io::Error::last_os_error());
    Ok(ends)
}
