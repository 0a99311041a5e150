use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::workloads::{event::CopyUp, layers::Lower, upper::Bytes};

/// `/d/f` (10 bytes), `/d/g` with another link, `/d/e/h`, `/l`.
struct Fake(HashMap<&'static str, Lower>);

impl Layers for Fake {
    fn find(&self, path: &str) -> Result<Option<Lower>> {
        Ok(self.0.get(path).cloned())
    }

    fn children(&self, path: &str) -> Result<BTreeSet<String>> {
        let is_child = |name: &&&str| {
            let rest = name
                .strip_prefix(path)
                .and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| !rest.contains('/'))
        };
        Ok(self
            .0
            .keys()
            .filter(is_child)
            .map(|name| (*name).to_owned())
            .collect())
    }
}

fn handle(path: &str) -> Handle {
    (1, path.as_bytes().to_vec())
}

fn layers() -> Fake {
    let lower = |path, kind, size, links| {
        let origin = (links == 1).then(|| handle(path));
        let lower = Lower {
            kind,
            size,
            data: size,
            written: (1, 0),
            origin,
        };
        (path, lower)
    };
    Fake(HashMap::from([
        lower("/d", Kind::Directory, 0, 1),
        lower("/d/f", Kind::Data, 10, 1),
        lower("/d/g", Kind::Data, 20, 2),
        lower("/d/e", Kind::Directory, 0, 1),
        lower("/d/e/h", Kind::Data, 30, 1),
        lower("/l", Kind::Symlink, 0, 1),
    ]))
}

fn copied(path: &str, kind: &str, bytes: u64) -> Event {
    Event::CopyUp(CopyUp {
        path: path.to_owned(),
        kind: kind.to_owned(),
        method: if bytes > 0 { "copy" } else { "none" }.to_owned(),
        size: bytes,
        copied: bytes,
        truncates: false,
    })
}

fn directory() -> Event {
    copied("/d", "directory", 0)
}

fn whiteout(path: &str, cause: &str) -> Event {
    Event::Whiteout {
        path: path.to_owned(),
        cause: cause.to_owned(),
    }
}

fn entries(list: &[(&str, What)]) -> Entries {
    let entry = |(index, (path, what)): (usize, &(&str, What))| {
        let entry = Entry {
            what: what.clone(),
            inode: index as u64,
            bytes: Bytes::default(),
            opaque: false,
        };
        ((*path).to_owned(), entry)
    };
    list.iter().enumerate().map(entry).collect()
}

fn copy(path: &str) -> What {
    What::Copy(handle(path))
}

