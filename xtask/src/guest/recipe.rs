//! What goes into the root file systems of guests: which packages of which
//! suite.

use anyhow::bail;

use super::suite::Archive;

/// What goes into a root file system.
pub(super) struct Recipe {
    /// What it is called.
    pub(super) name: &'static str,
    /// The suite that the packages are of.
    pub(super) suite: &'static str,
    pub(super) archives: &'static [Archive<'static>],
    pub(super) packages: &'static [&'static str],
    /// The packages are unpacked but not set up, and nothing else is there: a fifth of the
    /// time, for programs that need no set-up.
    pub(super) only_unpacked: bool,
    /// Packages that are not installed: a guest has no network, and installs
    /// them from [`KEPT`].
    pub(super) kept: &'static [&'static str],
}

/// Does the set-up of base-passwd, which unpacking leaves out.
const ACCOUNTS: &str = "cd \"$1\" && cp usr/share/base-passwd/passwd.master etc/passwd && \
     cp usr/share/base-passwd/group.master etc/group";

/// Where a guest has the archives of [`Recipe::kept`].
const KEPT: &str = "/var/cache/debs";

/// Real container runtimes, the file systems below them, what scripts in the
/// guest use, and a database server with its data directory. Everything else
/// of a suite stays out.
const RECIPES: [Recipe; 5] = [
    Recipe {
        name: "small",
        suite: "bookworm",
        archives: &[
            Archive::Main("bookworm"),
            Archive::Security("bookworm-security"),
        ],
        packages: &[
            "base-files",
            "base-passwd",
            "bash",
            "busybox-static",
            "coreutils",
            "dash",
            "docker.io",
            "e2fsprogs",
            "findutils",
            "grep",
            "hostname",
            "iproute2",
            "kmod",
            "mount",
            "sed",
            "tar",
            "util-linux",
        ],
        only_unpacked: true,
        kept: &[],
    },
    Recipe {
        name: "bookworm",
        suite: "bookworm",
        archives: &[
            Archive::Main("bookworm"),
            Archive::Security("bookworm-security"),
        ],
        packages: &[
            "attr",
            "btrfs-progs",
            "busybox-static",
            "ca-certificates",
            "docker.io",
            "e2fsprogs",
            "git",
            "iproute2",
            "jq",
            "kmod",
            "postgresql",
            "procps",
            "psmisc",
            "python3-minimal",
            "rsync",
            "sqlite3",
            "strace",
            "util-linux",
            "xfsprogs",
        ],
        only_unpacked: false,
        // Small ones, with configuration files, alternatives and scripts; and
        // one that is installed, for an upgrade.
        kept: &["less", "nano", "procps", "sudo"],
    },
    // Docker 26.1 in November 2026.
    Recipe {
        name: "trixie",
        suite: "trixie",
        archives: &[
            Archive::Main("trixie"),
            Archive::Security("trixie-security"),
        ],
        packages: &[
            "busybox-static",
            "docker-buildx",
            "docker-cli",
            "docker.io",
            "iproute2",
            "kmod",
        ],
        only_unpacked: false,
        kept: &[],
    },
    // Docker 28.5, containerd 2.1, Podman 5.8 and Buildah 1.43 in November
    // 2026. uidmap: newuidmap for rootless Podman.
    Recipe {
        name: "sid",
        suite: "sid",
        archives: &[Archive::Main("sid")],
        packages: &[
            "buildah",
            "busybox-static",
            "catatonit",
            "containerd",
            "crun",
            "docker-buildx",
            "docker-cli",
            "docker.io",
            "iproute2",
            "kmod",
            "podman",
            "runc",
            "uidmap",
        ],
        only_unpacked: false,
        kept: &[],
    },
    // What the cost is measured against: bpftrace 0.27 in November 2026.
    // bpftool: instructions per program.
    Recipe {
        name: "bench",
        suite: "sid",
        archives: &[Archive::Main("sid")],
        packages: &["bpftool", "bpftrace", "busybox-static", "kmod"],
        only_unpacked: false,
        kept: &[],
    },
];

impl Recipe {
    /// The recipe of a root file system.
    pub(super) fn of(name: &str) -> anyhow::Result<&'static Self> {
        let Some(recipe) = RECIPES.iter().find(|recipe| recipe.name == name) else {
            let known: Vec<&str> = RECIPES.iter().map(|recipe| recipe.name).collect();
            bail!(
                "no root file system '{name}': choose one of {}",
                known.join(", ")
            );
        };
        Ok(recipe)
    }

    /// What a shell does with the tree, `$1`, after the packages: mmdebstrap's
    /// own apt is still there then. Often nothing.
    pub(super) fn hook(&self) -> String {
        if self.only_unpacked {
            return ACCOUNTS.to_owned();
        }
        if self.kept.is_empty() {
            return String::new();
        }
        let kept = self.kept.join(" ");
        format!(
            "mkdir -p \"$1{KEPT}\" && cd \"$1{KEPT}\" && \
             APT_CONFIG=\"$MMDEBSTRAP_APT_CONFIG\" apt-get -qq download {kept}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_suite_lists_the_known_ones() {
        let error = Recipe::of("jessie").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| {
            error.ends_with("choose one of small, bookworm, trixie, sid, bench")
        }));
    }
}
