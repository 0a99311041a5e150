//! The tool's own log, on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    mem,
    sync::{Mutex, PoisonError},
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::config::Environment;

/// Starts the log: warnings, more with `-v`; `RUST_LOG` has precedence.
pub(crate) fn init(verbose: u8, environment: Environment) {
    let filter = EnvFilter::builder()
        .with_default_directive(level(verbose).into())
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Log)
        .with_ansi(environment.stderr_colour())
        .with_target(verbose > 1);
    if let Err(error) = log.try_init() {
        // Somebody else (a test) has a log already: theirs is used.
        tracing::debug!("the log was started before: {error}");
    }
}

/// Most bytes that are held back.
const HELD_BYTES: usize = 64 << 10;

/// What is held back while a view has the terminal; `None`: nothing is.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Holds back what would be written to a terminal from now on: a view is there.
pub(crate) fn hold() {
    if io::stderr().is_terminal() {
        *held() = Some(Vec::new());
    }
}

/// Writes what was held back; what comes is written at once again.
pub(crate) fn release() {
    if let Some(text) = mem::take(&mut *held()) {
        // Where messages go there is nowhere to say that they did not.
        drop(io::stderr().write_all(&text));
    }
}

fn held() -> std::sync::MutexGuard<'static, Option<Vec<u8>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard error, or what is held back. When that is full, the newest messages
/// are dropped: the first ones say what began.
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *held() {
            None => io::stderr().write(bytes),
            Some(text) => {
                if text.len() + bytes.len() <= HELD_BYTES {
                    text.extend_from_slice(bytes);
                }
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

const fn level(verbose: u8) -> LevelFilter {
    match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}
