//! Root file systems of guests: a Debian suite as an ext4 image, built once
//! and shared by all guests, none of which can change it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::recipe::Recipe;
use super::suite::sources;
use super::tool::{fingerprint, output_of, tool, write_whole};
use crate::files::{left_in, new_unfinished_in};
use crate::host::{Host, say};
use crate::tries::patiently;

/// Size of the image, most of it a hole. What a guest writes beyond its data
/// disk goes to a temporary file of the emulator.
const IMAGE_BYTES: u64 = 4 << 30;

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
        let image = image_of(recipe, host);
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
        Ok(image_of(Recipe::of(suite)?, host).is_file())
    }
}

/// The image has the recipe in its name: a changed recipe, a new image.
fn image_of(recipe: &Recipe, host: &Host) -> PathBuf {
    let packages = recipe.packages.join(",");
    let archives = format!("{:?}", recipe.archives);
    let left_out = LEFT_OUT.join(",");
    let hook = recipe.hook();
    let parts = [
        archives.as_bytes(),
        packages.as_bytes(),
        hook.as_bytes(),
        left_out.as_bytes(),
    ];
    let name = format!("{}-{}.ext4", recipe.name, fingerprint(&parts));
    host.cache.join("rootfs").join(name)
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

/// Whether the machine's apt takes indexes of any age (apt.conf(5)), which its
/// mirror may need. mmdebstrap does not ask the machine's apt.
fn takes_old_indexes() -> bool {
    let mut config = tool("apt-config");
    config.args(["dump", "--format", "%v%n", "Acquire::Check-Valid-Until"]);
    output_of(&mut config).is_ok_and(|value| value.trim() == "false")
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
        if recipe.only_unpacked {
            "--variant=extract"
        } else {
            "--variant=minbase"
        },
        "--format=directory",
    ]);
    install.arg(format!("--include={}", recipe.packages.join(",")));
    for path in LEFT_OUT {
        install.arg(format!("--dpkgopt=path-exclude={path}"));
    }
    let hook = recipe.hook();
    if !hook.is_empty() {
        install.arg(format!("--customize-hook={hook}"));
    }
    if takes_old_indexes() {
        install.arg("--aptopt=Acquire::Check-Valid-Until \"false\"");
    }
    install.arg(recipe.suite).arg(tree).arg(&list);
    let why = format!(
        "Debian '{}' with container runtimes, for guests (some minutes)",
        recipe.suite
    );
    patiently(|| {
        // What the try before left: mmdebstrap wants an empty directory.
        if tree.exists() {
            remove(
                host,
                "what an installation that failed left",
                &[tree.to_owned()],
            )?;
        }
        host.run_as_root(&why, &mut install)
    })?;

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
