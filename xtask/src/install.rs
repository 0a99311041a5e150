//! `cargo xtask install`: the agent onto this machine, with its man pages and
//! completions.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{
    build::{self, Profile},
    host::{Host, say},
};

/// `cargo xtask install`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  cargo xtask install --prefix ~/.local/bin")]
pub(crate) struct InstallOptions {
    /// The directory for `ovl-trace`; root is asked for only where it is needed. Of
    /// `.../bin`, man pages and completions go to `.../share`.
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
    install(host, "the agent", &options.prefix, &mut copy)?;
    say(format_args!("installed '{}'", destination.display()));
    if let Some(share) = share(&options.prefix)? {
        return documents(host, &agent, &share);
    }
    say(format_args!(
        "'ovl-trace man DIR' writes man pages, 'ovl-trace completions SHELL' prints completions"
    ));
    Ok(())
}

/// Runs a command that writes into `dir`, as root if it must.
fn install(host: &Host, why: &str, dir: &Path, command: &mut Command) -> Result<()> {
    if is_writable(dir)? {
        host.run(why, command)
    } else {
        host.run_as_root(why, command)
    }
}

/// Where documents of a program in this directory are looked for.
fn share(bin: &Path) -> Result<Option<PathBuf>> {
    let bin = std::path::absolute(bin)?;
    Ok(bin.ends_with("bin").then(|| bin.with_file_name("share")))
}

/// Shell, directory below `share`, and name of completions.
const COMPLETIONS: [(&str, &str, &str); 3] = [
    ("bash", "bash-completion/completions", "ovl-trace"),
    ("zsh", "zsh/site-functions", "_ovl-trace"),
    ("fish", "fish/vendor_completions.d", "ovl-trace.fish"),
];

/// Lets the agent write its documents, then copies them.
fn documents(host: &Host, agent: &Path, share: &Path) -> Result<()> {
    let made = tempfile::tempdir()?;
    host.run("man pages", Command::new(agent).arg("man").arg(made.path()))?;
    let mut pages: Vec<PathBuf> = fs::read_dir(made.path())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    pages.sort();
    let mut copy = Command::new("install");
    copy.args(["-D", "-m", "644", "-t"])
        .arg(share.join("man/man1"))
        .args(&pages);
    install(host, "man pages", share, &mut copy)?;
    for (shell, dir, name) in COMPLETIONS {
        let output = Command::new(agent).args(["completions", shell]).output()?;
        ensure!(
            output.status.success(),
            "'ovl-trace completions {shell}' failed"
        );
        let script = made.path().join(name);
        fs::write(&script, output.stdout)?;
        let mut copy = Command::new("install");
        copy.args(["-D", "-m", "644"])
            .arg(&script)
            .arg(share.join(dir).join(name));
        install(host, "completions", share, &mut copy)?;
    }
    say(format_args!(
        "installed man pages and completions below '{}'",
        share.display()
    ));
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
    fn documents_belong_beside_bin() -> Result<()> {
        let share = |bin| share(Path::new(bin));
        assert_eq!(share("/usr/local/bin")?, Some("/usr/local/share".into()));
        assert_eq!(share("/opt/ovl")?, None);
        Ok(())
    }

    #[test]
    fn a_directory_that_can_be_made_is_writable() -> Result<()> {
        let dir = tempfile::tempdir()?;
        assert!(is_writable(dir.path())?);
        assert!(is_writable(&dir.path().join("not/yet"))?);
        assert!(!is_writable(Path::new("/proc/self"))?);
        Ok(())
    }
}
