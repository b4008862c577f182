//! The schema's versions: forward only, one numbered file per engine and version.
//!
//! A version that was released never changes. A file holds tables and columns; indexes are declared in
//! [`indexes`] and built afterwards, on PostgreSQL without blocking writers. Two programs that start at
//! once do not disturb each other: on PostgreSQL the second waits for the first's advisory lock.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::indexes;

/// One version: its number, its name, its text for SQLite and for PostgreSQL.
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// All versions, in order.
pub(crate) const VERSIONS: &[Version] = &[
    Version {
        number: 1,
        name: "platform",
        sqlite: include_str!("../migrations/sqlite/0001_platform.sql"),
        postgres: include_str!("../migrations/postgres/0001_platform.sql"),
    },
    Version {
        number: 2,
        name: "bots and results",
        sqlite: include_str!("../migrations/sqlite/0002_bots_and_results.sql"),
        postgres: include_str!("../migrations/postgres/0002_bots_and_results.sql"),
    },
    Version {
        number: 3,
        name: "account risk",
        sqlite: include_str!("../migrations/sqlite/0003_account_risk.sql"),
        postgres: include_str!("../migrations/postgres/0003_account_risk.sql"),
    },
    Version {
        number: 4,
        name: "turns",
        sqlite: include_str!("../migrations/sqlite/0004_turns.sql"),
        postgres: include_str!("../migrations/postgres/0004_turns.sql"),
    },
    Version {
        number: 5,
        name: "alerts",
        sqlite: include_str!("../migrations/sqlite/0005_alerts.sql"),
        postgres: include_str!("../migrations/postgres/0005_alerts.sql"),
    },
    Version {
        number: 6,
        name: "asked",
        sqlite: include_str!("../migrations/sqlite/0006_asked.sql"),
        postgres: include_str!("../migrations/postgres/0006_asked.sql"),
    },
    Version {
        number: 8,
        name: "job traces",
        sqlite: include_str!("../migrations/sqlite/0008_job_traces.sql"),
        postgres: include_str!("../migrations/postgres/0008_job_traces.sql"),
    },
];

/// The newest version.
#[must_use]
pub fn newest() -> i64 {
    VERSIONS.last().map_or(0, |version| version.number)
}

fn migrator(text: fn(&Version) -> &'static str) -> Migrator {
    let migration = |version: &Version| {
        let name = Cow::Borrowed(version.name);
        Migration::new(version.number, name, MigrationType::Simple, text(version).into_sql_str(), false)
    };
    Migrator::with_migrations(VERSIONS.iter().map(migration).collect())
}

/// Brings an SQLite file to the newest version.
pub(crate) async fn sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    migrator(|version| version.sqlite).run_direct(None, connection, false).await?;
    indexes::build_sqlite(connection).await
}

/// Brings a PostgreSQL database to the newest version.
pub(crate) async fn postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    migrator(|version| version.postgres).run_direct(None, connection, false).await?;
    indexes::build_postgres(connection).await
}

/// A version and when it was carried out; `None` while it is due.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct State {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// True once it was carried out.
    pub done: bool,
}

/// What was carried out and what is due, without changing anything.
pub(crate) fn states(applied: &[i64]) -> Vec<State> {
    let known = VERSIONS.iter().map(|version| State {
        version: version.number,
        name: version.name.to_owned(),
        done: applied.contains(&version.number),
    });
    let foreign = applied.iter().filter(|number| !VERSIONS.iter().any(|v| v.number == **number));
    let foreign =
        foreign.map(|number| State { version: *number, name: "of a newer program".to_owned(), done: true });
    known.chain(foreign).collect()
}

#[cfg(test)]
mod tests {
    use ring::digest::{SHA384, digest};

    use super::*;

    /// SHA-384 of every version that was released, as databases in the field have it in `_sqlx_migrations`. A database whose
    /// version was carried out with another text does not open: these lines may be added to and never changed.
    const RELEASED: &[(i64, &str, &str)] = &[(
        1,
        "4f23e8c476c52bd2cc96e3c265b9c9abccf0d1195d269a1df21b57973f1146ea8402eaff4d5de0af3970c0a44b58c101",
        "ec7250b11ccd3feae0c950d7d6442c6d5cc2a640687951a28e589d52c701360ece8dbfa36aa08056a8c4d070275c749d",
    )];

    #[test]
    fn a_released_version_never_changes() {
        let hex = |text: &str| -> String {
            digest(&SHA384, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
        };
        for (number, sqlite, postgres) in RELEASED {
            let version = VERSIONS.iter().find(|version| version.number == *number).expect("it was released");
            assert_eq!(
                hex(version.sqlite),
                *sqlite,
                "migrations/sqlite/{number:04} is frozen: add a version"
            );
            assert_eq!(
                hex(version.postgres),
                *postgres,
                "migrations/postgres/{number:04} is frozen: add a version"
            );
        }
        let numbers: Vec<i64> = VERSIONS.iter().map(|version| version.number).collect();
        assert!(
            numbers.windows(2).all(|pair| pair[0] < pair[1]),
            "versions are numbered upwards: {numbers:?}"
        );
    }
}
