//! Stores that are damaged, made up, or say different things. Whole answers
//! are in `enrich/tests/expected.rs`.

use std::{fs, path::Path};

use crate::{
    enrich::{bolt::writer::Tree, fixtures::FakeHost, list_mounts},
    model::{Origin, Runtime},
};

const ROOT: &str = "/var/lib/rancher/k3s/agent/containerd";
const OVERLAYFS: &str = "io.containerd.snapshotter.v1.overlayfs";
const TASK: &str = "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io";

/// `sha256:` and a chain, or a layer, of one repeated digit.
fn digest(digit: char) -> String {
    format!("sha256:{}", String::from(digit).repeat(64))
}

/// A container's snapshot 3 above one layer 2 in `namespace`.
fn snapshots(namespace: &str, name: &str) -> Tree {
    let mut tree = Tree::default();
    let (own, base) = (
        format!("{namespace}/5/{name}"),
        format!("{namespace}/2/{}", digest('a')),
    );
    let put = |tree: &mut Tree, key: &str, field: &str, value: &[u8]| {
        tree.put(&["v1", "snapshots", key, field], value);
    };
    put(&mut tree, &own, "id", &[3]);
    put(&mut tree, &own, "parent", base.as_bytes());
    put(&mut tree, &base, "id", &[2]);
    tree.put(&["v1", "parents", "\u{2}\0\u{3}"], own.as_bytes());
    tree
}

fn put_database(host: &FakeHost, path: &str, file: &[u8]) {
    let path = host.at(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file).unwrap();
}

fn put_container(tree: &mut Tree, namespace: &str, id: &str, snapshot: &str) {
    let path = ["v1", namespace, "containers", id];
    tree.put(&[&path[..], &["snapshotKey"]].concat(), snapshot.as_bytes());
    tree.put(&[&path[..], &["image"]].concat(), b"shop/web:1");
    tree.put(&[&path[..], &["labels", "nerdctl/name"]].concat(), b"web");
}

/// The only overlay, with snapshot 3 of `snapshotter` as its upper layer.
fn row(host: &FakeHost, snapshotter: &str, mount_point: &str) -> Origin {
    let dir = format!("{snapshotter}/snapshots");
    host.process(
        1,
        1,
        &format!(
            "1 2 0:42 / {mount_point} rw - overlay overlay rw,lowerdir={dir}/2/fs,\
             upperdir={dir}/3/fs,workdir={dir}/3/work\n"
        ),
    );
    let rows = list_mounts(&host.config()).unwrap();
    rows.into_iter().next().unwrap().origin
}

#[test]
fn a_snapshot_may_be_called_otherwise_than_its_container() {
    let host = FakeHost::new();
    let mut metadata = Tree::default();
    put_container(&mut metadata, "apps", "other", "another-snapshot");
    put_container(&mut metadata, "apps", "web-7", "my-snapshot");
    for (root, snapshotter) in [
        (ROOT, format!("{ROOT}/{OVERLAYFS}")),
        // Another program's snapshotter: containerd's root is a usual one.
        (
            "/var/lib/containerd",
            "/var/lib/containerd-stargz-grpc/snapshotter".to_owned(),
        ),
    ] {
        let database = snapshots("apps", "my-snapshot").file(4);
        put_database(&host, &format!("{snapshotter}/metadata.db"), &database);
        let path = format!("{root}/io.containerd.metadata.v1.bolt/meta.db");
        put_database(&host, &path, &metadata.file(9));
        let origin = row(&host, &snapshotter, "/somewhere");
        let container = origin.container.unwrap();
        assert_eq!(
            (container.id.as_str(), container.name.as_deref()),
            ("web-7", Some("web"))
        );
        assert_eq!(container.image.as_deref(), Some("shop/web:1"));
        assert_eq!(container.namespace.as_deref(), Some("apps"));
        // The base layer is called as its content even without its image.
        assert_eq!(origin.layers.len(), 1);
        assert_eq!(origin.layers[0].digest, Some(digest('a')));
        assert_eq!(origin.layers[0].id, "2");
    }
}

#[test]
fn two_sources_that_disagree_name_nobody() {
    let id = "ab".repeat(32);
    let mount_point = format!("{TASK}/{id}/rootfs");
    let host = FakeHost::new();
    put_database(
        &host,
        &format!("{TASK}/{id}/config.json"),
        br#"{"linux":{}}"#,
    );
    let snapshotter = format!("{ROOT}/{OVERLAYFS}");
    let database = format!("{snapshotter}/metadata.db");
    for (namespace, owner, agree) in [
        ("k8s.io", id.as_str(), true),
        ("k8s.io", "another", false),
        ("other", id.as_str(), false),
    ] {
        let mut metadata = Tree::default();
        put_container(&mut metadata, namespace, owner, "s");
        let path = format!("{ROOT}/io.containerd.metadata.v1.bolt/meta.db");
        put_database(&host, &path, &metadata.file(9));
        put_database(&host, &database, &snapshots(namespace, "s").file(4));
        let found = row(&host, &snapshotter, &mount_point).container;
        assert_eq!(found.is_some(), agree, "{namespace} {owner}");
    }
}

