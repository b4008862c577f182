//! What a person who looks after the database wants to see: how much is in it, which indexes serve, what is slow.

use serde::Serialize;
use sqlx::Row as _;

use crate::backend::{Engine, postgres};
use crate::error::StoreError;
use crate::indexes::INDEXES;
use crate::maintenance::{self, LastRun};
use crate::observe::SlowStatement;
use crate::options::{Class, Location};
use crate::statement::sql;
use crate::store::{PoolSample, Store};
use crate::tables::audit;
use crate::tx::Reader;
use crate::value::Ts;

/// An index is said to be bloated if it is this many times as large as its content needs.
const BLOAT_FACTOR: f64 = 3.0;
/// Smaller ones are never said to be bloated (bytes).
const BLOAT_BYTES_MIN: i64 = 1024 * 1024;

/// Everything about the database.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The engine.
    pub engine: &'static str,
    /// How much is in it.
    pub counts: Counts,
    /// Its size in bytes.
    pub bytes: i64,
    /// The pools.
    pub pools: Vec<PoolSample>,
    /// The indexes.
    pub indexes: IndexReport,
    /// The tables: size, last vacuum, last analyze.
    pub tables: Vec<TableReport>,
    /// When maintenance last ran.
    pub maintenance: Vec<LastRun>,
    /// The slow statements since the start, the costliest first.
    pub slow: Vec<SlowStatement>,
    /// All slow statements since the start.
    pub slow_total: u64,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Users.
    pub users: u64,
    /// Models.
    pub models: u64,
    /// Forecasts.
    pub predictions: u64,
    /// Bots.
    pub bots: u64,
    /// Bots that run.
    pub active_bots: u64,
    /// Orders that can still fill.
    pub live_orders: u64,
    /// Open positions.
    pub open_positions: u64,
    /// Jobs that wait.
    pub jobs_waiting: u64,
}

/// What about the indexes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IndexReport {
    /// Declared and not there, or not valid.
    pub missing: Vec<String>,
    /// Never used since the statistics began. Empty on SQLite, which does not count.
    pub unused: Vec<String>,
    /// Much larger than their content needs.
    pub bloated: Vec<Bloat>,
}

/// An index with much empty space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bloat {
    /// Which.
    pub name: String,
    /// Its size.
    pub bytes: i64,
    /// What its content needs, estimated.
    pub needed: i64,
}

/// What about a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Which.
    pub name: String,
    /// Rows, estimated on PostgreSQL.
    pub rows: i64,
    /// Rows that were removed or changed and not cleared away yet; 0 on SQLite.
    pub dead_rows: i64,
    /// Its size with indexes in bytes; 0 on SQLite, which keeps one file.
    pub bytes: i64,
    /// The last vacuum, by hand or by itself.
    pub last_vacuum: Option<Ts>,
    /// The last analyze, by hand or by itself.
    pub last_analyze: Option<Ts>,
}

/// Whether the pools fit the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// Connections that all pools may open.
    pub needed: i64,
    /// Connections that the server gives, without those kept for its administrators.
    pub available: i64,
}

impl Fit {
    /// True if the pools fit.
    #[must_use]
    pub const fn fits(self) -> bool {
        self.needed <= self.available
    }
}

/// Looks at everything. Uses the connections of long reads.
///
/// # Errors
/// Failures of the database.
pub async fn report(store: &Store) -> Result<Report, StoreError> {
    let mut reader = store.read_as(Class::Report);
    Ok(Report {
        engine: store.engine().name(),
        counts: counts(&mut reader).await?,
        bytes: bytes(&mut reader).await?,
        pools: store.pools(),
        indexes: indexes(&mut reader).await?,
        tables: tables(&mut reader).await?,
        maintenance: maintenance::last_runs(&mut reader).await?,
        slow: store.slow_statements(),
        slow_total: store.slow_total(),
    })
}

