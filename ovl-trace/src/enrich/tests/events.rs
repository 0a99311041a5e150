//! The life of overlays: retries, renames, removal, the API's help.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::*;
use crate::{
    enrich::{
        Enricher, docker,
        docker::api::ApiContainer,
        entry::{Entry, MAX_GONE, MAX_GONE_WHOLE},
        view::KernelFacts,
    },
    model::{Container, Layer, Runtime},
};

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
fn of_an_overlay_that_ended_long_ago_the_name_is_kept() {
    let host = docker_20();
    let mut enricher = Enricher::new(&host.config());
    let end = |enricher: &mut Enricher, number: u64| {
        let event = Event::OverlaySeen(seen(key(number), &web_upper(), true));
        let origin = enricher.origin(&event);
        enricher.origin(&gone(key(number)));
        origin
    };
    let kept = end(&mut enricher, 0);
    end(&mut enricher, 1);
    assert!(kept.mount.upperdir.is_some());
    for number in 2..MAX_GONE_WHOLE as u64 + 2 {
        end(&mut enricher, number);
    }
    // Somebody still has the whole answer of the first one.
    assert!(Arc::ptr_eq(&kept, &enricher.origin_of(key(0))));
    drop(kept);
    for number in [0, 1] {
        let origin = enricher.origin_of(key(number));
        assert_eq!(label(&origin), "web-1");
        assert_eq!(
            (origin.heap_bytes() < 512, &origin.mount.upperdir),
            (true, &None)
        );
    }
    assert!(enricher.origin_of(key(2)).mount.upperdir.is_some());
}

/// Where the kernel's layout of the options is not known, only mountinfo
/// tells, and at the mount it does not yet.
#[test]
fn the_first_event_after_a_mount_looks_again() {
    let host = docker_20();
    let mut enricher = Enricher::new(&host.config());
    let now = Instant::now();
    let upper = web_identity(&host);
    let mounted = OverlaySeen {
        upperdir: None,
        upper: Some(upper),
        ..seen(key(1), "", true)
    };
    let origin = enricher.origin_at(&Event::OverlaySeen(mounted), now);
    assert_eq!(origin.container, None);
    show_mounts(&host);
    let copy_up = copied_up(key(1));
    assert_eq!(label(&enricher.origin_at(&copy_up, now)), "web-1");
}

#[test]
fn a_pod_is_named_at_once_from_its_upperdir() {
    let host = FakeHost::new();
    let fixture = "containerd-2.1-cri";
    host.install(&format!("{fixture}/root"), "/srv/ctd2/root");
    let upper = "/srv/ctd2/root/io.containerd.snapshotter.v1.overlayfs/snapshots/10/fs";
    let mut enricher = Enricher::new(&host.config());
    for (number, layers, known) in [(1, Some(6), 5), (2, None, 5), (3, Some(7), 0)] {
        let event = OverlaySeen {
            layers,
            ..seen(key(number), upper, true)
        };
        let origin = enricher.origin(&Event::OverlaySeen(event));
        let container = origin.container.as_ref().unwrap();
        let pod = (container.pod.as_deref(), container.namespace.as_deref());
        assert_eq!(pod, (Some("web-7d9f-abcde"), Some("shop")));
        assert_eq!(label(&origin), "app");
        // Layers that are not as many as the kernel's are another mount's.
        assert_eq!(origin.layers.len(), known);
    }
    let copied = enricher.origin_of(key(1));
    let instruction = copied.layer(2).and_then(Layer::instruction);
    assert_eq!(
        instruction.unwrap(),
        "RUN chown 1000:1000 /var/big.dat && sleep 2"
    );
}

#[test]
fn init_mounts_are_named_when_the_record_comes() {
    let host = FakeHost::new();
    let upper = format!("/var/lib/docker/overlay2/{WEB_LAYER}-init/diff");
    let mut enricher = Enricher::new(&host.config());
    let start = Instant::now();
    let event = Event::OverlaySeen(seen(key(1), &upper, true));
    assert_eq!(label(&enricher.origin_at(&event, start)), "overlay 0:42");
    let gone = gone(key(1));
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

/// On a slow disk the record may come after the last planned retry, but it
/// comes before the container's own mount.
#[test]
fn init_mounts_are_named_at_the_next_mount() {
    let host = FakeHost::new();
    let upper = format!("/var/lib/docker/overlay2/{WEB_LAYER}-init/diff");
    let mut enricher = Enricher::new(&host.config());
    let start = Instant::now();
    enricher.origin_at(&Event::OverlaySeen(seen(key(1), &upper, true)), start);
    while let Some(at) = enricher.next_retry() {
        enricher.retry(at);
    }
    assert_eq!(label(&enricher.origin_of(key(1))), "overlay 0:42");
    put_container(&host.at("/var/lib/docker"), WEB, WEB_LAYER, "/late");
    let upper = format!("/var/lib/docker/overlay2/{WEB_LAYER}/diff");
    let late = start + Duration::from_secs(3);
    enricher.origin_at(&Event::OverlaySeen(seen(key(2), &upper, true)), late);
    assert_eq!(label(&enricher.origin_of(key(2))), "late");
    assert_eq!(label(&enricher.origin_of(key(1))), "late");
}

#[test]
fn a_lost_record_of_a_mount_is_made_up_for() {
    let host = docker_20();
    show_mounts(&host);
    let identity = web_identity(&host);
    let mut enricher = Enricher::new(&host.config());
    assert!(!enricher.knows(key(1)));
    // What the kernel side's table has: no paths, but who the upperdir is.
    let row = OverlaySeen {
        upperdir: None,
        upper: Some(identity),
        ..seen(key(1), "", false)
    };
    let origin = enricher.origin(&Event::OverlaySeen(row));
    assert_eq!(label(&origin), "web-1");
    assert!(enricher.knows(key(1)));
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
fn retries_end_for_an_overlay_of_nobody_that_ends() {
    let host = FakeHost::new();
    let mount = "36 1 0:42 / /plain/merged rw - overlay overlay \
                 rw,lowerdir=/plain/lower,upperdir=/plain/upper,workdir=/plain/work\n";
    host.process(1, 1, mount);
    let mut enricher = Enricher::new(&host.config());
    let start = Instant::now();
    let there = seen(key(1), "/plain/upper", false);
    let origin = enricher.origin_at(&Event::OverlaySeen(there), start);
    assert_eq!(
        origin.mount.merged.as_deref(),
        Some(Path::new("/plain/merged"))
    );
    assert_eq!(enricher.next_retry(), None, "there is nothing to find");
    enricher.origin(&gone(key(1)));
    // The next mount is reason enough to look at it again.
    let now = start + Duration::from_millis(300);
    let next = seen(key(2), "/other/upper", true);
    enricher.origin_at(&Event::OverlaySeen(next), now);
    let mut rounds = 0;
    while let Some(at) = enricher.next_retry() {
        enricher.retry(at.max(now));
        rounds += 1;
        assert!(rounds < 20);
    }
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

#[test]
fn what_ran_at_the_start_is_known_after_its_removal() {
    let host = docker_20();
    show_mounts(&host);
    let identity = web_identity(&host);
    let mut enricher = Enricher::new(&host.config());
    enricher.scan().unwrap();
    fs::remove_dir_all(host.at(DOCKER_20_ROOT)).unwrap();
    let event = OverlaySeen {
        upper: Some(identity),
        ..seen(key(1), &web_upper(), false)
    };
    assert_eq!(label(&enricher.origin(&Event::OverlaySeen(event))), "web-1");
}
