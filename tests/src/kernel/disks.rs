//! The file systems under test, made in files on the guest's disk.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::sys;
use crate::{command::run, harness};

/// Where there is room for the images.
const DISK: &str = "/data";

/// A type of file system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The command that makes it; `None` for a tmpfs.
    make: Option<&'static [&'static str]>,
    /// Size of the roomy one (sparse) and of the full one.
    bytes: (u64, u64),
}

const MIB: u64 = 1 << 20;

/// All that upper layers are tested on.
pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        name: "tmpfs",
        make: None,
        bytes: (1024 * MIB, 8 * MIB),
    },
    Kind {
        name: "ext4",
        make: Some(&["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1"]),
        bytes: (2048 * MIB, 16 * MIB),
    },
    Kind {
        name: "xfs",
        make: Some(&["mkfs.xfs", "-q", "-f", "-m", "reflink=1"]),
        bytes: (2048 * MIB, 320 * MIB),
    },
    Kind {
        name: "btrfs",
        make: Some(&["mkfs.btrfs", "-q", "-f"]),
        bytes: (2048 * MIB, 128 * MIB),
    },
];

/// Mounted file systems of one type, and a tmpfs for lower layers.
pub(crate) struct Disks {
    directory: PathBuf,
}

impl Disks {
    /// Makes and mounts them.
    pub(crate) fn mount(kind: Kind) -> Result<Self> {
        let disks = Self {
            directory: Path::new(DISK).join(format!("kernel-{}", kind.name)),
        };
        fs::create_dir_all(&disks.directory)?;
        // Without udev nothing loads it. It may be built in.
        let _loaded = run("modprobe", &["loop"]);
        disks.make(kind, "roomy", kind.bytes.0)?;
        disks.make(kind, "full", kind.bytes.1)?;
        fill(&disks.full()).context("filling the small file system")?;
        fs::create_dir_all(disks.tmpfs())?;
        sys::mount("tmpfs", &disks.tmpfs(), "tmpfs", 0, "size=1g")?;
        Ok(disks)
    }

    fn make(&self, kind: Kind, name: &str, bytes: u64) -> Result<()> {
        let point = self.directory.join(name);
        fs::create_dir_all(&point)?;
        let Some(command) = kind.make else {
            return Ok(sys::mount(
                "tmpfs",
                &point,
                "tmpfs",
                0,
                &format!("size={bytes}"),
            )?);
        };
        let image = self.directory.join(format!("{name}.img"));
        File::create(&image)?.set_len(bytes)?;
        let (image, point) = (image.display().to_string(), point.display().to_string());
        run(command[0], &[&command[1..], &[&image]].concat())?;
        run("mount", &["-o", "loop", &image, &point])?;
        Ok(())
    }

    /// The file system under test.
    pub(crate) fn roomy(&self) -> PathBuf {
        self.directory.join("roomy")
    }

    /// One with hardly any space left.
    pub(crate) fn full(&self) -> PathBuf {
        self.directory.join("full")
    }

    /// A tmpfs.
    pub(crate) fn tmpfs(&self) -> PathBuf {
        self.directory.join("tmpfs")
    }
}

/// Leaves one or two mebibytes.
fn fill(root: &Path) -> Result<()> {
    let file = File::create(root.join("filler"))?;
    let mut length = 0;
    let mut step = (64 * MIB).cast_signed();
    while step >= MIB.cast_signed() {
        match sys::fallocate(&file, 0, length, step) {
            Ok(()) => length += step,
            Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => step /= 2,
            Err(error) => return Err(error.into()),
        }
    }
    // Room to begin a copy-up.
    file.set_len((length - MIB.cast_signed()).cast_unsigned())?;
    Ok(file.sync_all()?)
}

impl Drop for Disks {
    fn drop(&mut self) {
        let points = [self.roomy(), self.full(), self.tmpfs()];
        let unmounted = points.iter().try_for_each(|point| sys::umount(point));
        let removed = ["roomy.img", "full.img"]
            .iter()
            .map(|image| self.directory.join(image))
            .filter(|image| image.exists())
            .try_for_each(fs::remove_file);
        if let Err(error) = unmounted.and(removed) {
            harness::note(&format!("removing {}: {error}", self.directory.display()));
        }
    }
}
