//! What a careful person expects of the command.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    command::{output, run, shell},
    docker::{Container, run_once, unique},
    image,
    tracer::{self, Tracer},
};

fn ovl_trace(arguments: &[&str]) -> Command {
    let mut command = Command::new("ovl-trace");
    command.args(arguments);
    command
}

pub(crate) fn a_closed_pipe_ends_it() -> Result<()> {
    let container = Container::start(image::ensure()?, "piped")?;
    // `head` ends after the header; nothing else happens.
    let status = shell("{ ovl-trace live; echo $? > /tmp/status; } | head -1; cat /tmp/status")?;
    ensure!(status.ends_with("\n0"), "{status:?}");
    ensure!(status.starts_with("TIME"), "{status:?}");
    drop(container);
    Ok(())
}

pub(crate) fn sigterm_prints_the_report() -> Result<()> {
    let container = Container::start(image::ensure()?, "terminated")?;
    let mut child = ovl_trace(&["report", "-v"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take().context("no standard error")?;
    let reader = thread::spawn(move || {
        use std::io::{BufRead as _, BufReader};
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let ready = lines.any(|line| line.trim_end().ends_with("ready"));
        (ready, lines)
    });
    let (ready, lines) = reader.join().ok().context("the reader panicked")?;
    ensure!(ready, "it did not become ready");
    let drain = thread::spawn(move || lines.count());
    container.shell("echo x >> /etc/motd")?;
    tracer::signal(&child, libc::SIGTERM);
    let output = child.wait_with_output()?;
    let _lines = drain.join();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    ensure!(
        text.contains(&container.name) && text.contains("/etc/motd"),
        "{text}"
    );
    Ok(())
}

pub(crate) fn a_missing_capability_is_refused() -> Result<()> {
    for command in ["live", "report"] {
        let mut without = Command::new("setpriv");
        without.args([
            "--bounding-set=-all",
            "--inh-caps=-all",
            "ovl-trace",
            command,
        ]);
        let ended = tracer::run(&mut without)?;
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        ensure!(ended.stderr.contains("CAP_BPF"), "{}", ended.stderr);
        ensure!(ended.stdout.is_empty(), "{}", ended.stdout);
    }
    Ok(())
}

pub(crate) fn a_missing_tracefs_is_refused() -> Result<()> {
    // In a mount namespace of its own.
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "sh",
        "-c",
        "umount /sys/kernel/debug/tracing 2>/dev/null; umount /sys/kernel/tracing; umount /sys/kernel/debug; exec ovl-trace live",
    ]);
    let ended = tracer::run(&mut command)?;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    ensure!(
        ended.stderr.contains("mount -t tracefs"),
        "{}",
        ended.stderr
    );
    Ok(())
}

pub(crate) fn filters_choose() -> Result<()> {
    let image = image::ensure()?;
    let wanted = Container::start(image, "wanted")?;
    let other = Container::start(image, "other")?;
    let tracer = Tracer::start(&[
        "--container",
        &wanted.name,
        "--path",
        "/srv/**",
        "--min-bytes",
        "500",
    ])?;
    for container in [&wanted, &other] {
        container
            .shell("chmod 600 /etc/motd /srv/app/part-0/file-1.txt /srv/app/part-6/file-600.txt")?;
    }
    let recorded = tracer.finish()?;
    let events = recorded.of_type("copy_up");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["path"], "/srv/app/part-6/file-600.txt");
    assert_eq!(events[0]["container"]["name"], wanted.name.as_str());
    assert_eq!(recorded.row(&wanted.name)?["copied_bytes"], 601);
    ensure!(recorded.row(&other.name).is_err(), "{}", recorded.summary);
    Ok(())
}

pub(crate) fn a_budget_that_is_exceeded() -> Result<()> {
    let container = Container::start(image::ensure()?, "budget")?;
    let limits = [
        "--container",
        container.name.as_str(),
        "--count",
        "2",
        "--fail-over",
    ];
    let over = tracer::lines(&[&limits[..], &["4B"]].concat(), || {
        container.shell("echo x >> /etc/motd").map(drop)
    })?;
    assert_eq!(over.code, Some(4), "{}", over.stdout);
    let within = tracer::lines(
        &[&limits[..2], &["--count", "1", "--fail-over", "1MiB"]].concat(),
        || {
            container
                .shell("chmod 600 /srv/app/part-0/file-7.txt")
                .map(drop)
        },
    )?;
    assert_eq!(within.code, Some(0), "{}", within.stdout);
    Ok(())
}

pub(crate) fn count_and_duration_end_it() -> Result<()> {
    let ended = tracer::run(&mut ovl_trace(&[
        "report",
        "--duration",
        "1s",
        "--output",
        "json",
    ]))?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout)?;
    assert_eq!(report["schema"], 1);
    assert_eq!(report["totals"]["copy_ups"]["total"], 0);
    let wrong = tracer::run(&mut ovl_trace(&["report", "--duration", "soon"]))?;
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    Ok(())
}

pub(crate) fn the_doctor_is_content() -> Result<()> {
    let ended = tracer::run(&mut ovl_trace(&["doctor", "--output", "json"]))?;
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    let diagnosis: Value = serde_json::from_str(&ended.stdout)?;
    assert_eq!(diagnosis["can_trace"], true);
    let checks = diagnosis["checks"].as_array().context("no checks")?;
    let fatal: Vec<_> = checks
        .iter()
        .filter(|check| check["status"] == "fatal")
        .collect();
    ensure!(fatal.is_empty(), "{fatal:?}");

    // Every probe is on.
    let tracer = Tracer::start(&[])?;
    let recorded = tracer.finish()?;
    let coverage = recorded.summary["coverage"]
        .as_array()
        .context("no coverage")?;
    ensure!(!coverage.is_empty(), "no coverage");
    for probe in coverage {
        assert_eq!(probe["status"], "attached", "{probe}");
    }
    Ok(())
}

pub(crate) fn mounts_are_listed() -> Result<()> {
    let container = Container::start(image::ensure()?, "listed")?;
    let mounts: Value = serde_json::from_str(&run("ovl-trace", &["mounts", "--output", "json"])?)?;
    let rows = mounts["mounts"].as_array().context("no mounts")?;
    let upper = container.layers()?.upper.display().to_string();
    let row = rows
        .iter()
        .find(|row| row["mount"]["upperdir"] == upper.as_str())
        .with_context(|| format!("{upper} is not in {mounts}"))?;
    assert_eq!(row["container"]["id"], container.id.as_str());
    assert_eq!(row["container"]["name"], container.name.as_str());
    Ok(())
}

pub(crate) fn a_killed_run_is_cleaned_up() -> Result<()> {
    let events = || -> Result<usize> {
        let text = run("cat", &["/sys/kernel/tracing/kprobe_events"])?;
        Ok(text.matches("ovl_trace_").count())
    };
    Tracer::start(&[])?.kill()?;
    ensure!(events()? > 0, "a killed run leaves its events");
    let name = unique("after");
    let tracer = Tracer::start(&[])?;
    run_once(image::ensure()?, &name, "echo x >> /etc/motd")?;
    let recorded = tracer.finish()?;
    assert_eq!(recorded.row(&name)?["copy_ups"]["data"], 1);
    // The kernel removes probes behind the back of the write.
    for _ in 0..50 {
        if events()? == 0 {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(events()?, 0, "trace events stay behind");
    ensure!(output("ovl-trace", &["--version"])?.status.success());
    Ok(())
}
