//! Containers with different habits, against the oracle.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    command::{run, shell},
    docker::Container,
    events::{Recorded, of_kind, paths, sum},
    image::{self, APP_FILES, MODEL, MODEL_BYTES},
    oracle::Upper,
    tracer::{self, Tracer},
};

/// What was reported for a container must be what its upper directory holds.
pub(crate) fn agrees_with_oracle(recorded: &Recorded, container: &Container) -> Result<Upper> {
    recorded.expect_no_loss()?;
    let upper = Upper::read(&container.layers()?)?;
    let copy_ups = recorded.copy_ups(&container.name);
    let data = of_kind(&copy_ups, "data");
    assert_eq!(paths(&data), upper.data_paths(), "copied files");
    assert_eq!(
        paths(&of_kind(&copy_ups, "directory")),
        upper.directories,
        "copied directories"
    );
    assert_eq!(
        paths(&of_kind(&copy_ups, "symlink")),
        upper.symlinks,
        "copied symlinks"
    );
    // The oracle knows the size of what was copied; an `O_TRUNC` copied none.
    let truncated: Vec<&Value> = data
        .iter()
        .copied()
        .filter(|event| event["method"] == "truncated")
        .collect();
    let bytes = upper.bytes() - sum(&truncated, "size_bytes")?;
    assert_eq!(sum(&data, "copied_bytes")?, bytes, "bytes of events");
    assert_eq!(
        paths(&recorded.whiteouts(&container.name)),
        upper.whiteouts,
        "whiteouts"
    );
    if copy_ups.is_empty() && upper.whiteouts.is_empty() {
        return Ok(upper);
    }
    let row = recorded.row(&container.name)?;
    assert_eq!(row["container"]["id"], container.id.as_str());
    assert_eq!(row["counted_from"], "kernel");
    assert_eq!(row["copy_ups"]["data"], upper.data.len(), "{row}");
    assert_eq!(
        row["copy_ups"]["directory"],
        upper.directories.len(),
        "{row}"
    );
    assert_eq!(row["copy_ups"]["symlink"], upper.symlinks.len(), "{row}");
    assert_eq!(row["copied_bytes"], bytes, "{row}");
    assert_eq!(row["whiteouts"]["total"], upper.whiteouts.len(), "{row}");
    Ok(upper)
}

pub(crate) fn one_byte_and_a_chown() -> Result<()> {
    let image = image::ensure()?;
    let appender = Container::start(image, "appender")?;
    let chowner = Container::start(image, "chowner")?;
    let tracer = Tracer::start(&[])?;
    appender.shell(&format!("printf x >> {MODEL}"))?;
    chowner.shell("chown -R 1000:1000 /srv/app/part-*")?;
    let recorded = tracer.finish()?;

    let upper = agrees_with_oracle(&recorded, &appender)?;
    assert_eq!(upper.data, [(MODEL.to_owned(), MODEL_BYTES)]);
    assert_eq!(upper.directories, ["/srv"]);
    let event = of_kind(&recorded.copy_ups(&appender.name), "data")[0];
    assert_eq!(event["method"], "copy");
    assert_eq!(event["size_bytes"], MODEL_BYTES);
    assert_eq!(event["trigger"]["operation"], "open");
    assert_eq!(event["trigger"]["flags"][0], "O_WRONLY");
    assert_eq!(event["process"]["comm"], "sh");
    assert_eq!(event["process"]["uid"], 0);
    assert_eq!(event["container"]["image"], image);
    assert_eq!(event["container"]["runtime"], "docker");
    assert!(event["latency_ns"].as_u64() > event["phases"]["data_ns"].as_u64());

    // A large one is announced, and its progress never exceeds it.
    let started = recorded.of_type("copy_up_started");
    assert_eq!(started.len(), 1, "{started:?}");
    assert_eq!(started[0]["path"], MODEL);
    assert_eq!(started[0]["container"]["name"], appender.name.as_str());
    for running in recorded.of_type("copy_up_running") {
        assert_eq!(running["path"], MODEL);
        assert!(
            running["copied_bytes"].as_u64() <= Some(MODEL_BYTES),
            "{running}"
        );
    }

    let upper = agrees_with_oracle(&recorded, &chowner)?;
    assert_eq!(upper.data.len(), APP_FILES);
    let events = of_kind(&recorded.copy_ups(&chowner.name), "data");
    assert_eq!(events.len(), APP_FILES);
    assert!(
        events
            .iter()
            .all(|event| event["trigger"]["operation"] == "chown")
    );
    Ok(())
}

