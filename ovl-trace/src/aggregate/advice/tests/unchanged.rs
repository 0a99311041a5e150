//! Copies that came to nothing.

use super::*;

fn opened() -> Vec<Event> {
    let paths = ["/srv/a.db", "/srv/b.db", "/srv/c.db"];
    let event = |path: &&str| Event::CopyUp(large(path, Operation::Open, 64 * MIB));
    paths.iter().map(event).collect()
}

#[test]
fn opened_for_writing_and_not_written_to() {
    let mut aggregator = aggregated(&origin("web"), &opened());
    assert_eq!(examined(&mut aggregator, |_| true), 3);
    let found = first_advice(&aggregator);
    assert_eq!(ids(&found), ["unchanged-content"]);
    insta::assert_snapshot!(found[0].finding, @r"3 of 3 files that an open for writing had copied up had not been written to when they were looked at, such as '/srv/a.db': 192.0 MiB copied in 30.0 ms.");
    insta::assert_snapshot!(found[0].remedy, @r"The open alone copies the file. Let the program open with O_RDONLY what it only reads (a read-only or immutable mode of databases and caches, 'r' instead of 'r+'), or put the files on a read-only volume.");
    assert_eq!(found[0].evidence.copied_bytes, 192 * MIB);
}

#[test]
fn each_file_is_blamed_on_one_thing() {
    let mut aggregator = aggregated(&origin("web"), &opened());
    examined(&mut aggregator, |index| index == 0);
    let found = first_advice(&aggregator);
    assert_eq!(ids(&found), ["written-in-place", "unchanged-content"]);
    assert_eq!(found[0].evidence.copied_bytes, 128 * MIB);
    assert_eq!(found[0].evidence.paths, [b"/srv/b.db", b"/srv/c.db"]);
    assert_eq!(found[1].evidence.paths, [b"/srv/a.db"]);
}

#[test]
fn written_files_and_those_that_nobody_looked_at_are_not_called_unchanged() {
    let mut aggregator = aggregated(&origin("web"), &opened());
    assert_eq!(ids(&first_advice(&aggregator)), ["written-in-place"]);
    examined(&mut aggregator, |_| false);
    assert_eq!(ids(&first_advice(&aggregator)), ["written-in-place"]);
    assert_eq!(examined(&mut aggregator, |_| true), 0, "once is enough");
}

#[test]
fn owners_that_were_right_before() {
    let events = many(200, Operation::Chown, "chown", "/srv/app");
    let mut aggregator = aggregated(&origin("web"), &events);
    assert_eq!(examined(&mut aggregator, |_| true), 200);
    let found = first_advice(&aggregator);
    assert_eq!(
        ids(&found),
        ["unchanged-attributes"],
        "no 'recursive-chown'"
    );
    insta::assert_snapshot!(found[0].finding, @r"200 of 200 files that a chown or chmod had copied up had the owner, group and mode of the image when they were looked at, such as '/srv/app/file-0': 19.5 KiB copied in 20.0 ms.");
    insta::assert_snapshot!(found[0].remedy, @r"Overlayfs copies a file even if its owner or mode is set to what it is. Change only what differs: 'find DIRECTORY ! -user USER -exec chown USER {} +', or drop the chown, if the image is right.");

    // Most of them got a new owner.
    let mut aggregator = aggregated(&origin("web"), &events);
    examined(&mut aggregator, |index| index < 120);
    assert_eq!(ids(&first_advice(&aggregator)), ["recursive-chown"]);
}

#[test]
fn only_what_is_worth_it_is_looked_at() {
    let few = many(99, Operation::Chown, "chown", "/srv/app");
    assert!(
        aggregated(&origin("web"), &few)
            .to_examine(None, 9)
            .is_empty()
    );
    let mut events = many(200, Operation::Chown, "chown", "/srv/app");
    // Neither can be compared.
    events.extend(many(200, Operation::Utimes, "touch", "/srv/touched"));
    events.extend(many(200, Operation::Open, "git", "…/srv/deep"));
    let aggregator = aggregated(&origin("web"), &events);
    assert_eq!(aggregator.to_examine(None, usize::MAX).len(), 200);
    assert_eq!(aggregator.to_examine(None, 9).len(), 9);
    assert_eq!(aggregator.to_examine(Some(OVERLAY), 9).len(), 9);
    assert!(aggregator.to_examine(Some(overlay(77)), 9).is_empty());
}

#[test]
fn a_finding_about_something_else_changes_nothing() {
    let mut aggregator = aggregated(&origin("web"), &opened());
    for (key, path) in [(overlay(77), "/srv/a.db"), (OVERLAY, "/srv/other")] {
        aggregator.examined(&Examined {
            overlay: key,
            path: path.as_bytes().to_vec(),
            part: crate::model::Part::Content,
            unchanged: true,
        });
    }
    aggregator.examined(&Examined {
        overlay: OVERLAY,
        path: b"/srv/a.db".to_vec(),
        part: crate::model::Part::Attributes,
        unchanged: true,
    });
    assert_eq!(ids(&first_advice(&aggregator)), ["written-in-place"]);
}
