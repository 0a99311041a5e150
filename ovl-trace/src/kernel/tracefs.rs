//! Probes as tracefs events (`kprobe_events`).
//!
//! A return probe made here can have thousands of instances, where the probe
//! that `perf_event_open` makes has ten and then misses concurrent copy-ups;
//! and it is accepted before the module `overlay` is loaded, and survives its
//! reload (`Documentation/trace/kprobetrace.rst`).

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::KernelRoots;

/// What the names of our event groups start with; the process id follows.
const GROUP_PREFIX: &str = "ovl_trace_";

/// A mounted tracefs.
#[derive(Clone, Debug)]
pub struct Tracefs {
    root: PathBuf,
}

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
            .map(|root| Self { root })
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
        Ok(parse_profile(&fs::read_to_string(
            self.root.join("kprobe_profile"),
        )?))
    }

    /// Appending matters: opening `kprobe_events` with `O_TRUNC` removes the
    /// events of everybody.
    fn open_for_append(&self) -> io::Result<fs::File> {
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

fn definition(group: &str, event: &str, kind: ProbeKind, symbol: &str) -> String {
    match kind {
        ProbeKind::Entry => format!("p:{group}/{event} {symbol}"),
        ProbeKind::Return { instances } => format!("r{instances}:{group}/{event} {symbol}"),
    }
}

/// Mount points of tracefs, and the `tracing` directories of debugfs, in the
/// text of `/proc/self/mounts`.
fn mounted(mounts: &str) -> Vec<PathBuf> {
    let of_type = |wanted: &'static str| {
        mounts.lines().filter_map(move |line| {
            let mut words = line.split(' ').skip(1);
            let point = words.next()?;
            (words.next()? == wanted).then(|| PathBuf::from(point))
        })
    };
    of_type("tracefs")
        .chain(of_type("debugfs").map(|point| point.join("tracing")))
        .collect()
}

/// `p:group/event symbol …` or `r512:group/event …` on each line.
fn parse_events(text: &str) -> Vec<ProbeEvent> {
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (group, event) = rest.split_ascii_whitespace().next()?.split_once('/')?;
            Some(ProbeEvent {
                group: group.to_owned(),
                event: event.to_owned(),
            })
        })
        .collect()
}

fn stale(events: &[ProbeEvent], is_gone: impl Fn(u32) -> bool) -> Vec<String> {
    let mut groups: Vec<_> = events
        .iter()
        .filter(|probe| {
            probe
                .group
                .strip_prefix(GROUP_PREFIX)
                .and_then(|pid| pid.parse().ok())
                .is_some_and(&is_gone)
        })
        .map(|probe| probe.group.clone())
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// `name hits misses` on each line (`kernel/trace/trace_kprobe.c`,
/// `probes_profile_seq_show`).
fn parse_profile(text: &str) -> Vec<ProbeProfile> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            Some(ProbeProfile {
                event: words.next()?.to_owned(),
                hits: words.next()?.parse().ok()?,
                misses: words.next()?.parse().ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = "\
p:ovl_trace_12/copy_up_one_12 overlay:ovl_copy_up_one
r512:ovl_trace_12/copy_up_one_r_12 overlay:ovl_copy_up_one
p:ovl_trace_99/flags overlay:ovl_copy_up_flags
p:kprobes/ovl_trace_7 do_sys_open
p:ovl_trace_x/y z
nonsense
";

    /// A directory that looks like tracefs.
    fn fake(directory: &Path, events: &str) -> KernelRoots {
        let root = directory.join("sys/kernel/tracing");
        fs::create_dir_all(root.join("events/ovl_trace_12/flags")).unwrap();
        fs::create_dir_all(directory.join("proc/99")).unwrap();
        fs::write(root.join("kprobe_events"), events).unwrap();
        fs::write(root.join("events/ovl_trace_12/flags/id"), "1234\n").unwrap();
        KernelRoots {
            proc: directory.join("proc"),
            sys: directory.join("sys"),
            ..KernelRoots::host()
        }
    }

    #[test]
    fn lists_events_and_finds_the_stale_ones() {
        let events = parse_events(EVENTS);
        assert_eq!(events.len(), 5);
        assert_eq!(events[1].group, "ovl_trace_12");
        assert_eq!(events[1].event, "copy_up_one_r_12");
        assert_eq!(stale(&events, |pid| pid == 12), ["ovl_trace_12"]);
        assert_eq!(stale(&events, |_| false), [""; 0]);
    }

    #[test]
    fn only_groups_of_dead_processes_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let roots = fake(directory.path(), EVENTS);
        let tracefs = Tracefs::find(&roots).unwrap();
        assert_eq!(tracefs.stale_groups(&roots).unwrap(), ["ovl_trace_12"]);
        assert_eq!(tracefs.remove_stale(&roots).unwrap(), 2);
        let written = fs::read_to_string(tracefs.root().join("kprobe_events")).unwrap();
        let commands = written.strip_prefix(EVENTS).unwrap();
        insta::assert_snapshot!(commands, @r"
        -:ovl_trace_12/copy_up_one_12
        -:ovl_trace_12/copy_up_one_r_12
        ");
    }

    #[test]
    fn creates_by_appending() {
        let directory = tempfile::tempdir().unwrap();
        let tracefs = Tracefs::find(&fake(directory.path(), "p:a/b c\n")).unwrap();
        let kind = ProbeKind::Return { instances: 512 };
        tracefs
            .create(
                &Tracefs::group(12),
                "one_r",
                kind,
                "overlay:ovl_copy_up_one",
            )
            .unwrap();
        tracefs
            .create(&Tracefs::group(12), "one", ProbeKind::Entry, "vfs_fsync")
            .unwrap();
        let written = fs::read_to_string(tracefs.root().join("kprobe_events")).unwrap();
        insta::assert_snapshot!(written, @r"
        p:a/b c
        r512:ovl_trace_12/one_r overlay:ovl_copy_up_one
        p:ovl_trace_12/one vfs_fsync
        ");
        assert_eq!(tracefs.event_id("ovl_trace_12", "flags").unwrap(), 1234);
        assert!(tracefs.event_id("ovl_trace_12", "none").is_err());
    }

    #[test]
    fn finds_mount_points() {
        let mounts = "sysfs /sys sysfs rw 0 0\n\
                      debugfs /sys/kernel/debug debugfs rw 0 0\n\
                      tracefs /t tracefs rw 0 0\nshort\n";
        assert_eq!(
            mounted(mounts),
            [Path::new("/t"), Path::new("/sys/kernel/debug/tracing")]
        );
    }

    #[test]
    fn reads_the_profile() {
        let profile = parse_profile(
            "  one                                                       60               0\n  \
             one_r                                                     10              50\nx\n",
        );
        assert_eq!(profile.len(), 2);
        assert_eq!((profile[1].hits, profile[1].misses), (10, 50));
        assert_eq!(profile[1].event, "one_r");
    }
}
