//! Every recorded mount of Podman, CRI-O and Buildah, against the answers that
//! are written down beside it.

use serde_json::Value;

use super::*;
use crate::{
    enrich::{MountRow, fixtures, list_mounts},
    model::Layer,
};

#[test]
fn podman_with_a_bolt_database() {
    check("podman-4.3", "graphroot", 14);
}

#[test]
fn podman_with_a_sqlite_database() {
    check("podman-5.8", "graphroot", 5);
}

#[test]
fn rootless_podman() {
    check("podman-5.8-rootless", "graphroot", 1);
}

#[test]
fn cri_o() {
    check("cri-o-1.37", "root", 4);
}

#[test]
fn a_step_of_a_store_that_is_not_there() {
    check("buildah-run-step", "graphroot", 1);
}

/// Compares all cases of a fixture, whose store is at `tree` in it and was at
/// the path that `expected.json` has under the same name.
fn check(fixture: &str, tree: &str, cases: usize) {
    let expected = fixtures::json(&format!("{fixture}/expected.json"));
    let all = expected["cases"].as_array().unwrap();
    assert_eq!(all.len(), cases);
    for case in all {
        let host = FakeHost::new();
        if fixtures::path(&format!("{fixture}/{tree}")).is_dir() {
            host.install(&format!("{fixture}/{tree}"), text(&expected[tree]).unwrap());
        }
        let mountinfo = text(&case["mountinfo"]).unwrap();
        let mounts = fixtures::text(&format!("{fixture}/{mountinfo}"));
        if mounts.contains(" / / ") {
            host.process(7, 7, &mounts);
            host.own_root(7);
        } else {
            host.process(1, 1, &mounts);
        }
        let rows = list_mounts(&host.config()).unwrap();
        let device = text(&case["s_dev"]).unwrap();
        let row = rows
            .iter()
            .find(|row| row.origin.mount.device.to_string() == device);
        compare(
            case,
            row.unwrap(),
            &format!("{fixture}/{mountinfo} {device}"),
        );
    }
}

fn compare(case: &Value, row: &MountRow, what: &str) {
    let known = &case["container"];
    let Some(container) = &row.origin.container else {
        assert_eq!(known, &Value::Null, "{what}");
        return;
    };
    assert_eq!(Some(container.id.as_str()), text(&known["id"]), "{what}");
    let name = text(&known["name"]).or(text(&known["names"][0]));
    assert!(name.is_some(), "{what}");
    assert_eq!(container.name.as_deref(), name, "{what}");
    let is_volume = !case["kind"].is_null();
    if is_volume {
        assert_eq!(row.origin.layers, [], "{what}");
        return;
    }
    assert_eq!(container.image.as_deref(), text(&known["image"]), "{what}");
    assert_eq!(
        Some(container.runtime.name()),
        text(&case["runtime"]),
        "{what}"
    );
    let pod = &case["pod"];
    assert_eq!(container.pod.as_deref(), text(&pod["name"]), "{what}");
    assert_eq!(
        container.namespace.as_deref(),
        text(&pod["namespace"]),
        "{what}"
    );
    let layers: Vec<Layer> = case["lower_layers_top_first"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| Layer {
            id: text(&layer["layer"]).unwrap().to_owned(),
            digest: text(&layer["diff_id"]).map(str::to_owned),
            created_by: text(&layer["created_by"]).map(str::to_owned),
        })
        .collect();
    assert!(!layers.is_empty(), "{what}");
    assert_eq!(row.origin.layers, layers, "{what}");
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}
