//! Podman: of root, without root, and in a pod.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    archive::Image,
    engine::Engine,
    subject::{Identity, Subject},
};
use crate::{
    command::{run, shell},
    docker::{Layers, unique},
};

/// The user of rootless containers.
const USER: &str = "1500";

/// Their home, on a disk whose file system can be an upper layer.
const HOME: &str = "/data/rootless";

/// Without systemd, control groups are plain directories, and there is no
/// journal.
const CONFIG: &str = "[engine]
cgroup_manager = \"cgroupfs\"
events_logger = \"file\"
runtime = \"crun\"
";

/// Podman as somebody, in a pod or not.
pub(crate) struct Podman {
    user: Option<&'static str>,
    pod: Option<String>,
    /// Options for another place of its files.
    place: Vec<String>,
}

impl Podman {
    /// As root.
    pub(crate) fn root() -> Result<Self> {
        configure()?;
        Ok(Self {
            user: None,
            pod: None,
            place: Vec::new(),
        })
    }

    /// As root, with its files below a directory with a name so long that
    /// some layers need more than a page (4096 bytes) of mount options. Then
    /// Podman names lower layers by descriptors.
    pub(crate) fn in_a_long_directory() -> Result<Self> {
        let mut podman = Self::root()?;
        let root = format!("/data/{}", "long".repeat(60));
        podman.place = vec![
            "--root".to_owned(),
            root,
            "--runroot".to_owned(),
            "/run/long".to_owned(),
        ];
        Ok(podman)
    }

    /// As a user with subordinate ids, and nothing else.
    pub(crate) fn rootless() -> Result<Self> {
        configure()?;
        shell(&format!(
            "grep -q :{USER}: /etc/passwd ||
                 echo rootless:x:{USER}:{USER}::{HOME}:/bin/sh >> /etc/passwd
             echo rootless:100000:65536 | tee /etc/subuid > /etc/subgid
             mount --make-rshared /
             mkdir -p {HOME} /run/user/{USER}
             chown {USER}:{USER} {HOME} /run/user/{USER}
             chmod 700 {HOME} /run/user/{USER}"
        ))?;
        Ok(Self {
            user: Some(USER),
            pod: None,
            place: Vec::new(),
        })
    }

    /// As root, in a new pod.
    pub(crate) fn in_pod() -> Result<Self> {
        let mut podman = Self::root()?;
        let name = unique("shop-pod");
        podman.call(&["pod", "create", "--network", "none", "--name", &name])?;
        podman.pod = Some(name);
        Ok(podman)
    }

    /// Runs its command line.
    pub(crate) fn call(&self, arguments: &[&str]) -> Result<String> {
        let Some(user) = self.user else {
            let place: Vec<&str> = self.place.iter().map(String::as_str).collect();
            return run("podman", &[&place, arguments].concat());
        };
        let runtime = format!("XDG_RUNTIME_DIR=/run/user/{user}");
        let home = format!("HOME={HOME}");
        let identity = ["--reuid", user, "--regid", user, "--clear-groups"];
        let environment = ["env", "-C", HOME, "-u", "XDG_CONFIG_HOME", &runtime, &home];
        run(
            "setpriv",
            &[&identity[..], &environment, &["podman"], arguments].concat(),
        )
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        if let Some(pod) = &self.pod
            && let Err(error) = self.call(&["pod", "rm", "--force", "--time", "0", pod])
        {
            crate::harness::note(&format!("removing the pod {pod}: {error:#}"));
        }
    }
}

fn configure() -> Result<()> {
    fs::create_dir_all("/etc/containers")?;
    fs::write("/etc/containers/containers.conf", CONFIG)?;
    Ok(())
}

impl Engine for Podman {
    fn load(&self, image: &Image) -> Result<()> {
        let archive = image.archive.display().to_string();
        self.call(&["load", "--quiet", "--input", &archive])
            .map(drop)
    }

    fn run<'a>(&self, image: &'a Image, name: &str, script: &str) -> Result<Subject<'a>> {
        let reference = format!("localhost/{}", image.name);
        let place = match (&self.pod, self.user) {
            (Some(pod), _) => ["--pod", pod],
            // Its control groups are not the user's to change.
            (None, Some(_)) => ["--network=none", "--cgroups=disabled"],
            (None, None) => ["--network", "none"],
        };
        let options = ["run", "--name", name];
        let command = [&reference, "sh", "-euc", script];
        self.call(&[&options[..], &place, &command].concat())?;
        let inspected: Value = serde_json::from_str(&self.call(&["inspect", name])?)?;
        let container = &inspected[0];
        let text = |field: &str| {
            let value = container.pointer(field).and_then(Value::as_str);
            value.with_context(|| format!("no {field}: {container}"))
        };
        let driver = text("/GraphDriver/Name")?;
        ensure!(driver == "overlay", "the storage driver is {driver}");
        Ok(Subject {
            identity: Identity {
                id: text("/Id")?.to_owned(),
                name: name.to_owned(),
                image: Some(text("/ImageName")?.to_owned()),
                runtime: "podman",
                pod: self.pod.clone(),
                namespace: None,
            },
            layers: &image.layers,
            overlay: Layers {
                upper: PathBuf::from(text("/GraphDriver/Data/UpperDir")?),
                lowers: text("/GraphDriver/Data/LowerDir")?
                    .split(':')
                    .map(PathBuf::from)
                    .collect(),
            },
            before: None,
            incomplete: false,
            step: None,
        })
    }

    fn remove(&self, subject: &Subject<'_>) -> Result<()> {
        self.call(&["rm", "--force", &subject.identity.id])
            .map(drop)
    }
}
