//! The stored rows of the orders that a batch of changes tells of, read with a few statements for all of them.

use std::collections::{BTreeMap, BTreeSet};

use store::orders::{self, Order};
use store::{AccountId, OrderId, Reader, StoreError};
use types::OrderView;

use super::Key;
use crate::platform::projector::{Change, Owned};

/// Rows by their ids and by our names for them.
#[derive(Default)]
pub(super) struct Found {
    by_id: BTreeMap<OrderId, Order>,
    by_name: BTreeMap<(AccountId, String), Order>,
}

/// The names under which an order may be stored. A client id may be used again once its order is closed; the second order then gets its
/// number with it.
pub(super) fn names_of(view: &OrderView) -> [String; 2] {
    let plain = view.client_id.to_string();
    let numbered = format!("{plain}#{}", view.id.0);
    [plain, numbered]
}

impl Found {
    /// Reads what the tables have: of orders that are known to be `live` by their ids, of others by both names. Cost: a statement per
    /// 128 ids, and per 128 names of an account.
    pub(super) async fn read(
        reader: &mut Reader,
        live: &BTreeMap<(Key, types::OrderId), OrderId>,
        changes: &[(Owned, Change)],
    ) -> Result<Self, StoreError> {
        let mut ids = BTreeSet::new();
        let mut names: BTreeMap<AccountId, BTreeSet<String>> = BTreeMap::new();
        for (owned, change) in changes {
            let view = change.order();
            match live.get(&((owned.account, view.market), view.id)) {
                Some(id) => drop(ids.insert(*id)),
                None => names.entry(owned.account).or_default().extend(names_of(view)),
            }
        }
        let mut found = Self::default();
        let ids: Vec<OrderId> = ids.into_iter().collect();
        for order in orders::by_ids_of_all(reader, &ids).await? {
            // Also by name: one that ends in the batch is not known as live any more.
            found.by_name.insert((order.account_id, order.client_order_id.clone()), order.clone());
            found.by_id.insert(order.id, order);
        }
        for (account, names) in names {
            let names: Vec<String> = names.into_iter().collect();
            for order in orders::by_client_ids_of_all(reader, account, &names).await? {
                found.by_name.insert((account, order.client_order_id.clone()), order);
            }
        }
        Ok(found)
    }

    pub(super) fn by_id(&self, id: OrderId) -> Option<&Order> {
        self.by_id.get(&id)
    }

    pub(super) fn by_name(&self, account: AccountId, name: &str) -> Option<&Order> {
        self.by_name.get(&(account, name.to_owned()))
    }
}
