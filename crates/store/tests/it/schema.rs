//! The schema: the same tables and columns on both engines, indexes as declared, settings as asserted.

use store::{INDEXES, Location, Store, StoreError};

use crate::engines::{Fresh, on_both, run};

on_both!(every_index_is_there, a_newer_schema_is_refused, opening_twice_changes_nothing);

/// `table.column` of every column, in order of table and position.
const SQLITE_COLUMNS: &str = "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY m.name, c.cid";
const POSTGRES_COLUMNS: &str = "SELECT table_name || '.' || column_name FROM information_schema.columns \
     WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%' ORDER BY table_name COLLATE \"C\", ordinal_position";

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    let (send, receive) = std::sync::mpsc::channel();
    for (make, query) in [(0, SQLITE_COLUMNS), (1, POSTGRES_COLUMNS)] {
        let send = send.clone();
        let look = |fresh: Fresh| async move {
            send.send(fresh.sql(query)).unwrap();
            fresh
        };
        if make == 0 { run(Fresh::sqlite(), look) } else { run(Fresh::postgres(), look) }
    }
    let (sqlite, postgres) = (receive.recv().unwrap(), receive.recv().unwrap());
    assert!(sqlite.lines().count() > 200, "{sqlite}");
    assert_eq!(sqlite, postgres);
}

async fn every_index_is_there(fresh: Fresh) -> Fresh {
    let query = match fresh.store.engine() {
        store::Engine::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'index'",
        store::Engine::Postgres => {
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisvalid"
        }
    };
    let present = fresh.sql(query);
    for index in INDEXES {
        assert!(present.lines().any(|name| name == index.name), "{} is missing", index.name);
    }
    fresh
}

async fn a_newer_schema_is_refused(fresh: Fresh) -> Fresh {
    let (checksum, now, yes) = match fresh.store.engine() {
        store::Engine::Sqlite => ("x'00'", "CURRENT_TIMESTAMP", "1"),
        store::Engine::Postgres => ("'\\x00'", "now()", "true"),
    };
    fresh.sql(&format!("INSERT INTO _sqlx_migrations VALUES (9999, 'later', {now}, {yes}, {checksum}, 0)"));
    let url = match fresh.store.location() {
        Location::Sqlite(path) => format!("sqlite:{}", path.display()),
        Location::Postgres(_) => fresh.url(),
    };
    let error = Store::at(&url).await.err().unwrap();
    assert!(matches!(error, StoreError::Unfit(_)) && error.to_string().contains("newer"), "{error}");
    fresh
}

async fn opening_twice_changes_nothing(mut fresh: Fresh) -> Fresh {
    let versions = "SELECT version, description FROM _sqlx_migrations ORDER BY version";
    let before = fresh.sql(versions);
    fresh.reopen().await;
    assert_eq!(fresh.sql(versions), before);
    fresh
}

#[test]
fn the_file_is_its_owners_alone_and_has_the_settings() {
    use std::os::unix::fs::PermissionsExt as _;
    run(Fresh::sqlite(), |fresh| async move {
        let path = fresh.store.file().unwrap().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let wal = path.with_extension("db-wal");
        assert_eq!(std::fs::metadata(wal).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fresh.sql("PRAGMA journal_mode"), "wal");
        assert_eq!(fresh.sql("PRAGMA auto_vacuum"), "2");
        fresh
    });
}
