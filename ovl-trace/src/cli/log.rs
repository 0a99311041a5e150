//! The tool's own log, on standard error.

use std::io;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::config::Environment;

/// Starts the log: warnings, more with `-v`; `RUST_LOG` has precedence.
pub(crate) fn init(verbose: u8, environment: Environment) {
    let filter = EnvFilter::builder()
        .with_default_directive(level(verbose).into())
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(environment.stderr_colour())
        .with_target(verbose > 1);
    if let Err(error) = log.try_init() {
        // Somebody else (a test) has a log already: theirs is used.
        tracing::debug!("the log was started before: {error}");
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
