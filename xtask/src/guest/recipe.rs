//! What goes into the root file systems of guests: which packages of which
//! suite.

use anyhow::bail;

use super::suite::Archive;

/// A suite and what goes into its root file system.
pub(super) struct Recipe {
    pub(super) suite: &'static str,
    pub(super) archives: &'static [Archive<'static>],
    pub(super) packages: &'static [&'static str],
}

/// Real container runtimes, the file systems below them, and what scripts in
/// the guest use. Everything else of a suite stays out.
const RECIPES: [Recipe; 3] = [
    Recipe {
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
            "procps",
            "psmisc",
            "python3-minimal",
            "rsync",
            "strace",
            "util-linux",
            "xfsprogs",
        ],
    },
    // Docker 26.1 in November 2026.
    Recipe {
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
    },
    // Docker 28.5, containerd 2.1, Podman 5.8 and Buildah 1.43 in November
    // 2026. uidmap: newuidmap for rootless Podman.
    Recipe {
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
    },
];

impl Recipe {
    /// The recipe of a suite.
    pub(super) fn of(suite: &str) -> anyhow::Result<&'static Self> {
        let Some(recipe) = RECIPES.iter().find(|recipe| recipe.suite == suite) else {
            let known: Vec<&str> = RECIPES.iter().map(|recipe| recipe.suite).collect();
            bail!(
                "no root file system '{suite}': choose one of {}",
                known.join(", ")
            );
        };
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_suite_lists_the_known_ones() {
        let error = Recipe::of("jessie").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.ends_with("choose one of bookworm, trixie, sid")));
    }
}
