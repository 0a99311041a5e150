//! Containers that come and go one after another.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    archive::{self, Image},
    cri::{self, Pod},
    docker::Docker,
    engine::Engine as _,
    subject::Identity,
};
use crate::{command::run, docker::unique, events::Recorded, tracer::Tracer};

/// What each does: one file is copied up.
const WORK: &str = "printf x >> /etc/passwd";

/// 200 containers in a pod, each removed before the next one starts.
pub(crate) fn two_hundred_in_a_pod() -> Result<()> {
    let pod = Pod::start("shop")?;
    let image = archive::shop("ovl-trace/shop:1")?;
    pod.load(&image)?;
    let tracer = Tracer::start(&[])?;
    let mut identities = Vec::new();
    for _ in 0..200 {
        let name = unique("brief");
        let id = pod.run(&image, &name, WORK)?;
        cri::remove(&id)?;
        identities.push(pod.identity(id, &name, &image));
    }
    each_is_named(&tracer.finish()?, &identities, &image)
}

/// Containers of `docker run --rm`.
pub(crate) fn of_docker(docker: &Docker, count: usize) -> Result<()> {
    let image = archive::shop("ovl-trace/shop:1")?;
    docker.load(&image)?;
    let tracer = Tracer::start(&[])?;
    let mut identities = Vec::new();
    let directory = tempfile::tempdir()?;
    for _ in 0..count {
        let name = unique("brief");
        let file = directory.path().join(&name).display().to_string();
        let options = [
            "run",
            "--rm",
            "--cidfile",
            &file,
            "--network",
            "none",
            "--name",
            &name,
        ];
        run(
            "docker",
            &[&options[..], &[image.name, "sh", "-euc", WORK]].concat(),
        )?;
        identities.push(Docker::identity(
            std::fs::read_to_string(&file)?,
            &name,
            &image,
        ));
    }
    each_is_named(&tracer.finish()?, &identities, &image)
}

/// Each has copied exactly one file, and nobody has copied anything else.
fn each_is_named(recorded: &Recorded, identities: &[Identity], image: &Image) -> Result<()> {
    verdict(recorded, identities, image)
        .with_context(|| format!("ovl-trace said: {}", recorded.log))
}

fn verdict(recorded: &Recorded, identities: &[Identity], image: &Image) -> Result<()> {
    recorded.expect_no_loss()?;
    let data: Vec<&Value> = recorded
        .of_type("copy_up")
        .into_iter()
        .filter(|event| event["kind"] == "data")
        .collect();
    ensure!(
        data.len() == identities.len(),
        "{} files were copied up",
        data.len()
    );
    let rows = recorded.summary["containers"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    // They ran one after another.
    for (event, identity) in data.into_iter().zip(identities) {
        let json = identity.json();
        ensure!(event["container"] == json, "not of {json}: {event}");
        ensure!(
            event["path"] == "/etc/passwd" && event["result"] == "ok",
            "{event}"
        );
        let layer = &image.layers[0];
        ensure!(
            event["layer"]["digest"] == layer.digest.as_str()
                && event["layer"]["instruction"] == layer.instruction.as_str(),
            "another layer: {event}"
        );
        let row = rows.iter().filter(|row| row["container"] == json);
        ensure!(
            row.map(|row| row["copy_ups"]["data"].as_u64())
                .eq([Some(1)]),
            "the report's rows of {json}"
        );
    }
    for row in rows {
        let known = identities
            .iter()
            .any(|identity| row["container"] == identity.json());
        ensure!(
            known || row["copy_ups"]["total"] == 0,
            "a row of nobody: {row}"
        );
    }
    Ok(())
}
