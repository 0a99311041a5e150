//! Stores of containers/storage that are elsewhere, change, or are broken.

use std::{path::PathBuf, time::Duration};

use super::*;
use crate::enrich::{Enricher, list_mounts};

const STORE: &str = "/srv/pm5/storage";
const RENAMED_LAYER: &str = "7e60c059dd8dcff16c5ae301684e2495ef6235f47a4f89a4f3f022ce7b196446";

fn podman_5() -> FakeHost {
    let host = FakeHost::new();
    host.install("podman-5.8/graphroot", STORE);
    host.process(1, 1, &fixtures::text("podman-5.8/mountinfo/mounter-ns.txt"));
    host
}

fn labels(host: &FakeHost) -> Vec<String> {
    let rows = list_mounts(&host.config()).unwrap();
    rows.iter().map(|row| row.origin.label()).collect()
}

fn mount_line(store: &str, layer: &str, point: &str) -> String {
    let dir = format!("{store}/overlay/{layer}");
    format!("9 8 0:91 / {point} rw - overlay overlay rw,lowerdir=l/X,upperdir={dir}/diff\n")
}

/// As the library does: a new file in the place of the old one.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn a_rootless_store_is_in_the_namespace_of_its_pause_process() {
    let host = docker_20();
    let store = "/home/u1/.local/share/containers/storage";
    let layer = "0f609979fbb1e8154fbb61eb192d6d48049a2241d1656916d3aab714f939d60e";
    let docker = docker_20_mounts();
    host.process(1, 1, &docker);
    let merged = format!("{store}/overlay/{layer}/merged");
    let paused = format!("{docker}{}", mount_line(store, layer, &merged));
    host.process(5, 5, &paused);
    let root = host.own_root(5);
    fixtures::copy(
        &fixtures::path("podman-5.8-rootless/graphroot"),
        &root.join(store.trim_start_matches('/')),
    );
    let inside = fixtures::text("podman-5.8-rootless/mountinfo/container-rl-web.txt");
    host.process(7, 7, &inside.replace("0:234", "0:91"));
    host.own_root(7);
    assert!(labels(&host).contains(&"rl-web".to_owned()));
    assert!(labels(&host).contains(&"web-1".to_owned()));
}

#[test]
fn podman_in_docker() {
    let host = docker_20();
    show_mounts(&host);
    let outer = fixtures::text(&format!("{DOCKER_20}/mountinfo/container-web-1.txt"));
    let merged = format!("{STORE}/overlay/{RENAMED_LAYER}/merged");
    let inner = mount_line(STORE, RENAMED_LAYER, &merged);
    host.process(20, 20, &format!("{outer}{inner}"));
    let root = host.own_root(20);
    let store = root.join(STORE.trim_start_matches('/'));
    fixtures::copy(&fixtures::path("podman-5.8/graphroot"), &store);
    assert!(labels(&host).contains(&"web-1/pm5-renamed".to_owned()));
}

#[test]
fn a_store_in_a_container_that_nobody_names() {
    let host = FakeHost::new();
    let merged = format!("{STORE}/overlay/{RENAMED_LAYER}/merged");
    let forged = mount_line(STORE, RENAMED_LAYER, &merged);
    let own = "9 8 0:90 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n";
    host.process(20, 20, &format!("{own}{forged}"));
    let root = host.own_root(20);
    let store = root.join(STORE.trim_start_matches('/'));
    fixtures::copy(&fixtures::path("podman-5.8/graphroot"), &store);
    let rows = list_mounts(&host.config()).unwrap();
    assert!(rows.iter().all(|row| row.origin.container.is_none()));
    // With an id around it, the name says whose word it is.
    host.cgroup(20, &format!("0::/docker/{WEB}\n"));
    assert!(labels(&host).contains(&"34cf4f6734a1/pm5-renamed".to_owned()));
    // On a live system it is the host itself that has an overlay as its root.
    host.process(1, 1, own);
    assert!(labels(&host).contains(&"pm5-renamed".to_owned()));
}

