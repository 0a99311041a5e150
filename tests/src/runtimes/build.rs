//! Steps of builds, each with a name of its own.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    archive::{self, Image, ImageLayer},
    containerd,
    docker::{Docker, Store},
    engine::Engine as _,
    judge::judge,
    podman::Podman,
    subject::{Identity, Subject},
};
use crate::{
    command::run,
    docker::{Layers, unique},
    events::{Recorded, of_kind},
    tracer::Tracer,
};

/// What copies up in a step that runs something.
const CHOWN: &str = "chown -R 7:7 /srv/tree";
const APPEND: &str = "printf x >> /srv/big.dat && rm /etc/motd";

/// The instructions of [`context`], and how the steps are called.
const STEPS: [(&str, &str); 3] = [
    ("RUN chown -R 7:7 /srv/tree", CHOWN),
    ("RUN printf x >> /srv/big.dat && rm /etc/motd", APPEND),
    ("COPY extra /srv/tree/extra", "COPY extra /srv/tree/extra"),
];

/// A directory to build from.
fn context(base: &str) -> Result<TempDir> {
    let directory = tempfile::tempdir()?;
    let steps = STEPS.map(|(instruction, _)| instruction).join("\n");
    fs::write(
        directory.path().join("Dockerfile"),
        format!("FROM {base}\n{steps}\n"),
    )?;
    fs::write(directory.path().join("extra"), "extra")?;
    Ok(directory)
}

/// `docker build` with `BuildKit`: every step against its own upper directory,
/// which stays as a layer of the image.
pub(crate) fn of_docker(docker: &Docker) -> Result<()> {
    let image = archive::shop("ovl-trace/shop:1")?;
    docker.load(&image)?;
    let context = context(image.name)?;
    let path = context.path().display().to_string();
    let built = format!("ovl-trace/{}:1", unique("built"));
    let tracer = Tracer::start(&[])?;
    let options = ["build", "--network", "none", "--progress", "plain"];
    run(
        "docker",
        &[&options[..], &["--no-cache", "--tag", &built, &path]].concat(),
    )?;
    let recorded = tracer.finish()?;

    let inspected: Value = serde_json::from_str(&run("docker", &["image", "inspect", &built])?)?;
    let layers = layers(&image, &inspected[0])?;
    let overlays = match docker.store() {
        Store::Overlay2 => of_image(&inspected[0])?,
        Store::Containerd => of_snapshots(&recorded)?,
    };
    ensure!(overlays.len() == STEPS.len(), "{} overlays", overlays.len());
    let below = image.layers.len();
    let subjects: Vec<Subject<'_>> = overlays
        .into_iter()
        .zip(STEPS)
        .enumerate()
        .map(|(index, (overlay, (_, name)))| {
            Ok(Subject {
                identity: identity(&recorded, name)?,
                layers: &layers[..below + index],
                overlay,
                before: None,
                incomplete: true,
                step: None,
            })
        })
        .collect::<Result<_>>()?;
    judge(&recorded, &subjects)
}

/// The built image's layers: its base's, and one for each step.
fn layers(base: &Image, inspected: &Value) -> Result<Vec<ImageLayer>> {
    let digests = inspected["RootFS"]["Layers"]
        .as_array()
        .context("no layers")?;
    ensure!(
        digests.len() == base.layers.len() + STEPS.len(),
        "{digests:?}"
    );
    let new = digests.iter().skip(base.layers.len()).zip(STEPS);
    let new = new.map(|(digest, (instruction, _))| ImageLayer {
        digest: digest.as_str().unwrap_or_default().to_owned(),
        instruction: instruction.to_owned(),
    });
    Ok(base.layers.iter().cloned().chain(new).collect())
}

/// The steps' directories by the graph driver, the first step's first.
fn of_image(inspected: &Value) -> Result<Vec<Layers>> {
    let data = &inspected["GraphDriver"]["Data"];
    let upper = data["UpperDir"].as_str().context("no upper directory")?;
    let lower = data["LowerDir"].as_str().context("no lower directories")?;
    let all: Vec<PathBuf> = [upper]
        .into_iter()
        .chain(lower.split(':'))
        .map(PathBuf::from)
        .collect();
    let of_step = |step: usize| Layers {
        upper: all[step].clone(),
        lowers: all[step + 1..].to_vec(),
    };
    Ok((0..STEPS.len()).rev().map(of_step).collect())
}

/// The steps' directories by containerd: those of the snapshots that events
/// name, in the order of the events.
fn of_snapshots(recorded: &Recorded) -> Result<Vec<Layers>> {
    let known = containerd::committed("moby")?;
    let mut overlays: Vec<Layers> = Vec::new();
    for event in recorded.of_type("copy_up") {
        let upper = event["mount"]["upperdir"].as_str().context("no upperdir")?;
        if overlays
            .iter()
            .any(|overlay| overlay.upper.as_os_str() == upper)
        {
            continue;
        }
        let found = known
            .iter()
            .find(|overlay| overlay.upper.as_os_str() == upper);
        let found = found.with_context(|| format!("{upper} is no snapshot"))?;
        overlays.push(found.clone());
    }
    Ok(overlays)
}

