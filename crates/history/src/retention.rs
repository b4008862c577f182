//! How much is kept, and taking away the rest.
//!
//! Removal rides in the transaction that adds, so the file is bounded at every moment, and is itself bounded per
//! transaction ([`RETIRED_PER_WRITE_MAX`]), so a lowered limit is reached over a few of them.

use redb::{ReadableTable, ReadableTableMetadata, Table, WriteTransaction};
use types::{ListView, Time};

use crate::fold::open_second;
use crate::limits::{RETIRED_PER_WRITE_MAX, RETIRING_PACK};
use crate::retiring::{self, Ended, Kind};
use crate::row::{
    FillOfOrder, Key, LIST_CLIENTS, ORDER_CLIENTS, RETIRING, Row, Scope, list_client_key, order_client_key,
};
use crate::{AccountFill, AggTrade, Amendment, Bar, ClosedOrder, Interval, PreventedMatch};
use types::event::Trade;

/// Bounds of the store. Zero switches a bound off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Trades per market; as many aggregated trades.
    pub trades: u64,
    /// Bars per market and interval: those within so many intervals before the newest.
    pub bars: u64,
    /// Closed orders, done lists and prevented matches of all accounts together; the oldest go first, orders with their
    /// fills and amendments.
    pub orders: u64,
    /// Fills of all accounts together; the oldest closed orders go with theirs when there are more.
    pub fills: u64,
    /// Days after which a closed order goes.
    pub order_days: u32,
}

impl Default for Retention {
    /// About 200 MB for five busy markets, and 500 MB more once a million orders were closed (measured, bench/README.md).
    fn default() -> Self {
        Self { trades: 200_000, bars: 100_000, orders: 1_000_000, fills: 2_000_000, order_days: 0 }
    }
}

/// Removes ids of `scope` up to `last`, at most [`RETIRED_PER_WRITE_MAX`] of them.
fn remove_through<R: Row>(txn: &WriteTransaction, scope: Scope<R>, last: u64) -> Result<(), redb::Error> {
    let mut table = txn.open_table(R::TABLE)?;
    let (low, mut high) = (R::key_at(scope, 0), R::key_at(scope, last.saturating_add(1)));
    let mut range = table.range(low..high)?;
    let Some(first) = range.next() else { return Ok(()) };
    let first = first?.0.value().id();
    if let Some(beyond) = range.nth(RETIRED_PER_WRITE_MAX) {
        high = beyond?.0.value();
    }
    drop(range);
    table.retain_in(R::key_at(scope, first)..high, |_, _| false)?;
    Ok(())
}

impl Retention {
    /// Trades of a market up to its newest ones.
    pub(crate) fn market(
        &self,
        txn: &WriteTransaction,
        market: u16,
        last_trade: u64,
        last_agg: u64,
    ) -> Result<(), redb::Error> {
        if self.trades > 0 {
            remove_through::<Trade>(txn, market, last_trade.saturating_sub(self.trades))?;
            remove_through::<AggTrade>(txn, market, last_agg.saturating_sub(self.trades))?;
        }
        Ok(())
    }

    /// Bars of a market and interval that are too far before the newest.
    pub(crate) fn bars(&self, txn: &WriteTransaction, market: u16, newest: &Bar) -> Result<(), redb::Error> {
        let span = seconds_max(newest.interval).saturating_mul(self.bars);
        match open_second(newest).checked_sub(span) {
            Some(last) if self.bars > 0 => remove_through::<Bar>(txn, (market, newest.interval.code()), last),
            _ => Ok(()),
        }
    }

