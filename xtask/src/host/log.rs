//! Sends the output of commands and xtask's own messages to the terminal or, while a progress
//! line is shown, to a log file.

use std::{
    fs::{self, File},
    io::{IsTerminal as _, Write as _},
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result};

/// The log file, while output goes to it.
static FILE: Mutex<Option<File>> = Mutex::new(None);

/// Sends all later output to a new file.
pub(crate) fn send_to_file(path: &Path) -> Result<()> {
    let create = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        File::create(path)
    };
    let file = create().with_context(|| format!("cannot write the log '{}'", path.display()))?;
    *FILE.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    Ok(())
}

/// Sends all that follows to the terminal again.
pub(crate) fn send_to_terminal() {
    *FILE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Writes a line to the file; returns false if there is none.
pub(super) fn write(line: &str) -> bool {
    let mut file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(file) = file.as_mut() else {
        return false;
    };
    // A full disk fails the next command, which says so.
    drop(writeln!(file, "{line}"));
    true
}

/// Prints a command that changes the machine on the terminal while output goes to the log file.
/// Does nothing otherwise, because the caller prints the command.
pub(super) fn show_command(text: &str) {
    let file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    if file.is_some() {
        let clear = if std::io::stderr().is_terminal() {
            "\r\x1b[K"
        } else {
            ""
        };
        drop(writeln!(std::io::stderr(), "{clear}{text}"));
    }
}

/// Lets a command write to the file, if there is one.
pub(super) fn redirect(command: &mut Command) -> Result<()> {
    let file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = file.as_ref() {
        let context = "cannot share the log with a command";
        command.stdout(file.try_clone().context(context)?);
        command.stderr(file.try_clone().context(context)?);
    }
    Ok(())
}
