//! Tests that overlays share a row only if they belong to one container.

use super::*;
use crate::model::{Container, Runtime};

/// The labels of the rows, for overlays of these containers.
fn rows(containers: &[Container]) -> Vec<String> {
    let events: Vec<_> = containers
        .iter()
        .zip(1..)
        .map(|(container, number)| {
            let mut origin = origin("web");
            origin.container = Some(container.clone());
            let mut event = copy_up("/srv/data");
            event.overlay = key(number);
            (Event::CopyUp(event), Arc::new(origin))
        })
        .collect();
    let report = report(Filter::default(), &events, true);
    let mut rows: Vec<String> = report
        .containers
        .iter()
        .map(|row| format!("{} {}", row.origin.label(), row.overlays))
        .collect();
    rows.sort_unstable();
    rows
}

fn container(name: &str, runtime: Runtime, namespace: Option<&str>) -> Container {
    Container {
        id: "web".to_owned(),
        name: Some(name.to_owned()),
        image: None,
        runtime,
        pod: None,
        namespace: namespace.map(str::to_owned),
    }
}

#[test]
fn ids_of_two_namespaces_of_containerd_are_two_containers() {
    let of = |namespace| container("web", Runtime::Containerd, Some(namespace));
    assert_eq!(rows(&[of("team-a"), of("team-b")]), ["web 1", "web 1"]);
    assert_eq!(rows(&[of("team-a"), of("team-a")]), ["web 2"]);
}

#[test]
fn an_engine_in_a_container_takes_nobodys_row() {
    for runtime in [Runtime::Docker, Runtime::Podman, Runtime::Containerd] {
        let of = |name| container(name, runtime.clone(), None);
        let found = rows(&[of("payments"), of("dind/harmless")]);
        assert_eq!(found, ["dind/harmless 1", "payments 1"]);
        assert_eq!(rows(&[of("dind/new"), of("dind/old")]).len(), 1);
        assert_eq!(rows(&[of("a/b/web"), of("a/c/web")]).len(), 2);
    }
}

#[test]
fn a_pod_or_a_command_is_part_of_no_identity() {
    let mut pod = container("app", Runtime::Containerd, Some("shop"));
    pod.pod = Some("web-1".to_owned());
    let unknown = container("app", Runtime::Containerd, Some("k8s.io"));
    assert_eq!(rows(&[pod, unknown]), ["app 2"]);
    let step = |command| container(command, Runtime::Buildkit, None);
    assert_eq!(rows(&[step("cat /a"), step("cat /b")]).len(), 1);
}
