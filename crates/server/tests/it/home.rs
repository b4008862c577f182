//! A data directory on either database, so that a promise of the API is held on both.

use std::path::Path;

use testkit::{Database, Postgres};

/// Where a server's database is named when it is not a file in the data directory.
pub(crate) const STORE_FILE: &str = "store.url";

/// A data directory, gone after the test, and with it its database.
pub(crate) struct Home {
    dir: tempfile::TempDir,
    _database: Option<Database>,
}

impl Home {
    /// With the embedded database.
    pub(crate) fn sqlite() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), _database: None }
    }

    /// With a database of its own on the tests' PostgreSQL.
    pub(crate) fn postgres() -> Self {
        let (dir, database) = (tempfile::tempdir().unwrap(), Postgres::shared().database());
        std::fs::write(dir.path().join(STORE_FILE), database.url()).unwrap();
        Self { dir, _database: Some(database) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Each named function as a test on each engine.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&crate::home::Home::sqlite());
            })*
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&crate::home::Home::postgres());
            })*
        }
    };
}
pub(crate) use on_both;