    /// What has ended and is too old or too much, whole packs of the queue at a time.
    pub(crate) fn ended(&self, txn: &WriteTransaction, now: Time) -> Result<(), redb::Error> {
        let mut queue = txn.open_table(RETIRING)?;
        let days_ns = i64::from(self.order_days) * 86_400 * 1_000_000_000;
        for _ in 0..RETIRED_PER_WRITE_MAX / RETIRING_PACK {
            let Some(oldest) = queue.first()?.map(|(key, _)| key.value()) else { break };
            let too_old = self.order_days > 0 && now.since(Time(oldest.0)) > days_ns;
            if !(too_old || self.too_many(txn)?) {
                break;
            }
            let pack = queue.remove(oldest)?.map(|value| value.value().to_vec()).unwrap_or_default();
            let pack = retiring::get(oldest.0, &pack)
                .map_err(|error| redb::Error::Corrupted(format!("the retention queue: {error}")))?;
            for ended in pack {
                remove(txn, &ended)?;
            }
        }
        Ok(())
    }

    /// Counts are kept by the database.
    fn too_many(&self, txn: &WriteTransaction) -> Result<bool, redb::Error> {
        let ended = txn.open_table(ClosedOrder::TABLE)?.len()?
            + txn.open_table(ListView::TABLE)?.len()?
            + txn.open_table(PreventedMatch::TABLE)?.len()?;
        let fills = txn.open_table(AccountFill::TABLE)?.len()?;
        Ok((self.orders > 0 && ended > self.orders) || (self.fills > 0 && fills > self.fills))
    }
}

fn remove(txn: &WriteTransaction, ended: &Ended) -> Result<(), redb::Error> {
    match ended.kind {
        Kind::Order => remove_order(txn, ended.account, ended.market, ended.id),
        Kind::List => remove_list(txn, ended.account, ended.id),
        Kind::Prevented => {
            let mut table = txn.open_table(PreventedMatch::TABLE)?;
            table.remove((ended.account, ended.market, ended.id))?;
            Ok(())
        }
    }
}

fn remove_order(txn: &WriteTransaction, account: u32, market: u16, id: u64) -> Result<(), redb::Error> {
    let mut orders = txn.open_table(ClosedOrder::TABLE)?;
    let removed = orders.remove((account, market, id))?.map(|value| value.value().to_vec());
    if let Some(order) = removed.and_then(|bytes| ClosedOrder::decode((account, market, id), &bytes).ok()) {
        let key = order_client_key(account, market, order.order.client_id.as_str());
        forget_client(&mut txn.open_table(ORDER_CLIENTS)?, &key, id)?;
    }
    let mut by_order = txn.open_table(FillOfOrder::TABLE)?;
    let mut fills = txn.open_table(AccountFill::TABLE)?;
    let keys = (id, 0)..=(id, u64::MAX);
    for entry in by_order.range(keys.clone())? {
        let (_, trade) = entry?.0.value();
        fills.remove((account, market, trade, id))?;
    }
    by_order.retain_in(keys.clone(), |_, _| false)?;
    txn.open_table(Amendment::TABLE)?.retain_in(keys, |_, _| false)?;
    Ok(())
}

fn remove_list(txn: &WriteTransaction, account: u32, id: u64) -> Result<(), redb::Error> {
    let mut lists = txn.open_table(ListView::TABLE)?;
    let removed = lists.remove((account, id))?.map(|value| value.value().to_vec());
    if let Some(list) = removed.and_then(|bytes| ListView::decode((account, id), &bytes).ok()) {
        let key = list_client_key(account, list.client_id.as_str());
        forget_client(&mut txn.open_table(LIST_CLIENTS)?, &key, id)?;
    }
    Ok(())
}

/// A client id is forgotten with the newest thing that used it.
fn forget_client(table: &mut Table<'_, &'static [u8], u64>, key: &[u8], id: u64) -> Result<(), redb::Error> {
    if table.get(key)?.is_some_and(|newest| newest.value() == id) {
        table.remove(key)?;
    }
    Ok(())
}

/// Length of an interval in seconds, for a month the longest one.
const fn seconds_max(interval: Interval) -> u64 {
    match interval {
        Interval::Month => 31 * 86_400,
        other => other.seconds().unsigned_abs(),
    }
}
