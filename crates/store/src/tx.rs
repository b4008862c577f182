//! Where statements run: [`Reader`] (a pool) and [`Tx`] (one connection inside a transaction).
//!
//! A `Tx` can do all that a `Reader` can: functions that only read take `&mut Reader`, and a `&mut Tx` passes for one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Connection as _, Executor as _, Transaction};
use tokio::sync::Semaphore;

use crate::backend::replica::Replica;
use crate::backend::{Engine, postgres, sqlite};
use crate::error::StoreError;
use crate::limits::STATEMENT_TIME_MAX;
use crate::observe::{Observe, Waiting};
use crate::row::Row;
use crate::statement::{Statement, for_postgres, for_sqlite, shape};

/// The answer may come this much later than the server's own time-out before the connection is given up.
const GRACE: Duration = Duration::from_secs(5);
/// Instructions of SQLite's machine between two looks at the clock.
const PROGRESS_OPS: i32 = 50_000;

enum Source {
    SqliteReaders {
        pool: SqlitePool,
        waiting: Arc<Waiting>,
        long_reads: Option<Arc<Semaphore>>,
    },
    PostgresPool(Arc<postgres::Pool>, Option<Arc<Replica>>),
    Sqlite(SqliteConnection),
    /// Rolled back when it is dropped, also by a caller that gave up.
    Postgres(Transaction<'static, sqlx::Postgres>),
}

/// Reads: each statement sees everything that was committed before it.
pub struct Reader {
    source: Source,
    observe: Arc<Observe>,
    time_max: Duration,
}

/// A transaction: all of it happens or nothing.
pub struct Tx(Reader);

impl Deref for Tx {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.0
    }
}

/// What is wanted of a statement.
enum Answer {
    Rows(Vec<Row>),
    Changed(u64),
}

impl Reader {
    pub(crate) fn of_readers(
        pool: SqlitePool,
        waiting: Arc<Waiting>,
        long_reads: Option<Arc<Semaphore>>,
        observe: Arc<Observe>,
    ) -> Self {
        let source = Source::SqliteReaders { pool, waiting, long_reads };
        Self { source, observe, time_max: STATEMENT_TIME_MAX }
    }

    pub(crate) fn of_pool(pool: Arc<postgres::Pool>, observe: Arc<Observe>) -> Self {
        Self { source: Source::PostgresPool(pool, None), observe, time_max: STATEMENT_TIME_MAX }
    }

    /// The same; a standby is asked first while it is up to date.
    pub(crate) fn or_replica(mut self, standby: Option<Arc<Replica>>) -> Self {
        if let Source::PostgresPool(_, replica) = &mut self.source {
            *replica = standby;
        }
        self
    }

    /// Gives every statement of this reader another time-out (default [`STATEMENT_TIME_MAX`]).
    #[must_use]
    pub const fn within(mut self, time_max: Duration) -> Self {
        self.time_max = time_max;
        self
    }

    /// Which engine answers.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.source {
            Source::SqliteReaders { .. } | Source::Sqlite(_) => Engine::Sqlite,
            Source::PostgresPool(..) | Source::Postgres(_) => Engine::Postgres,
        }
    }

    /// All rows.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self.run(statement, true).await? {
            Answer::Rows(rows) => Ok(rows),
            Answer::Changed(_) => Ok(Vec::new()),
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn optional(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// The one row; `Absent` of `what` where there is none.
    pub(crate) async fn one(&mut self, what: &'static str, statement: Statement) -> Result<Row, StoreError> {
        self.optional(statement).await?.ok_or(StoreError::Absent { what })
    }

    pub(crate) fn observe(&self) -> &Observe {
        &self.observe
    }

    async fn run(&mut self, statement: Statement, rows: bool) -> Result<Answer, StoreError> {
        let (started, text) = (Instant::now(), statement.sql.clone());
        let time_max = self.time_max;
        let result = self.carry_out(statement, rows).await;
        self.observe.statement(text.as_str(), started, result.is_err());
        result.map_err(|error| match error {
            StoreError::TimedOut(_) => StoreError::TimedOut(time_max),
            other => other,
        })
    }

    async fn carry_out(&mut self, statement: Statement, rows: bool) -> Result<Answer, StoreError> {
        let time_max = self.time_max;
        match &mut self.source {
            Source::SqliteReaders { pool, waiting, long_reads } => {
                reads_only(&statement)?;
                let guard = waiting.enter();
                let _place = match long_reads {
                    Some(places) => Some(places.acquire().await.map_err(|_| StoreError::Busy("closing"))?),
                    None => None,
                };
                let mut connection = pool.acquire().await?;
                drop(guard);
                on_readers(&mut connection, statement, rows, time_max).await
            }
            Source::PostgresPool(pool, replica) => {
                reads_only(&statement)?;
                if let Some(replica) = replica
                    && let Some(mut standby) = replica.acquire().await
                {
                    match on_pool(&mut standby, statement.clone(), rows, time_max).await {
                        // It was not the standby that was slow.
                        outcome @ (Ok(_) | Err(StoreError::TimedOut(_))) => return outcome,
                        // It went away, or what was being read was vacuumed at the primary (SQLSTATE 40001).
                        Err(error) => {
                            tracing::debug!(%error, "a read of the replica failed; the primary is asked");
                        }
                    }
                }
                let mut connection = pool.acquire().await?;
                on_pool(&mut connection, statement, rows, time_max).await
            }
            Source::Sqlite(connection) => on_sqlite(connection, statement, rows).await,
            Source::Postgres(connection) => on_postgres(connection, statement, rows, time_max).await,
        }
    }
}

