//! `SQLite` on databases of a lower layer.

use std::fs;

use anyhow::Result;

use super::{container::Container, layers::Kind};

const PREPARE: &str = r#"
    mkdir -p "$1/srv"
    cd "$1/srv"
    sqlite3 app.db "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
        INSERT INTO t SELECT i, hex(randomblob(100)) FROM n;"
    cp app.db asked.db
    cp app.db read.db
"#;

/// A question alone opens the file for writing, unless told otherwise.
const SCRIPT: &str = r#"
    cd /srv
    sqlite3 app.db "UPDATE t SET text = 'x' WHERE id % 100 = 0;"
    sqlite3 app.db "PRAGMA journal_mode = WAL; INSERT INTO t(text) VALUES ('y');
        PRAGMA wal_checkpoint; DELETE FROM t WHERE id > 2000; VACUUM;"
    sqlite3 app.db "PRAGMA journal_mode = DELETE; PRAGMA integrity_check;"
    sqlite3 asked.db "SELECT count(*) FROM t;"
    sqlite3 -readonly read.db "SELECT count(*) FROM t;"
"#;

pub(crate) fn sqlite_writes() -> Result<()> {
    let container = Container::new("sqlite", PREPARE)?;
    let size = fs::metadata(container.lower().join("srv/app.db"))?.len();
    let ledger = container.observe(SCRIPT)?.ledger;
    assert_eq!(ledger.of(Kind::Data), 2, "{ledger}");
    assert_eq!(ledger.bytes, 2 * size, "{ledger}");
    assert_eq!(ledger.of(Kind::Directory), 1, "{ledger}");
    assert_eq!(ledger.copies_held, 3, "{ledger}");
    assert_eq!(ledger.unchanged, 1, "the one that was asked: {ledger}");
    assert_eq!(ledger.whiteouts, 0, "{ledger}");
    Ok(())
}
