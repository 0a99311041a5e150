//! Containers that come, go and change while they are observed.

use std::os::unix::net::UnixListener;

use anyhow::{Context as _, Result, ensure};

use super::containers::agrees_with_oracle;
use crate::{
    command::run,
    docker::{Container, run_once, unique},
    events::of_kind,
    image,
    tracer::Tracer,
};

pub(crate) fn a_brief_container_is_named() -> Result<()> {
    let image = image::ensure()?;
    let tracer = Tracer::start(&[])?;
    let mut names = Vec::new();
    for _ in 0..5 {
        let name = unique("brief");
        run_once(image, &name, "echo x >> /etc/motd")?;
        names.push(name);
    }
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    for name in &names {
        let events = recorded.copy_ups(name);
        let data = of_kind(&events, "data");
        ensure!(data.len() == 1, "{name}: {data:?}");
        assert_eq!(data[0]["path"], "/etc/motd");
        assert_eq!(recorded.row(name)?["copy_ups"]["data"], 1);
    }
    Ok(())
}

pub(crate) fn a_renamed_container_has_its_new_name() -> Result<()> {
    let container = Container::start(image::ensure()?, "old-name")?;
    let tracer = Tracer::start(&[])?;
    container.shell("echo x >> /etc/motd")?;
    let new = unique("new-name");
    run("docker", &["rename", &container.name, &new])?;
    run(
        "docker",
        &["exec", &new, "chmod", "600", "/srv/app/part-0/file-0.txt"],
    )?;
    let recorded = tracer.finish()?;
    let row = recorded.row(&new)?;
    assert_eq!(row["container"]["id"], container.id.as_str());
    assert_eq!(row["copy_ups"]["data"], 2, "{row}");
    Ok(())
}

pub(crate) fn a_restarted_container_is_one_row() -> Result<()> {
    let container = Container::start(image::ensure()?, "restarted")?;
    let tracer = Tracer::start(&[])?;
    container.shell("echo x >> /etc/motd")?;
    run("docker", &["stop", "-t", "0", &container.name])?;
    run("docker", &["start", &container.name])?;
    container.shell("chmod 600 /srv/app/part-0/file-0.txt; rm /srv/app/part-0/file-1.txt")?;
    let recorded = tracer.finish()?;
    agrees_with_oracle(&recorded, &container)?;
    let row = recorded.row(&container.name)?;
    assert_eq!(row["overlays"], 2, "two superblocks: {row}");
    Ok(())
}

pub(crate) fn a_recycled_device_number_is_another_container() -> Result<()> {
    let image = image::ensure()?;
    let tracer = Tracer::start(&[])?;
    // Numbers of other file systems of an earlier container come back late, and one of them
    // may be taken instead.
    let names = [(); 5].map(|()| unique("in-turn"));
    for (index, name) in names.iter().enumerate() {
        let script = match index % 2 {
            0 => "echo x >> /etc/motd",
            _ => "rm /srv/app/part-0/file-1.txt; chmod 600 /etc/motd",
        };
        run_once(image, name, script)?;
    }
    let recorded = tracer.finish()?;
    let mut devices = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let events = recorded.copy_ups(name);
        let event = events
            .first()
            .with_context(|| format!("no copy-up of {name}"))?;
        devices.push(event["mount"]["device"].to_string());
        assert_eq!(recorded.row(name)?["whiteouts"]["total"], index % 2);
    }
    // The point of the test: a mount has the number of the one before it.
    assert!(
        devices.windows(2).any(|two| two[0] == two[1]),
        "the kernel did not recycle a number: {devices:?}"
    );
    Ok(())
}

pub(crate) fn a_silent_docker_socket_harms_nothing() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("docker.sock");
    // Accepts (by the kernel's queue) and never answers.
    let _listener = UnixListener::bind(&socket)?;
    let host = format!("unix://{}", socket.display());
    let tracer = Tracer::start_with(&[], &[("DOCKER_HOST", &host)])?;
    let name = unique("silent");
    run_once(image::ensure()?, &name, "echo x >> /etc/motd")?;
    let recorded = tracer.finish()?;
    assert_eq!(recorded.row(&name)?["copy_ups"]["data"], 1);
    Ok(())
}
