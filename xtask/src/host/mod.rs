//! The machine that builds and tests: what it has, and how commands run on it.
//!
//! Every command that changes something is printed with its reason before it
//! runs, so that a reader of the output could type it.

mod caller;
mod command_line;
mod lock;
pub(crate) mod log;
mod sudo;

use std::{
    cell::{Cell, RefCell},
    env,
    fmt::Display,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) use self::lock::CacheLock;
use self::{
    caller::Caller,
    command_line::{named, shown},
    sudo::sudo,
};

/// How often a command with a time limit is looked at.
const POLL: Duration = Duration::from_millis(50);

/// The machine that builds and tests.
pub(crate) struct Host {
    /// May things be installed?
    pub(crate) install: bool,
    /// Where downloads, tools and images are kept between runs: `ovl-trace` in
    /// the cache directory of the user (under sudo, of the user who called it).
    pub(crate) cache: PathBuf,
    /// The root of this repository.
    pub(crate) workspace: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// What `--no-install` found missing.
    missing: RefCell<Vec<Missing>>,
    /// Were the package lists brought up to date by this run?
    pub(crate) lists_updated: Cell<bool>,
}

/// A thing that is not there, and the command that would get it.
struct Missing {
    what: String,
    how: String,
}

impl Host {
    /// Looks at the machine and makes the cache directory.
    pub(crate) fn new(install: bool) -> Result<Self> {
        let caller = Caller::find()?;
        let cache = caller.cache_dir().join("ovl-trace");
        fs::create_dir_all(&cache)
            .with_context(|| format!("cannot make the cache directory '{}'", cache.display()))?;
        caller.give(&cache)?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let workspace = fs::canonicalize(&workspace).with_context(|| {
            format!(
                "the repository is no longer at '{}': run `cargo xtask` from it",
                workspace.display()
            )
        })?;
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| workspace.join("target"), |target| workspace.join(target));
        Ok(Self::at(install, cache, workspace, target))
    }

    fn at(install: bool, cache: PathBuf, workspace: PathBuf, target: PathBuf) -> Self {
        let missing = RefCell::default();
        let lists_updated = Cell::new(false);
        Self {
            install,
            cache,
            workspace,
            target,
            missing,
            lists_updated,
        }
    }

    /// Prints the command with its reason, then runs it.
    #[expect(
        clippy::unused_self,
        reason = "what runs commands is the host, whatever it needs for it"
    )]
    pub(crate) fn run(&self, why: &str, command: &mut Command) -> Result<()> {
        announce(why, command);
        log::redirect(command)?;
        let status = command.status().with_context(|| cannot_start(command))?;
        judge(why, command, status)
    }

    /// The same as [`Host::run`], but kills the command after `limit`.
    #[expect(
        clippy::unused_self,
        reason = "what runs commands is the host, whatever it needs for it"
    )]
    pub(crate) fn run_within(
        &self,
        limit: Duration,
        why: &str,
        command: &mut Command,
    ) -> Result<()> {
        announce(why, command);
        log::redirect(command)?;
        let mut child = command.spawn().with_context(|| cannot_start(command))?;
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = child.try_wait()? {
                return judge(why, command, status);
            }
            if Instant::now() >= end {
                child.kill()?;
                child.wait()?;
                bail!(
                    "'{}' took longer than {} s ({why})",
                    named(command),
                    limit.as_secs()
                );
            }
            thread::sleep(POLL);
        }
    }

    /// The same as [`Host::run`] as root: through `sudo` unless root already. Where commands
    /// write to a log, this one is printed all the same, since it changes the machine.
    pub(crate) fn run_as_root(&self, why: &str, command: &mut Command) -> Result<()> {
        log::show_command(&format!("# {why}\n+ {}", shown(command)));
        if is_root() {
            return self.run(why, command);
        }
        self.run(why, &mut sudo(why, command)?)
    }

    /// Asks for the password of sudo, if it needs one, while nothing else is on the terminal.
    pub(crate) fn authenticate(why: &str) -> Result<()> {
        if is_root() || Self::find_program("sudo").is_none() {
            return Ok(());
        }
        let mut command = Command::new("sudo");
        command.arg("--validate");
        announce(why, &command);
        let status = command.status().with_context(|| cannot_start(&command))?;
        judge(why, &command, status)
    }

    /// Runs a command as root and calls `on_line` with each line of its standard output.
    pub(crate) fn lines_as_root(
        why: &str,
        command: &mut Command,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut command = if is_root() {
            std::mem::replace(command, Command::new("true"))
        } else {
            sudo(why, command)?
        };
        announce(why, &command);
        log::redirect(&mut command)?;
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| cannot_start(&command))?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                on_line(&String::from_utf8_lossy(&line?));
            }
        }
        judge(why, &command, child.wait()?)
    }

    /// What a command that only looks says as root, however it ends. It is
    /// printed where sudo may ask for a password, which needs a reason.
    pub(crate) fn output_as_root(why: &str, command: &mut Command) -> Result<Output> {
        let started = if is_root() {
            command.output()
        } else {
            let mut command = sudo(why, command)?;
            announce(why, &command);
            command.output()
        };
        started.with_context(|| cannot_start(command))
    }

    /// What a command that only looks writes to standard output.
    pub(crate) fn query(command: &mut Command) -> Result<String> {
        let output = command.output().with_context(|| cannot_start(command))?;
        ensure!(
            output.status.success(),
            "'{}' failed: {}: {}",
            named(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Where the program is on `PATH`, if it is.
    pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
        Self::find_programs(name).next()
    }

    /// Every place where the program is on `PATH`, in order.
    pub(crate) fn find_programs(name: &str) -> impl Iterator<Item = PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        let candidates: Vec<_> = env::split_paths(&path).map(|dir| dir.join(name)).collect();
        candidates
            .into_iter()
            .filter(|candidate| is_executable(candidate))
    }

    /// Takes an exclusive lock on `NAME.lock` in the cache, against other clones
    /// at the same entry. Released on drop.
    pub(crate) fn lock(&self, name: &str) -> Result<CacheLock> {
        CacheLock::take(&self.cache.join(format!("{name}.lock")))
    }

    /// Records a thing that is missing under `--no-install`.
    pub(crate) fn missing(&self, what: &str, how: &str) {
        let entry = Missing {
            what: what.to_owned(),
            how: how.to_owned(),
        };
        self.missing.borrow_mut().push(entry);
    }

    /// Was anything recorded as missing so far?
    pub(crate) fn lacks_something(&self) -> bool {
        !self.missing.borrow().is_empty()
    }

    /// Prints what is missing; an error when something is.
    pub(crate) fn report_missing(&self) -> Result<()> {
        let missing = self.missing.borrow();
        if missing.is_empty() {
            return Ok(());
        }
        for Missing { what, how } in missing.iter() {
            say(format_args!("missing: {what}\n    get it with: {how}"));
        }
        bail!(
            "{} missing, and --no-install is given: run the commands above, or leave the flag out",
            match missing.len() {
                1 => "1 thing is".to_owned(),
                n => format!("{n} things are"),
            }
        )
    }
}

