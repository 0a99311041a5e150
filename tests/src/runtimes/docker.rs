//! Docker with either image store.

use std::{fs, path::PathBuf, process::Command, sync::Mutex};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    archive::Image,
    containerd,
    daemon::Daemon,
    engine::Engine,
    subject::{Identity, Subject},
};
use crate::{
    command::{output, run},
    docker::Layers,
};

/// Where images and layers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// The graph driver overlay2.
    Overlay2,
    /// containerd's snapshots (`features.containerd-snapshotter`).
    Containerd,
}

/// A daemon with a store.
pub(crate) struct Docker {
    store: Store,
}

/// One daemon at a time; it ends when the other store is wanted.
static RUNNING: Mutex<Option<(Store, Daemon)>> = Mutex::new(None);

/// Ends the daemon.
pub(crate) fn end() {
    if let Ok(mut running) = RUNNING.lock() {
        *running = None;
    }
}

impl Docker {
    /// A daemon with this store, started unless it runs.
    pub(crate) fn with(store: Store) -> Result<Self> {
        let mut running = RUNNING.lock().ok().context("an earlier case panicked")?;
        if running
            .as_ref()
            .is_none_or(|(current, _)| *current != store)
        {
            *running = None;
            *running = Some((store, start(store)?));
        }
        Ok(Self { store })
    }

    /// Where its layers are.
    pub(crate) fn store(&self) -> Store {
        self.store
    }

    /// What a container must be called.
    pub(crate) fn identity(id: String, name: &str, image: &Image) -> Identity {
        Identity {
            id,
            name: name.to_owned(),
            image: Some(image.name.to_owned()),
            runtime: "docker",
            pod: None,
            namespace: None,
        }
    }

    /// A container that ran over these layers.
    pub(crate) fn subject(
        identity: Identity,
        layers: Layers,
        image: &Image,
    ) -> Result<Subject<'_>> {
        Ok(Subject {
            identity,
            layers: &image.layers,
            before: Some(init(&layers, image)?),
            incomplete: false,
            step: None,
            overlay: layers,
        })
    }
}

fn start(store: Store) -> Result<Daemon> {
    let snapshotter = store == Store::Containerd;
    if containerd::is_installed_with_cri() {
        // Docker of the package uses the system's containerd if it runs.
        containerd::start()?;
    }
    fs::create_dir_all("/etc/docker")?;
    fs::write(
        "/etc/docker/daemon.json",
        format!("{{\"features\":{{\"containerd-snapshotter\":{snapshotter}}}}}\n"),
    )?;
    let mut command = Command::new("dockerd");
    command.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
    if store == Store::Overlay2 {
        command.args(["--storage-driver", "overlay2"]);
    }
    let daemon = Daemon::start("dockerd", &mut command, || {
        output("docker", &["version"]).is_ok_and(|output| output.status.success())
    })?;
    let driver = run("docker", &["info", "--format", "{{.Driver}}"])?;
    let expected = if snapshotter { "overlayfs" } else { "overlay2" };
    ensure!(
        driver == expected,
        "the storage driver is {driver}, not {expected}"
    );
    Ok(daemon)
}

impl Engine for Docker {
    fn load(&self, image: &Image) -> Result<()> {
        let archive = image.archive.display().to_string();
        run("docker", &["load", "--quiet", "--input", &archive]).map(drop)
    }

    fn run<'a>(&self, image: &'a Image, name: &str, script: &str) -> Result<Subject<'a>> {
        let options = ["run", "--network", "none", "--name", name, image.name];
        run("docker", &[&options[..], &["sh", "-euc", script]].concat())?;
        let inspected = run("docker", &["inspect", name])?;
        let inspected: Value = serde_json::from_str(&inspected)?;
        let container = &inspected[0];
        let id = container["Id"].as_str().context("no id")?.to_owned();
        let layers = match self.store {
            Store::Overlay2 => graph_driver(container)?,
            Store::Containerd => containerd::layers("moby", &id)?,
        };
        Self::subject(Self::identity(id, name, image), layers, image)
    }

    fn remove(&self, subject: &Subject<'_>) -> Result<()> {
        run("docker", &["rm", "-f", &subject.identity.id]).map(drop)
    }
}

pub(crate) fn graph_driver(container: &Value) -> Result<Layers> {
    let data = &container["GraphDriver"]["Data"];
    let text = |field: &str| data[field].as_str().with_context(|| format!("no {field}"));
    Ok(Layers {
        upper: PathBuf::from(text("UpperDir")?),
        lowers: text("LowerDir")?.split(':').map(PathBuf::from).collect(),
    })
}

/// Docker makes a layer of its own between the container's and the image's,
/// mounts it and writes `/etc/hosts` and the like.
fn init(container: &Layers, image: &Image) -> Result<Layers> {
    ensure!(
        container.lowers.len() == image.layers.len() + 1,
        "{} lower layers for an image of {}",
        container.lowers.len(),
        image.layers.len()
    );
    let (upper, lowers) = container.lowers.split_first().context("no lower layer")?;
    Ok(Layers {
        upper: upper.clone(),
        lowers: lowers.to_vec(),
    })
}
