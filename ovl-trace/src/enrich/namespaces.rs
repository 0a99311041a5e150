//! Which processes' mountinfo to read.
//!
//! An overlay can be mounted in any mount namespace (Docker-in-Docker, rootless
//! runtimes), so all of them count; but processes that share one show the same
//! mounts, and one of them is enough.

use std::{
    collections::HashSet,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{root::Root, table::MountTable};

/// Inode number of a mount namespace.
pub(crate) type NamespaceId = u64;

/// A namespace is not read again within this time: events come in bursts.
const FRESH: Duration = Duration::from_millis(10);

/// The longest such time. Where reading takes long (the kernel writes each of a
/// thousand lines anew), it may take [`FULL_SCAN_SHARE`], too; but the last of the
/// planned looks at a new mount has to find it.
const FRESH_MAX: Duration = Duration::from_millis(250);

/// Least time between two scans of all processes.
const FULL_SCAN_PAUSE: Duration = Duration::from_secs(2);

/// A full scan may take this part of the time at most (1/20 = 5 %).
const FULL_SCAN_SHARE: u32 = 20;

/// The processes of the host, by mount namespace.
#[derive(Debug)]
pub(crate) struct Namespaces {
    proc_root: PathBuf,
    host_root: PathBuf,
    home: Option<NamespaceId>,
    home_pid: String,
    next_full_scan: Option<Instant>,
    denied: usize,
}

impl Namespaces {
    /// `host_root` is where the host's root is for us; if that is not `/`, we
    /// run in a container ourselves, and pid 1 stands for the host.
    pub(crate) fn new(proc_root: &Path, host_root: &Path) -> Self {
        let home_pid = if host_root == Path::new("/") {
            "self"
        } else {
            "1"
        };
        Self {
            proc_root: proc_root.to_owned(),
            host_root: host_root.to_owned(),
            home: namespace_of(proc_root, home_pid),
            home_pid: home_pid.to_owned(),
            next_full_scan: None,
            denied: 0,
        }
    }

    /// The host's namespace; `None` if it cannot be read.
    pub(crate) fn home(&self) -> Option<NamespaceId> {
        self.home
    }

    /// Processes that the last full scan was not allowed to look at: mounts
    /// that only they see are missing.
    pub(crate) fn denied(&self) -> usize {
        self.denied
    }

    /// The host's root.
    pub(crate) fn home_root(&self) -> Root {
        Root::new(&self.host_root)
    }

    /// The namespace of a process; `None` if it ended, or may not be looked at.
    pub(crate) fn of(&self, pid: u32) -> Option<NamespaceId> {
        namespace_of(&self.proc_root, &pid.to_string())
    }

    /// The root of a namespace, by way of a process in it. `None` if that
    /// process ended: its number may be another's now.
    pub(crate) fn root_of(&self, namespace: NamespaceId, pid: u32) -> Option<Root> {
        if Some(namespace) == self.home {
            return Some(self.home_root());
        }
        let root = self.process(pid).join("root");
        (self.of(pid) == Some(namespace)).then(|| Root::new(root))
    }

    /// The working directory of a process.
    pub(crate) fn working_directory(&self, pid: u32) -> Option<PathBuf> {
        fs::read_link(self.process(pid).join("cwd")).ok()
    }

    /// The cgroup file of a process, if it still is in that namespace.
    pub(crate) fn cgroup(&self, namespace: NamespaceId, pid: u32) -> Option<Vec<u8>> {
        let file = fs::read(self.process(pid).join("cgroup")).ok()?;
        (self.of(pid) == Some(namespace)).then_some(file)
    }

    /// The directory of a process in `/proc`.
    pub(crate) fn process(&self, pid: u32) -> PathBuf {
        self.proc_root.join(pid.to_string())
    }

    /// Reads the mounts of the host's namespace, and of `pid`'s.
    pub(crate) fn refresh(&self, table: &mut MountTable, pid: Option<u32>, now: Instant) {
        if let Some(home) = self.home {
            self.refresh_one(table, home, &self.home_pid, now);
        }
        if let Some((pid, namespace)) = pid.and_then(|pid| Some((pid, self.of(pid)?)))
            && Some(namespace) != self.home
        {
            self.refresh_one(table, namespace, &pid.to_string(), now);
        }
    }

    /// Reads the mounts of all namespaces, unless that was done just now.
    /// Returns whether it was done.
    pub(crate) fn refresh_all(&mut self, table: &mut MountTable, now: Instant) -> bool {
        if self.next_full_scan.is_some_and(|next| now < next) {
            return false;
        }
        let started = Instant::now();
        let mut seen = HashSet::new();
        table.forget_all();
        if let Some(home) = self.home {
            seen.insert(home);
            self.read_into(table, home, &self.home_pid, now);
        }
        let pids = self.pids();
        self.denied = 0;
        for pid in &pids {
            let pid = pid.to_string();
            let Some(namespace) = namespace_of(&self.proc_root, &pid) else {
                self.denied += usize::from(is_denied(&self.proc_root, &pid));
                continue;
            };
            // A process that ends meanwhile leaves the namespace to the next.
            if !seen.contains(&namespace) && self.read_into(table, namespace, &pid, now) {
                seen.insert(namespace);
            }
        }
        table.drop_unmounted();
        let cost = started.elapsed();
        tracing::debug!(
            processes = pids.len(),
            namespaces = seen.len(),
            ?cost,
            "read all mountinfo"
        );
        self.next_full_scan = Some(now + FULL_SCAN_PAUSE.max(cost * FULL_SCAN_SHARE));
        true
    }

    fn refresh_one(&self, table: &mut MountTable, namespace: NamespaceId, pid: &str, now: Instant) {
        if !table.is_fresh(namespace, now) && self.read_into(table, namespace, pid, now) {
            table.drop_unmounted();
        }
    }

    /// Puts what a namespace shows into the table, instead of what it showed
    /// before. Zombies (`EINVAL`), sandboxed processes (`EACCES`) and ended ones
    /// (`ENOENT`, `ESRCH`) give nothing; that is no error.
    fn read_into(
        &self,
        table: &mut MountTable,
        namespace: NamespaceId,
        pid: &str,
        now: Instant,
    ) -> bool {
        let started = Instant::now();
        match fs::read(self.proc_root.join(pid).join("mountinfo")) {
            Ok(text) => {
                let pid = pid.parse().unwrap_or_else(|_| std::process::id());
                let pause = started.elapsed() * FULL_SCAN_SHARE;
                table.forget(namespace);
                table.take(namespace, pid, &text, now + pause.clamp(FRESH, FRESH_MAX));
                true
            }
            Err(error) => {
                tracing::trace!(pid, %error, "mountinfo cannot be read");
                false
            }
        }
    }

    /// In ascending order: the oldest process of a namespace lives longest.
    fn pids(&self) -> Vec<u32> {
        let Ok(entries) = fs::read_dir(&self.proc_root) else {
            return Vec::new();
        };
        let mut pids: Vec<u32> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        pids.sort_unstable();
        pids
    }
}

/// Whether the process exists, but may not be looked at.
fn is_denied(proc_root: &Path, pid: &str) -> bool {
    fs::read_link(proc_root.join(pid).join("ns/mnt"))
        .is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// The text of the link is `mnt:[INODE]` (`ns_get_name`, `fs/nsfs.c`).
fn namespace_of(proc_root: &Path, pid: &str) -> Option<NamespaceId> {
    let link = fs::read_link(proc_root.join(pid).join("ns/mnt")).ok()?;
    let text = link.as_os_str().as_bytes();
    let digits = text.strip_prefix(b"mnt:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::fixtures::FakeHost;

    fn overlay(minor: u32) -> String {
        format!("1 2 0:{minor} / /m{minor} rw - overlay o rw,upperdir=/u{minor}\n")
    }

    fn namespaces(host: &FakeHost) -> Namespaces {
        let config = host.config();
        Namespaces::new(&config.proc_root, &config.host_root)
    }

    #[test]
    fn each_namespace_is_read_once() {
        let host = FakeHost::new();
        host.process(1, 1, &overlay(1));
        host.process(5, 5, &overlay(5));
        // The same namespace: read from the older process only.
        host.process(6, 5, &overlay(6));
        let mut table = MountTable::default();
        assert!(namespaces(&host).refresh_all(&mut table, Instant::now()));
        let mut minors: Vec<u32> = table
            .all()
            .map(|superblock| superblock.device.minor)
            .collect();
        minors.sort_unstable();
        assert_eq!(minors, [1, 5]);
    }

    #[test]
    fn a_process_that_cannot_be_read_leaves_it_to_the_next() {
        let host = FakeHost::new();
        host.process(5, 5, "");
        host.process(6, 5, &overlay(6));
        host.process(7, 7, "");
        host.process(8, 8, &overlay(8));
        fs::remove_file(host.proc(5).join("mountinfo")).unwrap();
        fs::remove_file(host.proc(7).join("ns/mnt")).unwrap();
        let mut table = MountTable::default();
        namespaces(&host).refresh_all(&mut table, Instant::now());
        assert_eq!(table.all().count(), 2);
    }

    #[test]
    fn full_scans_pause() {
        let host = FakeHost::new();
        let mut namespaces = namespaces(&host);
        let mut table = MountTable::default();
        let now = Instant::now();
        assert!(namespaces.refresh_all(&mut table, now));
        assert!(!namespaces.refresh_all(&mut table, now + FULL_SCAN_PAUSE / 2));
        assert!(namespaces.refresh_all(&mut table, now + Duration::from_secs(3600)));
    }

    #[test]
    fn a_reused_process_number_gives_no_root() {
        let host = FakeHost::new();
        host.process(5, 5, "");
        let namespaces = namespaces(&host);
        assert!(namespaces.root_of(5, 5).is_some());
        assert_eq!(namespaces.root_of(4, 5), None);
        assert_eq!(namespaces.cgroup(4, 5), None);
    }
}