#[test]
fn a_rename_is_followed() {
    let host = podman_5();
    let mut enricher = Enricher::new(&host.config());
    let upper = format!("{STORE}/overlay/{RENAMED_LAYER}/diff");
    let event = Event::OverlaySeen(seen(key(1), &upper, true));
    assert_eq!(label(&enricher.origin(&event)), "pm5-renamed");
    assert_eq!(enricher.origin_of(key(1)).layers.len(), 5);
    let list = host.at(&format!("{STORE}/overlay-containers/containers.json"));
    let text = fs::read_to_string(&list).unwrap();
    replace(&list, &text.replace("pm5-renamed", "again"));
    assert_eq!(label(&enricher.origin_of(key(1))), "again");
    replace(&list, "[]");
    assert_eq!(label(&enricher.origin_of(key(1))), "again");
}

#[test]
fn the_record_may_come_after_the_mount() {
    let host = podman_5();
    let list = host.at(&format!("{STORE}/overlay-containers/containers.json"));
    let text = fs::read_to_string(&list).unwrap();
    for early in ["null", "[{\"id\":", "{\"version\":2}"] {
        replace(&list, early);
        let mut enricher = Enricher::new(&host.config());
        let upper = format!("{STORE}/overlay/{RENAMED_LAYER}/diff");
        let event = Event::OverlaySeen(seen(key(1), &upper, true));
        assert_eq!(enricher.origin(&event).container, None, "{early}");
        replace(&list, &text);
        let at = enricher.next_retry().unwrap();
        enricher.retry(at + Duration::from_millis(1));
        assert_eq!(label(&enricher.origin_of(key(1))), "pm5-renamed");
    }
}

#[test]
fn a_broken_list_leaves_the_others() {
    let host = podman_5();
    let at = |file: &str| host.at(&format!("{STORE}/{file}"));
    replace(&at("overlay-containers/containers.json"), "rubbish");
    // `--rm` containers are in a list of their own.
    assert!(labels(&host).contains(&"pm5-rm".to_owned()));
    assert!(!labels(&host).contains(&"pm5-renamed".to_owned()));
    replace(&at("overlay-layers/layers.json"), "rubbish");
    let rows = list_mounts(&host.config()).unwrap();
    let named = rows.iter().find(|row| row.origin.container.is_some());
    assert_eq!(named.unwrap().origin.layers, []);
}

#[test]
fn without_the_image_the_layers_have_no_instructions() {
    let host = podman_5();
    fs::remove_dir_all(host.at(&format!("{STORE}/overlay-images"))).unwrap();
    let rows = list_mounts(&host.config()).unwrap();
    let layers = &rows[0].origin.layers;
    assert_eq!(layers.len(), 5);
    assert!(layers.iter().all(|layer| layer.digest.is_some()));
    assert!(layers.iter().all(|layer| layer.created_by.is_none()));
}

#[test]
fn a_transient_store_has_its_lists_in_the_run_root() {
    let host = podman_5();
    let volatile = "overlay-containers/volatile-containers.json";
    let text = fs::read_to_string(host.at(&format!("{STORE}/{volatile}"))).unwrap();
    fs::remove_dir_all(host.at(&format!("{STORE}/overlay-containers"))).unwrap();
    assert!(!labels(&host).contains(&"pm5-rm".to_owned()));
    replace(
        &host.at(&format!("/run/containers/storage/{volatile}")),
        &text,
    );
    assert!(labels(&host).contains(&"pm5-rm".to_owned()));
}

