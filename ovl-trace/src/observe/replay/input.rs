//! Where a recording comes from.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd as _, AsRawFd as _},
    time::Duration,
};

use crate::cli::config::Input;

/// A file, or standard input. Not buffered: blocks are read whole.
pub(super) struct Source {
    file: File,
    size: Option<u64>,
}

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
        })
    }

    /// Its size, if it is a file that has one.
    pub(super) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Waits until there is something to read, or the end; at most so long.
    pub(super) fn is_ready(&self, patience: Duration) -> bool {
        let mut poll = libc::pollfd {
            fd: self.file.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let milliseconds = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one valid `pollfd`.
        unsafe { libc::poll(&raw mut poll, 1, milliseconds) > 0 }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}
