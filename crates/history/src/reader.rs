//! The way out: any number of readers, at the same time as the writer. Every method sees all that was fed before it was
//! called, whether it is on disk yet or not. Work is a few microseconds plus about one per item; call from a thread that
//! may block.

use std::sync::Arc;

use types::event::Trade;
use types::{AccountId, ClientOrderId, ListId, ListView, MarketId, OrderId, Time};

use crate::fold::open_second;
use crate::limits::PAGE_MAX;
use crate::page::{End, Look};
use crate::row::{FillOfOrder, Key, LIST_CLIENTS, ORDER_CLIENTS, Row, list_client_key, order_client_key};
use crate::shared::Shared;
use crate::{AccountFill, AggTrade, Amendment, Bar, ClosedOrder, Failure, Interval, PreventedMatch, Range};

/// A handle for reading; cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
}

impl Reader {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The last command taken in; 0 when there was none.
    #[must_use]
    pub fn applied_seq(&self) -> u64 {
        self.shared.applied()
    }

    /// The last command that is safely on disk: the journal must keep everything after it.
    #[must_use]
    pub fn durable_seq(&self) -> u64 {
        self.shared.durable()
    }

    /// Waits until everything taken in before this call is on disk, and returns [`Self::durable_seq`]. Blocks for one
    /// disk flush; for snapshots and before pruning.
    pub fn persist(&self) -> Result<u64, Failure> {
        self.shared.persist(self.shared.applied())
    }

    /// Public trades.
    pub fn trades(&self, market: MarketId, range: &Range) -> Result<Vec<Trade>, Failure> {
        Look::new(&self.shared).page(market.0, range)
    }

    /// Aggregated trades.
    pub fn agg_trades(&self, market: MarketId, range: &Range) -> Result<Vec<AggTrade>, Failure> {
        Look::new(&self.shared).page(market.0, range)
    }

    /// The aggregated trade that holds a trade.
    pub fn agg_trade_of(&self, market: MarketId, trade: u64) -> Result<Option<AggTrade>, Failure> {
        // Ids of aggregated trades rise with those of their trades and are never larger.
        let mut look = Look::new(&self.shared);
        let (mut low, mut high) = (0, trade.saturating_add(1));
        while low < high {
            let keys = (AggTrade::key_at(market.0, low + (high - low) / 2), AggTrade::key_at(market.0, high));
            match look.scan::<AggTrade>(keys.0, keys.1, 1, End::Oldest)?.pop() {
                Some((_, agg)) if agg.last.0 < trade => low = agg.id.saturating_add(1),
                Some((_, agg)) if agg.first.0 <= trade => return Ok(Some(agg)),
                _ => high = low + (high - low) / 2,
            }
        }
        Ok(None)
    }

    /// Bars that had a trade, the open one included; `range.from_id` has no meaning here.
    pub fn bars(&self, market: MarketId, interval: Interval, range: &Range) -> Result<Vec<Bar>, Failure> {
        let mut look = Look::new(&self.shared);
        let open = look.memory(|state| {
            let tail = state.fold.markets.get(&market.0)?;
            tail.open.get(usize::from(interval.code())).copied().flatten().map(|(bar, _)| bar)
        })?;
        let limit = range.limit.min(PAGE_MAX);
        // A bar's id is the second in which it opens, so times need no search.
        let low = range.start.map_or(0, |start| seconds(start.plus_nanos(999_999_999)));
        let high = range.end.map_or(u64::MAX, |end| seconds(end).saturating_add(1));
        if range.end.is_some_and(|end| end < Time(0)) {
            return Ok(Vec::new());
        }
        let end = if range.start.is_some() { End::Oldest } else { End::Newest };
        let key = |second| Bar::key_at((market.0, interval.code()), second);
        let rows = look.scan::<Bar>(key(low), key(high), limit, end)?;
        let mut bars: Vec<Bar> = rows.into_iter().map(|(_, bar)| bar).collect();
        if let Some(open) = open.filter(|bar| (low..high).contains(&open_second(bar))) {
            add_open(&mut bars, open, limit, end);
        }
        Ok(bars)
    }

    /// A closed order.
    pub fn order(
        &self,
        account: AccountId,
        market: MarketId,
        id: OrderId,
    ) -> Result<Option<ClosedOrder>, Failure> {
        Look::new(&self.shared).get((account.0, market.0, id.0))
    }

    /// The last closed order of the account with this client id.
    pub fn order_by_client(
        &self,
        account: AccountId,
        market: MarketId,
        client_id: &ClientOrderId,
    ) -> Result<Option<ClosedOrder>, Failure> {
        let mut look = Look::new(&self.shared);
        let key = order_client_key(account.0, market.0, client_id.as_str());
        let id = look.index(ORDER_CLIENTS, &key, |pending| {
            pending.order_clients.get(&(account.0, market.0, *client_id)).copied()
        })?;
        id.map_or(Ok(None), |id| look.get((account.0, market.0, id)))
    }

