//! Recordings of real containers, and what is left of one that ends badly.

use std::{
    fs::{self, File},
    io::Write as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    command::{output, run, shell},
    docker::Container,
    image,
    tracer::{self, Tracer},
};

const PATIENCE: Duration = Duration::from_secs(120);

/// A running `ovl-trace record`.
struct Recording {
    child: Child,
    directory: TempDir,
    file: String,
}

impl Recording {
    /// Starts it and waits until it observes.
    fn start(file: Option<&str>) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let file = file.map_or_else(
            || directory.path().join("it.ovlrec").display().to_string(),
            ToOwned::to_owned,
        );
        let log = directory.path().join("log");
        let child = Command::new("ovl-trace")
            .args(["record", "-v", "-w", &file])
            .stdin(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(&log)?.contains("ready") {
            ensure!(Instant::now() < deadline, "it did not become ready");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self {
            child,
            directory,
            file,
        })
    }

    /// Ends it with a signal; its exit status.
    fn end(&mut self, signal: i32) -> Result<Option<i32>> {
        tracer::signal(&self.child, signal);
        Ok(tracer::wait(&mut self.child)?.code())
    }

    fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.directory.path().join("log"))?)
    }

    /// The report of it.
    fn report(&self) -> Result<Value> {
        let text = run(
            "ovl-trace",
            &["report", "--output", "json", "--from", &self.file],
        )?;
        serde_json::from_str(&text).context("not JSON")
    }
}

/// The row of a container.
fn row<'a>(report: &'a Value, container: &Container) -> Result<&'a Value> {
    let rows = report["containers"].as_array().context("no containers")?;
    rows.iter()
        .find(|row| row["container"]["name"] == container.name.as_str())
        .with_context(|| format!("no row of {}: {report}", container.name))
}

/// Two observers of the same containers count the same, the one that is read
/// later from its recording too.
pub(crate) fn a_recording_says_what_was_seen() -> Result<()> {
    let container = Container::start(image::ensure()?, "recorded")?;
    let mut recording = Recording::start(None)?;
    let tracer = Tracer::start(&["--top", "200"])?;
    container.shell("chown -R 1:1 /srv/app/part-1; rm /etc/motd; echo x >> /etc/hostname-2")?;
    let live = tracer.finish()?;
    ensure!(
        recording.end(libc::SIGINT)? == Some(0),
        "{}",
        recording.log()?
    );
    let report = recording.report()?;
    let (recorded, seen) = (row(&report, &container)?, live.row(&container.name)?);
    for field in [
        "/copy_ups",
        "/size_bytes",
        "/copied_bytes",
        "/whiteouts",
        "/counted_from",
    ] {
        ensure!(
            recorded.pointer(field) == seen.pointer(field),
            "{field}: {recorded} is not {seen}"
        );
    }
    ensure!(seen["copy_ups"]["data"].as_u64() >= Some(100), "{seen}");
    ensure!(
        report["loss"]["probe"] == 0 && report["notes"] == Value::Array(Vec::new()),
        "{report}"
    );
    Ok(())
}

/// The out-of-memory killer ends the recording: what came before is there.
pub(crate) fn a_recording_that_was_killed_is_read() -> Result<()> {
    let container = Container::start(image::ensure()?, "killed")?;
    let mut recording = Recording::start(None)?;
    container.shell("chown -R 1:1 /srv/app/part-2")?;
    let copied = |report: &Value| -> Result<bool> {
        Ok(row(report, &container)?["copy_ups"]["data"] == 100)
    };
    // Once a second everything is written.
    let deadline = Instant::now() + PATIENCE;
    while !recording
        .report()
        .is_ok_and(|report| copied(&report).unwrap_or(false))
    {
        ensure!(Instant::now() < deadline, "nothing is written");
        thread::sleep(Duration::from_secs(1));
    }
    ensure!(recording.end(libc::SIGKILL)?.is_none());
    let report = recording.report()?;
    ensure!(copied(&report)?, "{report}");
    let note = report["notes"][0].as_str().unwrap_or_default();
    ensure!(
        note.contains("incomplete") && note.contains("cut off"),
        "{report}"
    );
    // Whether the budget was kept cannot be known.
    let arguments = ["report", "--from", &recording.file, "--fail-over", "1GiB"];
    ensure!(output("ovl-trace", &arguments)?.status.code() == Some(1));
    Ok(())
}

