//! PostgreSQL: a pool per class of work, so that reports and maintenance cannot starve requests.

use std::sync::Arc;
use std::time::Duration;

use breaker::State;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::backend::gate::Gate;
use crate::backend::replica::Replica;
use crate::error::StoreError;
use crate::limits::{
    ACQUIRE_TIME_MAX, CONNECT_TIME_MAX, LIFETIME_MAX, MAINTENANCE_END_MAX, STATEMENT_TIME_MAX,
    STATEMENTS_KEPT,
};
use crate::observe::Waiting;
use crate::options::{Class, Location, Options, PoolSize};

/// 14 is the first that detaches partitions without blocking.
const VERSION_MIN: i32 = 140_000;
/// Seconds after which an idle TCP connection is probed, and between probes.
const KEEP_ALIVE_SECONDS: &str = "10";

/// What was answered survives a power cut, also where the server's own setting would rather be quick. Stricter settings stay.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// A pool and who waits for it.
pub(crate) struct Pool {
    /// Its name in metrics.
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    pub(crate) pool: PgPool,
    pub(crate) size: PoolSize,
    pub(crate) waiting: Waiting,
    pub(crate) gate: Gate,
}

/// The pools.
pub(crate) struct Postgres {
    pools: [Arc<Pool>; 3],
    /// A standby for long reads.
    replica: Option<Arc<Replica>>,
}

/// What every session is told: time-outs, keep-alive, names.
pub(crate) fn session(options: &PgConnectOptions, class: Class) -> PgConnectOptions {
    let time_max = match class {
        Class::Maintenance => 0,
        Class::Oltp | Class::Report => STATEMENT_TIME_MAX.as_millis(),
    };
    let settings = [
        ("statement_timeout", time_max.to_string()),
        ("idle_in_transaction_session_timeout", "60000".to_owned()),
        ("tcp_keepalives_idle", KEEP_ALIVE_SECONDS.to_owned()),
        ("tcp_keepalives_interval", KEEP_ALIVE_SECONDS.to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        ("timezone", "UTC".to_owned()),
        // Notices like "does not exist, skipping" are nobody's news.
        ("client_min_messages", "warning".to_owned()),
    ];
    options
        .clone()
        .application_name(&format!("tradewind {}", class.name()))
        .statement_cache_capacity(STATEMENTS_KEPT)
        .options(settings)
        .disable_statement_logging()
}

/// One connection outside the pools, within [`CONNECT_TIME_MAX`]; checks the version.
pub(crate) async fn connect(options: &PgConnectOptions, class: Class) -> Result<PgConnection, StoreError> {
    open(session(options, class)).await
}

/// The same under another name.
pub(crate) async fn connect_as(
    options: &PgConnectOptions,
    class: Class,
    name: &str,
) -> Result<PgConnection, StoreError> {
    open(session(options, class).application_name(name)).await
}

async fn open(options: PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connected = tokio::time::timeout(CONNECT_TIME_MAX, options.connect()).await;
    let silent = || StoreError::Unreachable(format!("no answer within {CONNECT_TIME_MAX:?}"));
    let mut connection = connected.map_err(|_| silent())?.map_err(refused)?;
    let row =
        sqlx::query("SELECT current_setting('server_version_num')::int4, current_setting('server_version')");
    let row = row.fetch_one(&mut connection).await?;
    let (number, version): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if number < VERSION_MIN {
        return Err(StoreError::Unfit(format!("PostgreSQL {version} is older than 14")));
    }
    Ok(connection)
}

/// A server that says no before there is a session: a person must act.
fn refused(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => {
            let why = error.message().to_owned();
            match error.code().as_deref() {
                Some("53300" | "57P03") => StoreError::Unreachable(why),
                _ => StoreError::Unfit(why),
            }
        }
        other => other.into(),
    }
}

