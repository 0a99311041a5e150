//! Exit codes, and what is said with them.

mod budget;

use std::{
    io::{self, Write},
    process::ExitCode as ProcessExitCode,
};

use super::config::Environment;
use crate::{
    aggregate::Report,
    render::{sanitize, units},
};

/// The meaning of the process's exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done; Ctrl-C and a closed pipe included.
    Ok = 0,
    /// Something failed.
    Runtime = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The kernel or the privileges do not allow it.
    Refused = 3,
    /// More was copied up than `--fail-over` allows.
    Budget = 4,
}

impl From<ExitCode> for ProcessExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// How a command ended that did its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Ok,
    /// The check that the user asked for says no (`doctor`).
    Refused,
    /// `--fail-over` was exceeded.
    OverBudget {
        /// Bytes copied up, at least.
        copied_bytes: u64,
        /// Bytes allowed.
        budget_bytes: u64,
        /// Lines for people: by which containers, and what to do about it.
        /// Harmless on a terminal.
        blame: String,
    },
}

impl Ending {
    /// Judges a report by `--fail-over`.
    ///
    /// # Errors
    ///
    /// If the bytes counted are within the budget, but are only a lower bound:
    /// a budget that cannot be confirmed is not kept.
    pub fn judge(report: &Report, fail_over: Option<u64>) -> anyhow::Result<Self> {
        let Some(budget_bytes) = fail_over else {
            return Ok(Self::Ok);
        };
        let copied_bytes = report.totals.copied_bytes;
        if copied_bytes > budget_bytes {
            return Ok(Self::OverBudget {
                copied_bytes,
                budget_bytes,
                blame: budget::blame(report),
            });
        }
        let lost =
            report.loss.shortens_totals() || (report.counts_events() && report.loss.events() > 0);
        if report.totals.copied_unknown > 0 || lost || report.recording.incomplete {
            anyhow::bail!(
                "cannot tell whether '--fail-over {}' was kept: at least {} were copied up, but not everything could be measured (see the notes of the report)",
                units::bytes(budget_bytes),
                units::bytes(copied_bytes),
            );
        }
        Ok(Self::Ok)
    }
}

/// The kernel or the privileges do not allow it: exit code 3. The message is
/// `doctor`'s. Found anywhere in the chain of an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// Prints what clap has to say: help to `out`, errors to `err`.
pub(crate) fn usage<'a>(
    error: &clap::Error,
    environment: Environment,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
) -> ExitCode {
    let text = error.render();
    let (out, colour, code) = if error.use_stderr() {
        (err, environment.stderr_colour(), ExitCode::Usage)
    } else {
        (out, environment.stdout_colour(), ExitCode::Ok)
    };
    let written = if colour {
        write!(out, "{}", text.ansi())
    } else {
        write!(out, "{text}")
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::Runtime,
        _ => code,
    }
}

/// Options that are wrong together.
pub(crate) fn wrong(error: &anyhow::Error, err: &mut dyn Write) -> ExitCode {
    say(err, ExitCode::Usage, &format!("{error:#}"))
}

/// The code for a result; says why if it is not 0.
pub(crate) fn code(result: anyhow::Result<Ending>, err: &mut dyn Write) -> ExitCode {
    let (code, message) = match result {
        Ok(Ending::Ok) => return ExitCode::Ok,
        Ok(Ending::Refused) => return ExitCode::Refused,
        Ok(Ending::OverBudget {
            copied_bytes,
            budget_bytes,
            blame,
        }) => (
            ExitCode::Budget,
            format!(
                "{} were copied up, more than '--fail-over {}' allows{blame}",
                units::bytes(copied_bytes),
                units::bytes(budget_bytes),
            ),
        ),
        Err(error) if is_broken_pipe(&error) => return ExitCode::Ok,
        Err(error) if is_refused(&error) => (ExitCode::Refused, format!("{error:#}")),
        Err(error) => (ExitCode::Runtime, format!("{error:#}")),
    };
    say(err, code, &message)
}

fn say(err: &mut dyn Write, code: ExitCode, message: &str) -> ExitCode {
    // If standard error is closed, the code has to speak alone.
    match writeln!(err, "ovl-trace: {}", harmless(message)) {
        Ok(()) | Err(_) => code,
    }
}

/// A message as it may be shown: it quotes names. Its own line breaks stay,
/// and a backslash stays single, since a message is prose and not a name.
fn harmless(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for c in message.chars() {
        if c == '\n' || sanitize::is_harmless(c) {
            text.push(c);
        } else {
            text.extend(c.escape_unicode());
        }
    }
    text
}

/// Whoever read the output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = match cause.downcast_ref::<io::Error>() {
            Some(error) => Some(error.kind()),
            None => cause
                .downcast_ref::<serde_json::Error>()
                .and_then(serde_json::Error::io_error_kind),
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}

/// A context is not seen as its own type in the chain, but by `downcast_ref`.
fn is_refused(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some()
        || error
            .chain()
            .any(|cause| cause.downcast_ref::<Refused>().is_some())
}

#[cfg(test)]
mod tests;
