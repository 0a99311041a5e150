//! The machine that the tasks run on (stand-in).

use std::cell::RefCell;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The machine.
pub struct Host {
    /// Whether to install.
    pub install: bool,
    /// The cache.
    pub cache: PathBuf,
    /// The workspace.
    pub workspace: PathBuf,
    /// The target directory.
    pub target: PathBuf,
    missing: RefCell<Vec<String>>,
}

/// A lock.
pub struct CacheLock(#[expect(dead_code, reason = "held")] File);

impl Host {
    /// Stand-in.
    pub fn new(install: bool) -> Self {
        let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self {
            install,
            cache: home.join(".cache/ovl-trace"),
            target: workspace.join("target"),
            workspace,
            missing: RefCell::default(),
        }
    }

    /// Runs.
    pub fn run(&self, why: &str, command: &mut Command) -> anyhow::Result<()> {
        writeln!(std::io::stderr(), "# {why}\n+ {command:?}")?;
        let status = command.status().with_context(|| format!("{command:?}"))?;
        if !status.success() {
            bail!("{command:?} failed: {status}");
        }
        Ok(())
    }

    /// Runs as root.
    pub fn run_as_root(&self, why: &str, command: &mut Command) -> anyhow::Result<()> {
        self.run(why, command)
    }

    /// Installs.
    pub fn ensure_packages(&self, _why: &str, _packages: &[&str]) -> anyhow::Result<()> {
        Ok(())
    }

    /// Finds.
    pub fn find_program(name: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|file| file.is_file())
    }

    /// Locks.
    pub fn lock(&self, name: &str) -> anyhow::Result<CacheLock> {
        std::fs::create_dir_all(&self.cache)?;
        let file = File::create(self.cache.join(format!("{name}.lock")))?;
        // SAFETY: flock takes a valid descriptor.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) } != 0 {
            bail!("lock");
        }
        Ok(CacheLock(file))
    }

    /// Collects.
    pub fn missing(&self, what: &str, how: &str) {
        drop(writeln!(std::io::stderr(), "missing {what}: {how}"));
        self.missing.borrow_mut().push(format!("{what}: {how}"));
    }
}
