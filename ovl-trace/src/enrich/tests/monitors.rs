//! Containers that only the process that started them tells of.

use super::*;
use crate::{
    enrich::{fixtures, list_mounts},
    model::{Container, Runtime},
};

const ID: &str = "249b71222f0a235c0f3f8c060d936b32ec8051be3308035b3cd854dd00f49608";

fn conmon(id: &str, name: &str) -> String {
    format!("/usr/bin/conmon -c {id} -u {id} -n {name} --exit-command /usr/bin/podman ")
}

/// A rootless container (process 7) whose store cannot be read, started by
/// process 6, which has a namespace, too.
fn rootless() -> FakeHost {
    let host = FakeHost::new();
    let mounts = fixtures::text("podman-5.8-rootless/mountinfo/container-rl-web.txt");
    host.process(6, 6, "");
    host.arguments(6, &conmon(ID, "rl-web"));
    host.process(7, 7, &mounts);
    host.own_root(7);
    host.cgroup(7, "0::/\n");
    host.parent(7, 6);
    host
}

fn only_container(host: &FakeHost) -> Option<Container> {
    let mut rows = list_mounts(&host.config()).unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0).origin.container
}

#[test]
fn conmon_knows_id_and_name() {
    let host = rootless();
    let container = only_container(&host).unwrap();
    assert_eq!(container.id, ID);
    assert_eq!(container.name.as_deref(), Some("rl-web"));
    assert_eq!(container.runtime, Runtime::Podman);
}

#[test]
fn the_first_process_may_be_further_up() {
    let host = rootless();
    host.process(8, 7, "");
    // The oldest process of a namespace is asked; here it is no child of
    // conmon itself.
    host.parent(7, 8);
    host.parent(8, 6);
    assert_eq!(only_container(&host).unwrap().id, ID);
}

#[test]
fn the_cgroup_is_believed_more() {
    let host = rootless();
    let other = "ab".repeat(32);
    host.cgroup(7, &format!("0::/libpod_parent/libpod-{other}\n"));
    let container = only_container(&host).unwrap();
    assert_eq!((container.id, container.name), (other, None));
    host.cgroup(7, &format!("0::/libpod_parent/libpod-{ID}/container\n"));
    let container = only_container(&host).unwrap();
    assert_eq!(container.name.as_deref(), Some("rl-web"));
}

#[test]
fn what_runs_inside_is_no_monitor() {
    let host = rootless();
    host.process(8, 7, "");
    host.arguments(8, &conmon(ID, "forged"));
    host.parent(7, 8);
    assert_eq!(only_container(&host), None);
}

#[test]
fn nor_is_what_runs_in_another_container() {
    let host = rootless();
    host.own_root(6);
    assert_eq!(only_container(&host), None);
}

#[test]
fn seeing_a_mount_does_not_make_an_owner() {
    let host = FakeHost::new();
    // Rootless Podman's pause process has copies of all mounts of the host.
    let mounts = fixtures::text("podman-5.8/mountinfo/mounter-ns.txt");
    host.process(5, 5, &mounts);
    host.cgroup(5, &format!("0::/libpod_parent/libpod-{ID}\n"));
    host.process(6, 6, "");
    host.arguments(6, &conmon(ID, "rl-web"));
    host.parent(5, 6);
    let rows = list_mounts(&host.config()).unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.origin.container.is_none()));
}
