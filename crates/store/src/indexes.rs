//! The indexes, by name: what each is for, and how it is built without blocking writers.
//!
//! They are declared here and not in migrations because PostgreSQL builds an index beside running writers only outside
//! a transaction (`CREATE INDEX CONCURRENTLY`), may leave an invalid one behind when interrupted, and does not do it on a
//! partitioned table as a whole. [`build_postgres`] copes with all three and can be run again at any time. No index has a
//! condition with a moving date: it would make every insert fail.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use crate::error::StoreError;

/// One index.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its table.
    pub table: &'static str,
    /// Key columns.
    pub keys: &'static str,
    /// Columns that ride along so that the table need not be read (PostgreSQL: INCLUDE; SQLite: further key columns).
    pub include: &'static str,
    /// Which rows are in it; empty for all.
    pub condition: &'static str,
    /// The question it answers.
    pub serves: &'static str,
    /// True if no two rows may have the same key.
    pub unique: bool,
}

const fn index(name: &'static str, table: &'static str, keys: &'static str, serves: &'static str) -> Index {
    Index { name, table, keys, include: "", condition: "", serves, unique: false }
}

impl Index {
    const fn including(mut self, columns: &'static str) -> Self {
        self.include = columns;
        self
    }

    const fn only(mut self, condition: &'static str) -> Self {
        self.condition = condition;
        self
    }

    const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    const fn kind(&self) -> &'static str {
        if self.unique { "UNIQUE INDEX" } else { "INDEX" }
    }

    fn condition_clause(&self) -> String {
        if self.condition.is_empty() { String::new() } else { format!(" WHERE {}", self.condition) }
    }

    /// Its definition for SQLite.
    #[must_use]
    pub fn sqlite(&self) -> String {
        let include = if self.include.is_empty() { String::new() } else { format!(", {}", self.include) };
        let (name, table, keys) = (self.name, self.table, self.keys);
        format!(
            "CREATE {} IF NOT EXISTS {name} ON {table} ({keys}{include}){}",
            self.kind(),
            self.condition_clause()
        )
    }

    /// Its definition for PostgreSQL, under another name and on another table where that is a partition.
    fn postgres(&self, how: &str, name: &str, table: &str) -> String {
        let include =
            if self.include.is_empty() { String::new() } else { format!(" INCLUDE ({})", self.include) };
        let (keys, condition) = (self.keys, self.condition_clause());
        format!("CREATE {} {how} {name} ON {table} ({keys}){include}{condition}", self.kind())
    }
}

