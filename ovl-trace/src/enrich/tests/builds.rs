//! Build steps of `BuildKit` over containerd's snapshots, while they are observed.

use std::time::{Duration, Instant};

use super::*;
use crate::enrich::Enricher;

const CONTAINERD: &str = "/var/lib/containerd";
const STEP: &str = "COPY extra /srv/extra";

/// What a step's record is called while it runs, and after it.
const MUTABLE: &str = "mvkrr6fqc2kq3dnu1kq1lyahe";
const COMMITTED: &str = "p8icqfkbho640p2osag0p1tyy";

/// Snapshot 3, above an image's 2, with the record that it is called after. `transaction`
/// grows from one state to the next.
fn put_record(host: &FakeHost, id: &str, transaction: u64) {
    let snapshotter = format!("{CONTAINERD}/io.containerd.snapshotter.v1.overlayfs");
    let base = format!("moby/2/sha256:{}", "a".repeat(64));
    let own = format!("moby/5/{id}");
    let mut snapshots = Tree::default();
    snapshots.put(&["v1", "parents", "\u{2}\0\u{3}"], own.as_bytes());
    snapshots.put(&["v1", "snapshots", &own, "id"], &[3]);
    snapshots.put(&["v1", "snapshots", &own, "parent"], base.as_bytes());
    snapshots.put(&["v1", "snapshots", &base, "id"], &[2]);
    let description = format!("{{\"value\":\"[2/2] {STEP}\"}}");
    let mut records = Tree::default();
    records.put(&["_main", id, "cache.description"], description.as_bytes());
    let worker = "/var/lib/docker/buildkit/containerd-overlayfs";
    for (directory, name, tree) in [
        (snapshotter.as_str(), "metadata.db", snapshots),
        (worker, "metadata_v2.db", records),
    ] {
        let directory = host.at(directory);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("new"), tree.file(transaction)).unwrap();
        fs::rename(directory.join("new"), directory.join(name)).unwrap();
    }
}

/// A step whose mount was just seen.
fn step(start: Instant) -> (FakeHost, Enricher) {
    let host = FakeHost::new();
    put_record(&host, MUTABLE, 2);
    let mut enricher = Enricher::new(&host.config());
    let upper = format!("{CONTAINERD}/io.containerd.snapshotter.v1.overlayfs/snapshots/3/fs");
    enricher.origin_at(&Event::OverlaySeen(seen(key(1), &upper, true)), start);
    (host, enricher)
}

fn id(origin: &Origin) -> &str {
    origin.container.as_ref().map_or("", |found| &found.id)
}

/// It was committed, and its mount ended, before the agent had read its events.
#[test]
fn a_step_keeps_the_id_that_its_first_event_was_told() {
    let start = Instant::now();
    let (host, mut enricher) = step(start);
    let first = enricher.origin_at(&copied_up(key(1)), start);
    assert_eq!((id(&first), label(&first).as_str()), (MUTABLE, STEP));
    put_record(&host, COMMITTED, 3);
    enricher.retry(start + Duration::from_secs(1));
    let later = enricher.origin_at(&copied_up(key(1)), start + Duration::from_secs(3));
    enricher.origin(&gone(key(1)));
    assert_eq!(id(&later), MUTABLE);
    assert_eq!(id(&enricher.origin_of(key(1))), MUTABLE);
}

/// Nobody was told the first one: the last one is what can still be looked up.
#[test]
fn a_step_without_events_has_the_id_that_it_was_committed_with() {
    let start = Instant::now();
    let (host, mut enricher) = step(start);
    put_record(&host, COMMITTED, 3);
    let first = enricher.origin_at(&copied_up(key(1)), start);
    assert_eq!(id(&first), COMMITTED);
}
