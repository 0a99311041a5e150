//! The wall clock is set while `ovl-trace` observes: later events have the new time.

use std::{
    io,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use super::{case::Case, merged::Merged, sys};
use crate::tracer::Tracer;

/// The first second of the year 2040.
const LATER: i64 = 2_208_988_800;

/// More files than are copied up before the new time is noticed.
const FILES: usize = 200;

/// How long that may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn set_while_observing() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let name = |index: usize| format!("f-{index}");
    let case = Case::new("clock")
        .lower(move |layer| (0..FILES).try_for_each(|index| layer.file(&name(index), 10)));
    let merged = Merged::new(&case, directory.path(), directory.path())?;
    let tracer = Tracer::start(&[])?;
    let clock = Ahead::set()?;
    let noticed = copy_up_until_noticed(&tracer, &merged);
    drop(clock);
    noticed?;
    tracer.finish()?.expect_no_loss()?;
    Ok(sys::umount(&merged.root)?)
}

fn copy_up_until_noticed(tracer: &Tracer, merged: &Merged) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let is_later = |event: &serde_json::Value| {
        let time = event["time"].as_str().unwrap_or_default();
        event["type"] == "copy_up" && time.starts_with("2040-01-01T00:0")
    };
    for index in 0..FILES {
        merged.touch(&format!("f-{index}"))?;
        std::thread::sleep(PATIENCE / FILES as u32);
        if tracer.so_far()?.iter().any(is_later) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "events keep the old time");
    }
    anyhow::bail!("events keep the old time")
}

/// The wall clock in the year 2040, until this is dropped.
struct Ahead {
    seconds: i64,
}

impl Ahead {
    fn set() -> Result<Self> {
        let now = read().context("reading the clock")?;
        write(LATER).context("setting the clock")?;
        Ok(Self {
            seconds: LATER - now,
        })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Err(error) = read().and_then(|now| write(now - self.seconds)) {
            crate::harness::note(&format!("the clock stays in the year 2040: {error}"));
        }
    }
}

fn read() -> io::Result<i64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the result.
    match unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) } {
        0 => Ok(time.tv_sec),
        _ => Err(io::Error::last_os_error()),
    }
}

fn write(seconds: i64) -> io::Result<()> {
    let time = libc::timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    // SAFETY: the kernel reads `time`.
    match unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &raw const time) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
