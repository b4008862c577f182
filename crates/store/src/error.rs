//! How the database says no or fails, and what the caller can do about it.

use sqlx::error::{DatabaseError, ErrorKind};

/// A failed or refused database call. Nothing of it has been written, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A value that must be unique is taken. `what` is `table.column[,column]`.
    #[error("{what} is already taken")]
    Taken {
        /// `table.column[,column]`.
        what: String,
    },
    /// No such row (or not the asking owner's).
    #[error("there is no such {what}")]
    Absent {
        /// The kind of thing that was looked for.
        what: &'static str,
    },
    /// A row that others refer to, or a reference to a row that is not there. `what` is the constraint.
    #[error("the reference {what} does not hold")]
    Reference {
        /// The constraint, as far as the database names it.
        what: String,
    },
    /// A value the schema does not allow: the caller's bug.
    #[error("the value is not allowed: {why}")]
    NotAllowed {
        /// The database's words.
        why: String,
    },
    /// What is stored cannot be read as what it should be.
    #[error("{column} cannot be read: {why}")]
    Unreadable {
        /// The column.
        column: String,
        /// Why.
        why: String,
    },
    /// The state of the row forbids it (a lease lost, a token used twice); nothing changed.
    #[error("{0}")]
    Stale(&'static str),
    /// All connections are busy, or the queue of writes is full. Trying again later may work.
    #[error("the database is busy: {0}")]
    Busy(&'static str),
    /// The statement took longer than it may. Trying again with less, or later, may work.
    #[error("the statement took longer than {0:?}")]
    TimedOut(std::time::Duration),
    /// The database has not answered often enough and is left alone for a while; nothing was asked and nothing has happened.
    #[error("the database does not answer; it is asked again in {retry_s} s")]
    Away {
        /// Whether something was to be written.
        writes: bool,
        /// Seconds until it is asked again.
        retry_s: u32,
    },
    /// The database does not answer. Of a write it is not known whether it happened.
    #[error("the database is not reachable: {0}")]
    Unreachable(String),
    /// The database is not as it must be (settings, version, schema, damage); needs a person.
    #[error("the database cannot be used: {0}")]
    Unfit(String),
    /// Anything else the database says.
    #[error("the database says: {0}")]
    Database(String),
}

impl StoreError {
    /// True if the same call may succeed when it is made again, and has not happened.
    #[must_use]
    pub const fn may_be_retried(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Away { .. })
    }

    /// True if `table.column` (or the list of columns) is what is taken.
    #[must_use]
    pub fn is_taken(&self, column: &str) -> bool {
        matches!(self, Self::Taken { what } if what == column)
    }

    /// `Unreadable` for a column.
    pub(crate) fn unreadable(column: &str, why: impl std::fmt::Display) -> Self {
        Self::Unreadable { column: column.to_owned(), why: why.to_string() }
    }

    fn of_database(error: &dyn DatabaseError) -> Self {
        let why = error.message().to_owned();
        match error.kind() {
            ErrorKind::UniqueViolation => Self::Taken { what: taken(error) },
            ErrorKind::ForeignKeyViolation => {
                Self::Reference { what: error.constraint().unwrap_or("between two tables").to_owned() }
            }
            ErrorKind::NotNullViolation | ErrorKind::CheckViolation => Self::NotAllowed { why },
            _ => match error.code().as_deref() {
                // PostgreSQL: query_canceled (statement time-out) and lock_not_available.
                Some("57014") => Self::TimedOut(std::time::Duration::ZERO),
                // serialization_failure, deadlock_detected, lock_not_available, too_many_connections.
                Some("40001" | "40P01" | "55P03" | "53300") => {
                    Self::Busy("somebody else holds what it needs")
                }
                // admin_shutdown, crash_shutdown, cannot_connect_now.
                Some("57P01" | "57P02" | "57P03") => Self::Unreachable(why),
                // SQLite's extended codes end with the primary one in the low byte.
                Some(code) => match code.parse::<i32>().map(|code| code & 0xff) {
                    Ok(9) => Self::TimedOut(std::time::Duration::ZERO),
                    Ok(5 | 6) => Self::Busy("somebody else holds the file"),
                    Ok(11 | 26) => Self::Unfit(format!("the file is damaged: {why}")),
                    Ok(13) => Self::Unfit(format!("the disk is full: {why}")),
                    _ => Self::Database(why),
                },
                None => Self::Database(why),
            },
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::of_database(error.as_ref()),
            sqlx::Error::RowNotFound => Self::Absent { what: "row" },
            sqlx::Error::PoolTimedOut => Self::Busy("all connections are in use"),
            sqlx::Error::Io(error) => Self::Unreachable(error.to_string()),
            sqlx::Error::Tls(error) => Self::Unreachable(format!("TLS: {error}")),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Unreachable("it is closed".into()),
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Unreadable { column: index, why: source.to_string() }
            }
            sqlx::Error::ColumnNotFound(column) => Self::unreadable(&column, "it is not in the answer"),
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as E;
        match error {
            E::Execute(error) => error.into(),
            E::VersionMissing(version) => Self::Unfit(format!(
                "its schema (version {version}) is newer than this program; start the newer program, or restore a backup"
            )),
            E::VersionMismatch(version) => Self::Unfit(format!(
                "its schema version {version} was made by a different migration than ours"
            )),
            E::Dirty(version) => {
                Self::Unfit(format!("migration {version} was interrupted; restore a backup"))
            }
            other => Self::Unfit(other.to_string()),
        }
    }
}

/// `table.column[,column]` of a unique violation. SQLite says it in words; PostgreSQL names the table and, in the detail
/// between the first brackets, the columns.
fn taken(error: &dyn DatabaseError) -> String {
    if let Some(columns) = error.message().strip_prefix("UNIQUE constraint failed: ") {
        let mut parts = columns.split(", ");
        let first = parts.next().unwrap_or_default().to_owned();
        return parts.fold(first, |all, next| {
            format!("{all},{}", next.split_once('.').map_or(next, |(_, column)| column))
        });
    }
    let postgres = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
    let detail = postgres.and_then(sqlx::postgres::PgDatabaseError::detail).unwrap_or_default();
    let columns = detail.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
    match (error.table(), columns) {
        (Some(table), Some(columns)) => format!("{table}.{}", columns.replace(", ", ",")),
        _ => error.constraint().unwrap_or("a value").to_owned(),
    }
}
