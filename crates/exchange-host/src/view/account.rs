//! What can be asked about an account: balances, orders, order lists, fills, amendments, prevented matches. Every call names the account
//! it asks for, so nobody sees what is not theirs (invariant F1).
//!
//! What is alive comes from memory, what is closed from history. Live orders are read first: one that closes in between is then
//! in both and history's word counts; it is never in neither.

use std::sync::{PoisonError, RwLockReadGuard};

use history::{AccountFill, Amendment, Failure, PreventedMatch, Range};
use types::command::{ListTarget, Target};
use types::event::AccountView;
use types::{AccountId, AccountName, AssetId, ListView, MarketId, Money, OrderId, OrderView, Time};

use super::live::Live;
use super::{OrderRecord, View};

/// An account's holding of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Which.
    pub asset: AssetId,
    /// Can be spent.
    pub available: Money,
    /// Reserved by live orders.
    pub locked: Money,
}

/// All holdings of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// By asset, those ever touched.
    pub balances: Vec<Balance>,
    /// When one last changed; after a restart, for those that did not change since, the time of the last command before it.
    pub updated: Time,
}

/// All that is alive of an account, read in one piece: an order that is no longer live has its fills in the balances.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its public terms.
    pub view: AccountView,
    /// Its holdings.
    pub balances: Balances,
    /// Its live orders, by id.
    pub orders: Vec<OrderView>,
    /// Its live order lists, by id.
    pub lists: Vec<ListView>,
}

impl View {
    /// All that is alive of an account at one moment.
    #[must_use]
    pub fn standing(&self, account: AccountId) -> Option<Standing> {
        let live = self.live();
        let account = live.account(account)?;
        Some(Standing {
            view: account.view,
            balances: Balances {
                balances: account.balances.values().copied().collect(),
                updated: account.updated,
            },
            orders: account.orders.values().copied().collect(),
            lists: account.lists.values().copied().collect(),
        })
    }

