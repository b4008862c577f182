//! The database file: opening it, and writing one generation of rows as one durable transaction.
//!
//! Every commit is durable and leaves what a quick start after a crash needs (the database's "quick repair"); with tens of
//! thousands of rows in a transaction that costs nothing per row.

use std::path::Path;
use std::sync::Arc;

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata, WriteTransaction,
};
use types::event::Trade;
use types::{ListView, Time};

use crate::fold::{Fold, MarketTail};
use crate::limits::{CACHE_BYTES, COMPACT_FILE_MIN, COMPACT_SHARE, FREE_MIN, RETIRING_PACK, ROW_BYTES};
use crate::pending::{Layer, Pending};
use crate::row::{
    FillOfOrder, LIST_CLIENTS, META, ORDER_CLIENTS, RETIRING, Row, list_client_key, order_client_key,
};
use crate::shared::{Shared, Work};
use crate::{
    AccountFill, AggTrade, Amendment, Bar, ClosedOrder, Failure, Interval, PreventedMatch, Retention,
    retiring,
};

/// The layout of the tables. Raised when a table's keys change; values have versions of their own.
pub(crate) const FORMAT: u64 = 1;

/// An open file and where it ends.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) db: Database,
    pub(crate) seq: u64,
    pub(crate) fold: Fold,
}

/// Opens or creates the file, see [`crate::open`].
pub(crate) fn open(path: &Path) -> Result<Opened, Failure> {
    // The database checks what it reads, but a file that was damaged on purpose can still trip an assertion of its.
    let opened = std::panic::catch_unwind(|| open_unguarded(path));
    opened.unwrap_or_else(|_| Err(damaged(path, "its structure is inconsistent")))
}

pub(crate) fn damaged(path: &Path, detail: &str) -> Failure {
    Failure::Damaged { path: path.display().to_string(), detail: detail.to_owned() }
}

fn open_unguarded(path: &Path) -> Result<Opened, Failure> {
    let mut db =
        Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => Failure::InUse,
            DatabaseError::Storage(redb::StorageError::Io(error))
                if !matches!(
                    error.kind(),
                    std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
                ) =>
            {
                Failure::Storage(error.to_string())
            }
            other => damaged(path, &other.to_string()),
        })?;
    let tell = |error: redb::Error| match error {
        redb::Error::Io(error) => Failure::Storage(error.to_string()),
        other => damaged(path, &other.to_string()),
    };
    let (format, seq) = prepare(&db).map_err(tell)?;
    if format != FORMAT {
        return Err(Failure::Format { found: format, known: FORMAT });
    }
    if worth_compacting(&db, path).map_err(tell)? {
        db.compact().map_err(|error| Failure::Storage(error.to_string()))?;
    }
    let fold = read_fold(&db).map_err(tell)?;
    Ok(Opened { db, seq, fold })
}

/// Makes all tables exist, so that readers need not care, and returns format and last command.
fn prepare(db: &Database) -> Result<(u64, u64), redb::Error> {
    let txn = db.begin_write()?;
    let known = {
        let mut meta = txn.open_table(META)?;
        let known = (meta.get("format")?.map(|v| v.value()), meta.get("applied")?.map_or(0, |v| v.value()));
        if known.0.is_none() {
            meta.insert("format", FORMAT)?;
        }
        (known.0.unwrap_or(FORMAT), known.1)
    };
    txn.open_table(Trade::TABLE)?;
    txn.open_table(AggTrade::TABLE)?;
    txn.open_table(Bar::TABLE)?;
    txn.open_table(ClosedOrder::TABLE)?;
    txn.open_table(AccountFill::TABLE)?;
    txn.open_table(FillOfOrder::TABLE)?;
    txn.open_table(ListView::TABLE)?;
    txn.open_table(PreventedMatch::TABLE)?;
    txn.open_table(Amendment::TABLE)?;
    txn.open_table(RETIRING)?;
    txn.open_table(ORDER_CLIENTS)?;
    txn.open_table(LIST_CLIENTS)?;
    txn.commit()?;
    Ok(known)
}

/// True when the file is large and its rows are few: after retention was lowered. Row counts are kept by the database, so
/// this costs nothing.
fn worth_compacting(db: &Database, path: &Path) -> Result<bool, redb::Error> {
    let file = std::fs::metadata(path)?.len();
    if file < COMPACT_FILE_MIN {
        return Ok(false);
    }
    let txn = db.begin_read()?;
    // Typical bytes per row with keys and indexes, measured; an order brings its two index entries.
    let rows = txn.open_table(Trade::TABLE)?.len()? * 60
        + txn.open_table(AggTrade::TABLE)?.len()? * 50
        + txn.open_table(Bar::TABLE)?.len()? * 90
        + txn.open_table(ClosedOrder::TABLE)?.len()? * 240
        + txn.open_table(AccountFill::TABLE)?.len()? * 100;
    Ok(file / COMPACT_SHARE > rows)
}

