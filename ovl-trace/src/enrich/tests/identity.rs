//! Whose overlay it is not: recycled numbers, equal paths, forged files.

use std::{os::unix::fs::symlink, path::PathBuf};

use super::*;
use crate::enrich::{Enricher, list_mounts};

#[test]
fn an_older_overlay_is_found_by_its_upper_directory() {
    let host = docker_20();
    show_mounts(&host);
    let identity = web_identity(&host);
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
    show_mounts(&host);
    web_identity(&host);
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
    show_mounts(&host);
    let mut enricher = Enricher::new(&host.config());
    enricher.scan().unwrap();
    let event = OverlaySeen {
        upperdir: None,
        ..seen(key(1), "", false)
    };
    let origin = enricher.origin(&Event::OverlaySeen(event));
    assert_eq!(origin.container, None);
    assert_eq!(origin.mount.merged, None);
}

#[test]
fn a_recycled_superblock_is_another_container() {
    let host = docker_20();
    let mut enricher = Enricher::new(&host.config());
    let layer = "ef".repeat(32);
    enricher.origin(&Event::OverlaySeen(seen(key(1), &web_upper(), true)));
    enricher.origin(&gone(key(1)));
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
