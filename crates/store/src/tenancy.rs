//! One server per database, as a data directory has one process.
//!
//! Two servers have two exchanges, whose commands are numbered each for itself: in the same tables they would take each other's numbers for
//! their own, and people's fills would be missing. So whoever serves takes the [`Tenancy`] first, before migrations. Commands that work
//! beside a running server take none.
//!
//! * *PostgreSQL*: an advisory lock of a session of its own, kept as long as the server lives. The session ends with the process, however
//!   that ends; when the machine or the network goes, PostgreSQL notices within forty seconds (TCP keep-alive). A pooler in between must
//!   give sessions, not transactions.
//! * *SQLite*: a lock on the file `NAME.lock` beside the database.
//!
//! The session is asked every [`LOOK_EVERY`]. When it is gone the lock is taken again at once. When somebody else has it, the store that is
//! [guarded](Tenancy::guard) writes no more: known limit, up to [`LOOK_EVERY`] after the session broke. A newcomer that had to wait for the
//! lock lets that time pass.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Row as _};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::backend::postgres;
use crate::error::StoreError;
use crate::limits::CONNECT_TIME_MAX;
use crate::options::{Class, Location};
use crate::store::Store;

/// How often the session is asked whether it is there: one statement.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The two keys of the lock. A database may hold the tables of two servers in two schemas.
const KEYS: &str = "hashtext('tradewind server'), hashtext(COALESCE(current_schema(), ''))";

/// Who has the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// How it called itself.
    pub name: String,
    /// From where, and since when; empty where that cannot be told.
    pub from: String,
    /// PostgreSQL's number of its session; 0 for a file.
    session: i32,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if self.from.is_empty() { Ok(()) } else { write!(f, " ({})", self.from) }
    }
}

/// How it stands with the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is ours; how often it was taken.
    Held {
        /// 1 unless the session was lost.
        times: u32,
    },
    /// The session is gone and not had again yet; why.
    Lost(String),
    /// Somebody else took it. This does not change any more.
    Taken(Holder),
}

/// Why a database could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Somebody else serves from it.
    #[error("{0} uses it")]
    Held(Holder),
    /// It could not be asked.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// The right to serve from a database. Dropping it gives it back.
pub struct Tenancy {
    standing: watch::Receiver<Standing>,
    guarded: Arc<OnceLock<Store>>,
    kept: Kept,
}

enum Kept {
    Session {
        /// Dropped to end the task.
        end: oneshot::Sender<()>,
        task: JoinHandle<()>,
    },
    /// Locked, for as long as it is open.
    File { _file: File, _standing: watch::Sender<Standing> },
}

impl Tenancy {
    /// Takes the database, waiting up to `patience` for somebody else to let go of it.
    ///
    /// # Errors
    /// `Held` with who has it, and what [`Store::open`] says of a database that cannot be used.
    pub async fn take(location: &Location, patience: Duration) -> Result<Self, NotTaken> {
        let (told, standing) = watch::channel(Standing::Held { times: 1 });
        let guarded = Arc::new(OnceLock::new());
        let kept = match location {
            Location::Sqlite(path) => Kept::File { _file: lock_beside(path)?, _standing: told },
            Location::Postgres(server) => {
                let session = Session::take(server, patience).await?;
                let (end, ended) = oneshot::channel();
                let keeper = Keeper { server: server.clone(), told, guarded: Arc::clone(&guarded) };
                Kept::Session { end, task: tokio::spawn(keeper.keep(session, ended)) }
            }
        };
        Ok(Self { standing, guarded, kept })
    }

    /// When somebody else takes the database, `store` writes no more.
    pub fn guard(&self, store: &Store) {
        // A second store of the same tenancy would be a second one of the process: there is one.
        let _ = self.guarded.set(store.clone());
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Gives it back; it is free when this returns.
    pub async fn release(self) {
        if let Kept::Session { end, task } = self.kept {
            drop(end);
            // It ends by closing its session; a panic closes it as well.
            let _ = task.await;
        }
    }
}

fn lock_beside(path: &Path) -> Result<File, NotTaken> {
    let beside = path.with_added_extension("lock");
    let unfit = |error: std::io::Error| StoreError::Unfit(format!("{}: {error}", beside.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(unfit)?;
    }
    // Not the database itself: closing it would give back what SQLite has locked.
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&beside).map_err(unfit)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let name = format!("another server, which holds {},", beside.display());
            Err(NotTaken::Held(Holder { name, from: String::new(), session: 0 }))
        }
        Err(TryLockError::Error(error)) => Err(unfit(error).into()),
    }
}

/// A session that holds the lock.
struct Session {
    connection: PgConnection,
    /// PostgreSQL's number of it.
    number: i32,
}

impl Session {
    /// Connects and takes the lock.
    async fn take(server: &PgConnectOptions, patience: Duration) -> Result<Self, NotTaken> {
        let mut connection = postgres::connect_as(server, Class::Maintenance, &own_name()).await?;
        if !try_lock(&mut connection).await? {
            let holder = holder(&mut connection).await?;
            if patience.is_zero() || !lock_within(&mut connection, patience).await? {
                let _ = connection.close().await;
                return Err(NotTaken::Held(holder));
            }
            // Who had it may have lost its session and not know it yet.
            tokio::time::sleep(LOOK_EVERY * 2).await;
        }
        let number = sqlx::query("SELECT pg_backend_pid()").fetch_one(&mut connection).await;
        let number = number.and_then(|row| row.try_get(0)).map_err(StoreError::from)?;
        Ok(Self { connection, number })
    }

