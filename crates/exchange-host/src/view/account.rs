//! The private side: accounts, balances, orders, order lists, fills, prevented matches. Every call names the account it asks
//! for, so nobody sees what is not theirs (invariant F1).

use history::{AccountFill, Failure, PreventedMatch, Range};
use types::command::{ListTarget, Target};
use types::event::AccountView;
use types::{AccountId, AccountName, AssetId, ListView, MarketId, Money, OrderId, OrderView, Time};

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
    /// When one last changed since this process recovered; the recovery's time of the last command before.
    pub updated: Time,
}

impl View {
    /// An account's public terms.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<AccountView> {
        let _ = account;
        None
    }

    /// The account with this name.
    #[must_use]
    pub fn account_by_name(&self, name: &AccountName) -> Option<AccountView> {
        let _ = name;
        None
    }

    /// All accounts, by id.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountView> {
        Vec::new()
    }

    /// All holdings of an account.
    #[must_use]
    pub fn balances(&self, account: AccountId) -> Balances {
        let _ = account;
        Balances::default()
    }

    /// One order, live or closed. A client id means the live order with it, else the one that closed last.
    pub fn order(
        &self,
        account: AccountId,
        market: MarketId,
        target: &Target,
    ) -> Result<Option<OrderRecord>, Failure> {
        let _ = (account, market, target);
        Ok(None)
    }

    /// The live orders of an account (on one market), by id.
    #[must_use]
    pub fn open_orders(&self, account: AccountId, market: Option<MarketId>) -> Vec<OrderView> {
        let _ = (account, market);
        Vec::new()
    }

    /// Live and closed orders by id; times are those of acceptance.
    pub fn orders(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<OrderRecord>, Failure> {
        let _ = (account, market, range);
        Ok(Vec::new())
    }

    /// Fills (of one order) by trade id.
    pub fn fills(
        &self,
        account: AccountId,
        market: MarketId,
        order: Option<OrderId>,
        range: &Range,
    ) -> Result<Vec<AccountFill>, Failure> {
        let _ = (account, market, order, range);
        Ok(Vec::new())
    }

    /// One order list, live or closed. A client id means the live list with it, else the one that closed last.
    pub fn list(&self, account: AccountId, target: &ListTarget) -> Result<Option<ListView>, Failure> {
        let _ = (account, target);
        Ok(None)
    }

    /// The live order lists of an account, by id.
    #[must_use]
    pub fn open_lists(&self, account: AccountId) -> Vec<ListView> {
        let _ = account;
        Vec::new()
    }

    /// Live and closed order lists by id.
    pub fn lists(&self, account: AccountId, range: &Range) -> Result<Vec<ListView>, Failure> {
        let _ = (account, range);
        Ok(Vec::new())
    }

    /// Prevented matches by their number.
    pub fn prevented_matches(
        &self,
        account: AccountId,
        market: MarketId,
        range: &Range,
    ) -> Result<Vec<PreventedMatch>, Failure> {
        let _ = (account, market, range);
        Ok(Vec::new())
    }
}
