//! Kernels of Debian, fetched into the cache: the image and its modules.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};

use super::arch::Arch;
use super::release::newest;
use super::suite::{Apt, Archive};
use super::tool::{output_of, tool, write_whole};
use crate::files::unfinished_in;
use crate::host::Host;
use crate::tries::patiently;

/// How long the newest kernel that was found counts as the newest.
const FRESH: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A series of kernels and the suites that have it.
struct Series {
    name: &'static str,
    archives: &'static [Archive<'static>],
}

/// Where each series was seen in Debian's archive in November 2026. "newest"
/// is whatever sid has.
const SERIES: [Series; 5] = [
    Series {
        name: "5.10",
        archives: &[
            Archive::Main("bullseye"),
            Archive::Security("bullseye-security"),
        ],
    },
    Series {
        name: "6.1",
        archives: &[
            Archive::Main("bookworm"),
            Archive::Security("bookworm-security"),
        ],
    },
    Series {
        name: "6.12",
        archives: &[
            Archive::Main("trixie"),
            Archive::Security("trixie-security"),
        ],
    },
    Series {
        name: "6.18",
        archives: &[Archive::Main("trixie"), Archive::Main("trixie-backports")],
    },
    Series {
        name: "newest",
        archives: &[Archive::Main("sid")],
    },
];

/// A kernel in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kernel {
    /// As `uname -r` prints it, like `6.1.0-56-amd64`.
    pub(super) version: String,
    /// Its directory: `vmlinuz`, `busybox` and `lib/modules/VERSION`.
    pub(super) root: PathBuf,
}

impl Kernel {
    /// The newest kernel of a series, fetched unless the cache has it. Without
    /// a network, or when asked not to install, an older one in the cache does.
    pub(super) fn ensure(host: &Host, series: &str) -> anyhow::Result<Self> {
        let series = Series::named(series)?;
        let _lock = host.lock("kernels")?;
        let stamp = stamp(host, series);
        let cached = Self::cached(host, series);
        let fresh = age(&stamp).is_some_and(|age| age < FRESH);
        match cached {
            Some(kernel) if fresh || !host.install => return Ok(kernel),
            None if !host.install => bail!(
                "kernel {} is not in the cache: run this again without --no-install",
                series.name
            ),
            _ => {}
        }
        host.ensure_packages("the modules of guest kernels", &["kmod"])?;
        let fetched = match cached {
            // One that will do: perhaps there is no network.
            Some(_) => fetch(host, series),
            None => patiently(|| fetch(host, series)),
        };
        match (fetched, cached) {
            (Ok(kernel), _) => {
                write_whole(&stamp, kernel.version.as_bytes())?;
                Ok(kernel)
            }
            (Err(error), Some(kernel)) => {
                let mut stderr = std::io::stderr().lock();
                writeln!(
                    stderr,
                    "note: {error:#}; using {} from the cache",
                    kernel.version
                )?;
                Ok(kernel)
            }
            (Err(error), None) => {
                Err(error.context(format!("cannot fetch kernel {}", series.name)))
            }
        }
    }

    /// The kernel of a series that was fetched last, if the cache has one.
    pub(super) fn in_cache(host: &Host, series: &str) -> anyhow::Result<Option<Self>> {
        Ok(Self::cached(host, Series::named(series)?))
    }

    /// The kernel image.
    pub(super) fn image(&self) -> PathBuf {
        self.root.join("vmlinuz")
    }

    /// A static busybox for the kernel's initramfs.
    pub(super) fn busybox(&self) -> PathBuf {
        self.root.join("busybox")
    }

    /// Its modules, as they belong at `/lib/modules/VERSION`.
    pub(super) fn modules(&self) -> PathBuf {
        self.root.join("lib/modules").join(&self.version)
    }

    fn cached(host: &Host, series: &Series) -> Option<Self> {
        let version = fs::read_to_string(stamp(host, series)).ok()?;
        let kernel = Self::at(host, version.trim());
        kernel.image().is_file().then_some(kernel)
    }

    fn at(host: &Host, version: &str) -> Self {
        Self {
            version: version.to_owned(),
            root: directory(host).join(version),
        }
    }
}

