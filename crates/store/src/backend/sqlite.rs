//! SQLite: one writer connection with group commit, two to ten readers, settings asserted at start.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::sync::Semaphore;

use super::writer::Writer;
use crate::error::StoreError;
use crate::limits::{ACQUIRE_TIME_MAX, READERS_MAX, READERS_MIN, STATEMENTS_KEPT};
use crate::observe::{Observe, Waiting};

/// 3.51.3 mends the corruption that WAL could suffer between a checkpoint and a write since 3.7.0.
const VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// Every connection waits this long for another process's lock.
const BUSY_TIME_MAX: Duration = Duration::from_secs(30);
/// Page cache per connection, in KiB (negative in the pragma). Filled as needed.
const CACHE_KIB: i64 = 64 * 1024;
/// Bytes of the file that are mapped.
const MMAP_BYTES: i64 = 256 * 1024 * 1024;
/// Pages in the WAL after which it is checkpointed.
const AUTOCHECKPOINT_PAGES: i64 = 1_000;

/// The pragmas that must hold on every connection, and their values as SQLite answers.
const ASSERTED: [(&str, i64); 6] = [
    ("synchronous", 2),
    ("cache_size", -CACHE_KIB),
    ("temp_store", 2),
    ("mmap_size", MMAP_BYTES),
    ("busy_timeout", 30_000),
    ("wal_autocheckpoint", AUTOCHECKPOINT_PAGES),
];

/// An open file.
pub(crate) struct Sqlite {
    pub(crate) path: PathBuf,
    pub(crate) readers: SqlitePool,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) writer: Writer,
    /// Long reads may take half of the readers.
    pub(crate) long_reads: Arc<Semaphore>,
}

/// How a connection that writes is made: what the file itself remembers, too.
fn writing_options(path: &Path) -> SqliteConnectOptions {
    connect_options(path).auto_vacuum(SqliteAutoVacuum::Incremental).journal_mode(SqliteJournalMode::Wal)
}

/// How every connection to `path` is made.
fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIME_MAX)
        .pragma("cache_size", (-CACHE_KIB).to_string())
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", MMAP_BYTES.to_string())
        .pragma("wal_autocheckpoint", AUTOCHECKPOINT_PAGES.to_string())
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging()
}

/// Opens the writing connection; makes the file (mode 0600) and its folder where they are missing.
pub(crate) async fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    create(path).map_err(|error| StoreError::Unfit(format!("{}: {error}", path.display())))?;
    let mut connection = writing_options(path).connect().await?;
    check(&mut connection).await?;
    Ok(connection)
}

fn create(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    // Password hashes and sealed keys: nobody else reads it. The WAL takes the mode over.
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(|_| ())
}

/// Starts the readers and the writer.
pub(crate) async fn start(
    path: &Path,
    writing: SqliteConnection,
    observe: &Arc<Observe>,
) -> Result<Sqlite, StoreError> {
    let pool = SqlitePoolOptions::new()
        .min_connections(READERS_MIN)
        .max_connections(READERS_MAX)
        .acquire_timeout(ACQUIRE_TIME_MAX)
        .max_lifetime(None)
        .idle_timeout(Duration::from_secs(600));
    let readers = pool.connect_with(connect_options(path).read_only(true)).await?;
    check(&mut *readers.acquire().await?).await?;
    Ok(Sqlite {
        path: path.to_owned(),
        readers,
        waiting: Arc::new(Waiting::default()),
        writer: Writer::start(writing, Arc::clone(observe)),
        long_reads: Arc::new(Semaphore::new(READERS_MAX as usize / 2)),
    })
}

/// The version and every setting are as they must be.
async fn check(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String =
        sqlx::query("SELECT sqlite_version()").fetch_one(&mut *connection).await?.try_get(0)?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    if (part(), part(), part()) < VERSION_MIN {
        let (major, minor, patch) = VERSION_MIN;
        return Err(StoreError::Unfit(format!("SQLite {version} is older than {major}.{minor}.{patch}")));
    }
    let mode: String = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await?.try_get(0)?;
    if mode != "wal" {
        return Err(StoreError::Unfit(format!(
            "journal mode is {mode}, not WAL; is the file on a network disk? put it on a local one"
        )));
    }
    for (pragma, expected) in ASSERTED {
        let text = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
        let found: i64 = sqlx::query(text).fetch_one(&mut *connection).await?.try_get(0)?;
        if found != expected {
            return Err(StoreError::Unfit(format!("PRAGMA {pragma} is {found} instead of {expected}")));
        }
    }
    Ok(())
}

impl Sqlite {
    /// Ends the writer after what waits, then the readers.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

impl Sqlite {
    /// A connection for maintenance, beside the writer.
    pub(crate) async fn maintenance(&self) -> Result<SqliteConnection, StoreError> {
        Ok(writing_options(&self.path).connect().await?)
    }
}

/// A connection to a file that is there, for a look.
pub(crate) async fn look(path: &Path) -> Result<SqliteConnection, StoreError> {
    Ok(connect_options(path).read_only(true).connect().await?)
}

/// Closes a connection, for its error.
pub(crate) async fn close(connection: SqliteConnection) -> Result<(), StoreError> {
    Ok(connection.close().await?)
}