    /// Closed orders by order id and by the time they were accepted.
    pub fn orders(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<ClosedOrder>, Failure> {
        Look::new(&self.shared).page((account.0, market.0), range)
    }

    /// Fills by trade id and time.
    pub fn fills(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<AccountFill>, Failure> {
        Look::new(&self.shared).page((account.0, market.0), range)
    }

    /// Fills of one order (live or closed) by trade id; times in `range` are not looked at.
    pub fn fills_of(
        &self,
        account: AccountId,
        market: MarketId,
        order: OrderId,
        range: &Range,
    ) -> Result<Vec<AccountFill>, Failure> {
        let mut look = Look::new(&self.shared);
        let trades = look.page::<FillOfOrder>(order.0, &Range { start: None, end: None, ..*range })?;
        let mut fills = Vec::with_capacity(trades.len());
        for FillOfOrder { trade } in trades {
            fills.extend(look.get::<AccountFill>((account.0, market.0, trade, order.0))?);
        }
        Ok(fills)
    }

    /// Amendments of one order (live or closed) by their execution number and time.
    pub fn amendments(
        &self,
        account: AccountId,
        market: MarketId,
        order: OrderId,
        range: &Range,
    ) -> Result<Vec<Amendment>, Failure> {
        let mut found: Vec<Amendment> = Look::new(&self.shared).page(order.0, range)?;
        // Order ids are the exchange's, not the account's: a stranger's is unknown.
        found.retain(|amendment| amendment.account == account && amendment.market == market);
        Ok(found)
    }

    /// A list that is done.
    pub fn list(&self, account: AccountId, id: ListId) -> Result<Option<ListView>, Failure> {
        Look::new(&self.shared).get((account.0, id.0))
    }

    /// The last done list of the account with this client id.
    pub fn list_by_client(
        &self,
        account: AccountId,
        client_id: &ClientOrderId,
    ) -> Result<Option<ListView>, Failure> {
        let mut look = Look::new(&self.shared);
        let key = list_client_key(account.0, client_id.as_str());
        let id = look.index(LIST_CLIENTS, &key, |pending| {
            pending.list_clients.get(&(account.0, *client_id)).copied()
        })?;
        id.map_or(Ok(None), |id| look.get((account.0, id)))
    }

    /// Lists that are done, by list id and by the time they were done. Those times do not rise with the ids, so a range of
    /// times looks at every list of the account from `range.from_id` on (about a microsecond each).
    pub fn lists(&self, account: AccountId, range: &Range) -> Result<Vec<ListView>, Failure> {
        let mut look = Look::new(&self.shared);
        let limit = range.limit.min(PAGE_MAX);
        if range.start.is_none() && range.end.is_none() {
            return look.page(account.0, range);
        }
        let wanted = |list: &ListView| {
            range.start.is_none_or(|start| list.updated >= start)
                && range.end.is_none_or(|end| list.updated <= end)
        };
        let oldest_first = range.from_id.is_some() || range.start.is_some();
        let (mut found, mut low) = (Vec::new(), range.from_id.unwrap_or(0));
        loop {
            let keys = (ListView::key_at(account.0, low), ListView::key_at(account.0, u64::MAX));
            let rows = look.scan::<ListView>(keys.0, keys.1, PAGE_MAX, End::Oldest)?;
            let Some((last, _)) = rows.last() else { break };
            low = last.id().saturating_add(1);
            found.extend(rows.into_iter().map(|(_, list)| list).filter(|list| wanted(list)));
            if oldest_first && found.len() >= limit {
                found.truncate(limit);
                break;
            }
        }
        Ok(found.split_off(found.len().saturating_sub(limit)))
    }

    /// Prevented matches by their number.
    pub fn prevented(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<PreventedMatch>, Failure> {
        Look::new(&self.shared).page((account.0, market.0), range)
    }
}

fn seconds(at: Time) -> u64 {
    u64::try_from(at.0.div_euclid(1_000_000_000)).unwrap_or(0)
}

/// Puts the open bar, which may be newer than its row, at the end of a page that reaches it.
fn add_open(bars: &mut Vec<Bar>, open: Bar, limit: usize, end: End) {
    if bars.last().is_some_and(|last| last.open_time == open.open_time) {
        bars.pop();
    }
    match end {
        End::Oldest if bars.len() >= limit => return,
        End::Newest if limit > 0 && bars.len() >= limit => drop(bars.remove(0)),
        _ => {}
    }
    if limit > 0 {
        bars.push(open);
    }
}
