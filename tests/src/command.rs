//! Running programs.

use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail};

/// Runs a program; fails with what it said if it did not succeed. Returns its
/// standard output without the last newline.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = output(program, arguments)?;
    if !output.status.success() {
        bail!(
            "'{program} {}' ended with {}: {}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim_end_matches('\n').to_owned())
}

/// Runs a program, however it ends.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<Output> {
    Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot start '{program}'"))
}

/// Runs a shell script.
pub(crate) fn shell(script: &str) -> Result<String> {
    run("sh", &["-euc", script])
}
