//! `git checkout` between two commits.

use anyhow::Result;

use super::{container::Container, layers::Kind};

/// The first commit has 330 files. Until the second, 30 and a directory of 20
/// are deleted, 40 renamed, 20 executable, 60 changed, and 25 are new; a
/// symlink is a file, and a file a symlink.
const PREPARE: &str = r#"
    export HOME=/nowhere GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
        GIT_COMMITTER_EMAIL=a@b
    mkdir -p "$1/srv/repository"
    cd "$1/srv/repository"
    git init -q -b first .
    mkdir -p gone
    for directory in $(seq 10); do
        mkdir -p "part-$directory"
        for i in $(seq 31); do echo "$directory $i" >"part-$directory/file-$i"; done
    done
    for i in $(seq 20); do echo "$i" >"gone/file-$i"; done
    ln -s part-1 link
    echo x >plain
    git add .
    git commit -q -m first
    git checkout -q -b second
    git rm -q -r gone
    (cd part-1 && rm $(seq -f file-%g 30))
    mkdir moved
    (cd part-2 && mv $(seq -f file-%g 20) ../moved)
    git mv part-4 part-40
    (cd part-5 && chmod +x $(seq -f file-%g 20))
    for directory in 6 7; do
        for i in $(seq 30); do echo "changed" >>"part-$directory/file-$i"; done
    done
    mkdir new
    for i in $(seq 25); do echo "new $i" >"new/file-$i"; done
    rm link plain
    echo x >link
    ln -s part-2 plain
    git add -A .
    git commit -q -m second
    git checkout -q first
    git status --porcelain
"#;

pub(crate) fn git_checks_out() -> Result<()> {
    let container = Container::new("git", PREPARE)?;
    let ledger = container
        .observe("git -C /srv/repository checkout -q second; git -C /srv/repository fsck --strict")?
        .ledger;
    // git removes a file before it writes another version: nothing is copied
    // but the log of the branch's movements.
    assert_eq!(ledger.of(Kind::Data), 1, "{ledger}");
    let files = 20 + 30 + 20 + 31 + 20 + 60 + 2;
    let directories = 2;
    assert_eq!(ledger.whiteouts, files + directories, "{ledger}");
    // Those that have a new version, link and plain.
    assert_eq!(ledger.renewed.len(), 20 + 60 + 2, "{ledger}");
    assert_eq!(ledger.whiteouts_held, 30 + 20 + directories, "{ledger}");
    assert_eq!(
        ledger.covered,
        ["/srv/repository/.git/HEAD", "/srv/repository/.git/index"],
        "{ledger}"
    );
    assert!(ledger.again.is_empty(), "{ledger}");
    assert!(ledger.replaced.is_empty(), "{ledger}");
    Ok(())
}
