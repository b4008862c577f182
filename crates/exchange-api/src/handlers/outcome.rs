//! What a command did to the caller's orders, read from its receipt.

use exchange_host::Receipt;
use exchange_host::view::OrderRecord;
use types::event::{OrderChange, execution_id};
use types::{AccountId, ClientOrderId, Event, ListView, OrderId, OrderView};

use crate::render::order::Placed;

/// A receipt as one account sees it.
pub(super) struct Outcome<'a> {
    pub(super) receipt: &'a Receipt,
    account: AccountId,
}

impl<'a> Outcome<'a> {
    pub(super) const fn new(receipt: &'a Receipt, account: AccountId) -> Self {
        Self { receipt, account }
    }

    fn changes(&self) -> impl Iterator<Item = (&'a OrderView, &'a OrderChange)> {
        let account = self.account;
        self.receipt.events.iter().filter_map(move |event| match event {
            Event::Order { order, change } if order.account == account => Some((order, change)),
            _ => None,
        })
    }

    /// The order that the command made under this client id.
    pub(super) fn made(&self, client_id: ClientOrderId) -> Option<Placed> {
        let mut changes = self.changes();
        let (order, _) =
            changes.find(|(order, change)| order.client_id == client_id && **change == OrderChange::New)?;
        self.order(order.id)
    }

    /// The last state of an order that the command touched, with its fills.
    pub(super) fn order(&self, id: OrderId) -> Option<Placed> {
        let (mut last, mut fills, mut prevented) = (None, Vec::new(), Vec::new());
        let (mut expiry, mut prevented_match) = (None, None);
        for (order, change) in self.changes().filter(|(order, _)| order.id == id) {
            last = Some(*order);
            match change {
                OrderChange::Trade(fill) => fills.push(*fill),
                OrderChange::Expired(reason) => expiry = Some(*reason),
                OrderChange::SelfTradePrevented(match_) => {
                    prevented_match = Some(match_.number);
                    if match_.taker == id {
                        prevented.push(*match_);
                    }
                }
                _ => {}
            }
        }
        let record = OrderRecord { order: last?, expiry, prevented_match };
        Some(Placed { record, fills, prevented, at: self.receipt.at })
    }

    /// The number of an order's amendment.
    pub(super) fn amended(&self, id: OrderId) -> Option<u64> {
        let account = self.account;
        let index = self.receipt.events.iter().position(|event| {
            matches!(event, Event::Order { order, change: OrderChange::Amended { .. } }
                if order.account == account && order.id == id)
        })?;
        Some(execution_id(self.receipt.seq, index))
    }

    /// The orders that the command cancelled, in order.
    pub(super) fn canceled(&self) -> Vec<OrderId> {
        let canceled = self.changes().filter(|(_, change)| matches!(change, OrderChange::Canceled { .. }));
        canceled.map(|(order, _)| order.id).collect()
    }

    /// The last state of each list that the command touched, in order of first touch.
    pub(super) fn lists(&self) -> Vec<ListView> {
        let mut lists: Vec<ListView> = Vec::new();
        for event in self.receipt.events.iter() {
            if let Event::List(list) = event
                && list.account == self.account
            {
                match lists.iter_mut().find(|have| have.id == list.id) {
                    Some(have) => *have = *list,
                    None => lists.push(*list),
                }
            }
        }
        lists
    }
}
