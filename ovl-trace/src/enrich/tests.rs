//! Whole answers, from recorded files of real daemons.

use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{fixtures::FakeHost, *};
use crate::model::{Container, Runtime};

const WEB: &str = "34cf4f6734a1b5aacfcad27001c50b444c3087bf46cdc96e5d4e02f65a34f736";
const WEB_LAYER: &str = "915733e52213cc8c51d58a4be5723a06a6ff3ef6b91cd9f7c4bd5393cad1b01b";
const DOCKER_20: &str = "docker-20.10-overlay2";
const DOCKER_20_ROOT: &str = "/tmp/rt/docker/root";

fn docker_20() -> FakeHost {
    let host = FakeHost::new();
    host.install(&format!("{DOCKER_20}/data-root"), DOCKER_20_ROOT);
    host
}

fn summary(container: Option<&Container>) -> Value {
    container.map_or(Value::Null, |container| {
        serde_json::json!({
            "id": container.id, "name": container.name, "image": container.image,
        })
    })
}

/// Every case of a fixture, each line on its own, must give the expected
/// container. `skip` names cases that need what is not built yet.
fn check(fixture: &str, skip: &[&str]) {
    let expected = fixtures::json(&format!("{fixture}/expected.json"));
    let data_root = expected["data_root"].as_str().unwrap();
    let cases = expected["cases"].as_array().unwrap();
    let mut checked = 0;
    for case in cases {
        let name = case["case"].as_str().unwrap_or("");
        if skip.contains(&name) {
            continue;
        }
        let host = FakeHost::new();
        if fixtures::path(&format!("{fixture}/data-root")).exists() {
            host.install(&format!("{fixture}/data-root"), data_root);
        }
        let file = case["mountinfo"].as_str().unwrap();
        let number = case["line"].as_u64().unwrap() as usize;
        let text = fixtures::text(&format!("{fixture}/{file}"));
        let line = text.lines().nth(number - 1).unwrap();
        // Seen by the mounter: on the host. Seen inside: in another namespace.
        let namespace = if line.contains(" / / ") { 2 } else { 1 };
        host.process(namespace as u32, namespace, line);
        let rows = list_mounts(&host.config()).unwrap();
        assert_eq!(rows.len(), 1, "{name}");
        let origin = &rows[0].origin;
        assert_eq!(
            origin.mount.device.to_string(),
            case["s_dev"].as_str().unwrap(),
            "{name}"
        );
        let mut want = case["container"].clone();
        if let Some(want) = want.as_object_mut() {
            want.retain(|key, _| ["id", "name", "image"].contains(&key.as_str()));
        }
        assert_eq!(summary(origin.container.as_ref()), want, "{name}");
        checked += 1;
    }
    assert_eq!(checked + skip.len(), cases.len());
}

#[test]
fn docker_20_overlay2() {
    check(DOCKER_20, &[]);
}

#[test]
fn docker_28_containerd_store() {
    // From the snapshot number alone, that needs containerd's database.
    check(
        "docker-28.5-containerd-store",
        &["web-1, its own namespace"],
    );
}

#[test]
fn docker_29() {
    check("docker-29-containerd-store", &[]);
    check("docker-29-overlay2", &[]);
    check("docker-29-userns-remap", &[]);
}

#[test]
fn a_superblock_in_two_namespaces_is_one_row() {
    let host = FakeHost::new();
    let fixture = "docker-28.5-containerd-store";
    host.install(&format!("{fixture}/data-root"), "/srv/d28/root");
    host.process(
        1,
        1,
        &fixtures::text(&format!("{fixture}/mountinfo/daemon-ns.txt")),
    );
    host.process(
        9,
        9,
        &fixtures::text(&format!("{fixture}/mountinfo/container-web-1.txt")),
    );
    let rows = list_mounts(&host.config()).unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.origin.label()).collect();
    assert_eq!(names, ["db-1", "web-1"]);
    let web = &rows[1];
    assert_eq!(
        (web.mount_namespaces, web.layers, web.read_only),
        (2, 6, false)
    );
    let merged = web.origin.mount.merged.as_deref().unwrap();
    assert!(
        merged.starts_with("/srv/d28/root/rootfs/overlayfs"),
        "{}",
        merged.display()
    );
}

