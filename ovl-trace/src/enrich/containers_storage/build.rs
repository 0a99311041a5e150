//! Working containers of Buildah, which `podman build` uses, too.
//!
//! While a `RUN` step runs, its bundle is in `/var/tmp/buildahN`, and its host
//! name is the beginning of the working container's id unless the build sets
//! another one (Buildah `run_linux.go`). Steps without a bundle (`COPY`), and
//! those with other temporary directories or host names, keep the name of the
//! working container.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::records::ContainerRecord;
use crate::{
    enrich::{bundle::Bundle, docker::unnamed, image::bounded, root::Root, runtime::Record},
    model::{Container, Runtime},
};

/// Where Buildah makes bundles (`TMPDIR` can say otherwise).
const BUNDLES: &str = "/var/tmp";

/// Bundles of builds that run at the same time. Anybody may make directories
/// there.
const MAX_BUNDLES: usize = 64;

/// A step may begin and change files a moment after the last look.
const PAUSE: Duration = Duration::from_millis(50);

/// `userdata/buildah.json` (Buildah `buildah.go`, `Builder`).
#[derive(Deserialize)]
struct State {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "container-id", default)]
    id: String,
    #[serde(rename = "image", default)]
    image: String,
}

/// A working container, if it is one, and where to look for its current step.
pub(crate) fn working_container(
    root: &Root,
    graph_root: &Path,
    record: &ContainerRecord,
) -> Option<(Container, Record)> {
    let userdata = graph_root
        .join("overlay-containers")
        .join(&record.id)
        .join("userdata");
    let state = root.read(&userdata.join("buildah.json")).ok();
    let state: Option<State> = state.and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok());
    let image = match state {
        Some(state) if state.kind.starts_with("buildah ") && state.id == record.id => {
            bounded(state.image)
        }
        // Its state cannot be read, but nobody else names containers so.
        _ if record.name()?.contains("-working-container") => None,
        _ => return None,
    };
    let container = Container {
        name: record.name(),
        image,
        ..unnamed(record.id.clone(), Runtime::Buildah)
    };
    let graph_root = graph_root.to_owned();
    let idle = container.clone();
    let step = move |root: &Root, bundles: &Path| {
        let name = Some(command(root, bundles, &graph_root, &idle.id)?);
        Some(Container {
            name,
            ..idle.clone()
        })
    };
    let bundles = PathBuf::from(BUNDLES);
    let stamp = root.stamp(&bundles).ok();
    let running = step(root, &bundles);
    // Without a step there is no version: a bundle's directory comes before
    // what is in it.
    let stamp = stamp.filter(|_| running.is_some());
    let mut record = Record::new(root, bundles, stamp, step);
    record.pause = PAUSE;
    Some((running.unwrap_or(container), record))
}

/// The command of a container's step, if one runs.
fn command(root: &Root, bundles: &Path, graph_root: &Path, id: &str) -> Option<String> {
    let hostname = id.get(..12)?;
    let owner = root.owner(graph_root).ok()?;
    let directories = root.list(bundles).ok()?.into_iter().filter(|name| {
        name.as_bytes()
            .strip_prefix(b"buildah")
            .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
    });
    let directories = directories.map(|name| bundles.join(name));
    directories
        // Others could make bundles with that host name, too.
        .filter(|directory| root.owner(directory).is_ok_and(|found| found == owner))
        .take(MAX_BUNDLES)
        .filter_map(|directory| root.read(&directory.join("config.json")).ok())
        .filter_map(|(bytes, _)| Bundle::parse(&bytes))
        .find(|bundle| bundle.hostname == hostname)?
        .command()
}
