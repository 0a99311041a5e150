//! The list of mounts.

use std::os::unix::fs::symlink;

use super::*;
use crate::{
    enrich::{MountRow, list_mounts},
    model::Runtime,
};

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

#[test]
fn layers_that_containers_share() {
    let host = docker_20();
    show_mounts(&host);
    let rows = list_mounts(&host.config()).unwrap();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        // The init layer is each container's own.
        assert_eq!(row.shared_by, [1, 2, 2, 2, 2, 2]);
        assert_eq!(row.upper_bytes(), None);
    }
    let upper = host.at(&web_upper());
    fs::create_dir_all(&upper).unwrap();
    fs::write(upper.join("file"), vec![1; 100_000]).unwrap();
    let sizes: Vec<_> = rows.iter().map(MountRow::upper_bytes).collect();
    assert!(sizes[1].unwrap() >= 100_000, "{sizes:?}");
    assert_eq!(sizes[0], None);
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

/// The layers below a step: what the image has, and what the build made.
#[test]
fn layers_of_build_steps() {
    let fixture = "docker-28.5-containerd-store";
    let expected = fixtures::json(&format!("{fixture}/expected.json"));
    let text = fixtures::text(&format!("{fixture}/observed-mounts-during-build.txt"));
    let descriptions = &expected["buildkit_snapshot_descriptions"];
    for step in expected["buildkit_steps"].as_array().unwrap() {
        let number = step["line"].as_u64().unwrap() as usize;
        // By its bundle's directory, and by its upper layer alone.
        for (line, inside) in [(number, false), (number + 1, true)] {
            let host = FakeHost::new();
            host.install(&format!("{fixture}/data-root"), "/srv/d28/root");
            let (_, _, mountinfo) = observed(text.lines().nth(line - 1).unwrap());
            let namespace = 1 + u64::from(inside);
            host.process(namespace as u32, namespace, &mountinfo);
            let rows = list_mounts(&host.config()).unwrap();
            let origin = &rows[0].origin;
            let container = origin.container.clone().unwrap();
            let command = step["description"].as_str().unwrap();
            let (_, command) = command.split_once("/bin/sh -c ").unwrap();
            assert_eq!(container.name.as_deref(), Some(command));
            let record = step["snapshot_key"].as_str().unwrap().rsplit('/').next();
            let id = if inside {
                record
            } else {
                step["executor_id"].as_str()
            };
            assert_eq!(Some(container.id.as_str()), id);
            assert_eq!(origin.layers.len(), origin.mount.lowerdirs.len());
            for (layer, lower) in origin.layers.iter().zip(&origin.mount.lowerdirs) {
                let directory = format!("snapshots/{}/fs", layer.id);
                assert!(lower.ends_with(directory), "{}", lower.display());
                let made = layer.instruction().unwrap_or_default().replace("RUN ", "");
                match descriptions[&layer.id].as_str() {
                    Some(description) => assert!(description.ends_with(&*made), "{made}"),
                    None => assert_eq!((layer.id.as_str(), made.as_str()), ("1", "")),
                }
                assert!(layer.id != "1" || layer.digest.is_some());
            }
        }
    }
}

/// The graph driver notes what is below a layer in the layer's directory.
#[test]
fn layers_of_build_steps_with_overlay2() {
    let fixture = "docker-29-overlay2";
    let root = "/srv/d29g/root";
    let text = fixtures::text(&format!("{fixture}/observed-mounts-during-build.txt"));
    let expected = fixtures::json(&format!("{fixture}/expected.json"));
    let step = &expected["buildkit_steps"][3];
    let host = FakeHost::new();
    host.install(&format!("{fixture}/data-root"), root);
    let overlay2 = host.at(root).join("overlay2");
    fs::create_dir_all(overlay2.join("l")).unwrap();
    let links = fixtures::text(&format!("{fixture}/overlay2-l-links.txt"));
    for (short, target) in links.lines().filter_map(|line| line.split_once(" -> ")) {
        symlink(target, overlay2.join("l").join(short)).unwrap();
    }
    let line = text
        .lines()
        .nth(step["line"].as_u64().unwrap() as usize - 1);
    let (_, _, mountinfo) = observed(line.unwrap());
    host.process(1, 1, &mountinfo);
    let found = || {
        list_mounts(&host.config()).unwrap()[0]
            .origin
            .layers
            .clone()
    };
    assert_eq!(found(), []);
    let own = overlay2.join(step["layer_dir"].as_str().unwrap());
    let (_, lower) = mountinfo.split_once("lowerdir=").unwrap();
    let (lower, _) = lower.split_once(',').unwrap();
    fs::create_dir_all(&own).unwrap();
    fs::write(
        own.join("lower"),
        lower.replace(&format!("{root}/overlay2/"), ""),
    )
    .unwrap();
    let ids: Vec<String> = found().into_iter().map(|layer| layer.id).collect();
    assert_eq!(
        ids,
        [
            "u6selghxegfmh0y9pjoyuxk0x",
            "ce5095d086044330cf28ef75199996ca03250461939ea5579ce706cfeca5fc6e"
        ]
    );
    let digest = found()[0].digest.clone().unwrap();
    assert!(digest.starts_with("sha256:8bfbce0a49bd"), "{digest}");
    // A link that leads elsewhere is not followed to a name.
    fs::write(own.join("lower"), "l/../../../etc").unwrap();
    assert_eq!(found(), []);
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