#[test]
fn damaged_databases_leave_the_bundle() {
    let id = "ab".repeat(32);
    let mount_point = format!("{TASK}/{id}/rootfs");
    let snapshotter = format!("{ROOT}/{OVERLAYFS}");
    let mut newer = Tree::default();
    newer.put(&["v2", "snapshots", "x"], b"");
    for file in [
        &newer.file(3)[..],
        b"",
        b"no database",
        &snapshots("k8s.io", "s").file(4)[..9000],
    ] {
        let host = FakeHost::new();
        put_database(&host, &format!("{snapshotter}/metadata.db"), file);
        assert_eq!(row(&host, &snapshotter, &mount_point).container, None);
        let bundle = r#"{"annotations":{"io.kubernetes.cri.sandbox-name":"web-1",
            "io.kubernetes.cri.container-name":"app"},"linux":{}}"#;
        put_database(
            &host,
            &format!("{TASK}/{id}/config.json"),
            bundle.as_bytes(),
        );
        let origin = row(&host, &snapshotter, &mount_point);
        let container = origin.container.unwrap();
        assert_eq!(
            (container.id.as_str(), container.name.as_deref()),
            (id.as_str(), Some("app"))
        );
        assert_eq!(origin.layers, []);
    }
}

/// A host with an image of two layers and one container on it.
fn two_layers(host: &FakeHost, tag_moved: bool) -> Origin {
    let config = format!(
        r#"{{"rootfs":{{"diff_ids":["{}"]}},"history":[{{"created_by":"COPY a /"}}]}}"#,
        digest('a')
    );
    let blobs = format!("{ROOT}/io.containerd.content.v1.content/blobs/sha256");
    put_database(
        host,
        &format!("{blobs}/{}", "c".repeat(64)),
        config.as_bytes(),
    );
    let other = config
        .replace("COPY a", "COPY b")
        .replace(&digest('a'), &digest('b'));
    put_database(
        host,
        &format!("{blobs}/{}", "d".repeat(64)),
        other.as_bytes(),
    );
    let mut metadata = Tree::default();
    put_container(&mut metadata, "apps", "web", "web");
    let target = if tag_moved { digest('d') } else { digest('c') };
    let image = ["v1", "apps", "images", "shop/web:1", "target", "digest"];
    metadata.put(&image, target.as_bytes());
    let label = "containerd.io/gc.ref.snapshot.overlayfs";
    let blob = [
        "v1",
        "apps",
        "content",
        "blob",
        &digest('c'),
        "labels",
        label,
    ];
    if tag_moved {
        metadata.put(&blob, digest('a').as_bytes());
    }
    let path = format!("{ROOT}/io.containerd.metadata.v1.bolt/meta.db");
    put_database(host, &path, &metadata.file(9));
    let snapshotter = format!("{ROOT}/{OVERLAYFS}");
    let database = snapshots("apps", "web").file(4);
    put_database(host, &format!("{snapshotter}/metadata.db"), &database);
    row(host, &snapshotter, "/x")
}

#[test]
fn a_name_that_moved_on_does_not_describe_the_layers() {
    for tag_moved in [false, true] {
        let origin = two_layers(&FakeHost::new(), tag_moved);
        assert_eq!(origin.layers[0].created_by.as_deref(), Some("COPY a /"));
    }
}

#[test]
fn dockers_namespace_is_dockers() {
    let id = "ab".repeat(32);
    let root = "/srv/docker/containerd/daemon";
    let snapshotter = format!("{root}/{OVERLAYFS}");
    let host = FakeHost::new();
    let database = snapshots("moby", &id).file(4);
    put_database(&host, &format!("{snapshotter}/metadata.db"), &database);
    // Without Docker's own record: whose it is, but not its name.
    let container = row(&host, &snapshotter, "/x").container.unwrap();
    assert_eq!(
        (container.runtime, container.id.as_str()),
        (Runtime::Docker, id.as_str())
    );
    assert_eq!(container.name, None);
    let record = format!(r#"{{"ID":"{id}","Name":"/web","Config":{{"Image":"x:1"}}}}"#);
    let path = format!("/srv/docker/containers/{id}/config.v2.json");
    put_database(&host, &path, record.as_bytes());
    let origin = row(&host, &snapshotter, "/x");
    assert_eq!(origin.label(), "web");
    let merged = origin.mount.merged.unwrap();
    assert_eq!(merged, Path::new("/x"));
}
