//! The demo: three containers with different habits, and `ovl-trace live`.

use std::{
    io::{self, Write as _},
    process::{Command, ExitCode},
};

use anyhow::{Result, ensure};

use crate::{
    docker::Container,
    harness, image,
    tracer::{signal, wait},
};

/// How many lines that look alike are shown.
const SHOWN: usize = 5;

pub(crate) fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            harness::note(&format!("the demo failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<()> {
    let mut out = io::stdout();
    writeln!(
        out,
        "Building an image: busybox, 1,000 small files, one file of 256 MiB."
    )?;
    let image = image::ensure()?;
    let database = Container::start_brief(image, "database")?;
    let web = Container::start_brief(image, "web")?;
    let packages = Container::start_brief(image, "packages")?;
    writeln!(
        out,
        "Three containers run. {} appends one byte to the large file, {} changes the owner\nof a tree, {} replaces and deletes files like a package manager.\n\n$ ovl-trace live --output lines",
        database.name, web.name, packages.name
    )?;
    out.flush()?;
    let directory = tempfile::tempdir()?;
    let lines = directory.path().join("lines");
    let mut live = Command::new("ovl-trace")
        .args(["live", "--output", "lines", "--top", "3"])
        .stdout(std::fs::File::create(&lines)?)
        .spawn()?;
    while std::fs::metadata(&lines)?.len() == 0 {
        ensure!(live.try_wait()?.is_none(), "ovl-trace ended at once");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    database.shell(&format!("printf x >> {}", image::MODEL))?;
    web.shell("chown -R 1000:1000 /srv/app/part-7; chmod 600 /etc/motd")?;
    packages.shell(
        "cd /srv/app/part-3
         for f in file-30[0-4].txt; do cp $f .new; mv .new $f; done
         rm file-31*.txt; rm -r ../part-4; mv file-320.txt file-320.old",
    )?;
    signal(&live, libc::SIGINT);
    let status = wait(&mut live)?;
    let text = std::fs::read_to_string(&lines)?;
    show(&mut out, &text)?;
    ensure!(status.success(), "ovl-trace ended with {status}");
    Ok(())
}

/// What one process does to one container a hundred times looks alike: a few
/// lines of it say it.
fn show(out: &mut impl io::Write, text: &str) -> io::Result<()> {
    let lines: Vec<&str> = text.lines().collect();
    for alike in lines.chunk_by(|a, b| look(a).is_some() && look(a) == look(b)) {
        let (first, rest) = alike.split_at(alike.len().min(SHOWN));
        for line in first {
            writeln!(out, "{line}")?;
        }
        if !rest.is_empty() {
            writeln!(out, "             (and {} more like these)", rest.len())?;
        }
    }
    out.flush()
}

/// The container, the event and the process of an event's line.
fn look(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.split_whitespace().skip(1);
    let (container, event) = (words.next()?, words.next()?);
    let process = words.find(|word| word.ends_with(']'))?;
    Some((container, event, process))
}
