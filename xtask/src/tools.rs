//! Cargo tools of a fixed version, kept in the cache.

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{cargo, files::unfinished_in, host::Host};

/// A program that comes from a crate of the same name.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What else makes builds of the same version differ.
    pub(crate) variant: Option<String>,
}

impl Tool {
    /// The name of its cache entry.
    fn key(&self) -> String {
        let Self {
            name,
            version,
            variant,
        } = self;
        match variant {
            Some(variant) => format!("{name}-{version}-{variant}"),
            None => format!("{name}-{version}"),
        }
    }
}

/// Where the tool is in the cache, if it is.
pub(crate) fn program(host: &Host, tool: &Tool) -> Option<PathBuf> {
    let program = path(host, tool);
    program.is_file().then_some(program)
}

/// Builds the tool into the cache, unless another run has; `options` adds to
/// `cargo install`.
pub(crate) fn install(
    host: &Host,
    why: &str,
    tool: &Tool,
    options: impl FnOnce(&mut Command),
) -> Result<PathBuf> {
    let mut command = cargo::host(host, "install");
    command.args(["--locked", "--version", tool.version]);
    // These run for a second, so the time to build them is what counts.
    for (setting, value) in [
        ("OPT_LEVEL", "0"),
        ("DEBUG", "false"),
        ("LTO", "off"),
        ("CODEGEN_UNITS", "16"),
    ] {
        command.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    options(&mut command);
    command.arg(tool.name);
    make(host, why, tool, command)
}

/// Downloads the tool's published binary into the cache, unless another run
/// has.
pub(crate) fn binstall(host: &Host, why: &str, tool: &Tool) -> Result<PathBuf> {
    let mut command = cargo::host(host, "binstall");
    command.args(["--no-confirm", "--version", tool.version, tool.name]);
    make(host, why, tool, command)
}

/// Runs the installer with a temporary `--root` beside the entry, then renames
/// it, so that a run that is killed leaves no entry.
fn make(host: &Host, why: &str, tool: &Tool, mut command: Command) -> Result<PathBuf> {
    let _lock = host.lock("tools")?;
    if let Some(program) = program(host, tool) {
        return Ok(program);
    }
    let tools = host.cache.join("tools");
    let unfinished = unfinished_in(&tools)?;
    // The user's own target directory is for this workspace.
    command
        .env_remove("CARGO_TARGET_DIR")
        .args([OsStr::new("--root"), unfinished.path().as_os_str()]);
    host.run(why, &mut command)?;
    let entry = tools.join(tool.key());
    let unfinished = unfinished.keep();
    // Temporary directories are private; the cache is not.
    fs::set_permissions(&unfinished, Permissions::from_mode(0o755))?;
    if entry.exists() {
        fs::remove_dir_all(&entry)
            .with_context(|| format!("cannot remove '{}'", entry.display()))?;
    }
    fs::rename(&unfinished, &entry).with_context(|| {
        format!(
            "cannot rename '{}' to '{}'",
            unfinished.display(),
            entry.display()
        )
    })?;
    program(host, tool)
        .with_context(|| format!("the crate '{}' installed no program of its name", tool.name))
}

fn path(host: &Host, tool: &Tool) -> PathBuf {
    host.cache
        .join("tools")
        .join(tool.key())
        .join("bin")
        .join(tool.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_by_all_that_makes_builds_differ() {
        let plain = Tool {
            name: "cargo-deny",
            version: "0.20.2",
            variant: None,
        };
        assert_eq!(plain.key(), "cargo-deny-0.20.2");
        let variant = Tool {
            variant: Some("llvm-22".to_owned()),
            ..plain
        };
        assert_eq!(variant.key(), "cargo-deny-0.20.2-llvm-22");
    }
}
