//! What is measured: programs that copy up, hide, or should cost nothing.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{
    cost::Cost,
    measured,
    priority::Priority,
    tracer::{Running, Tracer},
};
use crate::{
    command::run,
    kernel::{merged::overlay, process::Child, sys},
};

/// A tmpfs with the layers: no disk, whose time would be the host's.
const DISK: &str = "/run/bench";

const KIB: u64 = 1 << 10;
const GIB: u64 = 1 << 30;

/// A program over an overlay.
pub(super) struct Workload {
    pub(super) name: &'static str,
    /// What one unit is.
    pub(super) what: &'static str,
    /// How many of it there are: files, unless it is one large file.
    pub(super) units: u64,
    /// Bytes of each file.
    bytes: u64,
    /// Before anything is traced, in the merged directory.
    before: Option<fn(&Path) -> Result<u64>>,
    /// What is measured, in a process of its own.
    work: fn(&Path) -> Result<u64>,
}

/// All of them.
pub(super) const WORKLOADS: [Workload; 7] = [
    Workload {
        name: "chmod 3000",
        what: "copy-up of 2 bytes",
        units: 3000,
        bytes: 2,
        before: None,
        work: chmod,
    },
    Workload {
        name: "chmod 30000",
        what: "copy-up of 2 bytes",
        units: 30_000,
        bytes: 2,
        before: None,
        work: chmod,
    },
    Workload {
        name: "chmod 64KiB",
        what: "copy-up of 64 KiB",
        units: 3000,
        bytes: 64 * KIB,
        before: None,
        work: chmod,
    },
    Workload {
        name: "append 1GiB",
        what: "copy-up of 1 GiB",
        units: 1,
        bytes: GIB,
        before: None,
        work: append,
    },
    Workload {
        name: "rm -r",
        what: "whiteout",
        units: 3000,
        bytes: 2,
        before: None,
        work: remove,
    },
    Workload {
        name: "read lower",
        what: "open, read, stat and close",
        units: 3000,
        bytes: 64 * KIB,
        before: None,
        work: read,
    },
    Workload {
        name: "write upper",
        what: "open, write, fsync, stat and close",
        units: 3000,
        bytes: 2,
        before: Some(chmod),
        work: write,
    },
];

/// The lower layer of a workload.
pub(super) struct Stage<'a> {
    workload: &'a Workload,
    root: PathBuf,
}

impl Workload {
    /// How often it is worth running, if `asked` times are asked for: one with as much to do as
    /// these is its own mean.
    pub(super) fn repeat(&self, asked: usize) -> usize {
        let is_large = self.units > 10_000 || self.bytes >= GIB;
        if is_large { asked.min(1) } else { asked }
    }

    /// Makes the lower layer.
    pub(super) fn prepare(&self) -> Result<Stage<'_>> {
        let root = PathBuf::from(DISK);
        fs::create_dir_all(&root)?;
        sys::mount("tmpfs", &root, "tmpfs", 0, "size=90%,nr_inodes=0")?;
        let lower = root.join("lower/files");
        fs::create_dir_all(&lower)?;
        let contents = vec![b'x'; self.bytes.min(1 << 20) as usize];
        for index in 0..self.units {
            let mut file = File::create(lower.join(index.to_string()))?;
            for _ in 0..(self.bytes >> 20).max(1) {
                file.write_all(&contents)?;
            }
        }
        Ok(Stage {
            workload: self,
            root,
        })
    }
}

impl Stage<'_> {
    /// Runs it over a new upper layer.
    pub(super) fn run(&self, tracer: &Tracer) -> Result<Cost> {
        self.run_and(tracer, || Ok(()))
    }

    /// The same, and looks at something before the tracer is ended.
    pub(super) fn run_and(
        &self,
        tracer: &Tracer,
        look: impl FnOnce() -> Result<()>,
    ) -> Result<Cost> {
        let at = |name: &str| self.root.join(name);
        for name in ["upper", "work", "merged"] {
            fs::create_dir(at(name))?;
        }
        let merged = at("merged");
        overlay(
            &at("lower").display().to_string(),
            &at("upper"),
            &at("work"),
            &merged,
            "",
        )?;
        if let Some(before) = self.workload.before {
            before(&merged)?;
        }
        let output = at("output");
        let running = tracer.start(&output, Priority::First)?;
        let workload_ns = (self.workload.work)(&merged)?;
        look()?;
        let tracer = running.map(Running::finish).transpose()?;
        run("umount", &[&merged.display().to_string()])?;
        for name in ["upper", "work", "merged"] {
            fs::remove_dir_all(at(name))?;
        }
        for file in [output.with_extension("log"), output] {
            if file.exists() {
                fs::remove_file(file)?;
            }
        }
        Ok(Cost {
            workload_ns,
            tracer,
        })
    }

    /// Makes room.
    pub(super) fn clear(self) -> Result<()> {
        Ok(sys::umount(&self.root)?)
    }
}

fn chmod(merged: &Path) -> Result<u64> {
    measured::run(
        Command::new("chmod")
            .args(["-R", "go-r", "files"])
            .current_dir(merged),
    )
}

fn remove(merged: &Path) -> Result<u64> {
    measured::run(Command::new("rm").args(["-r", "files"]).current_dir(merged))
}

fn append(merged: &Path) -> Result<u64> {
    each(merged, |path| {
        let mut file = File::options().append(true).open(path)?;
        file.write_all(b"x")
    })
}

fn read(merged: &Path) -> Result<u64> {
    each(merged, |path| {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; (64 * KIB) as usize];
        file.read_exact(&mut buffer)?;
        file.metadata().map(drop)
    })
}

fn write(merged: &Path) -> Result<u64> {
    each(merged, |path| {
        let mut file = File::options().write(true).open(path)?;
        file.write_all(b"yy")?;
        file.sync_all()?;
        file.metadata().map(drop)
    })
}

/// Does it to each file, in a process of its own.
fn each(merged: &Path, work: fn(&Path) -> std::io::Result<()>) -> Result<u64> {
    let files = merged.join("files");
    let child = Child::start(|| {
        for entry in fs::read_dir(&files)? {
            work(&entry?.path())?;
        }
        Ok(())
    })
    .context("fork")?;
    measured::wait(child.hand_over())
}
