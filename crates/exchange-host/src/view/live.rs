//! Accounts, balances, live orders and live lists, as the durable events left them. Bounded by what the core allows to live.

use std::collections::{BTreeMap, HashMap};

use exchange::Exchange;
use types::event::AccountView;
use types::order::ListStatus;
use types::{
    AccountId, AccountName, AssetId, ClientOrderId, Event, ListId, ListView, MarketId, OrderId, OrderView,
    Time,
};

use super::Balance;

/// Everything that is alive.
#[derive(Debug, Default)]
pub(super) struct Live {
    accounts: HashMap<AccountId, Account>,
    names: HashMap<AccountName, AccountId>,
}

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) view: AccountView,
    pub(super) balances: BTreeMap<AssetId, Balance>,
    /// When a balance last changed.
    pub(super) updated: Time,
    pub(super) orders: BTreeMap<OrderId, OrderView>,
    by_client: HashMap<(MarketId, ClientOrderId), OrderId>,
    pub(super) lists: BTreeMap<ListId, ListView>,
}

impl Live {
    /// What is alive on a recovered exchange.
    pub(super) fn of(exchange: &Exchange) -> Self {
        let mut live = Self::default();
        for view in exchange.accounts() {
            let account = live.account_mut(*view);
            account.updated = exchange.last_time();
            for held in exchange.balances(view.id) {
                let balance = Balance { asset: held.asset, available: held.available, locked: held.locked };
                account.balances.insert(held.asset, balance);
            }
        }
        for order in exchange.live_orders() {
            live.put_order(order);
        }
        for list in exchange.live_lists() {
            live.put_list(list);
        }
        live
    }

    /// Takes in one command's events. Cost: a hash look-up and a tree operation per order or balance.
    pub(super) fn apply(&mut self, at: Time, events: &[Event]) {
        for event in events {
            match event {
                Event::Account(view) => self.account_mut(*view).view = *view,
                Event::Balance { account, asset, available, locked } => {
                    if let Some(account) = self.accounts.get_mut(account) {
                        account.updated = at;
                        let balance = Balance { asset: *asset, available: *available, locked: *locked };
                        account.balances.insert(*asset, balance);
                    }
                }
                Event::Order { order, .. } => self.put_order(order),
                Event::List(list) => self.put_list(list),
                Event::AssetListed(_)
                | Event::MarketListed(_)
                | Event::Transfer { .. }
                | Event::Trade(_)
                | Event::Level { .. }
                | Event::Refused { .. } => {}
            }
        }
    }

    pub(super) fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(super) fn by_name(&self, name: &AccountName) -> Option<&Account> {
        self.names.get(name).and_then(|id| self.accounts.get(id))
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The account, which is made on its first event.
    fn account_mut(&mut self, view: AccountView) -> &mut Account {
        self.names.insert(view.name, view.id);
        self.accounts.entry(view.id).or_insert_with(|| Account {
            view,
            balances: BTreeMap::new(),
            updated: Time::default(),
            orders: BTreeMap::new(),
            by_client: HashMap::new(),
            lists: BTreeMap::new(),
        })
    }

    fn put_order(&mut self, order: &OrderView) {
        let Some(account) = self.accounts.get_mut(&order.account) else { return };
        let client = (order.market, order.client_id);
        if order.status.is_terminal() {
            account.forget(order.id);
            return;
        }
        if let Some(before) = account.orders.insert(order.id, *order)
            && before.client_id != order.client_id
        {
            // An amendment may have given it a new client id.
            account.forget_client(&(before.market, before.client_id), order.id);
        }
        account.by_client.insert(client, order.id);
    }

    fn put_list(&mut self, list: &ListView) {
        let Some(account) = self.accounts.get_mut(&list.account) else { return };
        match list.status {
            ListStatus::Executing => account.lists.insert(list.id, *list),
            ListStatus::AllDone | ListStatus::Rejected => account.lists.remove(&list.id),
        };
    }
}

impl Account {
    /// The live order with this client id.
    pub(super) fn by_client(&self, market: MarketId, client_id: ClientOrderId) -> Option<&OrderView> {
        self.by_client.get(&(market, client_id)).and_then(|id| self.orders.get(id))
    }

    /// The live list with this client id: few lists are alive, so they are searched.
    pub(super) fn list_by_client(&self, client_id: ClientOrderId) -> Option<&ListView> {
        self.lists.values().find(|list| list.client_id == client_id)
    }

    fn forget(&mut self, id: OrderId) {
        if let Some(order) = self.orders.remove(&id) {
            self.forget_client(&(order.market, order.client_id), id);
        }
    }

    /// A client id may be in use by a newer order already.
    fn forget_client(&mut self, client: &(MarketId, ClientOrderId), id: OrderId) {
        if self.by_client.get(client) == Some(&id) {
            self.by_client.remove(client);
        }
    }
}
