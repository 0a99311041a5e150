//! Root file systems of guests: a Debian suite as an ext4 image, built once
//! and shared by all guests, none of which can change it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::suite::{Archive, sources};
use super::tool::{fingerprint, tool, write_whole};
use crate::files::{left_in, new_unfinished_in};
use crate::host::{Host, say};

/// Size of the image, most of it a hole. What a guest writes beyond its data
/// disk goes to a temporary file of the emulator.
const IMAGE_BYTES: u64 = 4 << 30;

/// A suite and what goes into its root file system.
struct Recipe {
    suite: &'static str,
    archives: &'static [Archive<'static>],
    packages: &'static [&'static str],
    /// Packages that are not installed: a guest has no network, and installs
    /// them from [`KEPT`].
    kept: &'static [&'static str],
}

/// Where a guest has the archives of [`Recipe::kept`].
const KEPT: &str = "/var/cache/debs";

/// Real container runtimes, the file systems below them, what scripts in the
/// guest use, and a database server with its data directory. Everything else
/// of a suite stays out.
const RECIPES: &[Recipe] = &[Recipe {
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
    // Small ones, with configuration files, alternatives and scripts; and one
    // that is installed, for an upgrade.
    kept: &["less", "nano", "procps", "sudo"],
}];

/// Documentation and translations are half of a small Debian.
const LEFT_OUT: [&str; 4] = [
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
];

/// A root file system in the cache.
pub(super) struct Rootfs {
    /// The ext4 image.
    pub(super) image: PathBuf,
}

impl Rootfs {
    /// The root file system of a suite, built unless the cache has it.
    pub(super) fn ensure(host: &Host, suite: &str) -> anyhow::Result<Self> {
        let recipe = Recipe::of(suite)?;
        let _lock = host.lock("rootfs")?;
        let image = recipe.image(host);
        if !image.is_file() {
            if !host.install {
                bail!(
                    "the root file system of '{suite}' is not in the cache: \
                     run this again without --no-install"
                );
            }
            build(host, recipe, &image)
                .with_context(|| format!("cannot build a root file system of '{suite}'"))?;
        }
        Ok(Self { image })
    }

    /// Whether the cache has the root file system of a suite.
    pub(super) fn is_cached(host: &Host, suite: &str) -> anyhow::Result<bool> {
        Ok(Recipe::of(suite)?.image(host).is_file())
    }
}

impl Recipe {
    fn of(suite: &str) -> anyhow::Result<&'static Self> {
        let Some(recipe) = RECIPES.iter().find(|recipe| recipe.suite == suite) else {
            let known: Vec<&str> = RECIPES.iter().map(|recipe| recipe.suite).collect();
            bail!(
                "no root file system '{suite}': choose one of {}",
                known.join(", ")
            );
        };
        Ok(recipe)
    }

    /// What a shell does with the tree, `$1`, after the packages: mmdebstrap's
    /// own apt is still there then.
    fn keep(&self) -> String {
        let kept = self.kept.join(" ");
        format!(
            "mkdir -p \"$1{KEPT}\" && cd \"$1{KEPT}\" && \
             APT_CONFIG=\"$MMDEBSTRAP_APT_CONFIG\" apt-get -qq download {kept}"
        )
    }

    /// The image has the recipe in its name: a changed recipe, a new image.
    fn image(&self, host: &Host) -> PathBuf {
        let packages = self.packages.join(",");
        let archives = format!("{:?}", self.archives);
        let left_out = LEFT_OUT.join(",");
        let kept = self.keep();
        let parts = [
            archives.as_bytes(),
            packages.as_bytes(),
            kept.as_bytes(),
            left_out.as_bytes(),
        ];
        let name = format!("{}-{}.ext4", self.suite, fingerprint(&parts));
        host.cache.join("rootfs").join(name)
    }
}

fn build(host: &Host, recipe: &Recipe, image: &Path) -> anyhow::Result<()> {
    host.ensure_packages(
        "root file systems for guests",
        &["mmdebstrap", "e2fsprogs", "debian-archive-keyring"],
    )?;
    let started = Instant::now();
    let parent = image.parent().context("an image needs a directory")?;
    let left = left_in(parent);
    if !left.is_empty()
        && let Err(error) = remove(host, "a run that was killed left it", &left)
    {
        say(format_args!("{error:#}"));
    }
    let work = new_unfinished_in(parent)?;
    let tree = work.path().join("tree");
    let made = fill(host, recipe, work.path(), &tree);
    let removed = remove(host, "the tree is in the image, or of no use", &[tree]);
    made?;
    removed?;
    fs::rename(work.path().join("image"), image)?;
    let seconds = started.elapsed().as_secs();
    say(format_args!("built '{}' in {seconds} s", image.display()));
    Ok(())
}

/// The option that keeps new mounts from showing elsewhere. unshare(1) refuses
/// it in a chroot whose root is no mount.
fn propagation() -> &'static str {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let is_root = |line: &str| line.split(' ').nth(4) == Some("/");
    if mounts.lines().any(is_root) {
        "--propagation=private"
    } else {
        "--propagation=unchanged"
    }
}

/// Trees belong to root, so a temporary directory cannot remove them. Where an
/// older run left a mount in one, that is not entered.
fn remove(host: &Host, why: &str, trees: &[PathBuf]) -> anyhow::Result<()> {
    let mut rm = tool("rm");
    host.run_as_root(why, rm.args(["-rf", "--one-file-system", "--"]).args(trees))
}

/// Installs the packages into `tree`, and makes the file `image` of it.
fn fill(host: &Host, recipe: &Recipe, work: &Path, tree: &Path) -> anyhow::Result<()> {
    let list = work.join("sources.list");
    write_whole(&list, sources(recipe.archives).as_bytes())?;
    // With mounts of its own: mmdebstrap mounts /sys and more in the tree, and
    // these must not outlive it when it is killed.
    let mut install = tool("unshare");
    install.args(["--mount", propagation(), "--"]);
    install.args([
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
    ]);
    install.arg(format!("--include={}", recipe.packages.join(",")));
    for path in LEFT_OUT {
        install.arg(format!("--dpkgopt=path-exclude={path}"));
    }
    install.arg(format!("--customize-hook={}", recipe.keep()));
    install.arg(recipe.suite).arg(tree).arg(&list);
    let why = format!(
        "Debian '{}' with Docker, for guests (some minutes)",
        recipe.suite
    );
    host.run_as_root(&why, &mut install)?;

    // Made here, so that it belongs to the user when root fills it.
    let image = work.join("image");
    File::create(&image)?.set_len(IMAGE_BYTES)?;
    let mut format = tool("mkfs.ext4");
    format
        .args(["-q", "-F", "-L", "root", "-d"])
        .arg(tree)
        .arg(&image);
    host.run_as_root("an image of it", &mut format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_suite_lists_the_known_ones() {
        let error = Recipe::of("jessie").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("choose one of bookworm")));
    }
}
