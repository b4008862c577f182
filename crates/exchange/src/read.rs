//! Looking at the exchange without changing it.

use crate::Exchange;
use types::event::AccountView;
use types::{
    AccountId, Asset, AssetId, ListId, ListView, Market, MarketId, Money, OrderId, OrderView, Price, Qty,
    Side, Time,
};

/// What an account has of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldBalance {
    /// Of what.
    pub asset: AssetId,
    /// Can be spent.
    pub available: Money,
    /// Reserved by live orders.
    pub locked: Money,
}

/// Sizes of the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Accounts opened.
    pub accounts: u64,
    /// Orders accepted ever.
    pub orders: u64,
    /// Order lists accepted ever.
    pub lists: u64,
    /// Trades ever, over all markets.
    pub trades: u64,
    /// Orders live now, over all markets.
    pub live_orders: u64,
}

impl Exchange {
    /// Number of the last applied command; 0 before the first.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.seq
    }

    /// Time of the last applied command.
    #[must_use]
    pub const fn last_time(&self) -> Time {
        self.at
    }

    /// All assets, by id.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// All markets, by id.
    pub fn markets(&self) -> impl Iterator<Item = &Market> {
        self.desks.iter().map(|desk| &desk.market)
    }

    /// One market.
    #[must_use]
    pub fn market(&self, id: MarketId) -> Option<&Market> {
        self.desks.get(usize::from(id.0)).map(|desk| &desk.market)
    }

    /// All accounts, in order of opening.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountView> {
        self.accounts.iter()
    }

    /// One account.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&AccountView> {
        self.accounts.find(id).map(|holder| self.accounts.view(holder))
    }

    /// An account's balances that are or were above zero, by asset.
    pub fn balances(&self, id: AccountId) -> impl Iterator<Item = HeldBalance> {
        let rows = self.accounts.find(id).map(|holder| self.ledger.balances(holder));
        rows.into_iter().flatten().map(|(asset, b)| HeldBalance {
            asset,
            available: b.available,
            locked: b.locked,
        })
    }

    /// One balance; zero when there is none.
    #[must_use]
    pub fn balance(&self, id: AccountId, asset: AssetId) -> HeldBalance {
        let b = self.accounts.find(id).map(|holder| self.ledger.balance(holder, asset)).unwrap_or_default();
        HeldBalance { asset, available: b.available, locked: b.locked }
    }

    /// One live order.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&OrderView> {
        self.orders.find(id).map(|slot| &self.orders.at(slot).view)
    }

    /// An account's live orders on all markets, by market, then by id.
    pub fn open_orders(&self, id: AccountId) -> impl Iterator<Item = &OrderView> {
        let holder = self.accounts.find(id);
        holder.into_iter().flat_map(|holder| self.orders.of(holder)).map(|live| &live.view)
    }

    /// All live orders, by id. Allocates.
    pub fn live_orders(&self) -> impl Iterator<Item = &OrderView> {
        self.orders.by_id().into_iter().map(|live| &live.view)
    }

    /// One live order list.
    #[must_use]
    pub fn list(&self, id: ListId) -> Option<&ListView> {
        self.lists.find(id).map(|list| &list.view)
    }

    /// All live order lists, by id. Allocates.
    pub fn live_lists(&self) -> impl Iterator<Item = &ListView> {
        self.lists.by_id().into_iter().map(|list| &list.view)
    }

    /// The best `limit` levels of one side, best first, as (price, visible quantity), appended to `out`.
    pub fn depth(&self, market: MarketId, side: Side, limit: usize, out: &mut Vec<(Price, Qty)>) {
        if let Ok(desk) = self.desk(market) {
            out.extend(desk.book.levels(side).take(limit));
        }
    }

    /// The number of the last change of a market's book; 0 before the first.
    #[must_use]
    pub fn update_id(&self, market: MarketId) -> u64 {
        self.desk(market).map_or(0, |desk| desk.update_id)
    }

    /// The price of the last trade.
    #[must_use]
    pub fn last_price(&self, market: MarketId) -> Option<Price> {
        self.desk(market).ok().and_then(|desk| desk.book.last_price())
    }

    /// The volume-weighted average price over the market's window, as of `now`; the last price when nothing traded in it.
    #[must_use]
    pub fn average_price(&self, market: MarketId, now: Time) -> Option<Price> {
        self.desk(market).ok().and_then(|desk| desk.reference(now))
    }

    /// A memo of the host.
    #[must_use]
    pub fn memo(&self, slot: u8) -> Option<&[u8]> {
        self.memos.get(&slot).map(Vec::as_slice)
    }

    /// Fees collected in an asset.
    #[must_use]
    pub fn fees(&self, asset: AssetId) -> Money {
        self.ledger.fees(asset)
    }

    /// Deposits minus withdrawals of an asset.
    #[must_use]
    pub fn supply(&self, asset: AssetId) -> Money {
        self.ledger.supply(asset)
    }

    /// Sizes.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            accounts: self.accounts.len() as u64,
            orders: self.last_order,
            lists: self.last_list,
            trades: self.trades,
            live_orders: self.orders.len() as u64,
        }
    }
}
