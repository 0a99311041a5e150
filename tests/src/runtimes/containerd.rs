//! containerd by its own command line, `ctr`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use anyhow::{Context as _, Result};

use super::{
    archive::Image,
    daemon::Daemon,
    engine::Engine,
    subject::{Identity, Subject},
};
use crate::{
    command::{output, run},
    docker::{Layers, unique},
};

/// The sandboxes of pods are made of it.
pub(crate) const PAUSE: &str = "ovl-trace/pause:1";

/// The socket of the system's containerd.
pub(crate) const SOCKET: &str = "/run/containerd/containerd.sock";

/// crun is the fastest there is; without systemd, control groups are plain
/// directories. Pods have no network of their own, for lack of plugins.
const CONFIG: &str = "version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'ovl-trace/pause:1'
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = 'crun'
";

static RUNNING: Mutex<Option<Daemon>> = Mutex::new(None);

/// Whether this system's containerd has the CRI plugin and crun (2.1 in sid).
pub(crate) fn is_installed_with_cri() -> bool {
    ["containerd", "crun"]
        .iter()
        .all(|program| super::is_installed(program))
}

/// Starts the daemon unless it runs.
pub(crate) fn start() -> Result<()> {
    let mut running = RUNNING.lock().ok().context("an earlier case panicked")?;
    if running.is_none() {
        fs::create_dir_all("/etc/containerd")?;
        fs::write("/etc/containerd/config.toml", CONFIG)?;
        let mut command = Command::new("containerd");
        *running = Some(Daemon::start("containerd", &mut command, || {
            Path::new(SOCKET).exists()
                && output("ctr", &["version"]).is_ok_and(|output| output.status.success())
        })?);
    }
    Ok(())
}

/// Ends the daemon.
pub(crate) fn end() {
    if let Ok(mut running) = RUNNING.lock() {
        *running = None;
    }
}

/// The directories of a container's snapshot, by what containerd would mount.
pub(crate) fn layers(namespace: &str, key: &str) -> Result<Layers> {
    let mount = ctr(
        namespace,
        &[
            "snapshots",
            "--snapshotter",
            "overlayfs",
            "mounts",
            "/x",
            key,
        ],
    )?;
    layers_of_mount(&mount)
}

/// The layers that are no container's, of which one is made upon others: each
/// with those below it.
pub(crate) fn committed(namespace: &str) -> Result<Vec<Layers>> {
    let snapshots = |arguments: &[&str]| {
        let options = ["snapshots", "--snapshotter", "overlayfs"];
        ctr(namespace, &[&options[..], arguments].concat())
    };
    let mut layers = Vec::new();
    for line in snapshots(&["list"])?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [key, _parent, "Committed"] = words.as_slice() else {
            continue;
        };
        // A view of a snapshot has it as the topmost lower layer. The daemon may
        // collect it at once, so its mount is asked for with it.
        let view = unique("view-of-a-test");
        let mount = match snapshots(&["view", "--target", "/x", &view, key]) {
            // Collected since it was listed.
            Err(error) if error.to_string().contains("not found") => continue,
            mount => mount?,
        };
        let options = mount.split_whitespace().last().unwrap_or_default();
        let lower = options
            .split(',')
            .find_map(|option| option.strip_prefix("lowerdir="));
        let mut all = lower.unwrap_or_default().split(':').map(PathBuf::from);
        if let Some(upper) = all.next() {
            layers.push(Layers {
                upper,
                lowers: all.collect(),
            });
        }
    }
    Ok(layers)
}

/// `mount -t overlay overlay /x -o A=B,upperdir=…,lowerdir=A:B`.
fn layers_of_mount(mount: &str) -> Result<Layers> {
    let options = mount.split_whitespace().last().context("no options")?;
    let option = |name: &str| {
        let mut options = options.split(',');
        let value = options.find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
        value.with_context(|| format!("no {name} in '{mount}'"))
    };
    Ok(Layers {
        upper: PathBuf::from(option("upperdir")?),
        lowers: option("lowerdir")?.split(':').map(PathBuf::from).collect(),
    })
}

/// Runs `ctr` in a namespace.
pub(crate) fn ctr(namespace: &str, arguments: &[&str]) -> Result<String> {
    run("ctr", &[&["--namespace", namespace], arguments].concat())
}

/// Loads an image for the containers of a namespace.
pub(crate) fn load(namespace: &str, image: &Image) -> Result<()> {
    let archive = image.archive.display().to_string();
    let arguments = [
        "images",
        "import",
        "--local",
        "--snapshotter",
        "overlayfs",
        &archive,
    ];
    ctr(namespace, &arguments).map(drop)
}

/// Containers of `ctr`, in a namespace.
pub(crate) struct Ctr {
    namespace: &'static str,
}

impl Ctr {
    pub(crate) fn new(namespace: &'static str) -> Result<Self> {
        start()?;
        Ok(Self { namespace })
    }
}

impl Engine for Ctr {
    fn load(&self, image: &Image) -> Result<()> {
        load(self.namespace, image)
    }

    fn run<'a>(&self, image: &'a Image, name: &str, script: &str) -> Result<Subject<'a>> {
        // What ctr calls a container is its id, and may be anything.
        let id = unique(&format!("{name}.id"));
        let reference = reference(image);
        let options = ["run", "--snapshotter", "overlayfs", &reference, &id];
        ctr(
            self.namespace,
            &[&options[..], &["sh", "-euc", script]].concat(),
        )?;
        Ok(Subject {
            identity: identity(id.clone(), self.namespace, image),
            layers: &image.layers,
            overlay: layers(self.namespace, &id)?,
            before: None,
            incomplete: false,
            step: None,
        })
    }

    fn remove(&self, subject: &Subject<'_>) -> Result<()> {
        ctr(self.namespace, &["containers", "rm", &subject.identity.id]).map(drop)
    }
}

/// What a container of ctr must be called: its name is its id.
pub(crate) fn identity(id: String, namespace: &str, image: &Image) -> Identity {
    Identity {
        name: id.clone(),
        id,
        image: Some(reference(image)),
        runtime: "containerd",
        pod: None,
        namespace: Some(namespace.to_owned()),
    }
}

/// The image's name as containerd has it after an import.
pub(crate) fn reference(image: &Image) -> String {
    format!("docker.io/{}", image.name)
}