/// All indexes beside the primary and unique keys.
pub const INDEXES: &[Index] = &[
    index("idx_users_email_active", "users", "email", "login by e-mail").unique().only("active"),
    index("idx_users_last_login", "users", "last_login DESC", "who was here last"),
    index("idx_sessions_user", "sessions", "user_id, created_at DESC", "a user's logins"),
    index("idx_sessions_expires", "sessions", "expires_at", "pruning of old logins"),
    index("idx_sessions_revoked", "sessions", "revoked_at", "logins ended lately")
        .only("revoked_at IS NOT NULL"),
    index("idx_refresh_tokens_session", "refresh_tokens", "session_id", "a login's tokens"),
    index("idx_api_keys_user", "api_keys", "user_id, created_at DESC", "a user's API keys"),
    index("idx_accounts_venue_key", "accounts", "venue_key_id", "accounts that use a venue key"),
    index("idx_trading_bots_user_status", "bots", "user_id, status", "a user's running bots"),
    index("idx_trading_bots_symbol_status", "bots", "symbol, status", "bots that trade a market"),
    index(
        "idx_orders_user_status",
        "orders",
        "user_id, status, created_at",
        "a user's orders in a state, by time",
    ),
    index("idx_orders_user_time", "orders", "user_id, created_at DESC, id DESC", "pages of a user's orders"),
    index("idx_orders_active", "orders", "trading_pair_id, price", "live orders of a market").only("live"),
    index(
        "idx_orders_exchange_id",
        "orders",
        "exchange_order_id, exchange",
        "the order a venue's report is about",
    ),
    index(
        "idx_trades_user_performance",
        "trades",
        "user_id, created_at DESC",
        "a user's fills and their profit",
    )
    .including("id, symbol, base, side, price, quantity, pnl"),
    index(
        "idx_trades_composite",
        "trades",
        "exchange, symbol, created_at DESC",
        "fills of an instrument, newest first",
    ),
    index("idx_trades_pair_time", "trades", "trading_pair_id, created_at", "fills of a market over time"),
    index("idx_trades_order", "trades", "order_id", "an order's fills"),
    index("idx_positions_active", "positions", "user_id, symbol, base", "a user's open positions")
        .only("is_open"),
    index(
        "idx_positions_user_time",
        "positions",
        "user_id, opened_at DESC",
        "a user's positions, newest first",
    ),
    index("idx_balances_user_currency", "balances", "user_id, currency", "a user's balance in a currency"),
    index("idx_ml_models_user_algorithm", "models", "user_id, algorithm_type", "a user's models of a kind"),
    index("idx_ml_models_training_status", "models", "training_status", "models in training"),
    index(
        "idx_predictions_model_symbol",
        "predictions",
        "model_id, symbol, timestamp DESC",
        "a model's latest forecasts",
    ),
    index("idx_predictions_unscored", "predictions", "target_at", "forecasts that wait for what came")
        .only("actual IS NULL"),
    index("idx_predictions_created", "predictions", "created_at", "pruning of old forecasts"),
    index("idx_backtests_model", "backtests", "model_id, created_at DESC", "a model's back-tests"),
    index("idx_backtests_user", "backtests", "user_id, created_at DESC", "a user's back-tests"),
    index("idx_sweeps_user", "sweeps", "user_id, created_at DESC", "a user's sweeps"),
    index("idx_alerts_user", "alerts", "user_id, created_at DESC", "a user's alerts"),
    index("idx_alerts_open", "alerts", "scope, rule, subject", "the open alert of a rule")
        .unique()
        .only("resolved_at IS NULL"),
    index("idx_audit_user", "audit_log", "user_id, timestamp DESC", "what a user did"),
    index("idx_audit_action", "audit_log", "action, timestamp DESC", "who did a thing"),
    index("idx_audit_time", "audit_log", "timestamp", "archiving"),
    index("idx_audit_archive_user", "audit_archive", "user_id, timestamp DESC", "what a user did long ago"),
    index("idx_jobs_ready", "jobs", "priority DESC, run_after", "the next job").only("status = 'queued'"),
    index("idx_jobs_finished", "jobs", "finished_at", "jobs that ended lately"),
    index("idx_jobs_leased", "jobs", "lease_until", "jobs whose worker is gone").only("status = 'running'"),
    index("idx_jobs_user", "jobs", "user_id, created_at DESC", "a user's jobs"),
];

/// Builds what is missing. SQLite has one writer, so there is nobody to block but those who wait for it.
pub(crate) async fn build_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let present = "SELECT name FROM sqlite_schema WHERE type = 'index'";
    let present: Vec<String> =
        names(sqlx::query(present).fetch_all(&mut *connection).await?.iter().map(|r| r.try_get(0)))?;
    for index in INDEXES.iter().filter(|index| !present.iter().any(|name| name == index.name)) {
        sqlx::query(AssertSqlSafe(index.sqlite())).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Builds what is missing or was left invalid, without blocking writers. One program at a time; another one that finds
/// the lock taken tries again until it is free (it must not wait inside a statement: the builder would wait for it).
pub(crate) async fn build_postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    let missing = missing_postgres(connection).await?;
    if missing.is_empty() {
        return Ok(());
    }
    while !try_lock(connection).await? {
        tokio::time::sleep(LOCK_RETRY).await;
    }
    let built = build_missing(connection).await;
    sqlx::query("SELECT pg_advisory_unlock(hashtext('tradewind indexes'))").execute(&mut *connection).await?;
    built
}

