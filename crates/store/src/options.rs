//! What can be chosen about a store: where it is, and how large its pools may become.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::StoreError;

/// Where the data is. Does not show its password.
#[derive(Clone)]
pub enum Location {
    /// One SQLite file: `sqlite:PATH`.
    Sqlite(PathBuf),
    /// A PostgreSQL database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE`.
    Postgres(Box<PgConnectOptions>),
}

impl FromStr for Location {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The cause is not shown: it may hold the password.
            let options = url.parse::<PgConnectOptions>();
            return options.map(|options| Self::Postgres(Box::new(options))).map_err(|_| {
                StoreError::Unfit("its URL is not of the form postgres://USER@HOST/DATABASE".into())
            });
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
        match path {
            Some(path) if !path.is_empty() && !path.starts_with(':') => Ok(Self::Sqlite(path.into())),
            _ => {
                Err(StoreError::Unfit("its URL must be sqlite:PATH or postgres://USER@HOST/DATABASE".into()))
            }
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(options) => write!(
                f,
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or(options.get_username())
            ),
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// How many connections the requests' pool has: kept for the usual load, and beyond it while somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Connections for the usual load.
    pub base: u32,
    /// Further ones while somebody waits; closed when idle.
    pub overflow: u32,
    /// Connections that are always open.
    pub min: u32,
}

impl PoolSize {
    /// For a small machine.
    pub const LOW: Self = Self { base: 10, overflow: 5, min: 5 };
    /// The default.
    pub const MEDIUM: Self = Self { base: 20, overflow: 10, min: 5 };
    /// For a busy server.
    pub const HIGH: Self = Self { base: 40, overflow: 20, min: 5 };

    /// Most connections at once.
    #[must_use]
    pub const fn max(self) -> u32 {
        self.base.saturating_add(self.overflow)
    }

    /// The pool of long reads: a quarter.
    #[must_use]
    pub const fn report(self) -> Self {
        Self { base: quarter(self.base), overflow: quarter(self.overflow), min: 1 }
    }

    /// The pool of maintenance: one at work and one that looks on.
    #[must_use]
    pub const fn maintenance() -> Self {
        Self { base: 1, overflow: 1, min: 0 }
    }

    /// Most connections of all three pools.
    #[must_use]
    pub const fn total(self) -> u32 {
        self.max() + self.report().max() + Self::maintenance().max()
    }
}

/// A quarter, at least one.
const fn quarter(n: u32) -> u32 {
    if n < 8 { 1 } else { n / 4 }
}

impl FromStr for PoolSize {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, StoreError> {
        match name {
            "low" => Ok(Self::LOW),
            "medium" => Ok(Self::MEDIUM),
            "high" => Ok(Self::HIGH),
            _ => Err(StoreError::Unfit(format!("pool size \"{name}\" is not low, medium or high"))),
        }
    }
}

/// Which pool a call uses, so that one kind of work cannot starve another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Requests of people and bots.
    Oltp,
    /// Long reads: reports, exports, back-tests.
    Report,
    /// Maintenance.
    Maintenance,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Oltp, Self::Report, Self::Maintenance];

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oltp => "oltp",
            Self::Report => "report",
            Self::Maintenance => "maintenance",
        }
    }
}

/// Everything that can be chosen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the data is.
    pub location: Location,
    /// PostgreSQL: the size of the requests' pool.
    pub pool: PoolSize,
    /// PostgreSQL: an idle connection is closed after this time.
    pub idle: std::time::Duration,
    /// PostgreSQL: a standby (streaming replication) that answers long reads while it is less than ten seconds behind.
    pub replica: Option<Location>,
}

impl Options {
    /// The defaults for a location.
    #[must_use]
    pub const fn new(location: Location) -> Self {
        Self { location, pool: PoolSize::MEDIUM, idle: crate::limits::IDLE_TIME_MAX, replica: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_chooses_and_does_not_show_its_password() {
        let location = |url: &str| url.parse::<Location>().map(|l| l.to_string());
        assert_eq!(location("sqlite:/data/x.db").unwrap(), "sqlite:/data/x.db");
        assert_eq!(location("sqlite:///data/x.db").unwrap(), "sqlite:/data/x.db");
        let shown = location("postgres://trader:s3cret@db.example:5433/tw").unwrap();
        assert_eq!(shown, "postgres://trader@db.example:5433/tw");
        for bad in ["", "mysql://x", "sqlite:", "sqlite::memory:", "postgres://u:s3cret@h:port/x"] {
            let error = location(bad).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_pools_of_each_preset() {
        let sizes = [PoolSize::LOW, PoolSize::MEDIUM, PoolSize::HIGH].map(|size| (size.max(), size.total()));
        assert_eq!(sizes, [(15, 20), (30, 39), (60, 77)]);
    }
}