/// Continues where the file ends: the newest bars and the numbers of the last aggregated trades.
fn read_fold(db: &Database) -> Result<Fold, redb::Error> {
    let txn = db.begin_read()?;
    let (aggs, bars) = (txn.open_table(AggTrade::TABLE)?, txn.open_table(Bar::TABLE)?);
    let mut fold = Fold::default();
    let mut from = 0_u16;
    while let Some(entry) = aggs.range((from, 0)..)?.next() {
        let market = entry?.0.value().0;
        let newest = aggs.range((market, 0)..=(market, u64::MAX))?.next_back().transpose()?;
        let mut tail =
            MarketTail { agg_id: newest.map_or(0, |(key, _)| key.value().1), ..MarketTail::default() };
        for (interval, slot) in Interval::ALL.into_iter().zip(&mut tail.open) {
            let code = interval.code();
            let keys = (market, code, 0)..=(market, code, u64::MAX);
            if let Some(entry) = bars.range(keys)?.next_back() {
                let (key, value) = entry?;
                let bar = Bar::decode(key.value(), value.value())
                    .map_err(|error| redb::Error::Corrupted(format!("a bar: {error}")))?;
                *slot = Some((bar, interval.next(bar.open_time)));
            }
        }
        fold.markets.insert(market, tail);
        let Some(next) = market.checked_add(1) else { break };
        from = next;
    }
    Ok(fold)
}

/// The store's thread.
pub(crate) fn run(shared: &Arc<Shared>, path: &Path, retention: Retention) {
    loop {
        let work = shared.next_work();
        let last = matches!(work, Work::End);
        if shared.check().is_err() {
            return;
        }
        if !has_space(path, shared.fresh_rows()) {
            if last {
                return shared.failed("the disk is almost full".to_owned());
            }
            shared.put_off();
            continue;
        }
        let rows = shared.begin_writing();
        if rows.seq > shared.durable() {
            let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                write(shared.db(), &rows, retention)
            }));
            match written {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return shared.failed(error.to_string()),
                Err(_) => return shared.failed("the database's structure is inconsistent".to_owned()),
            }
        }
        shared.written(rows.seq);
        if last {
            return;
        }
    }
}

/// Whether the file system has clearly more free than writing so many rows takes. One that does not tell has.
fn has_space(path: &Path, rows: usize) -> bool {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(stat) = rustix::fs::statvfs(dir) else { return true };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    free >= FREE_MIN + rows as u64 * ROW_BYTES
}

fn put<R: Row>(txn: &WriteTransaction, rows: &Layer<R>, bytes: &mut Vec<u8>) -> Result<(), redb::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(R::TABLE)?;
    for (key, row) in rows {
        bytes.clear();
        row.encode(bytes);
        table.insert(*key, bytes.as_slice())?;
    }
    Ok(())
}

fn write(db: &Database, rows: &Pending, retention: Retention) -> Result<(), redb::Error> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(true);
    let bytes = &mut Vec::with_capacity(256);
    put(&txn, &rows.trades, bytes)?;
    put(&txn, &rows.aggs, bytes)?;
    put(&txn, &rows.bars, bytes)?;
    put(&txn, &rows.orders, bytes)?;
    put(&txn, &rows.fills, bytes)?;
    put(&txn, &rows.fills_of_order, bytes)?;
    put(&txn, &rows.lists, bytes)?;
    put(&txn, &rows.prevented, bytes)?;
    put(&txn, &rows.amendments, bytes)?;
    put_indexes(&txn, rows, bytes)?;
    retire(&txn, rows, retention)?;
    txn.open_table(META)?.insert("applied", rows.seq)?;
    txn.commit()?;
    Ok(())
}

fn put_indexes(txn: &WriteTransaction, rows: &Pending, bytes: &mut Vec<u8>) -> Result<(), redb::Error> {
    let mut retiring = txn.open_table(RETIRING)?;
    for (place, pack) in (0_u32..).zip(retiring::of(rows).chunks(RETIRING_PACK)) {
        let Some(newest) = pack.last() else { continue };
        bytes.clear();
        retiring::put(pack, bytes);
        retiring.insert((newest.at, rows.seq, place), bytes.as_slice())?;
    }
    let mut clients = txn.open_table(ORDER_CLIENTS)?;
    for ((account, market, client), id) in &rows.order_clients {
        clients.insert(order_client_key(*account, *market, client.as_str()).as_slice(), *id)?;
    }
    let mut clients = txn.open_table(LIST_CLIENTS)?;
    for ((account, client), id) in &rows.list_clients {
        clients.insert(list_client_key(*account, client.as_str()).as_slice(), *id)?;
    }
    Ok(())
}

/// Takes away what the new rows push out. Per market and interval it looks only where something was added.
fn retire(txn: &WriteTransaction, rows: &Pending, retention: Retention) -> Result<(), redb::Error> {
    let mut market = rows.trades.last_key_value().map(|((market, _), _)| *market);
    while let Some(id) = market {
        let newest = |last: Option<(&(u16, u64), u64)>| last.map_or(0, |((_, id), _)| *id);
        let trade = rows.trades.range((id, 0)..=(id, u64::MAX)).next_back().map(|(key, _)| (key, 0));
        let agg = rows.aggs.range((id, 0)..=(id, u64::MAX)).next_back().map(|(key, _)| (key, 0));
        retention.market(txn, id, newest(trade), newest(agg))?;
        for interval in Interval::ALL {
            let keys = (id, interval.code(), 0)..=(id, interval.code(), u64::MAX);
            if let Some((_, bar)) = rows.bars.range(keys).next_back() {
                retention.bars(txn, id, bar)?;
            }
        }
        market = rows.trades.range(..(id, 0)).next_back().map(|((market, _), _)| *market);
    }
    let now = rows.orders.values().map(|closed| closed.order.updated).max().unwrap_or(Time(i64::MIN));
    retention.ended(txn, now)
}
