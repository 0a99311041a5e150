//! `rsync -a --delete` onto a tree that is there.

use anyhow::Result;

use super::{container::Container, layers::Kind};

/// Of 150 files 40 have changed, 20 and a directory of 10 are gone, 10 have
/// another mode, and 15 are new.
const PREPARE: &str = r#"
    cd "$1"
    mkdir -p srv/target/a srv/target/b srv/target/gone
    for i in $(seq 140); do
        printf "%$((i * 70))s" '' >"srv/target/a/file-$i"
    done
    for i in $(seq 10); do echo "$i" >"srv/target/gone/file-$i"; done
    ln -s file-1 srv/target/b/symlink
    cp -a srv/target srv/source
    cd srv/source
    rm -r gone
    for i in $(seq 40); do echo "changed $i" >"a/file-$i"; done
    (cd a && rm $(seq -f file-%g 41 60) && chmod 600 $(seq -f file-%g 61 70))
    for i in $(seq 15); do echo "$i" >"b/new-$i"; done
"#;

pub(crate) fn rsync_deletes() -> Result<()> {
    let container = Container::new("rsync", PREPARE)?;
    let observed = container.observe("rsync -a --delete /srv/source/ /srv/target/")?;
    let ledger = &observed.ledger;
    // Only a change of the mode is made in place.
    assert_eq!(ledger.of(Kind::Data), 10, "{ledger}");
    assert_eq!(ledger.bytes, 70 * (61..=70).sum::<u64>(), "{ledger}");
    assert_eq!(ledger.unchanged_bytes, ledger.bytes, "{ledger}");
    assert_eq!(ledger.whiteouts, 20 + 10 + 1, "{ledger}");
    // The files of a directory that is gone need none any more.
    assert_eq!(ledger.whiteouts_held, 20 + 1, "{ledger}");
    // What has changed is written beside it, then renamed.
    assert_eq!(ledger.covered.len(), 40, "{ledger}");
    assert_eq!(ledger.created, 15, "{ledger}");
    assert!(ledger.again.is_empty(), "{ledger}");
    assert!(ledger.renewed.is_empty(), "{ledger}");
    assert!(ledger.replaced.is_empty(), "{ledger}");
    observed.needs_every_event()
}
