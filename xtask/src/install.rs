//! `cargo xtask install`: the agent onto this machine.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    build::{self, Profile},
    host::{Host, say},
};

/// `cargo xtask install`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  cargo xtask install --prefix ~/.local/bin")]
pub(crate) struct InstallOptions {
    /// The directory for `ovl-trace`; root is asked for only where it is needed.
    #[arg(long, value_name = "DIR", default_value = "/usr/local/bin")]
    prefix: PathBuf,
}

/// Builds the agent and copies it.
pub(crate) fn command(host: &Host, options: &InstallOptions) -> Result<()> {
    let agent = build::agent(host, Profile::Release)?;
    let destination = std::path::absolute(&options.prefix)?.join("ovl-trace");
    let mut copy = Command::new("install");
    // install(1) unlinks first, so a running agent is no obstacle.
    copy.args(["-D", "-m", "755"]).args([&agent, &destination]);
    let why = "the agent";
    if is_writable(&options.prefix)? {
        host.run(why, &mut copy)?;
    } else {
        host.run_as_root(why, &mut copy)?;
    }
    say(format_args!("installed '{}'", destination.display()));
    Ok(())
}

/// Can this user write to the directory, or make it?
fn is_writable(dir: &Path) -> Result<bool> {
    let dir = std::path::absolute(dir)?;
    let existing = dir
        .ancestors()
        .find(|dir| dir.exists())
        .with_context(|| format!("no part of '{}' exists", dir.display()))?;
    Ok(tempfile::tempfile_in(existing).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_can_be_made_is_writable() -> Result<()> {
        let dir = tempfile::tempdir()?;
        assert!(is_writable(dir.path())?);
        assert!(is_writable(&dir.path().join("not/yet"))?);
        assert!(!is_writable(Path::new("/proc/self"))?);
        Ok(())
    }
}