/// A full disk is an error that says so, and the recording is read up to there.
pub(crate) fn a_recording_on_a_full_disk_is_read() -> Result<()> {
    let container = Container::start(image::ensure()?, "full")?;
    let disk = tempfile::tempdir()?;
    let at = disk.path().display().to_string();
    shell(&format!("mount -t tmpfs -o size=24k none {at}"))?;
    let mut recording = Recording::start(Some(&format!("{at}/it.ovlrec")))?;
    container.shell("chown -R 1:1 /srv/app")?;
    thread::sleep(Duration::from_secs(3));
    let status = recording.end(libc::SIGINT)?;
    let (log, report) = (recording.log()?, recording.report());
    shell(&format!("umount {at}"))?;
    ensure!(
        status == Some(1) && log.contains("No space left on device"),
        "{status:?}: {log}"
    );
    let note = report?["notes"][0].clone();
    ensure!(
        note.as_str()
            .is_some_and(|note| note.contains("incomplete")),
        "{note}"
    );
    Ok(())
}

/// A lost connection and Ctrl-\ end a recording as Ctrl-C does.
pub(crate) fn each_signal_completes_a_recording() -> Result<()> {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        let mut recording = Recording::start(None)?;
        let status = recording.end(signal)?;
        ensure!(
            status == Some(0),
            "{signal}: {status:?}: {}",
            recording.log()?
        );
        let report = recording.report()?;
        ensure!(
            report["notes"] == Value::Array(Vec::new()),
            "{signal}: {report}"
        );
    }
    Ok(())
}

/// Without the privileges, or on a full disk, `--force` changes nothing.
pub(crate) fn a_recording_that_cannot_be_made_leaves_the_old_one() -> Result<()> {
    let disk = tempfile::tempdir()?;
    let at = disk.path().display().to_string();
    shell(&format!("mount -t tmpfs -o size=8k,mode=1777 none {at}"))?;
    let file = format!("{at}/old.ovlrec");
    fs::write(&file, "precious")?;
    let record = format!("ovl-trace record --force --duration 1s -w {file}");
    let unprivileged = format!("setpriv --bounding-set=-all --inh-caps=-all {record}");
    let refused = output("sh", &["-c", &unprivileged])?;
    shell(&format!("head -c 4096 /dev/zero > {at}/filler"))?;
    let full = output("sh", &["-c", &record])?;
    let (old, names) = (fs::read(&file)?, fs::read_dir(&at)?.count());
    shell(&format!("umount {at}"))?;
    ensure!(refused.status.code() == Some(3), "{refused:?}");
    ensure!(full.status.code() == Some(1), "{full:?}");
    ensure!(old == b"precious", "it was replaced by {} bytes", old.len());
    ensure!(names == 2, "{names} files");
    Ok(())
}

/// `live` on a terminal takes it over and gives it back, and ends with the report.
pub(crate) fn a_terminal_shows_the_view() -> Result<()> {
    let container = Container::start(image::ensure()?, "viewed")?;
    let directory = tempfile::tempdir()?;
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (typescript, script) = (path("typescript"), path("script"));
    fs::write(&script, "stty cols 100 rows 30\novl-trace live\nstty -a\n")?;
    let command = format!("TERM=xterm sh {script}");
    let mut child = Command::new("script")
        .args(["-qefc", &command, &typescript])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let shows = |word: &str| -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(&typescript).is_ok_and(|text| text.contains(word)) {
            ensure!(Instant::now() < deadline, "no '{word}' in the view");
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    };
    shows("Containers")?;
    container.shell("chown -R 1:1 /srv/app/part-3")?;
    shows(&container.name)?;
    // `script` ends at the end of its input, too: it stays open until then.
    let mut keys = child.stdin.take().context("no standard input")?;
    keys.write_all(b"q")?;
    ensure!(tracer::wait(&mut child)?.success());
    drop(keys);
    let text = fs::read_to_string(&typescript)?;
    let (_, rest) = text
        .split_once("\x1b[?1049h")
        .context("it was not taken over")?;
    let (view, after) = rest
        .split_once("\x1b[?1049l")
        .context("it was not given back")?;
    ensure!(view.contains(&container.name), "not in the view: {view:?}");
    ensure!(after.contains(&container.name), "no report: {after:?}");
    ensure!(
        after.contains(" icanon") && after.contains(" echo "),
        "the terminal is still raw: {after:?}"
    );
    Ok(())
}
