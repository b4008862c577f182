//! [`Store`]: open, read, write, close.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use breaker::State;
use futures_util::future::BoxFuture;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::postgres::PgPool;
use tokio::time::MissedTickBehavior;

use crate::backend::replica::{LOOK_EVERY, Marks, Replica};
use crate::backend::{Backend, Engine, postgres, sqlite};
use crate::error::StoreError;
use crate::limits::SAMPLE_EVERY;
use crate::migrate;
use crate::observe::{Observe, SlowStatement};
use crate::options::{Class, Location, Options};
use crate::tx::{Reader, Tx};

/// The versions that were carried out.
const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// In how many samples, one after the other, callers wait before that is told.
const WAITS_TOLD: u32 = 3;

/// The platform's database. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    location: Location,
    backend: Backend,
    observe: Arc<Observe>,
    /// Why nothing is written any more.
    sealed: OnceLock<String>,
}

/// One pool at one moment.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PoolSample {
    /// Which pool.
    pub pool: &'static str,
    /// Open connections.
    pub total: u32,
    /// Of them unused.
    pub idle: u32,
    /// Of them in use.
    pub active: u32,
    /// Callers that wait for one.
    pub waiting: usize,
    /// Most connections it may open.
    pub max: u32,
    /// Whether callers are let to it: `closed` (they are), `open`, `half_open`.
    pub breaker: &'static str,
}

impl PoolSample {
    /// Whether callers wait although no connection can be added: one that is being opened is waited for at every start.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.waiting > 0 && self.idle == 0 && self.total >= self.max
    }
}

impl Store {
    /// Opens a store; makes an SQLite file that is not there, and carries out the migrations that are due.
    ///
    /// # Errors
    /// `Unreachable`, or `Unfit` when settings, version or schema are not as they must be.
    pub async fn open(options: &Options) -> Result<Self, StoreError> {
        let observe = Arc::new(Observe::default());
        let backend = match &options.location {
            Location::Sqlite(path) => {
                let mut connection = sqlite::connect(path).await?;
                migrate::sqlite(&mut connection).await?;
                Backend::Sqlite(sqlite::start(path, connection, &observe).await?)
            }
            Location::Postgres(server) => {
                let mut connection = postgres::connect(server, Class::Maintenance).await?;
                migrate::postgres(&mut connection).await?;
                postgres::close(connection).await?;
                Backend::Postgres(postgres::start(server, options).await?)
            }
        };
        let location = options.location.clone();
        let inner = Inner { location, backend, observe, sealed: OnceLock::new() };
        let store = Self { inner: Arc::new(inner) };
        tokio::spawn(sample(Arc::downgrade(&store.inner)));
        if let Backend::Postgres(postgres) = &store.inner.backend
            && let Some(replica) = postgres.replica()
        {
            let primary = postgres.pool(Class::Report).pool.clone();
            tokio::spawn(compare(Arc::downgrade(&store.inner), Arc::clone(replica), primary));
        }
        Ok(store)
    }