    /// That it is there still.
    async fn look(&mut self) -> Result<(), String> {
        let asked = tokio::time::timeout(CONNECT_TIME_MAX, self.connection.ping()).await;
        match asked {
            Ok(answer) => answer.map_err(|error| StoreError::from(error).to_string()),
            Err(_) => Err(format!("no answer within {CONNECT_TIME_MAX:?}")),
        }
    }
}

/// What the session calls itself: shown by `pg_stat_activity` and to whoever finds the database taken.
fn own_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = format!("tradewind server, process {}", std::process::id());
    match host.trim() {
        "" => name,
        host => format!("{name} on {host}"),
    }
}

async fn try_lock(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let text = sqlx::AssertSqlSafe(format!("SELECT pg_try_advisory_lock({KEYS})"));
    Ok(sqlx::query(text).fetch_one(connection).await?.try_get(0)?)
}

/// Queues for the lock: whoever queues has it in the moment it is free, before anybody who comes later.
async fn lock_within(connection: &mut PgConnection, patience: Duration) -> Result<bool, StoreError> {
    let set = format!("SET lock_timeout = {}", patience.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(set)).persistent(false).execute(&mut *connection).await?;
    let text = sqlx::AssertSqlSafe(format!("SELECT pg_advisory_lock({KEYS})"));
    match sqlx::query(text).execute(connection).await {
        Ok(_) => Ok(true),
        // lock_not_available
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Who holds the lock. Somebody nameless where it was given back meanwhile.
async fn holder(connection: &mut PgConnection) -> Result<Holder, StoreError> {
    let text = "SELECT l.pid, COALESCE(a.application_name, '') AS name, \
                COALESCE(host(a.client_addr), 'this machine') AS client, \
                COALESCE(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"'), '') AS since \
                FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 \
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                AND l.classid = hashtext('tradewind server')::oid \
                AND l.objid = hashtext(COALESCE(current_schema(), ''))::oid";
    let Some(row) = sqlx::query(text).fetch_optional(connection).await? else {
        return Ok(Holder { name: "another server".to_owned(), from: String::new(), session: 0 });
    };
    let (client, since): (String, String) = (row.try_get("client")?, row.try_get("since")?);
    let name: String = row.try_get("name")?;
    Ok(Holder {
        name: if name.is_empty() { "another server".to_owned() } else { name },
        from: format!("connected from {client} since {since}"),
        session: row.try_get("pid")?,
    })
}

/// Keeps the session.
struct Keeper {
    server: Box<PgConnectOptions>,
    told: watch::Sender<Standing>,
    guarded: Arc<OnceLock<Store>>,
}

impl Keeper {
    async fn keep(self, mut session: Session, mut ended: oneshot::Receiver<()>) {
        let mut times = 1;
        loop {
            tokio::select! {
                _ = &mut ended => {
                    let _ = session.connection.close().await;
                    return;
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let Err(why) = session.look().await else { continue };
            tracing::error!(%why, "the session that keeps other servers from this database is gone; taking it again");
            self.told.send_replace(Standing::Lost(why));
            let again = tokio::select! {
                _ = &mut ended => return,
                again = self.again(&session) => again,
            };
            match again {
                Ok(new) => {
                    (session, times) = (new, times + 1);
                    tracing::warn!(times, "the database is held again: no other server can use it");
                    self.told.send_replace(Standing::Held { times });
                }
                Err(holder) => {
                    tracing::error!(%holder, "another server took the database: nothing is written to it any more");
                    if let Some(store) = self.guarded.get() {
                        store.seal(format!("{holder} took it"));
                    }
                    self.told.send_replace(Standing::Taken(holder));
                    return;
                }
            }
        }
    }

    /// The lock once more, however often it takes; `Err` when somebody else has it.
    async fn again(&self, lost: &Session) -> Result<Session, Holder> {
        let (own, mut warned) = (own_name(), false);
        loop {
            match Session::take(&self.server, Duration::ZERO).await {
                Ok(session) => return Ok(session),
                // Our own session: for PostgreSQL it is not over yet.
                Err(NotTaken::Held(holder))
                    if holder.session == lost.number && own.starts_with(&holder.name) =>
                {
                    let _ = end_session(&self.server, lost.number).await;
                }
                // Given back between the two questions.
                Err(NotTaken::Held(holder)) if holder.session == 0 => {}
                Err(NotTaken::Held(holder)) => return Err(holder),
                Err(NotTaken::Failed(error)) => {
                    if !warned {
                        tracing::error!(%error, "the database cannot be taken again yet");
                    }
                    warned = true;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Has PostgreSQL end one of our own sessions.
async fn end_session(server: &PgConnectOptions, number: i32) -> Result<(), StoreError> {
    let mut connection = postgres::connect(server, Class::Maintenance).await?;
    sqlx::query("SELECT pg_terminate_backend($1)").bind(number).execute(&mut connection).await?;
    postgres::close(connection).await
}
