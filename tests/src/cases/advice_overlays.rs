//! Advice that needs a mount of the test's own.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::advice::{find, ids};
use crate::{
    command::{run, shell},
    events::Recorded,
    overlay::Overlay,
    tracer::{self, Tracer},
};

const FILES: usize = 150;

fn fill(lower: &Path) -> Result<()> {
    fs::create_dir(lower.join("usr"))?;
    for index in 0..FILES {
        fs::write(lower.join(format!("usr/file-{index}")), "data")?;
    }
    Ok(())
}

/// The row of an overlay that no runtime owns.
fn row<'a>(recorded: &'a Recorded, overlay: &Overlay) -> Result<&'a Value> {
    recorded.expect_no_loss()?;
    let upper = overlay.layers().upper.display().to_string();
    let rows = recorded.summary["containers"].as_array();
    let mut rows = rows.context("no rows")?.iter();
    rows.find(|row| row["mount"]["upperdir"] == upper.as_str())
        .with_context(|| format!("no row for {upper}: {}", recorded.summary))
}

/// Changes the owner of all files, as a program of this name that sees the
/// mounts of the mounter.
fn chown_as(program: &str, overlay: &Overlay) -> Result<()> {
    let directory = tempfile::tempdir_in("/var/tmp")?;
    let busybox = PathBuf::from(shell("readlink -f $(command -v busybox)")?);
    let program = directory.path().join(program);
    fs::copy(busybox, &program)?;
    // It is what its first argument says, and is called as its file is.
    let mut command = Command::new(&program);
    command.arg0("chown").args(["-R", "7:7"]);
    command.arg(overlay.merged().join("usr"));
    let ended = tracer::run(&mut command)?;
    ensure!(ended.code == Some(0), "{}", ended.stderr);
    Ok(())
}

pub(crate) fn a_chown_by_the_engine() -> Result<()> {
    // Mounted before the observation, so that nobody knows by whom.
    let before = Overlay::mount(fill)?;
    let tracer = Tracer::start(&[])?;
    let (engine, other) = (Overlay::mount(fill)?, Overlay::mount(fill)?);
    chown_as("containerd", &engine)?;
    chown_as("program", &other)?;
    chown_as("containerd", &before)?;
    let recorded = tracer.finish()?;
    let advised = row(&recorded, &engine)?;
    let advice = find(advised, "engine-chown")?;
    let text = advice["finding"].as_str().unwrap_or_default();
    ensure!(
        text.contains("'containerd'") && text.contains("below '/usr'"),
        "{advice}"
    );
    ensure!(
        !ids(advised).contains(&"recursive-chown"),
        "blamed twice: {advised}"
    );
    for overlay in [&other, &before] {
        let row = row(&recorded, overlay)?;
        ensure!(!ids(row).contains(&"engine-chown"), "{row}");
        ensure!(ids(row).contains(&"recursive-chown"), "{row}");
    }
    Ok(())
}

pub(crate) fn very_many_layers() -> Result<()> {
    let tracer = Tracer::start(&[])?;
    let (many, few) = (
        Overlay::mount_below(79, fill)?,
        Overlay::mount_below(19, fill)?,
    );
    for overlay in [&many, &few] {
        let usr = overlay.merged().join("usr").display().to_string();
        run("chmod", &["-R", "go-rwx", &usr])?;
    }
    let recorded = tracer.finish()?;
    let advice = find(row(&recorded, &many)?, "many-layers")?;
    let text = advice["finding"].as_str().unwrap_or_default();
    ensure!(text.contains("80 lower layers"), "{advice}");
    let row = row(&recorded, &few)?;
    ensure!(!ids(row).contains(&"many-layers"), "{row}");
    Ok(())
}