/// Writes a line to the log, or to standard error without one. A closed standard error is
/// nothing to stop for.
#[cfg(not(test))]
pub(crate) fn say(line: impl Display) {
    use std::io::Write as _;
    let line = line.to_string();
    if !log::write(&line) {
        drop(writeln!(std::io::stderr(), "{line}"));
    }
}

/// As above, but captured by the test harness.
#[cfg(test)]
pub(crate) fn say(line: impl Display) {
    let line = line.to_string();
    if !log::write(&line) {
        eprintln!("{line}");
    }
}

/// Is this process root?
pub(crate) fn is_root() -> bool {
    // SAFETY: geteuid takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Prints a command and its reason.
pub(crate) fn announce(why: &str, command: &Command) {
    say(format_args!("# {why}\n+ {}", shown(command)));
}

/// The sentence for a command that could not be started.
pub(crate) fn cannot_start(command: &Command) -> String {
    format!("cannot start '{}'", command.get_program().display())
}

fn judge(why: &str, command: &Command, status: ExitStatus) -> Result<()> {
    ensure!(
        status.success(),
        "'{}' failed: {status} ({why})",
        named(command)
    );
    Ok(())
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(install: bool) -> Host {
        Host::at(install, PathBuf::new(), PathBuf::new(), PathBuf::new())
    }

    #[test]
    fn a_failed_command_is_named_with_its_status_and_reason() {
        let host = host(true);
        let error = host.run("to see it fail", Command::new("sh").args(["-c", "exit 3"]));
        let text = error.unwrap_err().to_string();
        assert_eq!(
            text,
            "'sh -c 'exit 3'' failed: exit status: 3 (to see it fail)"
        );
    }

    #[test]
    fn a_command_past_its_limit_is_killed() {
        let host = host(true);
        let limit = Duration::from_millis(10);
        let error = host.run_within(limit, "to wait", Command::new("sleep").arg("600"));
        assert!(error.unwrap_err().to_string().contains("took longer than"));
    }

    #[test]
    fn missing_things_make_the_run_fail_with_all_of_them() -> Result<()> {
        let host = host(false);
        host.report_missing()?;
        host.missing("a compiler", "apt-get install gcc");
        host.missing("a linker", "apt-get install binutils");
        let text = host.report_missing().unwrap_err().to_string();
        assert!(text.starts_with("2 things are missing"), "{text}");
        Ok(())
    }
}