#[test]
fn an_image_of_an_additional_store() {
    let host = podman_5();
    let (own, other) = (host.at(STORE), host.at("/usr/lib/containers/storage"));
    fs::create_dir_all(other.join("overlay-layers")).unwrap();
    fs::rename(own.join("overlay-images"), other.join("overlay-images")).unwrap();
    fs::copy(
        own.join("overlay-layers/layers.json"),
        other.join("overlay-layers/layers.json"),
    )
    .unwrap();
    fs::remove_file(own.join("overlay-layers/layers.json")).unwrap();
    let rm = "427d230e34c9f2bcd7af9180a3d9e0993ac8f596ce6904b04e644d0d6a4d54f2";
    let layers_with = |lower: &str| {
        let lowers = [lower; 5].join(":");
        let line = mount_line(STORE, rm, "/m").replace("l/X", &lowers);
        host.process(1, 1, &line);
        let origin = list_mounts(&host.config()).unwrap().remove(0).origin;
        assert_eq!(origin.label(), "pm5-rm");
        origin.layers
    };
    // Numbers of descriptors do not say where the image is.
    assert_eq!(layers_with("3"), []);
    let layers = layers_with("/usr/lib/containers/storage/overlay/l/X");
    assert_eq!(layers.len(), 5);
    assert!(layers[0].created_by.is_some());
}

#[test]
fn a_relative_upperdir() {
    let host = podman_5();
    host.process(1, 1, "");
    let line = mount_line("", RENAMED_LAYER, "/").replace("/overlay/", "");
    assert!(line.contains(&format!("upperdir={RENAMED_LAYER}/diff")));
    // Inside, only the usual place is known; outside, the mount point tells.
    host.process(7, 7, &line);
    host.own_root(7);
    assert!(labels(&host)[0].starts_with("overlay"));
    let merged = format!("{STORE}/overlay/{RENAMED_LAYER}/merged");
    host.process(1, 1, &line.replace(" / / ", &format!(" / {merged} ")));
    assert_eq!(labels(&host), ["pm5-renamed"]);
    host.process(1, 1, "");
    let usual = host.at("/var/lib/containers/storage");
    fixtures::copy(&fixtures::path("podman-5.8/graphroot"), &usual);
    fs::create_dir_all(usual.join("overlay").join(RENAMED_LAYER).join("diff")).unwrap();
    assert_eq!(labels(&host), ["pm5-renamed"]);
    let rows = list_mounts(&host.config()).unwrap();
    let upper = format!("/var/lib/containers/storage/overlay/{RENAMED_LAYER}/diff");
    assert_eq!(rows[0].origin.mount.upperdir, Some(PathBuf::from(upper)));
}

#[test]
fn a_volume_belongs_to_the_container_that_mounted_it() {
    let host = FakeHost::new();
    let store = "/tmp/rt/podman/storage";
    host.install("podman-4.3/graphroot", store);
    let mounts = fixtures::text("podman-4.3/mountinfo/container-pm-ovlvol.txt");
    host.process(7, 7, &mounts);
    let own = host.own_root(7);
    let id = "c3180bfe7a7126af5485c04b5c789486760a3565a32b8f433428ea814d76e1be";
    let upper = format!("{store}/overlay-containers/{id}/userdata/overlay/2402937679/upper");
    let identity = upper_of(&host.at(&upper));
    // What is in the container at the same path is not that directory.
    let forged = own.join(store.trim_start_matches('/'));
    fixtures::copy(&fixtures::path("podman-4.3/graphroot"), &forged);
    let list = forged.join("overlay-containers/containers.json");
    let text = fs::read_to_string(&list).unwrap();
    replace(&list, &text.replace("pm-ovlvol", "forged"));
    upper_of(&own.join(upper.trim_start_matches('/')));
    let mut enricher = Enricher::new(&host.config());
    let event = OverlaySeen {
        device: device(162),
        upper: Some(identity),
        layers: Some(2),
        process: process(7, 7),
        ..seen(key(1), &upper, false)
    };
    let origin = enricher.origin(&Event::OverlaySeen(event));
    assert_eq!(label(&origin), "pm-ovlvol");
    assert_eq!(origin.layers, []);
}
