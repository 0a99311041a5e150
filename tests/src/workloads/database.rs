//! `PostgreSQL` on the data directory that its package made.

use anyhow::{Result, ensure};

use super::{container::Container, layers::Kind};

/// A container has no network here, not even its own.
const PREPARE: &str = r#"
    directory="$1/etc/postgresql/15/main/conf.d"
    mkdir -p "$directory"
    {
        echo "listen_addresses = ''"
        # What it does after a minute is not for a slow machine to see.
        echo "autovacuum = off"
        echo "checkpoint_timeout = 1d"
    } >"$directory/test.conf"
"#;

const SCRIPT: &str = r"
    export PGCTLTIMEOUT=600
    pg_ctlcluster 15 main start
    cd /
    runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 <<'END'
    CREATE TABLE t (id int PRIMARY KEY, text text);
    INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 2000) AS i;
    UPDATE t SET text = 'y' WHERE id % 10 = 0;
    CHECKPOINT;
    DELETE FROM t WHERE id % 3 = 0;
    VACUUM t;
END
    pg_ctlcluster 15 main stop
";

pub(crate) fn postgresql_starts() -> Result<()> {
    let container = Container::new("postgresql", PREPARE)?;
    let ledger = container.observe(SCRIPT)?.ledger;
    ensure!(ledger.of(Kind::Data) > 20, "{ledger}");
    // The first segment of the log alone has some.
    ensure!(ledger.bytes > 1 << 20, "{ledger}");
    ensure!(ledger.copies_held > 20, "{ledger}");
    ensure!(ledger.unchanged > 0, "{ledger}");
    // What it keeps over a stop is removed at the start and written at the end.
    let data = "/var/lib/postgresql/15/main";
    assert_eq!(ledger.renewed, [format!("{data}/pg_stat/pgstat.stat")]);
    // Synchronised, hence copied up, before a new one takes its name.
    let checkpoint = format!("{data}/pg_logical/replorigin_checkpoint");
    assert_eq!(ledger.replaced, [checkpoint]);
    ensure!(
        ledger.again.is_empty() && ledger.covered.is_empty(),
        "{ledger}"
    );
    Ok(())
}
