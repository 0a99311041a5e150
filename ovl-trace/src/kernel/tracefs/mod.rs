//! Probes as tracefs events (`kprobe_events`).
//!
//! A return probe made here can have thousands of instances, where the probe
//! that `perf_event_open` makes has ten and then misses concurrent copy-ups;
//! and it is accepted before the module `overlay` is loaded, and survives its
//! reload (`Documentation/trace/kprobetrace.rst`).

#[cfg(test)]
mod tests;
mod text;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use super::KernelRoots;
use text::{GROUP_PREFIX, definition, mounted, parse_events, parse_profile, stale};

/// A mounted tracefs.
#[derive(Clone, Debug)]
pub struct Tracefs {
    root: PathBuf,
    /// `kprobe_profile`, which is read every second.
    profile: Arc<OnceLock<File>>,
}

/// How much of a file is read at once: 40 lines of `kprobe_profile`.
const READ_BYTES: usize = 4 << 10;

/// Where a probe sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// At a function's entry.
    Entry,
    /// At its return.
    Return {
        /// Calls that can be inside of the function at a time without one
        /// being missed (`maxactive`; the kernel allows up to 4096).
        instances: u32,
    },
}

/// One event of `kprobe_events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeEvent {
    /// Its group.
    pub group: String,
    /// Its name.
    pub event: String,
}

/// How often an event fired, and was missed (`kprobe_profile`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeProfile {
    /// The event's name. The kernel does not show its group, so a name that
    /// is unique on the machine tells two running programs apart.
    pub event: String,
    /// Times it fired.
    pub hits: u64,
    /// Times it could not (no free instance of a return probe).
    pub misses: u64,
}

impl Tracefs {
    /// Looks for a mounted tracefs, in `/proc/self/mounts`, else at its usual
    /// places.
    pub fn find(roots: &KernelRoots) -> Option<Self> {
        let mounts = fs::read_to_string(roots.proc.join("self/mounts")).unwrap_or_default();
        mounted(&mounts)
            .into_iter()
            .chain([
                roots.sys.join("kernel/tracing"),
                roots.sys.join("kernel/debug/tracing"),
            ])
            .find(|root| may_exist(&root.join("events")))
            .map(|root| Self {
                root,
                profile: Arc::default(),
            })
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The kernel can make probe events (`CONFIG_KPROBE_EVENTS`).
    pub fn has_kprobe_events(&self) -> bool {
        may_exist(&self.root.join("kprobe_events"))
    }

    /// Whether probe events may be made: opens `kprobe_events` for writing
    /// and writes nothing.
    pub fn can_write(&self) -> io::Result<()> {
        self.open_for_append().map(drop)
    }

    /// The name of a process's event group.
    pub fn group(pid: u32) -> String {
        format!("{GROUP_PREFIX}{pid}")
    }

    /// Makes an event on the function `symbol` (`overlay:ovl_open` for one of
    /// a module). Fails with `ENOENT` or `EINVAL` if there is no such
    /// function, with `EEXIST` if the event exists, with `EPERM` under kernel
    /// lockdown.
    pub fn create(
        &self,
        group: &str,
        event: &str,
        kind: ProbeKind,
        symbol: &str,
    ) -> io::Result<()> {
        self.command(&definition(group, event, kind, symbol))
    }

    /// The number that `perf_event_open` knows an event by.
    pub fn event_id(&self, group: &str, event: &str) -> io::Result<u64> {
        let path = self.root.join("events").join(group).join(event).join("id");
        let text = fs::read_to_string(path)?;
        text.trim().parse().map_err(|_not_a_number| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the event's id is '{}'", text.trim()),
            )
        })
    }

    /// Removes all events of a group, and says how many. An event that is in
    /// use stays; the first such error is returned after the others are gone.
    pub fn remove(&self, group: &str) -> io::Result<usize> {
        let mut removed = 0;
        let mut failed = None;
        for probe in self.events()?.iter().filter(|probe| probe.group == group) {
            match self.command(&format!("-:{group}/{}", probe.event)) {
                Ok(()) => removed += 1,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(removed), Err)
    }

    /// All probe events of the machine.
    pub fn events(&self) -> io::Result<Vec<ProbeEvent>> {
        Ok(parse_events(&fs::read_to_string(
            self.root.join("kprobe_events"),
        )?))
    }

    /// Groups that a killed run left behind: ours by name, their process gone.
    pub fn stale_groups(&self, roots: &KernelRoots) -> io::Result<Vec<String>> {
        let is_gone = |pid: u32| !roots.proc.join(pid.to_string()).exists();
        Ok(stale(&self.events()?, is_gone))
    }

    /// Removes what killed runs left behind, and says how many events. What is
    /// in use (a process of another pid namespace has it) stays.
    pub fn remove_stale(&self, roots: &KernelRoots) -> io::Result<usize> {
        let mut removed = 0;
        for group in self.stale_groups(roots)? {
            removed += self.remove(&group).unwrap_or(0);
        }
        Ok(removed)
    }

    /// Hits and misses of all probe events of the machine.
    pub fn profile(&self) -> io::Result<Vec<ProbeProfile>> {
        let file = if let Some(file) = self.profile.get() {
            file
        } else {
            let file = File::open(self.root.join("kprobe_profile"))?;
            self.profile.get_or_init(|| file)
        };
        // From the start, the kernel makes the text anew.
        let mut text = vec![0; READ_BYTES];
        let mut length = 0;
        loop {
            let read = file.read_at(&mut text[length..], length as u64)?;
            if read == 0 {
                return Ok(parse_profile(&String::from_utf8_lossy(&text[..length])));
            }
            length += read;
            if length == text.len() {
                text.resize(2 * length, 0);
            }
        }
    }

    /// Appending matters: opening `kprobe_events` with `O_TRUNC` removes the
    /// events of everybody.
    fn open_for_append(&self) -> io::Result<File> {
        OpenOptions::new()
            .append(true)
            .open(self.root.join("kprobe_events"))
    }

    fn command(&self, line: &str) -> io::Result<()> {
        self.open_for_append()?
            .write_all(format!("{line}\n").as_bytes())
    }
}

/// The file exists, or is hidden from this user: tracefs is root's.
fn may_exist(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}