/// How much there is.
///
/// # Errors
/// Failures of the database.
pub async fn counts(reader: &mut Reader) -> Result<Counts, StoreError> {
    let text = "SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM models) AS models, \
                (SELECT count(*) FROM predictions) AS predictions, (SELECT count(*) FROM bots) AS bots, \
                (SELECT count(*) FROM bots WHERE status = 'running') AS active_bots, \
                (SELECT count(*) FROM orders WHERE live) AS live_orders, \
                (SELECT count(*) FROM positions WHERE is_open) AS open_positions, \
                (SELECT count(*) FROM jobs WHERE status = 'queued') AS jobs_waiting";
    let row = reader.one("counts", sql(text)).await?;
    Ok(Counts {
        users: row.count("users")?,
        models: row.count("models")?,
        predictions: row.count("predictions")?,
        bots: row.count("bots")?,
        active_bots: row.count("active_bots")?,
        live_orders: row.count("live_orders")?,
        open_positions: row.count("open_positions")?,
        jobs_waiting: row.count("jobs_waiting")?,
    })
}

async fn bytes(reader: &mut Reader) -> Result<i64, StoreError> {
    let text = match reader.engine() {
        Engine::Sqlite => {
            "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()"
        }
        Engine::Postgres => "SELECT pg_database_size(current_database()) AS bytes",
    };
    reader.one("size", sql(text)).await?.get("bytes")
}

/// Missing, unused and bloated indexes.
///
/// # Errors
/// Failures of the database.
pub async fn indexes(reader: &mut Reader) -> Result<IndexReport, StoreError> {
    let present = match reader.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'index'",
        Engine::Postgres => {
            "SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisvalid AND n.nspname = current_schema()"
        }
    };
    let present = names(reader, present).await?;
    let missing = INDEXES.iter().map(|index| index.name.to_owned());
    let missing = missing.filter(|name| !present.contains(name)).collect();
    if reader.engine() == Engine::Sqlite {
        return Ok(IndexReport { missing, ..IndexReport::default() });
    }
    let unused = "SELECT indexrelname::text AS name FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid) \
                  WHERE idx_scan = 0 AND NOT i.indisunique ORDER BY 1";
    Ok(IndexReport { missing, unused: names(reader, unused).await?, bloated: bloated(reader).await? })
}

async fn names(reader: &mut Reader, text: &'static str) -> Result<Vec<String>, StoreError> {
    reader.all(sql(text)).await?.iter().map(|row| row.get("name")).collect()
}

/// What an entry needs: 8 bytes of head, 4 of pointer, and the average widths of its columns, in pages filled to 90 %.
async fn bloated(reader: &mut Reader) -> Result<Vec<Bloat>, StoreError> {
    let text = "SELECT c.relname::text AS name, pg_relation_size(c.oid) AS bytes, \
                (greatest(c.reltuples, 0) * (12 + coalesce(sum(s.avg_width), 8)) / 0.9)::bigint AS needed \
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
                JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() \
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey) \
                LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = a.attname \
                WHERE c.relkind = 'i' GROUP BY c.oid, c.relname, c.reltuples ORDER BY 2 DESC LIMIT 1000";
    let rows = reader.all(sql(text)).await?;
    let all = rows.iter().map(|row| {
        Ok(Bloat { name: row.get("name")?, bytes: row.get("bytes")?, needed: row.get("needed")? })
    });
    let all: Vec<Bloat> = all.collect::<Result<_, StoreError>>()?;
    let too_large = |index: &Bloat| index.bytes as f64 > BLOAT_FACTOR * index.needed as f64;
    Ok(all.into_iter().filter(|index| index.bytes >= BLOAT_BYTES_MIN && too_large(index)).collect())
}

async fn tables(reader: &mut Reader) -> Result<Vec<TableReport>, StoreError> {
    if reader.engine() == Engine::Sqlite {
        return sqlite_tables(reader).await;
    }
    let text = "SELECT relname::text AS name, n_live_tup AS rows, n_dead_tup AS dead_rows, \
                pg_total_relation_size(relid) AS bytes, greatest(last_vacuum, last_autovacuum) AS last_vacuum, \
                greatest(last_analyze, last_autoanalyze) AS last_analyze FROM pg_stat_user_tables ORDER BY 1";
    let rows = reader.all(sql(text)).await?;
    rows.iter()
        .map(|row| {
            Ok(TableReport {
                name: row.get("name")?,
                rows: row.get("rows")?,
                dead_rows: row.get("dead_rows")?,
                bytes: row.get("bytes")?,
                last_vacuum: row.maybe("last_vacuum")?,
                last_analyze: row.maybe("last_analyze")?,
            })
        })
        .collect()
}

