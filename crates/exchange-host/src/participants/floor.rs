//! What participants see of the exchange: their own orders and balances. They need no more, as they make the market.

use exchange::Exchange;
use types::{AccountId, AssetId, Market, Money, OrderView};

/// The exchange as participants see it: the core itself in virtual time, the views in a running host.
pub trait Floor {
    /// All markets, by id.
    fn markets(&self) -> Vec<Market>;
    /// Whether an account is open.
    fn is_open(&self, account: AccountId) -> bool;
    /// Calls `each` for every live order of an account, in any order.
    fn orders(&self, account: AccountId, each: &mut dyn FnMut(&OrderView));
    /// What an account has of an asset, available and locked.
    fn holding(&self, account: AccountId, asset: AssetId) -> (Money, Money);
}

impl Floor for Exchange {
    fn markets(&self) -> Vec<Market> {
        Self::markets(self).cloned().collect()
    }

    fn is_open(&self, account: AccountId) -> bool {
        self.account(account).is_some()
    }

    fn orders(&self, account: AccountId, each: &mut dyn FnMut(&OrderView)) {
        self.open_orders(account).for_each(each);
    }

    fn holding(&self, account: AccountId, asset: AssetId) -> (Money, Money) {
        let held = self.balance(account, asset);
        (held.available, held.locked)
    }
}