pub(crate) fn a_deleted_file_is_a_whiteout() -> Result<()> {
    let container = Container::start(image::ensure()?, "deleter")?;
    let tracer = Tracer::start(&[])?;
    container.shell("rm /etc/motd && mv /srv/app/part-1/file-100.txt /tmp/kept")?;
    container.shell("rm -r /srv/app/part-2")?;
    let recorded = tracer.finish()?;
    let whiteouts = recorded.whiteouts(&container.name);
    // One for each name that went, though those below part-2 went with it.
    let mut expected: Vec<String> = (200..300)
        .map(|index| format!("/srv/app/part-2/file-{index}.txt"))
        .chain(
            [
                "/etc/motd",
                "/srv/app/part-1/file-100.txt",
                "/srv/app/part-2",
            ]
            .map(str::to_owned),
        )
        .collect();
    expected.sort();
    assert_eq!(paths(&whiteouts), expected);
    assert_eq!(
        Upper::read(&container.layers()?)?.whiteouts,
        [
            "/etc/motd",
            "/srv/app/part-1/file-100.txt",
            "/srv/app/part-2"
        ]
    );
    let row = &recorded.row(&container.name)?["whiteouts"];
    assert_eq!(row["total"], expected.len(), "{row}");
    assert_eq!(
        (&row["rename"], &row["rmdir"]),
        (&1.into(), &1.into()),
        "{row}"
    );
    let cause = |path: &str| {
        whiteouts
            .iter()
            .find(|event| event["path"] == path)
            .map(|event| event["cause"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(cause("/etc/motd").as_deref(), Some("unlink"));
    assert_eq!(
        cause("/srv/app/part-1/file-100.txt").as_deref(),
        Some("rename")
    );
    assert_eq!(cause("/srv/app/part-2").as_deref(), Some("rmdir"));
    Ok(())
}

pub(crate) fn package_habits() -> Result<()> {
    let container = Container::start(image::ensure()?, "packager")?;
    let tracer = Tracer::start(&[])?;
    // What a package manager does: a new file beside the old one and a rename
    // over it, then attributes; and stale files removed.
    container.shell(
        "cd /srv/app/part-3
         for f in file-30*; do cp $f .new; chmod 600 .new; mv .new $f; done
         chmod 755 file-310.txt; touch -d 2001-01-01 file-311.txt
         ln file-312.txt linked; : > file-313.txt
         rm file-32*; mkdir new; echo x > new/x",
    )?;
    let recorded = tracer.finish()?;
    let upper = agrees_with_oracle(&recorded, &container)?;
    ensure!(upper.whiteouts.len() == 10, "{upper:?}");
    Ok(())
}

pub(crate) fn a_copy_from_outside_is_the_containers() -> Result<()> {
    let container = Container::start(image::ensure()?, "receiver")?;
    let tracer = Tracer::start(&[])?;
    // The copying is done by dockerd, outside of the container.
    shell("echo from outside > /tmp/file-1.txt")?;
    let target = format!("{}:/srv/app/part-0/", container.name);
    run("docker", &["cp", "/tmp/file-1.txt", &target])?;
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    let upper = Upper::read(&container.layers()?)?;
    let events = recorded.copy_ups(&container.name);
    assert_eq!(paths(&of_kind(&events, "directory")), upper.directories);
    assert!(
        upper.directories.contains(&"/srv/app/part-0".to_owned()),
        "{upper:?}"
    );
    Ok(())
}

/// Docker mounts a stopped container for the time of the copy, and `-a` makes it
/// change the owner of what is there.
pub(crate) fn a_chown_by_docker_is_the_stopped_containers() -> Result<()> {
    let container = Container::start(image::ensure()?, "stopped")?;
    let layers = container.layers()?;
    run("docker", &["stop", "--time", "0", &container.name])?;
    let before = Upper::read(&layers)?;
    let tracer = Tracer::start(&[])?;
    shell(
        "rm -rf /tmp/part-5; mkdir /tmp/part-5; echo new > /tmp/part-5/file-500.txt; chown -R 7:7 /tmp/part-5",
    )?;
    let target = format!("{}:/srv/app/", container.name);
    run("docker", &["cp", "-a", "/tmp/part-5", &target])?;
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    for event in &recorded.events {
        ensure!(
            event["container"]["name"] == container.name.as_str(),
            "not the container's: {event}"
        );
    }
    let events = recorded.copy_ups(&container.name);
    let chown = events
        .iter()
        .find(|event| event["path"] == "/srv/app/part-5")
        .context("the directory was not copied up")?;
    ensure!(chown["trigger"]["operation"] == "chown", "{chown}");
    let after = Upper::read(&layers)?;
    let new: Vec<&String> = after
        .directories
        .iter()
        .filter(|path| !before.directories.contains(path))
        .collect();
    let copied = paths(&of_kind(&events, "directory"));
    ensure!(copied.iter().eq(new.iter().copied()), "{copied:?} {new:?}");
    let whiteouts = recorded.of_type("whiteout");
    ensure!(
        whiteouts.len() == 1 && whiteouts[0]["path"] == "/srv/app/part-5/file-500.txt",
        "{whiteouts:?}"
    );
    Ok(())
}

pub(crate) fn a_hostile_name_stays_harmless() -> Result<()> {
    let container = Container::start(image::ensure()?, "hostile")?;
    let tracer = Tracer::start(&[])?;
    container.shell("chmod 600 /srv/app/odd/*")?;
    let recorded = tracer.finish()?;
    let events = recorded.copy_ups(&container.name);
    let data = of_kind(&events, "data");
    assert_eq!(data.len(), 1);
    assert_eq!(
        data[0]["path_bytes"],
        "2f7372762f6170702f6f64642f6576696c1b5b324a0a6e616d65ff"
    );

    let other = Container::start(image::ensure()?, "hostile")?;
    let shown = tracer::lines(
        &[
            "--color",
            "never",
            "--count",
            "2",
            "--container",
            &other.name,
        ],
        || other.shell("chmod 600 /srv/app/odd/*").map(drop),
    )?;
    ensure!(shown.code == Some(0), "{}", shown.stderr);
    let harmless = |c: char| c == '\n' || !c.is_control();
    ensure!(shown.stdout.chars().all(harmless), "{:?}", shown.stdout);
    ensure!(
        shown.stdout.contains("evil\\x1b[2J\\nname\\xff"),
        "{}",
        shown.stdout
    );
    Ok(())
}
