//! Build steps of Buildah.

use std::{
    os::unix::fs::chown,
    time::{Duration, Instant},
};

use super::*;
use crate::{
    enrich::Enricher,
    model::{Event, Runtime},
};

const STORE: &str = "/var/lib/containers/storage";
const LAYER: &str = "8091e51236c2cba66fb5e16e7698e88217c7cc82a7a47af9e62467b2331c9663";

fn id() -> String {
    "5a".repeat(32)
}

/// A store with a working container.
fn building(state: Option<&str>) -> FakeHost {
    let host = FakeHost::new();
    let containers = host.at(&format!("{STORE}/overlay-containers"));
    let userdata = containers.join(id()).join("userdata");
    fs::create_dir_all(&userdata).unwrap();
    let list = format!(
        r#"[{{"id":"{}","names":["demo-working-container"],"layer":"{LAYER}"}}]"#,
        id()
    );
    fs::write(containers.join("volatile-containers.json"), list).unwrap();
    if let Some(state) = state {
        fs::write(userdata.join("buildah.json"), state).unwrap();
    }
    fs::create_dir_all(host.at("/var/tmp")).unwrap();
    host
}

fn state() -> String {
    let id = id();
    format!(r#"{{"type":"buildah 0.0.1","image":"localhost/demo:1","container-id":"{id}"}}"#)
}

fn mounted() -> Event {
    Event::OverlaySeen(seen(key(1), &format!("{STORE}/overlay/{LAYER}/diff"), true))
}

fn bundle(host: &FakeHost, number: u32, hostname: &str, command: &str) {
    let directory = host.at(&format!("/var/tmp/buildah{number}"));
    fs::create_dir_all(&directory).unwrap();
    let text =
        format!(r#"{{"hostname":"{hostname}","process":{{"args":["/bin/sh","-c","{command}"]}}}}"#);
    fs::write(directory.join("config.json"), text).unwrap();
}

#[test]
fn a_step_has_the_name_of_its_command() {
    let host = building(Some(&state()));
    bundle(&host, 7, &"ab".repeat(6), "other");
    // The directory comes first, the bundle a moment later.
    fs::create_dir_all(host.at("/var/tmp/buildah8")).unwrap();
    let mut enricher = Enricher::new(&host.config());
    let origin = enricher.origin(&mounted());
    let container = origin.container.as_ref().unwrap();
    assert_eq!(container.name.as_deref(), Some("demo-working-container"));
    assert_eq!(container.image.as_deref(), Some("localhost/demo:1"));
    assert_eq!(container.runtime, Runtime::Buildah);

    let hostname = id()[..12].to_owned();
    assert_eq!(label(&enricher.origin_of(key(1))), "demo-working-container");
    bundle(&host, 8, &hostname, "make");
    assert_eq!(label(&enricher.origin_of(key(1))), "make");

    // Between two steps it is the last one that is known.
    fs::remove_dir_all(host.at("/var/tmp/buildah8")).unwrap();
    assert_eq!(label(&enricher.origin_of(key(1))), "make");
    bundle(&host, 9, &hostname, "make install");
    assert_eq!(label(&enricher.origin_of(key(1))), "make install");
}

#[test]
fn a_running_step_is_found_at_once_and_often() {
    let host = building(Some(&state()));
    bundle(&host, 8, &id()[..12], "make");
    let mut enricher = Enricher::new(&host.config());
    let now = Instant::now();
    assert_eq!(label(&enricher.origin_at(&mounted(), now)), "make");
    let entry = enricher.entries.get_mut(&key(1)).unwrap();
    fs::remove_dir_all(host.at("/var/tmp/buildah8")).unwrap();
    bundle(&host, 9, &id()[..12], "next");
    entry.recheck(now + Duration::from_millis(1), false);
    assert_eq!(label(&entry.origin()), "make");
    entry.recheck(now + Duration::from_millis(60), false);
    assert_eq!(label(&entry.origin()), "next");
}

#[test]
fn a_bundle_of_another_user_is_not_believed() {
    let host = building(Some(&state()));
    bundle(&host, 8, &id()[..12], "forged");
    // Only root can give a directory away.
    if chown(host.at("/var/tmp/buildah8"), Some(4321), None).is_err() {
        return;
    }
    let mut enricher = Enricher::new(&host.config());
    let origin = enricher.origin(&mounted());
    assert_eq!(label(&origin), "demo-working-container");
}

#[test]
fn a_working_container_without_its_state() {
    let host = building(None);
    let mut enricher = Enricher::new(&host.config());
    let origin = enricher.origin(&mounted());
    assert_eq!(label(&origin), "demo-working-container");
    // Of another program, which leaves no metadata either, nothing is claimed.
    let host = building(None);
    let list = host.at(&format!(
        "{STORE}/overlay-containers/volatile-containers.json"
    ));
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replace("-working-", "-other-")).unwrap();
    let mut enricher = Enricher::new(&host.config());
    assert_eq!(enricher.origin(&mounted()).container, None);
}
