//! Data changed in its place.

use super::*;
use crate::model::Method;

#[test]
fn a_large_file_written_in_place() {
    let found = advice(&[Event::CopyUp(large(
        "/srv/data/model.bin",
        Operation::Open,
        256 * MIB,
    ))]);
    assert_eq!(ids(&found), ["written-in-place"]);
    insta::assert_snapshot!(found[0].finding, @r"'sh' opened 1 file for writing, which copied the data (from the image's layer of 'COPY model.bin /srv/'): 256.0 MiB in 10.0 ms, the largest '/srv/data/model.bin' (256.0 MiB).");
    insta::assert_snapshot!(found[0].remedy, @r"Keep data that changes on a volume: '/srv/data'. A named volume of Docker or Podman is filled from the image when it is made; a bind mount or an emptyDir hides what the image has there.");
    assert_eq!(found[0].evidence.paths, [b"/srv/data/model.bin"]);
}

#[test]
fn small_ones_and_truncated_ones_are_not() {
    for event in [
        large("/srv/a", Operation::Open, 15 * MIB),
        CopyUp {
            method: Some(Method::Truncated),
            copied_bytes: Some(0),
            ..large("/srv/a", Operation::Open, 256 * MIB)
        },
    ] {
        let found = advice(&[Event::CopyUp(event)]);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn the_volume_is_where_the_large_files_are() {
    let remedy = |paths: &[&str]| {
        let mut events: Vec<Event> = paths
            .iter()
            .map(|path| Event::CopyUp(large(path, Operation::Open, 64 * MIB)))
            .collect();
        // What every container touches does not matter.
        events.push(Event::CopyUp(large("/etc/hosts", Operation::Open, 100)));
        let found = advice(&events);
        assert_eq!(ids(&found), ["written-in-place"]);
        let text = found[0].remedy.clone();
        text.split(". ").next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        remedy(&["/srv/db/a", "/srv/db/b/c"]),
        "Keep data that changes on a volume: '/srv/db'"
    );
    assert_eq!(
        remedy(&["/data/a"]),
        "Keep data that changes on a volume: '/data'"
    );
    assert_eq!(
        remedy(&["/srv/a/x", "/var/lib/b/y"]),
        "Keep data that changes on a volume: '/srv/a', '/var/lib/b'"
    );
    assert_eq!(
        remedy(&["/a/x", "/b/x", "/c/x", "/d/x", "/e/x"]),
        "Keep data that changes on a volume: '/a', '/b', '/c' and others"
    );
    assert_eq!(
        remedy(&["/file"]),
        "Keep data that changes on a volume: the directories of these files"
    );
}

#[test]
fn many_small_files_count_as_well() {
    let found = advice(&many(150, Operation::Open, "git", "/repo/objects"));
    assert_eq!(ids(&found), ["written-in-place"]);
    assert_eq!(found[0].evidence.copy_ups, 150);
}

#[test]
fn in_a_build_there_is_no_volume() {
    let found = advice_of(
        &step(),
        &[Event::CopyUp(large("/srv/a", Operation::Open, 64 * MIB))],
    );
    assert!(!found[0].remedy.contains("volume"), "{found:?}");
    assert!(found[0].finding.contains("build step"), "{found:?}");
}

/// So many containers of an image, each of which writes to the same file.
fn family(containers: u64, bytes: u64) -> Vec<Vec<Advice>> {
    let mut aggregator = Aggregator::new(Filter::default(), 10, SortKey::Name);
    for life in 1..=containers {
        let mut origin = origin(&format!("web-{life}"));
        if let Some(container) = &mut origin.container {
            container.image = Some("shop/web:1.4".to_owned());
        }
        let event = CopyUp {
            overlay: overlay(life),
            ..large("/srv/db/main.sqlite", Operation::Open, bytes)
        };
        aggregator.event(
            &Event::CopyUp(event),
            &Arc::new(origin),
            Timestamp::UNIX_EPOCH,
        );
    }
    let containers = report_of(&aggregator).containers;
    containers.into_iter().map(|row| row.advice).collect()
}

#[test]
fn what_each_container_of_an_image_copies_again() {
    let all = family(3, 64 * MIB);
    assert_eq!(ids(&all[0]), ["written-in-place"]);
    assert_eq!(ids(&all[1]), ["written-in-place"]);
    // Once, for the newest, and instead of the general advice.
    assert_eq!(ids(&all[2]), ["copied-by-each-container"]);
    insta::assert_snapshot!(all[2][0].finding, @r"3 containers of 'shop/web:1.4' each copied up '/srv/db/main.sqlite' to write to it: 192.0 MiB in all of them.");
    insta::assert_snapshot!(all[2][0].remedy, @r"Each new container starts with the image's files again. Keep what changes on a volume for '/srv/db', or make the change once, when the image is built.");
    assert_eq!(all[2][0].evidence.copied_bytes, 64 * MIB, "its own");
}

#[test]
fn two_containers_are_no_habit_and_small_files_no_matter() {
    assert_eq!(ids(&family(2, 64 * MIB)[1]), ["written-in-place"]);
    assert!(family(3, 4 * MIB).concat().is_empty());
    assert!(family(100, MIB / 2).concat().is_empty());
}
