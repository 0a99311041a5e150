//! The demo: three containers with different habits, `ovl-trace live`, and a
//! comparison of its report with the upper directories.

mod agreement;
mod live;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    thread,
};

use anyhow::{Context as _, Result};

use self::live::Live;
use crate::{command::run, docker::Container, harness, image, tracer::Tracer};

pub(crate) fn main() -> ExitCode {
    outlive_ctrl_c();
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            harness::note(&format!("the demo failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C ends the programs that the demo has started. The demo sees that they
/// ended and removes its containers.
fn outlive_ctrl_c() {
    extern "C" fn ignore(_signal: libc::c_int) {}
    let handler = ignore as extern "C" fn(libc::c_int);
    // SAFETY: the handler does nothing. Programs do not inherit it, as they
    // would SIG_IGN.
    unsafe { libc::signal(libc::SIGINT, handler as libc::sighandler_t) };
}

fn demo() -> Result<()> {
    stage("loading the image")?;
    let image = image::ensure()?;
    stage("starting ovl-trace")?;
    let habits = habits();
    introduce(&habits)?;
    let live = Live::start()?;
    // The lines are for people: the numbers to compare come from this one.
    let tracer = Tracer::start(&[])?;
    let (containers, report) = match observe(live, image, &habits) {
        Ok(observed) => observed,
        Err(error) => {
            if let Err(other) = tracer.kill() {
                harness::note(&format!("ending the second ovl-trace: {other:#}"));
            }
            return Err(error);
        }
    };
    stage("comparing with the upper directories")?;
    let recorded = tracer.finish()?;
    let totals = agreement::compare(&recorded, &report, &containers)?;
    say(&format!(
        "The report agrees with the upper directories: {totals}."
    ))
}

/// Lets the containers work; returns them and the report that was shown.
fn observe(live: Live, image: &str, habits: &[Habit]) -> Result<(Vec<Container>, String)> {
    live.wait_until_ready()?;
    stage("running the containers")?;
    let containers = habits
        .iter()
        .map(|habit| create(image, habit))
        .collect::<Result<Vec<_>>>()?;
    work(&containers)?;
    Ok((containers, live.finish()?))
}

/// What a container does.
struct Habit {
    name: String,
    words: &'static str,
    script: String,
}

fn habits() -> [Habit; 3] {
    [
        (
            "database",
            "appends one byte to the large file",
            format!("printf x >> {}", image::MODEL),
        ),
        (
            "web",
            "changes the owner of 100 files and the mode of one",
            "chown -R 1000:1000 /srv/app/part-7; chmod 600 /etc/motd".to_owned(),
        ),
        (
            "packages",
            "replaces, deletes and renames files like a package manager",
            "cd /srv/app/part-3
             for f in file-30[0-4].txt; do cp $f .new; mv .new $f; done
             rm file-31*.txt; rm -r ../part-4; mv file-320.txt file-320.old"
                .to_owned(),
        ),
    ]
    .map(|(prefix, words, script)| Habit {
        name: format!("{prefix}-{}", std::process::id()),
        words,
        script,
    })
}

/// Says what there is to see.
fn introduce(habits: &[Habit]) -> Result<()> {
    say(&format!(
        "Three containers of an image with {} small files and one of {} MiB:",
        image::APP_FILES,
        image::MODEL_BYTES >> 20
    ))?;
    for Habit { name, words, .. } in habits {
        say(&format!("  {name} {words}"))?;
    }
    say("\n$ ovl-trace live --output lines --top 3")
}

/// Creates a container that will run the script. Its upper directory stays
/// until the container is removed.
fn create(image: &str, habit: &Habit) -> Result<Container> {
    let name = habit.name.clone();
    let options = ["create", "--init", "--network", "none", "--name", &name];
    let command = [image, "sh", "-euc", &habit.script];
    let id = run("docker", &[&options[..], &command].concat())?;
    Ok(Container { id, name })
}

/// Runs the containers at the same time, to their ends.
fn work(containers: &[Container]) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = containers
            .iter()
            .map(|container| scope.spawn(|| run("docker", &["start", "--attach", &container.id])))
            .collect();
        for (thread, container) in threads.into_iter().zip(containers) {
            let ended = thread.join().ok().context("a thread panicked")?;
            ended.with_context(|| format!("container {}", container.name))?;
        }
        Ok(())
    })
}

/// Says what the demo does now. `cargo xtask demo` looks for the prefix.
fn stage(what: &str) -> Result<()> {
    say(&format!("demo: {what}"))
}

fn say(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