impl Series {
    fn named(name: &str) -> anyhow::Result<&'static Self> {
        let Some(series) = SERIES.iter().find(|series| series.name == name) else {
            let known: Vec<&str> = SERIES.iter().map(|series| series.name).collect();
            bail!(
                "no kernel series '{name}': choose one of {}",
                known.join(", ")
            );
        };
        Ok(series)
    }
}

fn directory(host: &Host) -> PathBuf {
    host.cache.join("kernels")
}

/// The file that names the newest kernel of a series, when it was looked up.
fn stamp(host: &Host, series: &Series) -> PathBuf {
    directory(host).join(format!("{}.newest", series.name))
}

fn age(file: &Path) -> Option<Duration> {
    let modified = fs::metadata(file).and_then(|data| data.modified()).ok()?;
    SystemTime::now().duration_since(modified).ok()
}

/// Looks up the newest kernel of the series, and unpacks it unless the cache
/// has just that one.
fn fetch(host: &Host, series: &Series) -> anyhow::Result<Kernel> {
    let arch = Arch::of_host()?;
    let apt = Apt::new(host, series.name, series.archives)?;
    apt.update()?;
    let packages = apt.search(&format!("^linux-image-[0-9].*-{}$", arch.debian))?;
    let version = newest(&packages, series.name, arch.debian)
        .with_context(|| format!("no kernel {} in Debian's archive", series.name))?;
    let kernel = Kernel::at(host, &version);
    if !kernel.image().is_file() {
        let mut packages = parts(&apt, &version)?;
        packages.push("busybox-static".to_owned());
        unpack(host, &apt, &packages, &kernel)?;
    }
    Ok(kernel)
}

/// The image package and those of its dependencies that are parts of the same
/// kernel: since 6.19 Debian splits it into `linux-binary-VERSION`,
/// `linux-modules-VERSION` and others.
fn parts(apt: &Apt<'_>, version: &str) -> anyhow::Result<Vec<String>> {
    let mut parts = vec![format!("linux-image-{version}")];
    let mut next = 0;
    while let Some(package) = parts.get(next) {
        for name in apt.depends(package)? {
            if name.ends_with(version) && !parts.contains(&name) {
                parts.push(name);
            }
        }
        next += 1;
    }
    Ok(parts)
}

/// Unpacks a kernel under a temporary name, brings it into one layout (newer
/// packages keep image and modules below `usr/lib`), and renames it.
fn unpack(host: &Host, apt: &Apt<'_>, packages: &[String], kernel: &Kernel) -> anyhow::Result<()> {
    let temporary = unfinished_in(&directory(host))?;
    let unpacked = temporary.path().join("unpacked");
    let root = temporary.path().join("kernel");
    let version = &kernel.version;
    apt.unpack(packages, &unpacked)?;
    fs::create_dir_all(root.join("lib/modules"))?;
    take(
        &unpacked,
        &["bin/busybox", "usr/bin/busybox"],
        &root.join("busybox"),
    )?;
    let image = [
        format!("boot/vmlinuz-{version}"),
        format!("usr/lib/modules/{version}/vmlinuz"),
    ];
    take(&unpacked, &image, &root.join("vmlinuz"))?;
    let modules = [
        format!("lib/modules/{version}"),
        format!("usr/lib/modules/{version}"),
    ];
    take(&unpacked, &modules, &root.join("lib/modules").join(version))?;
    output_of(tool("depmod").arg("-b").arg(&root).arg(version))?;
    if kernel.root.exists() {
        fs::remove_dir_all(&kernel.root)?;
    }
    fs::rename(&root, &kernel.root)
        .with_context(|| format!("cannot move a kernel to '{}'", kernel.root.display()))
}

/// Moves the first of `candidates` that exists below `from` to `to`.
fn take(from: &Path, candidates: &[impl AsRef<Path>], to: &Path) -> anyhow::Result<()> {
    let mut paths = candidates.iter().map(|candidate| from.join(candidate));
    let Some(path) = paths.find(|path| path.exists()) else {
        let wanted = candidates
            .first()
            .map(|path| path.as_ref().display().to_string());
        bail!(
            "the kernel's packages have no '{}'",
            wanted.unwrap_or_default()
        );
    };
    fs::rename(&path, to).with_context(|| format!("cannot move '{}'", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_series_lists_the_known_ones() {
        let error = Series::named("4.19").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("5.10, 6.1, 6.12")));
    }
}