    /// The store of a URL, with the default options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn at(url: &str) -> Result<Self, StoreError> {
        Self::open(&Options::new(url.parse()?)).await
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.inner.location
    }

    /// Which engine it runs on.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.inner.backend {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// Reads for a request.
    #[must_use]
    pub fn read(&self) -> Reader {
        self.read_as(Class::Oltp)
    }

    /// Reads with the connections of a class.
    #[must_use]
    pub fn read_as(&self, class: Class) -> Reader {
        let observe = Arc::clone(&self.inner.observe);
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => {
                let long = (class != Class::Oltp).then(|| Arc::clone(&sqlite.long_reads));
                Reader::of_readers(sqlite.readers.clone(), Arc::clone(&sqlite.waiting), long, observe)
            }
            Backend::Postgres(postgres) => Reader::of_pool(Arc::clone(postgres.pool(class)), observe),
        }
    }

    /// Long reads of what may be ten seconds old: a standby answers where there is one that is up to date, else as [`Class::Report`]. Each
    /// statement is answered by either.
    #[must_use]
    pub fn read_aged(&self) -> Reader {
        let reader = self.read_as(Class::Report);
        match &self.inner.backend {
            Backend::Sqlite(_) => reader,
            Backend::Postgres(postgres) => reader.or_replica(postgres.replica().map(Arc::clone)),
        }
    }

    /// Carries out `work` as one transaction: kept and durable when it returns `Ok`, without a trace otherwise.
    ///
    /// `work` should do nothing but talk to the database: on SQLite, other writers wait for it.
    ///
    /// # Errors
    /// What `work` returns, and failures of the database.
    pub async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        W: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_as(Class::Oltp, work).await
    }

    /// [`Store::write`] with the connections of a class.
    ///
    /// # Errors
    /// What `work` returns, and failures of the database.
    pub async fn write_as<T, E, W>(&self, class: Class, work: W) -> Result<T, E>
    where
        W: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if let Some(why) = self.inner.sealed.get() {
            return Err(StoreError::Unfit(why.clone()).into());
        }
        let postgres = match &self.inner.backend {
            Backend::Sqlite(sqlite) => return sqlite.writer.write(work).await,
            Backend::Postgres(postgres) => postgres,
        };
        let transaction = postgres.pool(class).begin().await?;
        let observe = Arc::clone(&self.inner.observe);
        let mut tx = Tx::of_postgres(transaction, Arc::clone(&observe));
        let result = work(&mut tx).await;
        tx.end(result.is_ok()).await?;
        observe.transactions.fetch_add(1, Ordering::Relaxed);
        observe.commits.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Answers when the database does, within `time_max`. It is asked also while the circuit breaker keeps callers from it; when it
    /// answers, they are let to it again.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self, time_max: Duration) -> Result<(), StoreError> {
        if let Backend::Postgres(postgres) = &self.inner.backend
            && postgres.is_away()
        {
            let looked = tokio::time::timeout(time_max, Box::pin(postgres.look())).await;
            return looked.map_err(|_| StoreError::TimedOut(time_max))?;
        }
        let mut reader = self.read().within(time_max);
        let asked = reader.one("answer", crate::statement::sql("SELECT 1 AS one"));
        tokio::time::timeout(time_max, asked).await.map_err(|_| StoreError::TimedOut(time_max))??;
        Ok(())
    }

    /// The pools at this moment.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolSample> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => {
                let (total, idle) = (sqlite.readers.size(), count(sqlite.readers.num_idle()));
                let readers = PoolSample {
                    pool: "readers",
                    total,
                    idle,
                    active: total.saturating_sub(idle),
                    waiting: sqlite.waiting.count(),
                    max: crate::limits::READERS_MAX,
                    breaker: State::Closed.word(),
                };
                let waiting = sqlite.writer.waiting();
                let active = u32::from(waiting > 0);
                let writer = PoolSample {
                    pool: "writer",
                    total: 1,
                    idle: 1 - active,
                    active,
                    waiting,
                    max: 1,
                    breaker: State::Closed.word(),
                };
                vec![readers, writer]
            }
            Backend::Postgres(postgres) => postgres
                .all_pools()
                .map(|pool| {
                    let (total, idle) = (pool.pool.size(), count(pool.pool.num_idle()));
                    PoolSample {
                        pool: pool.name,
                        total,
                        idle,
                        active: total.saturating_sub(idle),
                        waiting: pool.waiting.count(),
                        max: pool.size.max(),
                        breaker: pool.gate.state().word(),
                    }
                })
                .collect(),
        }
    }

    /// How old at most what the standby answers is; `None` while it is not used, or where there is none.
    #[must_use]
    pub fn replica_age(&self) -> Option<Duration> {
        match &self.inner.backend {
            Backend::Sqlite(_) => None,
            Backend::Postgres(postgres) => postgres.replica().and_then(|replica| replica.age()),
        }
    }

    /// The statements that were slow since the start, the costliest first.
    #[must_use]
    pub fn slow_statements(&self) -> Vec<SlowStatement> {
        self.inner.observe.slow_statements()
    }

    /// Transactions carried out since the start, and the commits that made them durable.
    #[must_use]
    pub fn transactions_and_commits(&self) -> (u64, u64) {
        let observe = &self.inner.observe;
        (observe.transactions.load(Ordering::Relaxed), observe.commits.load(Ordering::Relaxed))
    }

    /// Takes no more writes, finishes those that wait, closes all connections.
    pub async fn close(&self) {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }

    /// The versions of the schema, of a database that is not opened and not changed by this.
    ///
    /// # Errors
    /// `Unreachable` or `Unfit` where there is no database.
    pub async fn versions(location: &Location) -> Result<Vec<migrate::State>, StoreError> {
        let applied: Vec<i64> = match location {
            Location::Sqlite(path) if !path.exists() => Vec::new(),
            Location::Sqlite(path) => {
                let mut connection = sqlite::look(path).await?;
                let there = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
                let there: i64 = sqlx::query(there).fetch_one(&mut connection).await?.try_get(0)?;
                let rows = if there == 0 {
                    Vec::new()
                } else {
                    sqlx::query(APPLIED).fetch_all(&mut connection).await?
                };
                sqlite::close(connection).await?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?
            }
            Location::Postgres(server) => {
                let mut connection = postgres::connect(server, Class::Maintenance).await?;
                let there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
                let there: bool = sqlx::query(there).fetch_one(&mut connection).await?.try_get(0)?;
                let rows =
                    if there { sqlx::query(APPLIED).fetch_all(&mut connection).await? } else { Vec::new() };
                postgres::close(connection).await?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?
            }
        };
        Ok(migrate::states(&applied))
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.inner.backend
    }

    /// All slow statements since the start.
    #[must_use]
    pub fn slow_total(&self) -> u64 {
        self.inner.observe.slow_total.load(Ordering::Relaxed)
    }

    /// From now on every write is refused, for this reason; reads go on. What is under way ends as it would have.
    pub fn seal(&self, why: String) {
        // The first reason stays.
        let _ = self.inner.sealed.set(why);
    }

    /// True once [`Store::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.readers.is_closed(),
            Backend::Postgres(postgres) => postgres.pool(Class::Oltp).pool.is_closed(),
        }
    }

    /// The SQLite file; `None` on PostgreSQL.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => Some(&sqlite.path),
            Backend::Postgres(_) => None,
        }
    }
}

