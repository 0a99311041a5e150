//! Whole answers, from recorded files of real daemons.

mod builds;
mod certain;
mod events;
mod expected;
mod expected_storage;
mod files;
mod identity;
mod list;
mod monitors;
mod storage;
mod storage_build;

use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use super::{
    bolt::writer::Tree,
    fixtures::{self, FakeHost},
};
use crate::model::{
    CopyUp, DeviceNumber, Event, Origin, OverlayKey, OverlaySeen, Process, test_support,
};

const WEB: &str = "34cf4f6734a1b5aacfcad27001c50b444c3087bf46cdc96e5d4e02f65a34f736";
const WEB_LAYER: &str = "915733e52213cc8c51d58a4be5723a06a6ff3ef6b91cd9f7c4bd5393cad1b01b";
const DOCKER_20: &str = "docker-20.10-overlay2";
const DOCKER_20_ROOT: &str = "/tmp/rt/docker/root";

fn docker_20() -> FakeHost {
    let host = FakeHost::new();
    host.install(&format!("{DOCKER_20}/data-root"), DOCKER_20_ROOT);
    host
}

/// What process 1 of its machine sees.
fn docker_20_mounts() -> String {
    fixtures::text(&format!("{DOCKER_20}/mountinfo/host.txt"))
}

/// Shows it the mounts, from now on.
fn show_mounts(host: &FakeHost) {
    host.process(1, 1, &docker_20_mounts());
}

fn device(minor: u32) -> DeviceNumber {
    DeviceNumber { major: 0, minor }
}

fn key(number: u64) -> OverlayKey {
    OverlayKey {
        superblock: 0xffff_0000,
        born_ns: number,
    }
}

fn process(pid: u32, namespace: u64) -> Process {
    Process {
        pid,
        tid: pid,
        comm: b"dockerd".into(),
        uid: Some(0),
        cgroup: 1,
        mount_namespace: Some(namespace),
    }
}

fn seen(overlay: OverlayKey, upperdir: &str, mounted: bool) -> OverlaySeen {
    OverlaySeen {
        upper_filesystem: Some("ext4".to_owned()),
        time_ns: 1,
        overlay,
        device: device(42),
        upperdir: Some(upperdir.as_bytes().to_vec()),
        workdir: None,
        upper: None,
        layers: Some(6),
        mounted,
        process: process(1, 1),
    }
}

fn upper_of(path: &Path) -> (DeviceNumber, u64) {
    fs::create_dir_all(path).unwrap();
    let metadata = fs::metadata(path).unwrap();
    (DeviceNumber::from_stat(metadata.dev()), metadata.ino())
}

/// Who the upperdir of [`WEB`] is, which is made.
fn web_identity(host: &FakeHost) -> (DeviceNumber, u64) {
    upper_of(&host.at(&web_upper()))
}

fn copied_up(overlay: OverlayKey) -> Event {
    Event::CopyUp(CopyUp {
        overlay,
        device: device(42),
        process: process(1, 1),
        ..test_support::copy_up("/f")
    })
}

fn gone(overlay: OverlayKey) -> Event {
    Event::OverlayGone {
        overlay,
        device: device(42),
    }
}

fn label(origin: &Arc<Origin>) -> String {
    origin.label()
}

fn web_upper() -> String {
    format!("{DOCKER_20_ROOT}/overlay2/{WEB_LAYER}/diff")
}

/// What dockerd writes for a container, in its order.
fn put_container(data_root: &Path, id: &str, layer: &str, name: &str) {
    let mounts = data_root.join("image/overlay2/layerdb/mounts").join(id);
    fs::create_dir_all(&mounts).unwrap();
    fs::write(mounts.join("mount-id"), layer).unwrap();
    put_config(data_root, id, name);
}

fn put_config(data_root: &Path, id: &str, name: &str) {
    let directory = data_root.join("containers").join(id);
    fs::create_dir_all(&directory).unwrap();
    let text = format!(r#"{{"ID":"{id}","Name":"{name}","Config":{{"Image":"x:1"}}}}"#);
    // As dockerd does: a new file in the place of the old one.
    fs::write(directory.join("new"), text).unwrap();
    fs::rename(directory.join("new"), directory.join("config.v2.json")).unwrap();
}

/// containerd's `meta.db`.
fn put_metadata(containerd_root: &Path, tree: &Tree) {
    let directory = containerd_root.join("io.containerd.metadata.v1.bolt");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("meta.db"), tree.file(2)).unwrap();
}