/// Between two tries for the lock.
const LOCK_RETRY: std::time::Duration = std::time::Duration::from_millis(100);

async fn try_lock(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let text = "SELECT pg_try_advisory_lock(hashtext('tradewind indexes'))";
    Ok(sqlx::query(text).fetch_one(connection).await?.try_get(0)?)
}

async fn build_missing(connection: &mut PgConnection) -> Result<(), StoreError> {
    for index in missing_postgres(connection).await? {
        if is_partitioned(connection, index.table).await? {
            build_partitioned(connection, index).await?;
        } else {
            // What an interrupted build left is of no use.
            run(connection, format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name)).await?;
            run(connection, index.postgres("CONCURRENTLY", index.name, index.table)).await?;
        }
    }
    Ok(())
}

/// Indexes that are not there or not valid.
async fn missing_postgres(connection: &mut PgConnection) -> Result<Vec<&'static Index>, StoreError> {
    let valid = "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE i.indisvalid AND n.nspname = current_schema()";
    let valid: Vec<String> =
        names(sqlx::query(valid).fetch_all(connection).await?.iter().map(|r| r.try_get(0)))?;
    Ok(INDEXES.iter().filter(|index| !valid.iter().any(|name| name == index.name)).collect())
}

async fn is_partitioned(connection: &mut PgConnection, table: &str) -> Result<bool, StoreError> {
    let text = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass($1)";
    let row = sqlx::query(text).bind(table).fetch_optional(connection).await?;
    row.map_or(Ok(false), |row| Ok(row.try_get(0)?))
}

/// The parent's index is made for the parent alone, each partition gets its own beside running writers, and each is then
/// attached; with the last one the parent's becomes valid. Future partitions are made with theirs.
async fn build_partitioned(connection: &mut PgConnection, index: &Index) -> Result<(), StoreError> {
    let partitions = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                      WHERE i.inhparent = to_regclass($1) ORDER BY 1";
    let rows = sqlx::query(partitions).bind(index.table).fetch_all(&mut *connection).await?;
    let partitions: Vec<String> = names(rows.iter().map(|row| row.try_get(0)))?;
    if partitions.is_empty() {
        return run(connection, index.postgres("IF NOT EXISTS", index.name, index.table)).await;
    }
    let only = format!("ONLY {}", index.table);
    run(connection, index.postgres("IF NOT EXISTS", index.name, &only)).await?;
    for partition in partitions {
        let name = format!("{partition}_{}", index.name.trim_start_matches("idx_trades_"));
        if attached(connection, index.name, &partition).await? {
            continue;
        }
        run(connection, format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
        run(connection, index.postgres("CONCURRENTLY", &name, &partition)).await?;
        run(connection, format!("ALTER INDEX {} ATTACH PARTITION {name}", index.name)).await?;
    }
    Ok(())
}

/// True if a partition has its part of a parent's index.
async fn attached(connection: &mut PgConnection, index: &str, partition: &str) -> Result<bool, StoreError> {
    let text = "SELECT EXISTS (SELECT 1 FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid \
                WHERE h.inhparent = to_regclass($1) AND i.indrelid = to_regclass($2))";
    Ok(sqlx::query(text).bind(index).bind(partition).fetch_one(connection).await?.try_get(0)?)
}

async fn run(connection: &mut PgConnection, text: String) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(text)).persistent(false).execute(connection).await?;
    Ok(())
}

fn names(values: impl Iterator<Item = Result<String, sqlx::Error>>) -> Result<Vec<String>, StoreError> {
    Ok(values.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_conditions_do_not_move() {
        let mut names: Vec<&str> = INDEXES.iter().map(|index| index.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), INDEXES.len());
        for index in INDEXES {
            let condition = index.condition.to_ascii_lowercase();
            assert!(!condition.contains("now") && !condition.contains("date"), "{}", index.name);
        }
    }
}
