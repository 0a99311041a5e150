//! Whiteouts, syncing, layers, losses.

use super::*;
use crate::model::{Cause, Layer, LossSource};

#[test]
fn a_storm_of_whiteouts() {
    let mut events = removed(150);
    events.push(Event::Whiteout(Whiteout {
        time_ns: 10_200 * MS,
        cause: Cause::Rmdir,
        ..whiteout("/var/cache/part")
    }));
    let found = advice(&events);
    assert_eq!(ids(&found), ["whiteout-storm"]);
    insta::assert_snapshot!(found[0].finding, @r"'sh' removed or renamed 151 names below '/var/cache/part' that a lower layer holds: they are hidden by whiteouts, and the image stays as large as it was.");
    insta::assert_snapshot!(found[0].remedy, @r"Leave the files out of the image (delete them in the RUN that makes them, or use .dockerignore). What comes and goes while the container runs belongs on a volume or a tmpfs.");
    assert_eq!(found[0].evidence.whiteouts, 151);
    assert_eq!(found[0].evidence.paths[0], b"/var/cache/part");
    let found = advice_of(&step(), &events);
    assert!(found[0].remedy.contains("same RUN"), "{found:?}");
}

#[test]
fn a_few_whiteouts_and_opaque_marks_are_none() {
    assert!(advice(&removed(99)).is_empty());
    let mut marks = removed(150);
    for event in &mut marks {
        if let Event::Whiteout(event) = event {
            event.cause = Cause::Opaque;
        }
    }
    assert!(advice(&marks).is_empty());
}

/// Renames, which no other rule is about.
fn synced(count: u64, sync_ns: u64) -> Vec<Event> {
    let mut events = many(count, Operation::Rename, "mv", "/srv");
    for event in &mut events {
        if let Event::CopyUp(event) = event {
            event.latency_ns = 20 * MS;
            event.phases.sync_ns = Some(sync_ns);
        }
    }
    events
}

#[test]
fn time_that_went_into_syncing() {
    let found = advice(&synced(50, 15 * MS));
    assert_eq!(ids(&found), ["sync-bound"]);
    insta::assert_snapshot!(found[0].finding, @r"750 ms of 1.00 s (75 %) in copy-ups went into syncing 50 files to the disk.");
    insta::assert_snapshot!(found[0].remedy, @r"Fewer copies help first: a volume for what changes. The overlay mount option 'volatile' leaves the sync out; Docker has no setting for it, containerd ('mount_options' of its overlayfs snapshotter) and Podman ('mountopt' in storage.conf) have. Then nothing in the writable layer is ever synced: after a crash of the machine it must be thrown away, so only for containers that keep no data there.");
    for (runtime, word) in [
        (Runtime::Containerd, "mount_options"),
        (Runtime::Crio, "storage.conf"),
    ] {
        let mut origin = origin("web");
        if let Some(container) = &mut origin.container {
            container.runtime = runtime;
        }
        let found = advice_of(&origin, &synced(50, 15 * MS));
        assert!(found[0].remedy.contains(word), "{found:?}");
        assert!(found[0].remedy.contains("thrown away"), "{found:?}");
    }
}

#[test]
fn a_smaller_part_or_a_short_time_is_not() {
    assert!(advice(&synced(50, 9 * MS)).is_empty());
    assert!(advice(&synced(20, 15 * MS)).is_empty());
}

#[test]
fn the_instruction_that_brought_what_no_other_rule_explains() {
    let renamed = large("/srv/model.bin", Operation::Rename, 97 * MIB);
    let other = CopyUp {
        layer: Some(2),
        ..large("/usr/lib/x", Operation::Rename, 3 * MIB)
    };
    let events = [Event::CopyUp(renamed), Event::CopyUp(other)];
    let found = advice(&events);
    assert_eq!(ids(&found), ["image-instruction"]);
    insta::assert_snapshot!(found[0].finding, @r"'COPY model.bin /srv/' brought 97 % of the 100.0 MiB copied up, the largest '/srv/model.bin'.");
    assert_eq!(found[0].evidence.copied_bytes, 97 * MIB);
    assert_eq!(found[0].evidence.paths, [b"/srv/model.bin"]);
}

#[test]
fn what_made_it_slow_does_not_hide_what_made_it_large() {
    let mut event = large("/srv/model.bin", Operation::Rename, 97 * MIB);
    event.latency_ns = 2_000 * MS;
    event.phases.sync_ns = Some(1_500 * MS);
    let found = advice(&[Event::CopyUp(event)]);
    assert_eq!(ids(&found), ["sync-bound", "image-instruction"]);
}

#[test]
fn no_instruction_is_guessed_or_named_twice() {
    // A rule that knows why.
    let written = large("/srv/model.bin", Operation::Open, 97 * MIB);
    let found = advice(&[Event::CopyUp(written)]);
    assert_eq!(ids(&found), ["written-in-place"]);
    assert!(
        found[0].finding.contains("'COPY model.bin /srv/'"),
        "{found:?}"
    );
    // Too little, an unknown layer, and one that nothing is known of.
    for (bytes, layer) in [(15 * MIB, Some(1)), (97 * MIB, None), (97 * MIB, Some(9))] {
        let event = CopyUp {
            layer,
            ..large("/srv/model.bin", Operation::Rename, bytes)
        };
        assert!(advice(&[Event::CopyUp(event)]).is_empty());
    }
}

fn of_layers(count: usize) -> Origin {
    let mut origin = origin("web");
    origin.layers = vec![Layer::default(); count];
    origin
}

fn from_layer(layer: u32) -> Vec<Event> {
    let mut events = many(150, Operation::Rename, "mv", "/srv");
    for event in &mut events {
        if let Event::CopyUp(event) = event {
            event.layer = Some(layer);
        }
    }
    events
}

#[test]
fn very_many_layers() {
    let found = advice_of(&of_layers(80), &from_layer(70));
    assert_eq!(ids(&found), ["many-layers"]);
    insta::assert_snapshot!(found[0].finding, @r"The root file system has 80 lower layers, and 150 copy-ups came from below the 32 topmost (14.6 KiB in 15.0 ms): a name is looked for in one layer after the other.");
    assert!(advice_of(&of_layers(64), &from_layer(60)).is_empty());
    assert!(advice_of(&of_layers(80), &from_layer(3)).is_empty());
}

#[test]
fn after_a_loss_it_is_at_least_that() {
    let mut aggregator = aggregated(&origin("web"), &removed(150));
    aggregator.loss(LossSource::Ring, "ring_copy_up", 12);
    let found = first_advice(&aggregator);
    assert!(
        found[0].finding.ends_with("it is at least that."),
        "{found:?}"
    );
}

#[test]
fn a_container_that_is_gone_is_advised_as_well() {
    let mut events = many(200, Operation::Chown, "chown", "/srv/app");
    events.push(Event::OverlayGone {
        overlay: OVERLAY,
        device: DeviceNumber { major: 0, minor: 1 },
    });
    assert_eq!(ids(&advice(&events)), ["recursive-chown"]);
}

#[test]
fn restarts_are_added_up() {
    let mut events = many(60, Operation::Chown, "chown", "/srv/app");
    for (index, event) in many(60, Operation::Chown, "chown", "/srv/lib")
        .into_iter()
        .enumerate()
    {
        if let Event::CopyUp(mut event) = event {
            event.overlay = overlay(9);
            event.time_ns += 3_600_000 * MS + index as u64;
            events.push(Event::CopyUp(event));
        }
    }
    let found = advice(&events);
    assert_eq!(ids(&found), ["recursive-chown"]);
    assert_eq!(found[0].evidence.copy_ups, 120);
}
