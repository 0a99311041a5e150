//! Where a recording comes from.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd as _, AsRawFd as _},
    time::{Duration, Instant},
};

use crate::cli::config::Input;

/// A file, or standard input. Not buffered: blocks are read whole.
pub(super) struct Source {
    file: File,
    size: Option<u64>,
    /// Nothing more is waited for after this: there was a signal.
    deadline: Option<Instant>,
}

/// How long after a signal a pipe is still read.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

impl Source {
    pub(super) fn open(input: &Input) -> io::Result<Self> {
        let file = match input {
            Input::File(path) => File::open(path)?,
            Input::Stdin => io::stdin().as_fd().try_clone_to_owned()?.into(),
        };
        let metadata = file.metadata()?;
        Ok(Self {
            file,
            size: metadata.is_file().then_some(metadata.len()),
            deadline: None,
        })
    }

    /// Its size, if it is a file that has one.
    pub(super) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Waits until there is something to read, or the end; at most so long.
    pub(super) fn is_ready(&self, patience: Duration) -> bool {
        let milliseconds = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        self.poll(milliseconds).is_ok_and(|ready| ready > 0)
    }

    fn poll(&self, milliseconds: i32) -> io::Result<i32> {
        let mut poll = libc::pollfd {
            fd: self.file.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one valid `pollfd`.
        match unsafe { libc::poll(&raw mut poll, 1, milliseconds) } {
            -1 => Err(io::Error::last_os_error()),
            ready => Ok(ready),
        }
    }

    /// Waits in the middle of a block, where a pipe can stop, too. Only a signal
    /// interrupts this; whether there is something to read then.
    fn wait(&mut self) -> io::Result<bool> {
        loop {
            let left = self
                .deadline
                .map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let milliseconds = left.map_or(-1, |left| left.as_millis() as i32);
            match self.poll(milliseconds) {
                Ok(ready) => return Ok(ready > 0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.deadline.get_or_insert(Instant::now() + PATIENCE);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.size.is_none() && !self.wait()? {
            return Ok(0);
        }
        self.file.read(buffer)
    }
}
