//! The list of mounts.

use serde_json::Value;

use super::*;
use crate::{
    enrich::{fixtures, list_mounts},
    model::{Container, Runtime},
};

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
