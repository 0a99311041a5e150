//! The tool's own log, on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    mem,
    sync::{Mutex, PoisonError},
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::config::Environment;
use crate::render::sanitize;

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
    /// Takes one message with its line break, as `tracing-subscriber` writes it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = harmless_line(bytes);
        match &mut *held() {
            None => io::stderr().write_all(line.as_bytes())?,
            Some(text) => {
                if text.len() + line.len() <= HELD_BYTES {
                    text.extend_from_slice(line.as_bytes());
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Returns a message as one line that cannot steer a terminal: it quotes names of strangers.
/// Colours stay; `tracing-subscriber` escapes those that a name has.
fn harmless_line(message: &[u8]) -> String {
    let message = String::from_utf8_lossy(message);
    let body = message.strip_suffix('\n').unwrap_or(&message);
    let mut line = String::with_capacity(message.len());
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let length = colour(rest).unwrap_or(c.len_utf8());
        let (part, after) = rest.split_at(length);
        if length > c.len_utf8() || sanitize::is_harmless(c) {
            line.push_str(part);
        } else {
            line.extend(c.escape_unicode());
        }
        rest = after;
    }
    line.push('\n');
    line
}

/// Returns the length of the escape sequence for a colour or a style that `text` begins
/// with.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some(end + 3)
}

const fn level(verbose: u8) -> LevelFilter {
    match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_no_line_of_its_own() {
        let name = "x\n2026-11-30T00:00:00Z ERROR ovl_trace: container db was deleted\u{202e}";
        let line = harmless_line(format!("\x1b[33m WARN\x1b[0m '{name}' is odd\n").as_bytes());
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        assert!(
            line.starts_with("\x1b[33m WARN\x1b[0m 'x\\u{a}2026"),
            "{line:?}"
        );
        assert!(line.ends_with("\\u{202e}' is odd\n"), "{line:?}");
    }

    #[test]
    fn other_escape_sequences_are_shown() {
        for text in [
            "\x1b[2J",
            "\x1b]0;title\x07",
            "\x1b",
            "\x1b[31",
            "\x1bm",
            "\u{9b}31m",
        ] {
            let line = harmless_line(text.as_bytes());
            assert!(
                line.trim_end().chars().all(sanitize::is_harmless),
                "{line:?}"
            );
        }
        assert_eq!(harmless_line(b"\xff\r\n"), "\u{fffd}\\u{d}\n");
    }
}