/// SQLite vacuums and analyzes the file as a whole; the rows are those of the last analyze.
async fn sqlite_tables(reader: &mut Reader) -> Result<Vec<TableReport>, StoreError> {
    let runs = maintenance::last_runs(reader).await?;
    let last = |task| runs.iter().find(|run| run.task == task).and_then(|run| run.finished_at);
    let analyzed = "SELECT name FROM sqlite_schema WHERE name = 'sqlite_stat1'";
    let text = if names(reader, analyzed).await?.is_empty() {
        "SELECT name, 0 AS rows FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
    } else {
        "SELECT m.name, coalesce((SELECT max(CAST(s.stat AS INTEGER)) FROM sqlite_stat1 s WHERE s.tbl = m.name), 0) \
         AS rows FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY 1"
    };
    let rows = reader.all(sql(text)).await?;
    rows.iter()
        .map(|row| {
            Ok(TableReport {
                name: row.get("name")?,
                rows: row.get("rows")?,
                dead_rows: 0,
                bytes: 0,
                last_vacuum: last(maintenance::Task::Vacuum),
                last_analyze: last(maintenance::Task::Analyze),
            })
        })
        .collect()
}

/// Whether all pools fit into the server's connections; `None` on SQLite.
///
/// # Errors
/// Failures of the database.
pub async fn fit(store: &Store) -> Result<Option<Fit>, StoreError> {
    if store.engine() == Engine::Sqlite {
        return Ok(None);
    }
    let text = "SELECT current_setting('max_connections')::bigint \
                - current_setting('superuser_reserved_connections')::bigint AS available";
    let available = store.read().one("setting", sql(text)).await?.get("available")?;
    let needed = store.pools().iter().map(|pool| i64::from(pool.max)).sum();
    Ok(Some(Fit { needed, available }))
}

/// Connections that the server of a location gives; `None` for SQLite. Changes nothing, not even the schema.
///
/// # Errors
/// `Unreachable` or `Unfit` where there is no such database.
pub async fn connections_available(location: &Location) -> Result<Option<i64>, StoreError> {
    let Location::Postgres(server) = location else { return Ok(None) };
    let mut connection = postgres::connect(server, Class::Maintenance).await?;
    let text = "SELECT current_setting('max_connections')::bigint \
                - current_setting('superuser_reserved_connections')::bigint";
    let available = sqlx::query(text).fetch_one(&mut connection).await?.try_get(0)?;
    postgres::close(connection).await?;
    Ok(Some(available))
}

/// Whether the stored data holds together; empty if it does.
///
/// # Errors
/// Failures of the database.
pub async fn faults(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut reader = store.read_as(Class::Maintenance).within(std::time::Duration::from_secs(3_600));
    let mut faults = Vec::new();
    if reader.engine() == Engine::Sqlite {
        let rows = reader.all(sql("SELECT integrity_check AS fault FROM pragma_integrity_check")).await?;
        for row in &rows {
            let fault: String = row.get("fault")?;
            faults.extend(Some(fault).filter(|fault| fault != "ok"));
        }
        let text = "SELECT \"table\" AS name, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1";
        for row in &reader.all(sql(text)).await? {
            let (name, n): (String, i64) = (row.get("name")?, row.get("n")?);
            faults.push(format!("{n} rows of {name} refer to rows that are not there"));
        }
    }
    let missing = indexes(&mut reader).await?.missing;
    faults.extend(missing.into_iter().map(|name| format!("index {name} is missing or not valid")));
    if let Some(fault) = audit::verify(&mut reader, &audit::Trust::default()).await?.fault {
        faults.push(format!("the audit log at entry {}: {}", fault.seq, fault.why));
    }
    Ok(faults)
}