/// `first-last dev= mntns= pid= comm= cg= mp= opts=` as a mountinfo line.
fn observed(line: &str) -> (u64, u32, String) {
    let field = |key: &str| {
        let rest = line.split_once(&format!(" {key}=")).unwrap().1;
        rest.split(' ').next().unwrap()
    };
    let (dev, mp, opts) = (field("dev"), field("mp"), field("opts"));
    let namespace = field("mntns").parse().unwrap();
    let pid = field("pid").parse().unwrap();
    (
        namespace,
        pid,
        format!("1 2 {dev} / {mp} rw - overlay overlay {opts}\n"),
    )
}

#[test]
fn buildkit_steps_of_both_stores() {
    for fixture in ["docker-28.5-containerd-store", "docker-29-overlay2"] {
        let expected = fixtures::json(&format!("{fixture}/expected.json"));
        let text = fixtures::text(&format!("{fixture}/observed-mounts-during-build.txt"));
        for step in expected["buildkit_steps"].as_array().unwrap() {
            let number = step["line"].as_u64().unwrap() as usize;
            let line = text.lines().nth(number - 1).unwrap();
            let host = FakeHost::new();
            let (_, _, mountinfo) = observed(line);
            host.process(1, 1, &mountinfo);
            // The bundle, put there as the step's own.
            let id = step["executor_id"].as_str().unwrap();
            if line.contains("/executor/") {
                let root = expected["data_root"].as_str().unwrap();
                let bundle = "docker-28.5-containerd-store/data-root/buildkit/executor/\
                              oej0x5lxyexr6gs5pdsa0g68e";
                host.install(bundle, &format!("{root}/buildkit/executor/{id}"));
            }
            let rows = list_mounts(&host.config()).unwrap();
            let container = rows[0].origin.container.clone().unwrap();
            assert_eq!(
                (container.runtime, container.id.as_str()),
                (Runtime::Buildkit, id)
            );
            assert_eq!(
                container.name.as_deref(),
                Some("sleep 6 && chmod 700 /etc/hello.conf")
            );
        }
    }
}

#[test]
fn docker_in_docker() {
    let host = docker_20();
    let inside = fixtures::text("docker-in-docker/mountinfo/outer-container-ns.txt");
    let inner = fixtures::text("docker-in-docker/mountinfo/inner-container.txt");
    host.process(20, 20, &inside);
    host.process(30, 30, &inner);
    host.cgroup(
        30,
        &fixtures::text("docker-in-docker/cgroup/inner-container.txt"),
    );
    // Without the inner daemon's files: the id, from the process inside.
    let rows = list_mounts(&host.config()).unwrap();
    let container = rows[0].origin.container.clone().unwrap();
    assert!(container.id.starts_with("be01102eb4e1"), "{container:?}");
    assert_eq!(container.name, None);

    // With them, in the outer container's root; and the outer one on record.
    let root = host.own_root(20);
    let layer = "fca61f7982fd130b2ab5802e2f4dc21b71a2ea39497542e96e0c367fb121695d";
    put_container(&root.join("var/lib/docker"), &container.id, layer, "/inner");
    let outer = "d90897b86a8ddb8d3c5aab16e872e04fa6cd0ab01f10c8e186e7d1977a19867f";
    put_container(&host.at(DOCKER_20_ROOT), &"cd".repeat(32), outer, "/dind");
    let labels: Vec<_> = list_mounts(&host.config())
        .unwrap()
        .iter()
        .map(|row| row.origin.label())
        .collect();
    assert_eq!(labels, ["dind", "dind/inner"]);
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
        comm: b"dockerd".to_vec(),
        uid: Some(0),
        cgroup: 1,
        mount_namespace: Some(namespace),
    }
}