/// Pools at which callers wait from sample to sample. One that waits for another is no news where one at a time is let in.
#[derive(Debug, Default)]
struct Waits(BTreeMap<&'static str, u32>);

impl Waits {
    /// Notes a sample; whether callers have waited in so many, one after the other, that people should know.
    fn are_news(&mut self, pool: &PoolSample) -> bool {
        let samples = self.0.entry(pool.pool).or_default();
        *samples = if pool.is_exhausted() { samples.saturating_add(1) } else { 0 };
        *samples >= WAITS_TOLD
    }
}

/// Samples the pools as long as somebody has the store, and warns when callers wait.
async fn sample(inner: Weak<Inner>) {
    let mut ticks = tokio::time::interval(SAMPLE_EVERY);
    let mut waits = Waits::default();
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let store = Store { inner };
        if store.is_closed() {
            return;
        }
        for pool in store.pools() {
            let gauge = |state: &'static str, value: f64| {
                metrics::gauge!("db_pool_connections", "pool" => pool.pool, "state" => state).set(value);
            };
            gauge("total", f64::from(pool.total));
            gauge("idle", f64::from(pool.idle));
            gauge("active", f64::from(pool.active));
            gauge("max", f64::from(pool.max));
            gauge("waiting", f64::from(u32::try_from(pool.waiting).unwrap_or(u32::MAX)));
            if let Backend::Postgres(postgres) = store.backend() {
                let of = |p: &&Arc<postgres::Pool>| p.name == pool.pool;
                let state = postgres.all_pools().find(of).map_or(State::Closed, |p| p.gate.state());
                let name = format!("database_{}", pool.pool);
                metrics::gauge!("circuit_breaker_state", "of" => name).set(f64::from(state.number()));
            }
            if waits.are_news(&pool) {
                let (waiting, total, max) = (pool.waiting, pool.total, pool.max);
                tracing::warn!(pool = pool.pool, waiting, total, max, "callers wait for the database");
            }
        }
    }
}

/// Compares a standby with its primary as long as somebody has the store.
async fn compare(inner: Weak<Inner>, replica: Arc<Replica>, primary: PgPool) {
    let (mut ticks, mut marks) = (tokio::time::interval(LOOK_EVERY), Marks::default());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if inner.strong_count() == 0 || primary.is_closed() {
            return;
        }
        replica.look(&primary, &mut marks).await;
        let age = replica.age().map_or(-1.0, |age| age.as_secs_f64());
        metrics::gauge!("db_replica_age_seconds").set(age);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_can_grow_is_not_exhausted() {
        let sample = |total, idle, waiting| PoolSample {
            pool: "readers",
            total,
            idle,
            active: total - idle,
            waiting,
            max: 10,
            breaker: State::Closed.word(),
        };
        assert!(sample(10, 0, 1).is_exhausted());
        let mut waits = Waits::default();
        let news = [1, 1, 0, 1, 1, 1, 1, 0].map(|waiting| waits.are_news(&sample(10, 0, waiting)));
        assert_eq!(news, [false, false, false, false, false, true, true, false]);
        for (total, idle, waiting) in [(2, 0, 1), (10, 0, 0), (10, 1, 1), (9, 0, 40)] {
            assert!(!sample(total, idle, waiting).is_exhausted(), "{total} {idle} {waiting}");
        }
    }
}
