//! What this process is allowed to do.

use std::fs;

use super::{Check, Roots};
use crate::kernel::{Survey, pid_namespace};

/// Bits of `CapEff` (include/uapi/linux/capability.h).
const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_DAC_READ_SEARCH: u32 = 2;
const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

const SUDO: &str = "Run it as root ('sudo ovl-trace …').";

/// The credentials in `/proc/self/status`.
#[derive(Clone, Copy)]
struct Credentials {
    effective_uid: u32,
    capabilities: u64,
}

impl Credentials {
    fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        Some(Self {
            // Real, effective, saved, file system.
            effective_uid: field("Uid:")?.split_whitespace().nth(1)?.parse().ok()?,
            capabilities: u64::from_str_radix(field("CapEff:")?.trim(), 16).ok()?,
        })
    }

    fn has(self, capability: u32) -> bool {
        self.capabilities >> capability & 1 == 1
    }
}

pub(super) fn checks(roots: &Roots, survey: &Survey) -> Vec<Check> {
    let status = fs::read_to_string(roots.kernel.proc.join("self/status")).unwrap_or_default();
    let mut checks = Vec::new();
    match Credentials::parse(&status) {
        Some(credentials) => {
            checks.push(privileges(roots, credentials));
            checks.extend(other_processes(roots, credentials));
            checks.extend(files(credentials));
        }
        None => checks.push(Check::fatal(
            "privileges",
            "'/proc/self/status' does not tell them",
            "Mount /proc ('mount -t proc proc /proc').",
        )),
    }
    checks.extend(addresses(roots, survey));
    checks
}

/// `bpf(2)` and `perf_event_open(2)` want `CAP_BPF` and `CAP_PERFMON`,
/// or `CAP_SYS_ADMIN`, in the initial user namespace.
fn privileges(roots: &Roots, credentials: Credentials) -> Check {
    let may_trace =
        credentials.has(CAP_SYS_ADMIN) || credentials.has(CAP_BPF) && credentials.has(CAP_PERFMON);
    let who = match credentials.effective_uid {
        0 => "root".to_owned(),
        uid => format!("user id {uid}"),
    };
    if !may_trace {
        return Check::fatal(
            "privileges",
            format!("{who}, without CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)"),
            if credentials.effective_uid == 0 {
                "Give the container CAP_SYS_ADMIN, CAP_SYSLOG, CAP_SYS_PTRACE and \
                 CAP_DAC_READ_SEARCH ('docker run --privileged --pid=host …')."
            } else {
                SUDO
            },
        );
    }
    let uid_map = fs::read_to_string(roots.kernel.proc.join("self/uid_map"));
    if uid_map.is_ok_and(|map| !is_initial(&map)) {
        return Check::fatal(
            "privileges",
            format!("{who} of a user namespace, not of the machine"),
            "Run it outside of the rootless container, as the machine's root.",
        );
    }
    Check::ok("privileges", who)
}

/// The map of the initial user namespace: everything to itself.
fn is_initial(uid_map: &str) -> bool {
    uid_map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Containers' mounts are read from `/proc/PID` of their processes.
fn other_processes(roots: &Roots, credentials: Credentials) -> Option<Check> {
    const NAME: &str = "other processes";
    const LOST: &str = "names of containers whose overlay is mounted in a namespace of its own \
                        (rootless Podman, BuildKit)";
    if pid_namespace::is_initial(&roots.kernel.proc) == Some(false) {
        let found = "in a pid namespace of its own: the machine's processes are not visible";
        let remedy = "Run it on the machine, or with '--pid=host'.";
        return Some(Check::degraded(NAME, found, LOST).remedy(remedy));
    }
    (!credentials.has(CAP_SYS_PTRACE)).then(|| {
        Check::degraded(
            NAME,
            "no CAP_SYS_PTRACE: only own processes can be read",
            LOST,
        )
        .remedy(SUDO)
    })
}

/// Runtimes keep what they know of containers in directories of root.
fn files(credentials: Credentials) -> Option<Check> {
    let may_read = credentials.effective_uid == 0
        || credentials.has(CAP_DAC_READ_SEARCH)
        || credentials.has(CAP_DAC_OVERRIDE);
    (!may_read).then(|| {
        Check::degraded(
            "files of runtimes",
            "no CAP_DAC_READ_SEARCH: root's directories cannot be read",
            "names and images of containers",
        )
        .remedy(SUDO)
    })
}

/// Without addresses in `/proc/kallsyms` the caller of a copy-up has no name.
fn addresses(roots: &Roots, survey: &Survey) -> Option<Check> {
    let symbols = survey.symbols.as_ref().ok()?;
    if !symbols.addresses_hidden() {
        return Some(Check::ok("kernel addresses", "shown in /proc/kallsyms"));
    }
    let path = roots.kernel.proc.join("sys/kernel/kptr_restrict");
    let restrict = fs::read_to_string(path).unwrap_or_default();
    let check = |found: &str| {
        Check::degraded(
            "kernel addresses",
            found,
            "triggers by the function of overlayfs: the system call alone tells them, and \
             those of io_uring are 'other'",
        )
    };
    Some(if restrict.trim() == "2" {
        check("hidden from everybody (kernel.kptr_restrict=2)")
            .remedy("sysctl kernel.kptr_restrict=1")
    } else {
        check("hidden: no CAP_SYSLOG").remedy(SUDO)
    })
}