impl Tx {
    pub(crate) fn of_sqlite(connection: SqliteConnection, observe: Arc<Observe>) -> Self {
        Self(Reader { source: Source::Sqlite(connection), observe, time_max: STATEMENT_TIME_MAX })
    }

    pub(crate) fn of_postgres(
        transaction: Transaction<'static, sqlx::Postgres>,
        observe: Arc<Observe>,
    ) -> Self {
        Self(Reader { source: Source::Postgres(transaction), observe, time_max: STATEMENT_TIME_MAX })
    }

    /// Carries out a statement; how many rows it changed.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        match self.run(statement, false).await? {
            Answer::Changed(rows) => Ok(rows),
            Answer::Rows(rows) => Ok(rows.len() as u64),
        }
    }

    /// Carries out a statement that must change a row; `Absent` of `what` where it did not.
    pub(crate) async fn change(
        &mut self,
        what: &'static str,
        statement: Statement,
    ) -> Result<(), StoreError> {
        match self.execute(statement).await? {
            0 => Err(StoreError::Absent { what }),
            _ => Ok(()),
        }
    }

    /// SQLite's begin, commit and savepoints: not counted as statements of a request.
    pub(crate) async fn control(&mut self, text: &'static str) -> Result<(), StoreError> {
        if let Source::Sqlite(connection) = &mut self.0.source {
            connection.execute(text).await?;
        }
        Ok(())
    }

    /// Ends a transaction of PostgreSQL.
    pub(crate) async fn end(self, keep: bool) -> Result<(), StoreError> {
        if let Source::Postgres(transaction) = self.0.source {
            if keep {
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
        }
        Ok(())
    }

    /// The connection to PostgreSQL, for COPY; `None` on SQLite.
    pub(crate) fn postgres(&mut self) -> Option<&mut PgConnection> {
        match &mut self.0.source {
            Source::Postgres(transaction) => Some(&mut **transaction),
            _ => None,
        }
    }

    pub(crate) async fn close(self) {
        if let Source::Sqlite(connection) = self.0.source {
            // It is the end either way; the data is safe in the WAL.
            let _ = sqlite::close(connection).await;
        }
    }
}

async fn on_pool(
    connection: &mut PgConnection,
    statement: Statement,
    rows: bool,
    time_max: Duration,
) -> Result<Answer, StoreError> {
    if time_max == STATEMENT_TIME_MAX {
        return on_postgres(connection, statement, rows, time_max).await;
    }
    let mut transaction = connection.begin().await?;
    postgres::time_max(&mut transaction, time_max).await?;
    let answer = on_postgres(&mut transaction, statement, rows, time_max).await?;
    transaction.commit().await?;
    Ok(answer)
}

/// Pools are for reading: a write outside a transaction would escape the writer.
fn reads_only(statement: &Statement) -> Result<(), StoreError> {
    match shape(statement.text()).kind {
        "select" | "with" | "explain" => Ok(()),
        _ if statement.text().starts_with("PRAGMA") => Ok(()),
        kind => Err(StoreError::NotAllowed { why: format!("{kind} outside a transaction") }),
    }
}

async fn on_readers(
    connection: &mut SqliteConnection,
    statement: Statement,
    rows: bool,
    time_max: Duration,
) -> Result<Answer, StoreError> {
    let deadline = Instant::now() + time_max;
    connection.lock_handle().await?.set_progress_handler(PROGRESS_OPS, move || Instant::now() < deadline);
    on_sqlite(connection, statement, rows).await
}

async fn on_sqlite(
    connection: &mut SqliteConnection,
    statement: Statement,
    rows: bool,
) -> Result<Answer, StoreError> {
    let (sql, kept) = (statement.sql, statement.kept);
    let query = sqlx::query_with(sql, for_sqlite(statement.values)?).persistent(kept);
    Ok(if rows {
        Answer::Rows(query.fetch_all(connection).await?.into_iter().map(Row::Sqlite).collect())
    } else {
        Answer::Changed(query.execute(connection).await?.rows_affected())
    })
}

async fn on_postgres(
    connection: &mut PgConnection,
    statement: Statement,
    rows: bool,
    time_max: Duration,
) -> Result<Answer, StoreError> {
    let (sql, kept) = (statement.sql, statement.kept);
    let query = sqlx::query_with(sql, for_postgres(statement.values)?).persistent(kept);
    let work = async {
        Ok(if rows {
            Answer::Rows(query.fetch_all(connection).await?.into_iter().map(Row::Postgres).collect())
        } else {
            Answer::Changed(query.execute(connection).await?.rows_affected())
        })
    };
    // The server ends the statement itself; this is for a server that does not answer any more.
    let silent = || StoreError::Unreachable("the server does not answer".into());
    tokio::time::timeout(time_max.saturating_add(GRACE), work).await.map_err(|_| silent())?
}
