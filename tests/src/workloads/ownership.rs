//! `chown -R` of a tree with everything in it.

use anyhow::{Result, ensure};

use super::{container::Container, layers::Kind};

/// Files of 100 to 6000 bytes; one of three names; one of which most is a hole.
const PREPARE: &str = r#"
    cd "$1"
    mkdir -p srv/tree/a srv/tree/b/c srv/tree/empty
    for i in $(seq 60); do
        printf "%$((i * 100))s" '' >"srv/tree/a/file-$i"
    done
    printf '%3000000s' '' >srv/tree/b/large
    printf '%5000s' '' >srv/tree/b/linked
    ln srv/tree/b/linked srv/tree/b/link-1
    ln srv/tree/b/linked srv/tree/b/c/link-2
    truncate -s 16M srv/tree/b/c/sparse
    printf x | dd of=srv/tree/b/c/sparse bs=1 seek=6000000 conv=notrunc status=none
    : >srv/tree/b/c/nothing
    for i in $(seq 10); do ln -s "../a/file-$i" "srv/tree/b/symlink-$i"; done
    ln -s /nowhere srv/tree/dangling
    mkfifo srv/tree/b/fifo srv/tree/b/c/fifo
    mknod srv/tree/b/device c 1 3
"#;

pub(crate) fn chown_goes_down_a_tree() -> Result<()> {
    let container = Container::new("chown", PREPARE)?;
    let observed = container.observe("chown -hR 1000:1000 /srv/tree")?;
    let ledger = &observed.ledger;
    assert_eq!(ledger.of(Kind::Data), 60 + 1 + 3 + 2, "{ledger}");
    assert_eq!(ledger.of(Kind::Symlink), 11, "{ledger}");
    assert_eq!(ledger.of(Kind::Special), 3, "{ledger}");
    // /srv, too: its copy is above all others.
    assert_eq!(ledger.of(Kind::Directory), 6, "{ledger}");
    // Of the sparse file one mebibyte, in which the only byte is.
    let bytes = 100 * 60 * 61 / 2 + 3_000_000 + 3 * 5000 + (1 << 20);
    assert_eq!(ledger.bytes, bytes, "{ledger}");
    assert_eq!(ledger.copies_held, 66 + 11 + 3 + 6, "{ledger}");
    assert_eq!(ledger.unchanged, 66, "{ledger}");
    assert_eq!(ledger.unchanged_bytes, bytes, "{ledger}");
    assert_eq!(ledger.whiteouts, 0, "{ledger}");
    assert_eq!(ledger.created, 0, "{ledger}");
    observed.needs_every_event()
}

/// Trees as they are in the root file system; one is removed, and something
/// new has its name.
const REAL: &str = r"
    chown -hR 1000:1000 /etc
    rm -r /usr/lib/python3.11
    mkdir /usr/lib/python3.11
    echo new >/usr/lib/python3.11/os.py
";

pub(crate) fn real_trees_are_owned_and_removed() -> Result<()> {
    let container = Container::new("real-trees", "")?;
    let ledger = container.observe(REAL)?.ledger;
    ensure!(ledger.of(Kind::Data) > 100, "{ledger}");
    ensure!(ledger.of(Kind::Symlink) > 200, "{ledger}");
    assert_eq!(ledger.opaque_held, 1, "{ledger}");
    assert_eq!(ledger.renewed, ["/usr/lib/python3.11"], "{ledger}");
    ensure!(ledger.whiteouts > 500, "{ledger}");
    assert_eq!(ledger.created, 1, "{ledger}");
    assert_eq!(ledger.whiteouts_held, 0, "{ledger}");
    assert!(
        ledger.again.is_empty() && ledger.covered.is_empty(),
        "{ledger}"
    );
    Ok(())
}