fn balance(events: &[Event], upper: &[(&str, What)]) -> Result<Ledger, String> {
    Ledger::balance(events, &layers(), &entries(upper)).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(events: &[Event], upper: &[(&str, What)], why: &str) {
    let error = balance(events, upper).unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[test]
fn copies_and_whiteouts_that_are_there() {
    let events = [
        directory(),
        copied("/d/f", "data", 10),
        copied("/d/g", "data", 20),
        whiteout("/l", "unlink"),
    ];
    let upper = [
        ("/d", copy("/d")),
        ("/d/f", copy("/d/f")),
        ("/d/g", What::Fresh(Kind::Data)),
        ("/d/new", What::Fresh(Kind::Data)),
        ("/l", What::Whiteout),
    ];
    let ledger = balance(&events, &upper).unwrap();
    assert_eq!((ledger.bytes, ledger.copies_held), (30, 3));
    assert_eq!((ledger.whiteouts, ledger.whiteouts_held), (1, 1));
    assert_eq!(ledger.created, 1);
}

#[test]
fn what_is_there_was_reported() {
    let upper = [("/d", copy("/d")), ("/d/f", copy("/d/f"))];
    refused(&[directory()], &upper, "/d/f: a copy that was not reported");
    let upper = [("/d", copy("/d")), ("/d/f", What::Whiteout)];
    refused(&[directory()], &upper, "/d/f: a whiteout that was not");
    let upper = [("/d", copy("/d")), ("/d/g", What::Fresh(Kind::Data))];
    refused(&[directory()], &upper, "/d/g: the lower file has several");
    let upper = [("/d", What::Fresh(Kind::Directory))];
    refused(&[], &upper, "/d: a directory in the place");
}

#[test]
fn what_was_reported_is_there() {
    let upper = [("/d", copy("/d"))];
    let gone = [directory(), copied("/d/f", "data", 10)];
    refused(&gone, &upper, "/d/f: it was copied up, and is not there");
    let gone = [directory(), whiteout("/d/f", "unlink")];
    refused(&gone, &upper, "/d/f: it was removed, but there is no");
}

#[test]
fn an_event_must_be_possible() {
    let upper = [("/d", copy("/d")), ("/d/f", copy("/d/f"))];
    let copy_f = copied("/d/f", "data", 10);
    let twice = [directory(), copy_f.clone(), copy_f.clone()];
    refused(&twice, &upper, "it was copied up before");
    let early = [copy_f.clone(), directory()];
    refused(&early, &upper, "its directory was not copied up");
    let short = [directory(), copied("/d/f", "data", 9)];
    refused(&short, &upper, "another size");
    let nothing = [directory(), copy_f, whiteout("/d/x", "unlink")];
    refused(&nothing, &upper, "no lower layer has it");
    let cause = [whiteout("/d", "unlink")];
    refused(&cause, &[("/d", What::Whiteout)], "not one for its kind");
    let full = [whiteout("/d", "rmdir")];
    refused(&full, &[("/d", What::Whiteout)], "there is something in it");
}

#[test]
fn a_removed_directory_takes_its_whiteouts_along() {
    let events = [
        directory(),
        copied("/d/e", "directory", 0),
        copied("/d/e/h", "data", 30),
        whiteout("/d/e/h", "unlink"),
        whiteout("/d/e", "rmdir"),
    ];
    let upper = [("/d", copy("/d")), ("/d/e", What::Whiteout)];
    let ledger = balance(&events, &upper).unwrap();
    assert_eq!((ledger.whiteouts, ledger.whiteouts_held), (2, 1));
    assert_eq!((ledger.bytes, ledger.copies_held), (30, 1));
    let not_empty = [&events[..3], &events[4..]].concat();
    refused(&not_empty, &upper, "there is something in it");
    let mut later = events.to_vec();
    later.push(whiteout("/d/e/h", "unlink"));
    refused(&later, &upper, "its directory was removed");
}

#[test]
fn something_new_in_an_old_place() {
    let events = [
        directory(),
        copied("/d/f", "data", 10),
        whiteout("/l", "unlink"),
        whiteout("/l", "unlink"),
    ];
    let upper = [
        ("/d", copy("/d")),
        ("/d/f", What::Fresh(Kind::Data)),
        ("/l", What::Fresh(Kind::Data)),
    ];
    let ledger = balance(&events, &upper).unwrap();
    assert_eq!(ledger.replaced, ["/d/f"]);
    assert_eq!(ledger.renewed, ["/l"]);
    assert_eq!(ledger.again, ["/l"]);
    let upper = [("/d", copy("/d")), ("/d/f", What::Fresh(Kind::Data))];
    let ledger = balance(&[directory()], &upper).unwrap();
    assert_eq!(ledger.covered, ["/d/f"]);
}

#[test]
fn a_copy_with_another_name() {
    let events = [
        directory(),
        copied("/d/f", "data", 10),
        whiteout("/d/f", "rename"),
    ];
    let upper = [
        ("/d", copy("/d")),
        ("/d/f", What::Whiteout),
        ("/d/x", copy("/d/f")),
    ];
    let ledger = balance(&events, &upper).unwrap();
    assert_eq!(ledger.moved, ["/d/x"]);
    let second = [&upper[..], &[("/d/y", copy("/d/f"))]].concat();
    refused(&events, &second, "/d/y: a second copy");
}

#[test]
fn a_copy_that_nobody_wrote_to_has_the_bytes_of_its_event() {
    let events = [directory(), copied("/d/f", "data", 10)];
    let with = |size, held, written| {
        let mut upper = entries(&[("/d", copy("/d")), ("/d/f", copy("/d/f"))]);
        let bytes = Bytes {
            size,
            held,
            written: (written, 0),
        };
        upper.get_mut("/d/f").unwrap().bytes = bytes;
        Ledger::balance(&events, &layers(), &upper).map_err(|error| error.to_string())
    };
    let ledger = with(10, 10, 1).unwrap();
    assert_eq!((ledger.unchanged, ledger.unchanged_bytes), (1, 10));
    assert_eq!(with(12, 12, 2).unwrap().unchanged, 0);
    assert!(
        with(10, 8, 1)
            .unwrap_err()
            .contains("10 bytes were reported")
    );
}
