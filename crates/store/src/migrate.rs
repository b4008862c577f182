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
pub(crate) const VERSIONS: &[Version] = &[Version {
    number: 1,
    name: "platform",
    sqlite: include_str!("../migrations/sqlite/0001_platform.sql"),
    postgres: include_str!("../migrations/postgres/0001_platform.sql"),
}];

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
