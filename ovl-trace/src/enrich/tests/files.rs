//! Files of an overlay's layers, reached from its mount.

use super::*;
use crate::enrich::Enricher;

/// The recorded mount of web-1, with these files in its layers.
fn web() -> (FakeHost, Enricher, Arc<Origin>) {
    let host = docker_20();
    let mountinfo = docker_20_mounts();
    host.process(1, 1, &mountinfo);
    let upper = host.at(&web_upper());
    let identity = upper_of(&upper);
    fs::write(upper.join("file"), "upper").unwrap();
    let mut enricher = Enricher::new(&host.config());
    enricher.scan().unwrap();
    let event = OverlaySeen {
        upper: Some(identity),
        ..seen(key(1), &web_upper(), false)
    };
    let origin = enricher.origin(&Event::OverlaySeen(event));
    (host, enricher, origin)
}

#[test]
fn each_layer_has_its_own_file() {
    let (host, mut enricher, origin) = web();
    for (index, lower) in origin.mount.lowerdirs.iter().enumerate() {
        let lower = host.at(lower.to_str().unwrap());
        fs::create_dir_all(&lower).unwrap();
        fs::write(lower.join("file"), "x".repeat(100 + index)).unwrap();
    }
    let files = enricher.layer_files(key(1)).unwrap();
    assert_eq!(files.upper(b"/file").unwrap().metadata().len(), 5);
    let count = origin.mount.lowerdirs.len() as u32;
    for index in 1..=count {
        let length = files.lower(index, b"/file").unwrap().metadata().len();
        assert_eq!(length, 99 + u64::from(index));
    }
    assert!(files.lower(count + 1, b"/file").is_err());
}

#[test]
fn another_directory_in_its_place_is_not_looked_into() {
    let (host, mut enricher, _) = web();
    let upper = host.at(&web_upper());
    fs::rename(&upper, upper.with_file_name("old")).unwrap();
    fs::create_dir(&upper).unwrap();
    fs::write(upper.join("file"), "another's").unwrap();
    assert!(enricher.layer_files(key(1)).is_none());
    assert!(enricher.layer_files(key(2)).is_none(), "never seen");
}

#[test]
fn without_the_kernels_word_no_directory_is_certain() {
    let (_host, mut enricher, _) = web();
    let event = seen(key(3), &web_upper(), false);
    enricher.origin(&Event::OverlaySeen(event));
    assert!(enricher.layer_files(key(3)).is_none());
}
