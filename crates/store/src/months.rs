//! Fills of whole months, out of the database into a file and back: what nobody asks for any more makes neither indexes nor
//! backups larger.
//!
//! A file has the form of a backup with the one table `trades`. On PostgreSQL a month is a partition: it is detached beside
//! running readers and writers and dropped; on SQLite its rows are removed in small pieces. Each step can be repeated after
//! a crash. Orders and positions stay; what is computed from fills (analytics) no longer sees the month.

use std::io::{BufRead, Write};

use serde::Serialize;
use sqlx::{AssertSqlSafe, Row as _};

use crate::backend::{Backend, Engine};
use crate::backup::{self, Contents};
use crate::catalog::tables;
use crate::error::StoreError;
use crate::options::Class;
use crate::statement::sql;
use crate::store::Store;
use crate::value::Ts;

/// Rows that one transaction removes on SQLite.
const ROWS_AT_ONCE: i64 = 1_000;

/// A month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i64,
    /// 1 to 12.
    month: i64,
}

impl Month {
    /// The month of a moment.
    #[must_use]
    pub const fn of(moment: Ts) -> Self {
        let (year, month) = moment.year_month();
        Self { year, month }
    }

    /// Its first moment.
    #[must_use]
    pub const fn begins(self) -> Ts {
        Ts(days_since_1970(self.year, self.month) * 86_400_000_000)
    }

    /// The first moment after it.
    #[must_use]
    pub const fn ends(self) -> Ts {
        let next = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        Ts(days_since_1970(next.0, next.1) * 86_400_000_000)
    }

    /// The name of its partition.
    fn partition(self) -> String {
        format!("trades_y{:04}m{:02}", self.year, self.month)
    }
}

/// Days from 1 January 1970 to the first of a month (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn days_since_1970(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl std::str::FromStr for Month {
    type Err = StoreError;

    /// `2026-05`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Unfit(format!("\"{text}\" is no month like 2026-05"));
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let number = |text: &str, length: usize| {
            text.parse::<i64>()
                .ok()
                .filter(|_| text.len() == length && text.bytes().all(|b| b.is_ascii_digit()))
        };
        let (year, month) = number(year, 4).zip(number(month, 2)).ok_or_else(wrong)?;
        if (1970..=9_000).contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(wrong())
        }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A month that has fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// Which: `2026-05`.
    pub month: String,
    /// How many.
    pub fills: u64,
}

/// The months that have fills, oldest first. Reads an index from end to end.
///
/// # Errors
/// Failures of the database.
pub async fn list(store: &Store) -> Result<Vec<Filled>, StoreError> {
    let mut reader = store.read_as(Class::Maintenance).within(std::time::Duration::from_secs(3_600));
    let text = match store.engine() {
        Engine::Sqlite => {
            "SELECT strftime('%Y-%m', created_at / 1000000, 'unixepoch') AS month, count(*) AS n FROM trades \
             GROUP BY 1 ORDER BY 1"
        }
        Engine::Postgres => {
            "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS n FROM trades \
             GROUP BY 1 ORDER BY 1"
        }
    };
    let rows = reader.all(sql(text)).await?;
    rows.iter().map(|row| Ok(Filled { month: row.get("month")?, fills: row.count("n")? })).collect()
}

/// How many fills a month has.
///
/// # Errors
/// Failures of the database.
pub async fn count(store: &Store, month: Month) -> Result<u64, StoreError> {
    let mut reader = store.read_as(Class::Maintenance).within(std::time::Duration::from_secs(3_600));
    let text = "SELECT count(*) AS n FROM trades WHERE created_at >= $1 AND created_at < $2";
    reader.one("count", sql(text).bind(month.begins()).bind(month.ends())).await?.count("n")
}

/// Writes the fills of a month. Nothing is removed.
///
/// # Errors
/// `Unfit` when the file cannot be written or the month is not over; failures of the database.
pub async fn write(
    store: &Store,
    month: Month,
    out: &mut (dyn Write + Send),
    now: Ts,
) -> Result<Contents, StoreError> {
    over(month, now)?;
    let moment = |ts: Ts| match store.engine() {
        Engine::Sqlite => ts.0.to_string(),
        Engine::Postgres => format!("to_timestamp({})", ts.0 / 1_000_000),
    };
    let (begins, ends) = (moment(month.begins()), moment(month.ends()));
    let condition = format!(" WHERE created_at >= {begins} AND created_at < {ends} ORDER BY created_at, id");
    let table: Vec<_> = tables().into_iter().filter(|table| table.name == "trades").collect();
    backup::write_some(store, &table, &condition, out, now).await
}

