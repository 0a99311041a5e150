//! The terminal itself: taken over, written to, and given back whatever happens.
//!
//! Whoever shows the view also empties the ring, so the terminal may never be
//! waited for: a connection that hangs would cost events. Both ends are opened
//! anew for that, without blocking: descriptors 0 and 1 are shared with the
//! shell, which would not expect them to change. A frame that the terminal does
//! not take at once is written when it can take more, and no other is drawn
//! until then.

use std::{
    cell::RefCell,
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _, Read as _, Write},
    os::{fd::AsFd as _, unix::fs::OpenOptionsExt as _},
    panic,
    rc::Rc,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result};
use ratatui::{
    Frame, TerminalOptions, Viewport,
    backend::{Backend as _, CrosstermBackend},
    buffer::Buffer,
    crossterm::{
        cursor, queue,
        style::{Attribute, SetAttribute, force_color_output},
        terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
    },
    layout::Rect,
};
use tokio::{
    io::unix::AsyncFd,
    signal::unix::{Signal, SignalKind, signal},
};

use super::input::{Key, Keys};
use crate::cli::log;

const INPUT: &str = "/proc/self/fd/0";
const OUTPUT: &str = "/proc/self/fd/1";

/// Bytes of one read: more than anybody types at once.
const READ: usize = 1024;

/// The terminal is taken over.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether standard input and output are a terminal that can be taken over.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal()
        && io::stdout().is_terminal()
        && open_input().is_ok()
        && open_output().is_ok()
}

/// The terminal while it is taken over. It is given back when this is dropped,
/// and before a panic is reported.
pub(super) struct Terminal {
    cells: ratatui::Terminal<CrosstermBackend<Pending>>,
    pending: Pending,
    input: AsyncFd<File>,
    output: AsyncFd<File>,
    keys: Keys,
    resized: Signal,
    hung_up: Signal,
}

/// What came from the terminal.
pub(super) enum Happened {
    Keys(Vec<Key>),
    /// Its size may be another one.
    Resized,
    /// It is gone.
    HungUp,
    /// It takes more.
    Writable,
}

impl Terminal {
    /// Takes it over. Colours are those of the theme, which knows what is
    /// wanted.
    pub(super) fn take() -> Result<Self> {
        let input = open_input().with_context(|| instead(INPUT))?;
        let output = open_output().with_context(|| instead(OUTPUT))?;
        let on = |kind| signal(kind).context("waiting for signals of the terminal");
        let pending = Pending::default();
        force_color_output(true);
        let cells = ratatui::Terminal::with_options(
            CrosstermBackend::new(pending.clone()),
            TerminalOptions {
                viewport: Viewport::Fixed(Rect::default()),
            },
        )
        .context("preparing the view")?;
        let mut terminal = Self {
            cells,
            pending,
            input: registered(input).context("waiting for keys")?,
            output: registered(output).context("waiting for the terminal")?,
            keys: Keys::default(),
            resized: on(SignalKind::window_change())?,
            hung_up: on(SignalKind::hangup())?,
        };
        give_back_before_panics();
        log::hold();
        TAKEN.store(true, Ordering::SeqCst);
        terminal::enable_raw_mode().context("setting the terminal to raw mode")?;
        queue!(terminal.pending, EnterAlternateScreen, cursor::Hide)
            .context("taking over the terminal")?;
        Ok(terminal)
    }

    /// Waits for something to happen. Nothing is lost if the wait is given up.
    pub(super) async fn happened(&mut self) -> io::Result<Happened> {
        let writes = !self.is_idle();
        tokio::select! {
            read = read(&self.input) => match read {
                Ok(bytes) if bytes.is_empty() => Ok(Happened::HungUp),
                Ok(bytes) => Ok(Happened::Keys(self.keys.feed(&bytes))),
                // What a terminal says that was closed.
                Err(error) if error.raw_os_error() == Some(libc::EIO) => Ok(Happened::HungUp),
                Err(error) => Err(error),
            },
            _ = self.resized.recv() => Ok(Happened::Resized),
            _ = self.hung_up.recv() => Ok(Happened::HungUp),
            ready = self.output.writable(), if writes => {
                drop(ready?);
                Ok(Happened::Writable)
            }
        }
    }

    /// The last frame is out.
    pub(super) fn is_idle(&self) -> bool {
        self.pending.0.borrow().is_empty()
    }

    /// Columns and rows. A serial line does not know its own.
    pub(super) fn size() -> Result<(u16, u16)> {
        match terminal::size().context("asking the terminal for its size")? {
            (0, _) | (_, 0) => Ok((80, 24)),
            size => Ok(size),
        }
    }

    /// Adapts to a size; the next frame is drawn in full.
    pub(super) fn resize(&mut self, width: u16, height: u16) -> io::Result<()> {
        self.cells.resize(Rect::new(0, 0, width, height))
    }

    /// The whole screen.
    pub(super) fn area(&mut self) -> Rect {
        self.cells.get_frame().area()
    }

    /// Draws a frame and begins to write it.
    pub(super) fn draw(&mut self, frame: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.cells.draw(frame)?;
        self.write()
    }

    /// Begins to write what differs between two pictures of a part of the screen, of
    /// which the frames know nothing: before the next one, the part has to be as it was.
    pub(super) fn redraw(&mut self, shown: &Buffer, new: &Buffer) -> io::Result<()> {
        let differs = shown.diff(new);
        if !differs.is_empty() {
            self.cells.backend_mut().draw(differs.into_iter())?;
        }
        self.write()
    }

    /// Writes what the terminal takes now.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let mut pending = self.pending.0.borrow_mut();
        while !pending.is_empty() {
            match self.output.get_ref().write(&pending) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(pending.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// As it was: cooked, its own screen, the cursor shown. Does nothing if it is
/// not taken.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut bytes = Vec::new();
    let queued = queue!(
        bytes,
        SetAttribute(Attribute::Reset),
        LeaveAlternateScreen,
        cursor::Show
    );
    // A terminal that is gone needs nothing, and nobody is left to be told.
    let written = queued.and_then(|()| {
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        File::from(output).write_all(&bytes)
    });
    let cooked = terminal::disable_raw_mode();
    log::release();
    for error in [written.err(), cooked.err()].into_iter().flatten() {
        tracing::debug!("giving the terminal back: {error}");
    }
}

/// A message on the other screen, in raw mode, is not read by anybody.
fn give_back_before_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            report(panic);
        }));
    });
}

async fn read(input: &AsyncFd<File>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; READ];
    loop {
        let mut ready = input.readable().await?;
        match ready.try_io(|input| input.get_ref().read(&mut bytes)) {
            Ok(Ok(count)) => {
                bytes.truncate(count);
                return Ok(bytes);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(Err(error)) => return Err(error),
            // Not ready after all.
            Err(_) => {}
        }
    }
}

fn registered(file: File) -> io::Result<AsyncFd<File>> {
    // SAFETY: a `File` owns its descriptor, gives out the same one every time,
    // and closes it only when it is dropped, with the `AsyncFd`.
    Ok(unsafe { AsyncFd::register(file) }?)
}

fn open_input() -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(INPUT)
}

fn open_output() -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(OUTPUT)
}

fn instead(path: &str) -> String {
    format!("cannot open the terminal '{path}'; use '--output lines'")
}

/// Bytes on their way to the terminal.
#[derive(Clone, Debug, Default)]
struct Pending(Rc<RefCell<Vec<u8>>>);

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
