//! `tar -x` over a tree that is there.

use anyhow::Result;

use super::{container::Container, layers::Kind};

/// Two trees of 90 files, and an archive with 60 of them and 20 others.
const PREPARE: &str = r#"
    cd "$1"
    mkdir -p srv/one/a srv/one/b srv/new/a srv/new/c
    for i in $(seq 90); do
        printf "%$((i * 50))s" '' >"srv/one/a/file-$i"
    done
    ln -s file-1 srv/one/b/symlink
    cp -a srv/one srv/two
    for i in $(seq 60); do echo "new $i" >"srv/new/a/file-$i"; done
    for i in $(seq 20); do echo "more $i" >"srv/new/c/file-$i"; done
    chmod 700 srv/new/a
    tar -C srv/new -cf srv/new.tar .
    rm -r srv/new
"#;

/// By default tar removes what is there; with `--overwrite` it truncates it.
pub(crate) fn tar_unpacks() -> Result<()> {
    let container = Container::new("tar", PREPARE)?;
    let ledger = container
        .observe("tar -C /srv/one -xf /srv/new.tar; tar -C /srv/two --overwrite -xf /srv/new.tar")?
        .ledger;
    assert_eq!(ledger.of(Kind::Data), 60, "{ledger}");
    assert_eq!(ledger.bytes, 0, "{ledger}");
    // /srv, and in it two trees with a directory each.
    assert_eq!(ledger.of(Kind::Directory), 5, "{ledger}");
    assert_eq!(ledger.whiteouts, 60, "{ledger}");
    assert_eq!(ledger.whiteouts_held, 0, "{ledger}");
    assert_eq!(ledger.renewed.len(), 60, "{ledger}");
    assert_eq!(ledger.created, 2 * 21, "{ledger}");
    assert!(ledger.again.is_empty(), "{ledger}");
    assert!(ledger.covered.is_empty(), "{ledger}");
    assert!(ledger.replaced.is_empty(), "{ledger}");
    Ok(())
}