/// Removes the fills of a month that were written: exactly as many must be there. How many were removed.
///
/// # Errors
/// `Unfit` if the month is not over, `Stale` if it has another number of fills by now, and failures of the database.
pub async fn remove(store: &Store, month: Month, written: u64, now: Ts) -> Result<u64, StoreError> {
    over(month, now)?;
    if count(store, month).await? != written {
        return Err(StoreError::Stale("the month has other fills than the file; write it again"));
    }
    match store.backend() {
        Backend::Sqlite(_) => remove_rows(store, month).await,
        Backend::Postgres(_) => drop_partition(store, month).await.map(|()| written),
    }
}

/// Puts the fills of a file back.
///
/// # Errors
/// `Unfit` for a damaged file, `Taken` if one of them is there, and failures of the database; nothing was changed then.
pub async fn bring_back(store: &Store, input: impl BufRead + Send + 'static) -> Result<Contents, StoreError> {
    backup::add(store, input, "trades").await
}

fn over(month: Month, now: Ts) -> Result<(), StoreError> {
    if month.ends() <= now {
        return Ok(());
    }
    Err(StoreError::Unfit(format!("{month} is not over: fills may still come")))
}

async fn remove_rows(store: &Store, month: Month) -> Result<u64, StoreError> {
    let (begins, ends) = (month.begins(), month.ends());
    let pairs =
        "SELECT DISTINCT trading_pair_id AS pair FROM trades WHERE created_at >= $1 AND created_at < $2";
    let pairs = store.read_as(Class::Maintenance).all(sql(pairs).bind(begins).bind(ends)).await?;
    let mut removed = 0;
    for pair in &pairs {
        let pair: i64 = pair.get("pair")?;
        loop {
            let text = "DELETE FROM trades WHERE rowid IN (SELECT rowid FROM trades WHERE trading_pair_id = $1 \
                        AND created_at >= $2 AND created_at < $3 LIMIT $4)";
            let statement = sql(text).bind(pair).bind(begins).bind(ends).bind(ROWS_AT_ONCE);
            let done =
                store.write_as(Class::Maintenance, |tx| Box::pin(async move { tx.execute(statement).await }));
            let done: Result<u64, StoreError> = done.await;
            let rows = done?;
            removed += rows;
            if rows == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    Ok(removed)
}

/// Detaches the partition beside running transactions, then drops it. What an interrupted detachment left is finished.
async fn drop_partition(store: &Store, month: Month) -> Result<(), StoreError> {
    let Backend::Postgres(postgres) = store.backend() else { return Ok(()) };
    let mut connection = postgres.pool(Class::Maintenance).acquire().await?;
    let partition = month.partition();
    let state = "SELECT to_regclass($1) IS NOT NULL AS there, \
                 (SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass($1) \
                 AND inhparent = 'trades'::regclass) AS pending";
    let row = sqlx::query(state).bind(&partition).fetch_one(&mut *connection).await?;
    let (there, pending): (bool, Option<bool>) = (row.try_get("there")?, row.try_get("pending")?);
    if !there {
        return Ok(());
    }
    if let Some(pending) = pending {
        let how = if pending { "FINALIZE" } else { "CONCURRENTLY" };
        let text = AssertSqlSafe(format!("ALTER TABLE trades DETACH PARTITION {partition} {how}"));
        sqlx::query(text).persistent(false).execute(&mut *connection).await?;
    }
    let text = AssertSqlSafe(format!("DROP TABLE {partition}"));
    sqlx::query(text).persistent(false).execute(&mut *connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_bounds_and_its_name() {
        for (text, begins, days) in [
            ("1970-01", 0, 31),
            ("2024-02", 1_706_745_600, 29),
            ("2025-02", 1_738_368_000, 28),
            ("2026-12", 1_796_083_200, 31),
        ] {
            let month: Month = text.parse().unwrap();
            assert_eq!(month.begins(), Ts(begins * 1_000_000), "{text}");
            assert_eq!(month.ends().0 - month.begins().0, days * 86_400_000_000, "{text}");
            assert_eq!((month.to_string().as_str(), Month::of(month.begins())), (text, month));
            assert_eq!(Month::of(Ts(month.ends().0 - 1)), month);
        }
        for bad in ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "2026-1x", "-026-01", "2026-05-01"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }
}
