//! Processes that do one thing: another user, a victim of a signal.

use std::{
    fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::sys;

/// How long a child may take to come where it is expected.
const PATIENCE: Duration = Duration::from_secs(600);

/// Between two looks at one.
const PAUSE: Duration = Duration::from_millis(1);

/// A child process, killed when it is forgotten.
pub(crate) struct Child {
    pid: i32,
    waited: bool,
}

impl Child {
    /// Runs `work` in a child; its exit status is the errno, 0 if it succeeded.
    pub(crate) fn start(work: impl FnOnce() -> io::Result<()>) -> io::Result<Self> {
        // SAFETY: the child runs `work` and ends without returning.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                let errno = work().map_or_else(|error| error.raw_os_error().unwrap_or(255), |()| 0);
                // SAFETY: ends the child at once; nothing of the parent's is
                // flushed twice.
                unsafe { libc::_exit(errno) }
            }
            pid => Ok(Self { pid, waited: false }),
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> i32 {
        self.pid
    }

    /// Leaves it to the caller to wait for.
    pub(crate) fn hand_over(mut self) -> i32 {
        self.waited = true;
        self.pid
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: i32) -> io::Result<()> {
        // SAFETY: the child was not reaped, so the pid is its own.
        match unsafe { libc::kill(self.pid, signal) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Waits until it sleeps in a way that a signal interrupts. `false`: it
    /// ended before.
    pub(crate) fn sleeps(&self) -> Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.state()? {
                'S' => return Ok(true),
                'Z' => return Ok(false),
                state => ensure!(Instant::now() < deadline, "it is in state {state}"),
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until the page cache has grown by what it copies. `false`: it
    /// ended before.
    pub(crate) fn copies(&self, bytes: u64, before: u64) -> Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        while cached()? < before + bytes {
            if self.state()? == 'Z' {
                return Ok(false);
            }
            ensure!(Instant::now() < deadline, "it does not copy");
            thread::sleep(PAUSE);
        }
        Ok(true)
    }

    /// It has ended, and nobody has waited for it.
    pub(crate) fn has_ended(&self) -> Result<bool> {
        Ok(self.state()? == 'Z')
    }

    /// The letter of `ps`.
    fn state(&self) -> Result<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        let rest = stat.rsplit_once(") ").map(|(_, rest)| rest);
        rest.and_then(|rest| rest.chars().next())
            .context("/proc/PID/stat has no state")
    }

    /// Its end: the errno it ended with, or `None` if a signal killed it.
    pub(crate) fn wait(mut self) -> io::Result<Option<i32>> {
        let mut status = 0;
        // SAFETY: the child is ours and was not reaped.
        let pid = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        self.waited = true;
        if pid == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.waited {
            // SAFETY: the child is ours and was not reaped.
            unsafe {
                libc::kill(self.pid, libc::SIGKILL);
                libc::waitpid(self.pid, std::ptr::null_mut(), 0);
            }
        }
    }
}

/// Runs `work` in a child that must end with this errno (0: success).
pub(crate) fn in_child(errno: i32, work: impl FnOnce() -> io::Result<()>) -> Result<()> {
    match Child::start(work)?.wait()? {
        Some(status) if status == errno => Ok(()),
        Some(status) => bail!(
            "the child ended with '{}', expected '{}'",
            io::Error::from_raw_os_error(status),
            io::Error::from_raw_os_error(errno)
        ),
        None => bail!("a signal killed the child"),
    }
}

/// Until a signal.
pub(crate) fn pause() -> io::Result<()> {
    loop {
        // SAFETY: no memory is involved.
        unsafe { libc::pause() };
    }
}

/// Gives up root for this user and group.
pub(crate) fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: no memory is involved but an empty list.
    let ok = unsafe {
        libc::setgroups(0, std::ptr::null()) == 0
            && libc::setresgid(id, id, id) == 0
            && libc::setresuid(id, id, id) == 0
            // Else /proc/self belongs to root.
            && libc::prctl(libc::PR_SET_DUMPABLE, 1) == 0
    };
    if ok {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A user namespace of one's own, in which this user is root, and a mount
/// namespace.
pub(crate) fn unshare_user(id: u32) -> io::Result<()> {
    // SAFETY: no memory is involved; the child has one thread.
    if unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {id} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {id} 1"))
}

/// A mount namespace of one's own, out of which no mount is seen.
pub(crate) fn unshare_mounts() -> io::Result<()> {
    // SAFETY: no memory is involved; the child has one thread.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let private = libc::MS_REC | libc::MS_PRIVATE;
    sys::mount("none", Path::new("/"), "none", private, "")
}

/// Bytes in the page cache.
pub(crate) fn cached() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Cached:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: u64 = kilobytes.context("/proc/meminfo has no Cached")?.parse()?;
    Ok(kilobytes * 1024)
}