/// Opens the pools.
pub(crate) async fn start(server: &PgConnectOptions, options: &Options) -> Result<Postgres, StoreError> {
    let mut pools = Vec::with_capacity(Class::ALL.len());
    for class in Class::ALL {
        let size = match class {
            Class::Oltp => options.pool,
            Class::Report => options.pool.report(),
            Class::Maintenance => PoolSize::maintenance(),
        };
        let pool = PgPoolOptions::new()
            .min_connections(size.min)
            .max_connections(size.max())
            .acquire_timeout(ACQUIRE_TIME_MAX)
            .idle_timeout(options.idle)
            .max_lifetime(LIFETIME_MAX)
            .test_before_acquire(true)
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::query(DURABLE).execute(connection).await.map(|_| ()) })
            })
            .connect_with(session(server, class))
            .await
            .map_err(refused)?;
        let (name, gate) = (class.name(), Gate::new(class.name(), class, server));
        pools.push(Arc::new(Pool { name, class, pool, size, waiting: Waiting::default(), gate }));
    }
    let pools = pools.try_into().map_err(|_| StoreError::Unfit("three pools are needed".into()))?;
    let replica = match &options.replica {
        None => None,
        Some(Location::Postgres(standby)) => Some(Arc::new(Replica::new(standby_pool(standby, options)))),
        Some(Location::Sqlite(_)) => {
            return Err(StoreError::Unfit("a standby is a server of PostgreSQL, not a file".into()));
        }
    };
    Ok(Postgres { pools, replica })
}

/// The pool of a standby. Nothing is connected yet: one that is away must not keep a server from starting.
fn standby_pool(standby: &PgConnectOptions, options: &Options) -> Arc<Pool> {
    let (name, class, size) = ("replica", Class::Report, options.pool.report());
    let pool = PgPoolOptions::new()
        .max_connections(size.max())
        .acquire_timeout(CONNECT_TIME_MAX)
        .idle_timeout(options.idle)
        .max_lifetime(LIFETIME_MAX)
        .test_before_acquire(true)
        .connect_lazy_with(session(standby, class));
    let gate = Gate::new(name, class, standby);
    Arc::new(Pool { name, class, pool, size, waiting: Waiting::default(), gate })
}

impl Postgres {
    /// The pool of a class.
    pub(crate) fn pool(&self, class: Class) -> &Arc<Pool> {
        let [oltp, report, maintenance] = &self.pools;
        match class {
            Class::Oltp => oltp,
            Class::Report => report,
            Class::Maintenance => maintenance,
        }
    }

    /// All pools of the primary.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Arc<Pool>> {
        self.pools.iter()
    }

    /// All pools, a standby's too.
    pub(crate) fn all_pools(&self) -> impl Iterator<Item = &Arc<Pool>> {
        self.pools.iter().chain(self.replica.iter().map(|replica| &replica.pool))
    }

    /// The standby, if there is one.
    pub(crate) const fn replica(&self) -> Option<&Arc<Replica>> {
        self.replica.as_ref()
    }

    /// Whether a breaker keeps callers from a pool.
    pub(crate) fn is_away(&self) -> bool {
        self.pools().any(|pool| pool.gate.state() != State::Closed)
    }

    /// Asks the server whatever the breakers say; if it answers, all pools may be used again.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        self.pool(Class::Oltp).gate.look().await?;
        self.pools().for_each(|pool| pool.gate.heal());
        Ok(())
    }

    /// Waits for what runs and closes all connections; for maintenance not longer than [`MAINTENANCE_END_MAX`].
    pub(crate) async fn close(&self) {
        for pool in self.all_pools() {
            let closed = pool.pool.close();
            if pool.class != Class::Maintenance {
                closed.await;
            } else if tokio::time::timeout(MAINTENANCE_END_MAX, closed).await.is_err() {
                tracing::warn!("maintenance of the database is cut off; the calendar does it again");
            }
        }
    }
}

impl Pool {
    /// A connection; counted as waiting until it is there.
    pub(crate) async fn acquire(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, StoreError> {
        let _waiting = self.waiting.enter();
        self.gate.pass(false, Box::pin(self.pool.acquire())).await
    }

    /// A transaction, rolled back when it is dropped.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, StoreError> {
        let _waiting = self.waiting.enter();
        self.gate.pass(true, Box::pin(self.pool.begin())).await
    }
}

/// Closes a connection, for its error.
pub(crate) async fn close(connection: PgConnection) -> Result<(), StoreError> {
    Ok(connection.close().await?)
}

/// `SET LOCAL` of another time-out, for one transaction.
pub(crate) async fn time_max(connection: &mut PgConnection, time_max: Duration) -> Result<(), StoreError> {
    let text = format!("SET LOCAL statement_timeout = {}", time_max.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(text)).persistent(false).execute(connection).await?;
    Ok(())
}
