//! Every case of every `expected.json`: one recorded mountinfo line, the files
//! of its runtime, and what must come out.

use serde_json::Value;

use super::*;
use crate::{
    enrich::{bolt::writer::Tree, fixtures, list_mounts},
    model::Layer,
};

/// Where a fixture has the copy of a directory, and which key of
/// `expected.json` says where it was.
const TREES: [(&str, &str); 5] = [
    ("data_root", "data-root"),
    ("root", "root"),
    ("state", "state"),
    ("graphroot", "graphroot"),
    ("runroot", "runroot"),
];

/// Checks all cases of a fixture, each line on its own, and that there are
/// that many.
pub(super) fn check(fixture: &str, cases: usize) {
    let expected = fixtures::json(&format!("{fixture}/expected.json"));
    let found = expected["cases"].as_array().unwrap();
    assert_eq!(found.len(), cases, "{fixture}");
    for case in found {
        check_case(fixture, &expected, case);
    }
}

fn check_case(fixture: &str, expected: &Value, case: &Value) {
    let name = format!("{fixture}: {} {}", case["case"], case["mountinfo"]);
    let host = FakeHost::new();
    install(&host, fixture, expected);
    let text = fixtures::text(&format!(
        "{fixture}/{}",
        case["mountinfo"].as_str().unwrap()
    ));
    let number = case["line"].as_u64().unwrap() as usize;
    let line = text.lines().nth(number - 1).unwrap();
    // Seen by the mounter: on the host. Seen inside: in another namespace.
    let namespace = if line.contains(" / / ") { 2 } else { 1 };
    host.process(namespace as u32, namespace, line);
    if let Some(cgroup) = case["container"]["id_from"].as_str() {
        let text = fixtures::text(&format!("{fixture}/{cgroup}"));
        host.cgroup(namespace as u32, &text);
    }
    let rows = list_mounts(&host.config()).unwrap();
    assert_eq!(rows.len(), 1, "{name}");
    let origin = &rows[0].origin;
    assert_eq!(origin.mount.device.to_string(), case["s_dev"], "{name}");
    check_container(&name, case, origin);
    if let Some(layers) = case["lower_layers_top_first"].as_array() {
        assert_eq!(
            origin.layers.len(),
            layers.len(),
            "{name}: {:?}",
            origin.layers
        );
        for (found, layer) in origin.layers.iter().zip(layers) {
            check_layer(&name, layer, found);
        }
    }
}

/// Puts the copies of the runtime's directories where they were.
pub(super) fn install(host: &FakeHost, fixture: &str, expected: &Value) {
    for (key, directory) in TREES {
        let tree = format!("{fixture}/{directory}");
        if let Some(path) = expected[key].as_str()
            && fixtures::path(&tree).exists()
        {
            host.install(&tree, path);
        }
    }
    if fixture == "docker-28.5-containerd-store" {
        let root = host.at("/srv/d28/root/containerd/daemon");
        put_labels(&root, &format!("{fixture}/bolt-dumps/meta.db.txt"));
    }
}

/// Of this recording there is only the dump of containerd's database; of that,
/// whose configuration keeps which snapshots is enough.
fn put_labels(containerd_root: &Path, dump: &str) {
    let text = fixtures::text(dump);
    let mut tree = Tree::default();
    let blobs = "/v1/moby/content/blob/";
    for line in text.lines().filter_map(|line| line.strip_prefix(blobs)) {
        let (path, value) = line.split_once(" = ").unwrap();
        if let Some((digest, label)) = path.split_once("/labels/") {
            let path = ["v1", "moby", "content", "blob", digest, "labels", label];
            tree.put(&path, value.as_bytes());
        }
    }
    put_metadata(containerd_root, &tree);
}

fn check_container(name: &str, case: &Value, origin: &Origin) {
    let Some(want) = case["container"].as_object() else {
        assert_eq!(origin.container, None, "{name}");
        return;
    };
    let Some(found) = &origin.container else {
        panic!("{name}: nobody");
    };
    assert_eq!(found.id, want["id"], "{name}");
    assert_eq!(found.runtime.name(), case["runtime"], "{name}");
    // The first of Podman's names.
    let names = want.get("names").map(|names| &names[0]);
    if let Some(want) = want.get("name").or(names) {
        assert_eq!(found.name.as_deref(), want.as_str(), "{name}");
    }
    if let Some(image) = want.get("image") {
        assert_eq!(found.image.as_deref(), image.as_str(), "{name}");
    }
    assert_eq!(found.pod.as_deref(), case["pod"]["name"].as_str(), "{name}");
    let namespace = case["pod"]["namespace"].as_str();
    let namespace = namespace.or_else(|| want.get("namespace")?.as_str());
    assert_eq!(found.namespace.as_deref(), namespace, "{name}");
}

fn check_layer(name: &str, want: &Value, found: &Layer) {
    let id = ["dir", "layer"]
        .iter()
        .find_map(|key| want[*key].as_str().map(str::to_owned))
        .unwrap_or_else(|| want["snapshot"].to_string());
    assert_eq!(found.id, id, "{name}");
    assert_eq!(found.digest.as_deref(), want["diff_id"].as_str(), "{name}");
    let created_by = want["created_by"].as_str();
    assert_eq!(found.created_by.as_deref(), created_by, "{name}");
    assert!(want["kind"] != "init" || found.digest.is_none(), "{name}");
}

#[test]
fn docker_with_overlay2() {
    check(DOCKER_20, 8);
    check("docker-29-overlay2", 1);
    check("docker-29-userns-remap", 1);
}

#[test]
fn docker_with_the_containerd_store() {
    check("docker-28.5-containerd-store", 3);
    check("docker-29-containerd-store", 2);
}

#[test]
fn docker_in_docker() {
    check("docker-in-docker", 3);
}

#[test]
fn containerd() {
    check("containerd-1.6-ctr", 2);
    check("containerd-2.1-cri", 6);
}