fn seen(overlay: OverlayKey, upperdir: &str, mounted: bool) -> OverlaySeen {
    OverlaySeen {
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

fn label(origin: &Arc<Origin>) -> String {
    origin.label()
}

fn web_upper() -> String {
    format!("{DOCKER_20_ROOT}/overlay2/{WEB_LAYER}/diff")
}

#[test]
fn a_mount_is_named_at_once_from_its_upperdir() {
    let host = docker_20();
    let mut enricher = Enricher::new(&host.config());
    let origin = enricher.origin(&Event::OverlaySeen(seen(key(1), &web_upper(), true)));
    assert_eq!(origin.container.as_ref().unwrap().id, WEB);
    assert_eq!(label(&origin), "web-1");
    let merged = format!("{DOCKER_20_ROOT}/overlay2/{WEB_LAYER}/merged");
    assert_eq!(origin.mount.merged.as_deref(), Some(Path::new(&merged)));
}

#[test]
fn init_mounts_are_named_when_the_record_comes() {
    let host = FakeHost::new();
    let upper = format!("/var/lib/docker/overlay2/{WEB_LAYER}-init/diff");
    let mut enricher = Enricher::new(&host.config());
    let start = Instant::now();
    let event = Event::OverlaySeen(seen(key(1), &upper, true));
    assert_eq!(label(&enricher.origin_at(&event, start)), "overlay 0:42");
    let gone = Event::OverlayGone {
        overlay: key(1),
        device: device(42),
    };
    enricher.origin_at(&gone, start);
    let first = enricher.next_retry().unwrap();
    assert_eq!(first - start, Duration::from_millis(5));
    enricher.retry(first);
    assert_eq!(label(&enricher.origin_of(key(1))), "overlay 0:42");
    put_container(&host.at("/var/lib/docker"), WEB, WEB_LAYER, "/late");
    let second = enricher.next_retry().unwrap();
    assert_eq!(second - start, Duration::from_millis(20));
    enricher.retry(second);
    assert_eq!(label(&enricher.origin_of(key(1))), "late");
    assert_eq!(enricher.next_retry(), None);
}

#[test]
fn retries_end() {
    let host = FakeHost::new();
    let mut enricher = Enricher::new(&host.config());
    let start = Instant::now();
    enricher.origin_at(
        &Event::OverlaySeen(seen(key(1), "/plain/upper", true)),
        start,
    );
    let mut delays = Vec::new();
    while let Some(next) = enricher.next_retry() {
        delays.push((next - start).as_millis());
        enricher.retry(next);
    }
    assert_eq!(delays, [5, 20, 100, 500]);
    assert!(!enricher.wants_docker_api());
}

#[test]
fn a_rename_is_noticed_and_removal_changes_nothing() {
    let host = docker_20();
    let mut enricher = Enricher::new(&host.config());
    enricher.origin(&Event::OverlaySeen(seen(key(1), &web_upper(), true)));
    put_config(&host.at(DOCKER_20_ROOT), WEB, "/renamed");
    assert_eq!(label(&enricher.origin_of(key(1))), "renamed");
    fs::remove_dir_all(host.at(DOCKER_20_ROOT)).unwrap();
    assert_eq!(label(&enricher.origin_of(key(1))), "renamed");
    enricher.retry(Instant::now() + Duration::from_secs(9));
    assert_eq!(label(&enricher.origin_of(key(1))), "renamed");
}

#[test]
fn an_older_overlay_is_found_by_its_upper_directory() {
    let host = docker_20();
    host.process(
        1,
        1,
        &fixtures::text(&format!("{DOCKER_20}/mountinfo/host.txt")),
    );
    let identity = upper_of(&host.at(&web_upper()));
    let mut enricher = Enricher::new(&host.config());
    enricher.scan().unwrap();
    // No `upperdir=`: this kernel's layout of it is not known.
    let event = OverlaySeen {
        upperdir: None,
        upper: Some(identity),
        ..seen(key(1), "", false)
    };
    let origin = enricher.origin(&Event::OverlaySeen(event));
    assert_eq!(label(&origin), "web-1");
    assert_eq!(origin.mount.lowerdirs.len(), 6);
}

#[test]
fn another_directory_is_another_overlay() {
    let host = docker_20();
    host.process(
        1,
        1,
        &fixtures::text(&format!("{DOCKER_20}/mountinfo/host.txt")),
    );
    upper_of(&host.at(&web_upper()));
    let identity = upper_of(&host.at("/elsewhere"));
    let mut enricher = Enricher::new(&host.config());
    enricher.scan().unwrap();
    // The number is web-1's now, but the event's overlay was another one.
    let event = OverlaySeen {
        upperdir: None,
        upper: Some(identity),
        ..seen(key(1), "", false)
    };
    let origin = enricher.origin(&Event::OverlaySeen(event));
    assert_eq!((&origin.container, &origin.mount.merged), (&None, &None));
    // Nor does a path of an inner daemon mean the host's directory.
    let event = OverlaySeen {
        upper: Some(identity),
        process: process(50, 50),
        ..seen(key(2), &web_upper(), true)
    };
    let origin = enricher.origin(&Event::OverlaySeen(event));
    assert_eq!(origin.container, None);
}

#[test]
fn nothing_but_a_number_names_nobody() {
    let host = docker_20();
    host.process(
        1,
        1,
        &fixtures::text(&format!("{DOCKER_20}/mountinfo/host.txt")),
    );
    let mut enricher = Enricher::new(&host.config());
    enricher.scan().unwrap();
    let event = OverlaySeen {
        upperdir: None,
        ..seen(key(1), "", false)
    };
    let origin = enricher.origin(&Event::OverlaySeen(event));
    assert_eq!(origin, Origin::unknown(device(42)));
}

#[test]
fn a_recycled_superblock_is_another_container() {
    let host = docker_20();
    let mut enricher = Enricher::new(&host.config());
    let layer = "ef".repeat(32);
    enricher.origin(&Event::OverlaySeen(seen(key(1), &web_upper(), true)));
    enricher.origin(&Event::OverlayGone {
        overlay: key(1),
        device: device(42),
    });
    put_container(&host.at(DOCKER_20_ROOT), &"cd".repeat(32), &layer, "/next");
    let upper = format!("{DOCKER_20_ROOT}/overlay2/{layer}/diff");
    let origin = enricher.origin(&Event::OverlaySeen(seen(key(2), &upper, true)));
    assert_eq!(label(&origin), "next");
    assert_eq!(label(&enricher.origin_of(key(1))), "web-1");
}

#[test]
fn a_relative_upperdir_starts_at_the_mounters_directory() {
    let host = docker_20();
    fs::create_dir_all(host.at(&web_upper())).unwrap();
    symlink(
        format!("{DOCKER_20_ROOT}/overlay2"),
        host.proc(1).join("cwd"),
    )
    .unwrap();
    let mut enricher = Enricher::new(&host.config());
    let upper = format!("{WEB_LAYER}/diff");
    let origin = enricher.origin(&Event::OverlaySeen(seen(key(1), &upper, true)));
    assert_eq!(label(&origin), "web-1");
    assert_eq!(origin.mount.upperdir, Some(PathBuf::from(web_upper())));
}

#[test]
fn ended_overlays_are_forgotten_in_the_end() {
    let host = FakeHost::new();
    let mut enricher = Enricher::new(&host.config());
    for number in 0..=MAX_GONE as u64 {
        enricher.entries.insert(
            key(number),
            Entry::new(device(1), KernelFacts::default(), Instant::now()),
        );
        enricher.origin(&Event::OverlayGone {
            overlay: key(number),
            device: device(1),
        });
    }
    assert_eq!(enricher.entries.len(), MAX_GONE);
    assert!(!enricher.entries.contains_key(&key(0)));
}

#[test]
fn the_api_names_what_the_files_do_not() {
    let host = FakeHost::new();
    let mut enricher = Enricher::new(&host.config());
    enricher.origin(&Event::OverlaySeen(seen(key(1), &web_upper(), true)));
    assert!(enricher.wants_docker_api());
    let known = ApiContainer {
        container: Container {
            name: Some("from-api".into()),
            ..docker::unnamed(WEB.into(), Runtime::Docker)
        },
        upperdir: Some(PathBuf::from(web_upper())),
        merged: None,
    };
    enricher.learn_docker_api(vec![known]);
    assert_eq!(label(&enricher.origin_of(key(1))), "from-api");
    assert!(!enricher.wants_docker_api());
}

#[test]
fn an_api_that_knows_nothing_is_not_asked_for_ever() {
    let host = FakeHost::new();
    let mut enricher = Enricher::new(&host.config());
    enricher.origin(&Event::OverlaySeen(seen(key(1), &web_upper(), true)));
    let mut rounds = 0;
    while enricher.wants_docker_api() {
        enricher.learn_docker_api(Vec::new());
        rounds += 1;
        assert!(rounds < 10);
    }
    assert!(rounds > 0);
}

/// A container could plant a runtime's files in its own root directory.
#[test]
fn a_container_cannot_name_itself() {
    let host = FakeHost::new();
    host.process(
        7,
        7,
        &format!("1 2 0:42 / / rw - overlay o rw,upperdir={}\n", web_upper()),
    );
    let root = host.own_root(7);
    put_container(
        &root.join(DOCKER_20_ROOT.trim_start_matches('/')),
        WEB,
        WEB_LAYER,
        "/forged",
    );
    let identity = upper_of(&root.join(web_upper().trim_start_matches('/')));
    let rows = list_mounts(&host.config()).unwrap();
    assert_eq!(rows[0].origin.container, None);
    let mut enricher = Enricher::new(&host.config());
    let event = OverlaySeen {
        upper: Some(identity),
        process: process(7, 7),
        ..seen(key(1), &web_upper(), false)
    };
    assert_eq!(enricher.origin(&Event::OverlaySeen(event)).container, None);
}
