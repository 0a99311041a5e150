//! Docker in Docker: the inner daemon's layers are on a volume, and its mounts
//! are in the outer container's mount namespace alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    archive::{self, Image},
    common,
    docker::{Docker, Store, graph_driver},
    engine::Engine,
    subject::{Identity, Subject},
};
use crate::{
    command::{output, run},
    docker::{Layers, unique},
};

/// The volume, on a file system that can be an upper layer.
const VOLUME: &str = "/data/inner";

/// Where it is inside.
const INSIDE: &str = "/var/lib/docker";

/// What the outer container runs: the guest's own Docker.
const DAEMON: &str = "exec dockerd --iptables=false --ip6tables=false --bridge=none \
                      --storage-driver overlay2 >/run/dockerd.log 2>&1";

/// A Docker inside a container.
struct Inner {
    outer: String,
}

/// Two containers of the inner Docker.
pub(crate) fn two_containers() -> Result<()> {
    common::two_containers(&Inner::start()?)
}

impl Inner {
    fn start() -> Result<Self> {
        let outer = Docker::with(Store::Overlay2)?;
        let image = archive::machine("ovl-trace/machine:1")?;
        outer.load(&image)?;
        let name = unique("outer");
        let volume = format!("{VOLUME}:{INSIDE}");
        let options = [
            "run",
            "-d",
            "--privileged",
            "--network",
            "none",
            "--cgroupns",
            "host",
        ];
        // Of its own file system it changes nothing, while it is observed.
        let volumes = [
            "--tmpfs", "/run", "--tmpfs", "/tmp", "--tmpfs", "/root", "-v", &volume,
        ];
        let programs = [
            "-v",
            "/usr:/usr:ro",
            "--name",
            &name,
            image.name,
            "sh",
            "-c",
            DAEMON,
        ];
        run("docker", &[&options[..], &volumes, &programs].concat())?;
        let inner = Self { outer: name };
        for _ in 0..600 {
            let arguments = ["exec", &inner.outer, "docker", "version"];
            if output("docker", &arguments)?.status.success() {
                return Ok(inner);
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let log = run(
            "docker",
            &["exec", &inner.outer, "tail", "-n", "15", "/run/dockerd.log"],
        );
        anyhow::bail!("the inner dockerd did not start: {log:?}")
    }

    fn docker(&self, arguments: &[&str]) -> Result<String> {
        run(
            "docker",
            &[&["exec", &self.outer, "docker"], arguments].concat(),
        )
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = run("docker", &["rm", "-f", &self.outer]) {
            crate::harness::note(&format!("removing {}: {error:#}", self.outer));
        }
    }
}

impl Engine for Inner {
    fn load(&self, image: &Image) -> Result<()> {
        // Through the volume, which both see.
        let file = Path::new(VOLUME).join("image.tar");
        std::fs::copy(&image.archive, file)?;
        let inside = format!("{INSIDE}/image.tar");
        self.docker(&["load", "--quiet", "--input", &inside])
            .map(drop)
    }

    fn run<'a>(&self, image: &'a Image, name: &str, script: &str) -> Result<Subject<'a>> {
        let options = ["run", "--network", "none", "--name", name, image.name];
        self.docker(&[&options[..], &["sh", "-euc", script]].concat())?;
        let inspected: Value = serde_json::from_str(&self.docker(&["inspect", name])?)?;
        let container = &inspected[0];
        let id = container["Id"].as_str().context("no id")?.to_owned();
        let layers = outside(&graph_driver(container)?)?;
        let identity = Identity {
            name: format!("{}/{name}", self.outer),
            ..Docker::identity(id, name, image)
        };
        Docker::subject(identity, layers, image)
    }

    fn remove(&self, subject: &Subject<'_>) -> Result<()> {
        self.docker(&["rm", "-f", &subject.identity.id]).map(drop)
    }
}

/// The same directories, as the guest sees them.
fn outside(layers: &Layers) -> Result<Layers> {
    let map = |path: &PathBuf| -> Result<PathBuf> {
        let mapped = Path::new(VOLUME).join(path.strip_prefix(INSIDE)?);
        // Links of the store lead to paths inside, so none may be on the way.
        ensure!(mapped.is_dir(), "no {}", mapped.display());
        Ok(mapped)
    };
    Ok(Layers {
        upper: map(&layers.upper)?,
        lowers: layers.lowers.iter().map(map).collect::<Result<_>>()?,
    })
}