/// A step: only the builder knows its id, so it is taken from what was
/// reported, once.
fn identity(recorded: &Recorded, name: &str) -> Result<Identity> {
    let mut events = recorded.of_type("copy_up").into_iter();
    let event = events.find(|event| event["container"]["name"] == name);
    let id = event.and_then(|event| event["container"]["id"].as_str());
    Ok(Identity {
        id: id.with_context(|| format!("no step '{name}'"))?.to_owned(),
        name: name.to_owned(),
        image: None,
        runtime: "buildkit",
        pod: None,
        namespace: None,
    })
}

/// `podman build`: the steps' directories are gone afterwards, so the files are
/// those that the steps must copy.
pub(crate) fn of_podman() -> Result<()> {
    let podman = Podman::root()?;
    let image = archive::shop("ovl-trace/shop:1")?;
    podman.load(&image)?;
    let context = context(&format!("localhost/{}", image.name))?;
    let path = context.path().display().to_string();
    let tracer = Tracer::start(&[])?;
    podman.call(&[
        "build",
        "--network",
        "none",
        "--no-cache",
        "--tag",
        "built",
        &path,
    ])?;
    let recorded = tracer.finish()?;
    recorded.expect_no_loss()?;
    for (name, files) in [(CHOWN, archive::TREE_FILES), (APPEND, 1)] {
        let events = recorded.copy_ups(name);
        let data = of_kind(&events, "data");
        ensure!(data.len() == files, "{name}: {} files", data.len());
        for event in data {
            ensure!(event["container"]["runtime"] == "buildah", "{event}");
            let path = event["path"].as_str().unwrap_or_default();
            let layer = if path == "/srv/big.dat" { 1 } else { 2 };
            let layer = &image.layers[layer];
            ensure!(
                event["layer"]["digest"] == layer.digest.as_str()
                    && event["layer"]["instruction"] == layer.instruction.as_str(),
                "another layer: {event}"
            );
        }
    }
    ensure!(
        recorded.whiteouts(APPEND).len() == 1,
        "{:?}",
        recorded.of_type("whiteout")
    );
    for event in recorded.of_type("copy_up") {
        ensure!(
            event["container"]["runtime"] == "buildah",
            "not of the build: {event}"
        );
    }
    Ok(())
}

/// `buildah run`: one step, against the upper directory of the working
/// container, which stays.
pub(crate) fn of_buildah() -> Result<()> {
    let podman = Podman::root()?;
    let image = archive::shop("ovl-trace/shop:1")?;
    podman.load(&image)?;
    let reference = format!("localhost/{}", image.name);
    let container = run("buildah", &["from", "--pull-never", &reference])?;
    let tracer = Tracer::start(&[])?;
    run(
        "buildah",
        &[
            "run",
            "--network",
            "none",
            &container,
            "--",
            "/bin/sh",
            "-c",
            CHOWN,
        ],
    )?;
    let recorded = tracer.finish()?;
    let id = run(
        "buildah",
        &["inspect", "--format", "{{.ContainerID}}", &container],
    )?;
    let merged = PathBuf::from(run("buildah", &["mount", &container])?);
    let overlay = containers_storage(&merged)?;
    let subject = Subject {
        identity: Identity {
            id,
            name: container.clone(),
            image: Some(reference),
            runtime: "buildah",
            pod: None,
            namespace: None,
        },
        layers: &image.layers,
        overlay,
        before: None,
        incomplete: false,
        step: Some(CHOWN),
    };
    let verdict = judge(&recorded, &[subject]);
    run("buildah", &["rm", &container])?;
    verdict?;
    // What prepares the step comes before its command is known.
    let events = recorded.copy_ups(CHOWN);
    let data = of_kind(&events, "data");
    ensure!(
        data.len() == archive::TREE_FILES,
        "{} files of the step",
        data.len()
    );
    Ok(())
}

/// Directories of a layer of containers/storage, by its own notes: `lower` is a
/// list of links.
fn containers_storage(merged: &std::path::Path) -> Result<Layers> {
    let layer = merged.parent().context("no layer")?;
    let overlay = layer.parent().context("no store")?;
    let lower = fs::read_to_string(layer.join("lower"))?;
    let lowers = lower
        .trim()
        .split(':')
        .map(|link| Ok(fs::canonicalize(overlay.join(link))?));
    Ok(Layers {
        upper: layer.join("diff"),
        lowers: lowers.collect::<Result<_>>()?,
    })
}