    /// An account's public terms.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<AccountView> {
        self.live().account(account).map(|account| account.view)
    }

    /// The account with this name.
    #[must_use]
    pub fn account_by_name(&self, name: &AccountName) -> Option<AccountView> {
        self.live().by_name(name).map(|account| account.view)
    }

    /// All accounts, by id.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountView> {
        let mut all: Vec<_> = self.live().accounts().map(|account| account.view).collect();
        all.sort_unstable_by_key(|view| view.id);
        all
    }

    /// All holdings of an account.
    #[must_use]
    pub fn balances(&self, account: AccountId) -> Balances {
        self.live().account(account).map_or_else(Balances::default, |account| Balances {
            balances: account.balances.values().copied().collect(),
            updated: account.updated,
        })
    }

    /// One order, live or closed. A client id means the live order with it, else the one that closed last.
    pub fn order(
        &self,
        account: AccountId,
        market: MarketId,
        target: &Target,
    ) -> Result<Option<OrderRecord>, Failure> {
        if let Some(order) = self.live_order(account, market, target) {
            return self.record(order).map(Some);
        }
        let closed = match target {
            Target::Id(id) | Target::Both(id, _) => self.history.order(account, market, *id)?,
            Target::Client(client_id) => self.history.order_by_client(account, market, client_id)?,
        };
        Ok(match target {
            Target::Both(_, client_id) => closed.filter(|record| record.order.client_id == *client_id),
            Target::Id(_) | Target::Client(_) => closed,
        })
    }

    /// The live orders of an account (on one market), by id.
    #[must_use]
    pub fn open_orders(&self, account: AccountId, market: Option<MarketId>) -> Vec<OrderView> {
        let live = self.live();
        let orders = live.account(account).into_iter().flat_map(|account| account.orders.values());
        orders.filter(|order| market.is_none_or(|market| order.market == market)).copied().collect()
    }

    /// The same as records: with the last match that self-trade prevention stopped.
    pub fn open_records(
        &self,
        account: AccountId,
        market: Option<MarketId>,
    ) -> Result<Vec<OrderRecord>, Failure> {
        self.open_orders(account, market).into_iter().map(|order| self.record(order)).collect()
    }

    /// Live and closed orders by id; times are those of acceptance.
    pub fn orders(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<OrderRecord>, Failure> {
        let mut found = self.open_orders(account, Some(market));
        found.retain(|order| holds(range, order.id.0, order.created));
        let closed = self.history.orders(account, market, range)?;
        let live = found.into_iter().map(|order| self.record(order)).collect::<Result<_, _>>()?;
        Ok(merge(range, closed, live, |record| record.order.id.0))
    }

    /// Fills (of one order) by trade id.
    pub fn fills(
        &self,
        account: AccountId,
        market: MarketId,
        order: Option<OrderId>,
        range: &Range,
    ) -> Result<Vec<AccountFill>, Failure> {
        match order {
            Some(order) => self.history.fills_of(account, market, order, range),
            None => self.history.fills(account, market, range),
        }
    }

    /// Amendments of one order, live or closed, by execution number.
    pub fn amendments(
        &self,
        account: AccountId,
        market: MarketId,
        order: OrderId,
        range: &Range,
    ) -> Result<Vec<Amendment>, Failure> {
        self.history.amendments(account, market, order, range)
    }

    /// One order list, live or closed. A client id means the live list with it, else the one that closed last.
    pub fn list(&self, account: AccountId, target: &ListTarget) -> Result<Option<ListView>, Failure> {
        let found = self.live().account(account).and_then(|account| match target {
            ListTarget::Id(id) => account.lists.get(id).copied(),
            ListTarget::Client(client_id) => account.list_by_client(*client_id).copied(),
        });
        match (found, target) {
            (Some(list), _) => Ok(Some(list)),
            (None, ListTarget::Id(id)) => self.history.list(account, *id),
            (None, ListTarget::Client(client_id)) => self.history.list_by_client(account, client_id),
        }
    }

    /// The live order lists of an account, by id.
    #[must_use]
    pub fn open_lists(&self, account: AccountId) -> Vec<ListView> {
        let live = self.live();
        live.account(account).map(|account| account.lists.values().copied().collect()).unwrap_or_default()
    }

    /// Live and closed order lists by id; times are those of the last change.
    pub fn lists(&self, account: AccountId, range: &Range) -> Result<Vec<ListView>, Failure> {
        let mut found = self.open_lists(account);
        found.retain(|list| holds(range, list.id.0, list.updated));
        Ok(merge(range, self.history.lists(account, range)?, found, |list| list.id.0))
    }

    /// Prevented matches by their number.
    pub fn prevented_matches(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<PreventedMatch>, Failure> {
        self.history.prevented(account, market, range)
    }

    /// Up to `limit` prevented matches of one order from `range`'s start on.
    pub fn prevented_of(
        &self,
        account: AccountId,
        market: MarketId,
        order: OrderId,
        mut range: Range,
        limit: usize,
    ) -> Result<Vec<PreventedMatch>, Failure> {
        let mut found = Vec::new();
        loop {
            range.limit = history::limits::PAGE_MAX;
            let page = self.history.prevented(account, market, &range)?;
            let last = page.last().map(|last| last.id).filter(|_| page.len() == history::limits::PAGE_MAX);
            found.extend(page.into_iter().filter(|m| m.taker == order || m.maker == order));
            match last {
                Some(last) if found.len() < limit => range = Range::from_id(last + 1, range.limit),
                _ => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// A live order as a record.
    fn record(&self, order: OrderView) -> Result<OrderRecord, Failure> {
        let mut prevented_match = None;
        if !order.prevented.is_zero() {
            let since = Range { start: Some(order.created), ..Range::latest(0) };
            let all = self.prevented_of(order.account, order.market, order.id, since, usize::MAX)?;
            prevented_match = all.last().map(|last| last.id);
        }
        Ok(OrderRecord { order, expiry: None, prevented_match })
    }

    fn live_order(&self, account: AccountId, market: MarketId, target: &Target) -> Option<OrderView> {
        let live = self.live();
        let account = live.account(account)?;
        let order = match target {
            Target::Id(id) | Target::Both(id, _) => account.orders.get(id)?,
            Target::Client(client_id) => account.by_client(market, *client_id)?,
        };
        let agrees = match target {
            Target::Both(_, client_id) => order.client_id == *client_id,
            Target::Id(_) | Target::Client(_) => true,
        };
        (agrees && order.market == market).then_some(*order)
    }

    fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True if a range asks for an entry with this id and time.
fn holds(range: &Range, id: u64, at: Time) -> bool {
    range.from_id.is_none_or(|from| id >= from)
        && range.start.is_none_or(|start| at >= start)
        && range.end.is_none_or(|end| at <= end)
}

/// One page from two sorted parts that both satisfy the range; of two entries with one id the closed one counts.
fn merge<T>(range: &Range, closed: Vec<T>, live: Vec<T>, id: impl Fn(&T) -> u64) -> Vec<T> {
    let mut page = closed;
    page.extend(live);
    // Stable: the closed entry of an id stays before the live one.
    page.sort_by_key(&id);
    page.dedup_by_key(|entry| id(entry));
    let limit = range.limit.min(history::limits::PAGE_MAX);
    if range.from_id.is_some() || range.start.is_some() {
        page.truncate(limit);
    } else {
        page.drain(..page.len().saturating_sub(limit));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_prefers_what_is_closed_and_keeps_the_right_end() {
        let closed = vec![(1, 'c'), (3, 'c'), (5, 'c')];
        let live = vec![(2, 'l'), (3, 'l'), (9, 'l')];
        let page = |range: &Range| merge(range, closed.clone(), live.clone(), |entry| entry.0);
        assert_eq!(page(&Range::latest(3)), [(3, 'c'), (5, 'c'), (9, 'l')]);
        assert_eq!(page(&Range::from_id(1, 3)), [(1, 'c'), (2, 'l'), (3, 'c')]);
        assert_eq!(page(&Range::latest(100)).len(), 5);
        assert!(page(&Range::latest(0)).is_empty());
    }

    #[test]
    fn a_range_holds_what_lies_in_all_its_bounds() {
        let range = Range { from_id: Some(5), start: Some(Time(10)), end: Some(Time(20)), limit: 1 };
        assert!(holds(&range, 5, Time(10)) && holds(&range, 6, Time(20)));
        assert!(!holds(&range, 4, Time(10)) && !holds(&range, 5, Time(9)) && !holds(&range, 5, Time(21)));
    }
}
