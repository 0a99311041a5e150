//! Real Docker, through its command line.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, Result};

use crate::command::run;

/// A container that is removed at the end of the test.
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) name: String,
}

static COUNTER: AtomicUsize = AtomicUsize::new(0);

/// A name that no other test uses.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", COUNTER.fetch_add(1, Ordering::Relaxed))
}

impl Container {
    /// Starts a container that waits for `exec`.
    pub(crate) fn start(image: &str, prefix: &str) -> Result<Self> {
        let name = unique(prefix);
        let options = ["run", "-d", "--network", "none", "--name", &name, "--init"];
        let id = run(
            "docker",
            &[&options[..], &[image, "sleep", "100000"]].concat(),
        )?;
        Ok(Self { id, name })
    }

    /// Runs a shell script in it.
    pub(crate) fn shell(&self, script: &str) -> Result<String> {
        run("docker", &["exec", &self.name, "sh", "-euc", script])
    }

    /// Its writable layer on the host, and the image's layers, topmost first.
    pub(crate) fn layers(&self) -> Result<Layers> {
        let inspect = |field: &str| {
            let format = format!("{{{{.GraphDriver.Data.{field}}}}}");
            run("docker", &["inspect", "--format", &format, &self.id])
        };
        Ok(Layers {
            upper: PathBuf::from(inspect("UpperDir")?),
            lowers: inspect("LowerDir")?.split(':').map(PathBuf::from).collect(),
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Err(error) = run("docker", &["rm", "-f", &self.id]) {
            let text = format!("{error:#}");
            if !text.contains("No such container") {
                crate::harness::note(&format!("removing container {}: {text}", self.name));
            }
        }
    }
}

/// The directories of an overlay.
#[derive(Clone)]
pub(crate) struct Layers {
    pub(crate) upper: PathBuf,
    pub(crate) lowers: Vec<PathBuf>,
}

/// Runs a container to its end; returns what it printed.
pub(crate) fn run_once(image: &str, name: &str, script: &str) -> Result<String> {
    run(
        "docker",
        &[
            "run",
            "--rm",
            "--network",
            "none",
            "--name",
            name,
            image,
            "sh",
            "-euc",
            script,
        ],
    )
    .with_context(|| format!("container {name}"))
}
