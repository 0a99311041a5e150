//! How the agent's cost grows with the machine: with overlays, with containers, with
//! processes and with mount namespaces.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{
    containers, measured,
    priority::Priority,
    tracer::{EVENTS, Running},
};
use crate::{
    command::run,
    kernel::{
        merged::overlay,
        process::{Child, pause, unshare_mounts},
        sys,
    },
};

/// A tmpfs with the layers.
const DISK: &str = "/run/growth";

/// Over which time the cost of doing nothing is taken: so long that a look more or less, once a
/// second, is nothing.
const IDLE: Duration = Duration::from_secs(300);

/// Overlays that come one by one, when all others are there.
const ALONE: usize = 10;

/// How long each of these is alone: longer than its owner is looked for in vain.
const PAUSE: Duration = Duration::from_secs(2);

/// How long an overlay among many may take the agent: several times what it does.
const READ: Duration = Duration::from_millis(20);

/// A machine, and what of it grows.
#[derive(Clone)]
struct Machine {
    what: &'static str,
    number: usize,
    overlays: usize,
    /// Each overlay is that of a container.
    docker: bool,
    processes: usize,
    /// Each with a process in it.
    namespaces: usize,
}

/// Few of everything.
const SMALL: Machine = Machine {
    what: "",
    number: 0,
    overlays: 10,
    docker: false,
    processes: 0,
    namespaces: 0,
};

fn machines() -> Vec<Machine> {
    let many = |what, of: fn(usize) -> Machine| {
        [10, 100, 1000].map(move |number| Machine {
            what,
            number,
            ..of(number)
        })
    };
    [
        many("overlays", |overlays| Machine { overlays, ..SMALL }),
        many("containers", |overlays| Machine {
            overlays,
            docker: true,
            ..SMALL
        }),
        many("processes", |processes| Machine { processes, ..SMALL }),
        many("mount namespaces", |namespaces| Machine {
            namespaces,
            ..SMALL
        }),
    ]
    .concat()
}

/// Hands over a row per machine.
pub(super) fn each(mut row: impl FnMut(&Value) -> Result<()>) -> Result<()> {
    for machine in machines() {
        let measured = of(&machine);
        row(&measured.with_context(|| format!("{} {}", machine.number, machine.what))?)?;
    }
    Ok(())
}

fn of(machine: &Machine) -> Result<Value> {
    let root = PathBuf::from(DISK);
    fs::create_dir_all(&root)?;
    sys::mount("tmpfs", &root, "tmpfs", 0, "size=90%,nr_inodes=0")?;
    let mut others = Vec::new();
    for _ in 0..machine.processes {
        others.push(Child::start(pause)?);
    }
    for _ in 0..machine.namespaces {
        others.push(Child::start(|| {
            unshare_mounts()?;
            pause()
        })?);
    }
    for child in &others {
        ensure!(child.sleeps()?, "a child ended");
    }
    let measured = with(&root, machine);
    drop(others);
    sys::umount(&root)?;
    measured
}

fn with(root: &Path, machine: &Machine) -> Result<Value> {
    let lower = root.join("lower");
    fs::create_dir(&lower)?;
    fs::write(lower.join("file"), "xx")?;
    let overlays = (0..machine.overlays + ALONE)
        .map(|number| {
            if machine.docker {
                containers::record(&root.join("docker"), number)
            } else {
                Ok(Overlay::below(&root.join(number.to_string())))
            }
        })
        .collect::<Result<Vec<Overlay>>>()?;
    // Half of them are there before the agent, half come while it observes.
    let (many, alone) = overlays.split_at(machine.overlays);
    let (before, later) = many.split_at(many.len() / 2);
    before.iter().try_for_each(|one| one.mount(&lower))?;
    let output = root.join("output");
    let running = EVENTS
        .start(&output, Priority::First)?
        .context("nothing was started")?;
    let idle = idle(&running)?;
    let at_once = beside_idle(&running, idle, || {
        // Else it is a matter of time how many of them share a look.
        running.pause();
        later.iter().try_for_each(|one| one.mount(&lower))?;
        many.iter().try_for_each(Overlay::copy_up)?;
        running.go_on();
        thread::sleep(PAUSE + READ * many.len() as u32);
        Ok(())
    })?;
    let one_by_one = beside_idle(&running, idle, || {
        alone.iter().try_for_each(|one| {
            one.mount(&lower)?;
            one.copy_up()?;
            thread::sleep(PAUSE);
            Ok(())
        })
    })?;
    let mut list = Command::new("ovl-trace");
    list.args(["mounts", "--output", "json"])
        .stdout(Stdio::null());
    let list = measured::run(&mut list)?;
    let cost = running.finish()?;
    if machine.docker {
        ensure!(
            named(&output)? == overlays.len(),
            "not all containers were named"
        );
    }
    for one in &overlays {
        run("umount", &[&one.merged.display().to_string()])?;
    }
    Ok(json!({
        "growth": machine.what,
        "number": machine.number,
        "to_start": cost.start_ns,
        "idle_per_second": idle,
        "per_overlay_at_once": at_once / many.len() as u64,
        "per_overlay_one_by_one": one_by_one / ALONE as u64,
        "mounts_command": list,
        "start_kib": cost.start_kib,
        "end_kib": cost.end_kib,
        "events": cost.events,
    }))
}

/// Per second.
fn idle(running: &Running<'_>) -> Result<u64> {
    let before = measured::so_far(running.pid())?;
    thread::sleep(IDLE);
    Ok((measured::so_far(running.pid())? - before) / IDLE.as_secs())
}

/// What the tracer takes for `work`, beside what it takes for nothing.
fn beside_idle(
    running: &Running<'_>,
    idle_per_second: u64,
    work: impl FnOnce() -> Result<()>,
) -> Result<u64> {
    let (begun, before) = (Instant::now(), measured::so_far(running.pid())?);
    work()?;
    let all = measured::so_far(running.pid())? - before;
    let milliseconds = u64::try_from(begun.elapsed().as_millis())?;
    Ok(all.saturating_sub(idle_per_second * milliseconds / 1000))
}

/// How many copy-ups have a container.
fn named(output: &Path) -> Result<usize> {
    let mut named = 0;
    for line in BufReader::new(fs::File::open(output)?).split(b'\n') {
        let event: Value = serde_json::from_slice(&line?)?;
        let name = event["container"]["name"].as_str().unwrap_or_default();
        named += usize::from(event["type"] == "copy_up" && name.starts_with("web-"));
    }
    Ok(named)
}

/// The directories of an overlay.
pub(super) struct Overlay {
    pub(super) upper: PathBuf,
    pub(super) work: PathBuf,
    pub(super) merged: PathBuf,
}

impl Overlay {
    /// By plain names.
    pub(super) fn below(at: &Path) -> Self {
        Self {
            upper: at.join("upper"),
            work: at.join("work"),
            merged: at.join("merged"),
        }
    }

    /// Makes the directories and mounts it over `lower`.
    pub(super) fn mount(&self, lower: &Path) -> Result<()> {
        for directory in [&self.upper, &self.work, &self.merged] {
            fs::create_dir_all(directory)?;
        }
        let lower = lower.display().to_string();
        overlay(&lower, &self.upper, &self.work, &self.merged, "")
            .with_context(|| self.merged.display().to_string())
    }

    fn copy_up(&self) -> Result<()> {
        Ok(sys::chmod(&self.merged.join("file"), 0o600)?)
    }
}
