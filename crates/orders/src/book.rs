//! All orders of a shard that may still change, and the last of those that ended.

use std::collections::{BTreeMap, VecDeque};

use types::{ClientOrderId, Report};

use crate::limits::{ENDED_MAX, OPEN_MAX};
use crate::{Anomaly, Change, Order, State};

/// How often something came that should not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    /// Trades or states reported again.
    pub repeated: u64,
    /// States that cannot follow.
    pub illegal: u64,
    /// More filled than asked for.
    pub overfills: u64,
    /// Orders that nobody here knows.
    pub not_ours: u64,
    /// Fills booked after their order had ended.
    pub late_fills: u64,
}

/// The orders of a shard by client id.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    pub(crate) open: BTreeMap<ClientOrderId, Order>,
    pub(crate) ended: BTreeMap<ClientOrderId, Order>,
    /// Ended ones, oldest first.
    pub(crate) order_of_end: VecDeque<ClientOrderId>,
    pub(crate) anomalies: Anomalies,
}

impl OrderBook {
    /// Records an intent before it leaves. `false` when the shard is full or the id is known already: it must not leave.
    pub fn record(&mut self, order: Order) -> bool {
        let known = self.open.contains_key(&order.client_id) || self.ended.contains_key(&order.client_id);
        if known || self.open.len() >= OPEN_MAX {
            return false;
        }
        self.open.insert(order.client_id, order);
        true
    }

    /// Whether so many more intents can be recorded.
    #[must_use]
    pub fn has_room(&self, orders: usize) -> bool {
        self.open.len() + orders <= OPEN_MAX
    }

    /// An order that has not ended, or one of the last that did.
    #[must_use]
    pub fn get(&self, id: &ClientOrderId) -> Option<&Order> {
        self.open.get(id).or_else(|| self.ended.get(id))
    }

    /// Marks an order as sent.
    ///
    /// # Errors
    /// The [`Anomaly`]; nothing changed.
    pub fn sent(&mut self, id: &ClientOrderId) -> Result<Change, Anomaly> {
        self.open.get_mut(id).ok_or(Anomaly::NotOurs)?.sent()
    }

    /// Notes that a cancel was asked for; `false` if there is nothing to cancel or it was asked before.
    pub fn ask_cancel(&mut self, id: &ClientOrderId) -> bool {
        self.open.get_mut(id).is_some_and(|order| !std::mem::replace(&mut order.cancel_asked, true))
    }

    /// Takes in a venue's report.
    ///
    /// # Errors
    /// The [`Anomaly`], counted; nothing changed.
    pub fn report(&mut self, report: &Report) -> Result<Change, Anomaly> {
        let id = &report.client_id;
        let late = !self.open.contains_key(id);
        let order = if late { self.ended.get_mut(id) } else { self.open.get_mut(id) };
        let result = match order {
            Some(order) if order.market == report.market => order.report(&report.outcome),
            _ => Err(Anomaly::NotOurs),
        };
        match &result {
            Ok(Change::Filled { .. }) if late => self.anomalies.late_fills += 1,
            Ok(_) => {}
            Err(Anomaly::RepeatedFill | Anomaly::Repeated) => self.anomalies.repeated += 1,
            Err(Anomaly::Illegal { .. }) => self.anomalies.illegal += 1,
            Err(Anomaly::Overfill) => self.anomalies.overfills += 1,
            Err(Anomaly::NotOurs) => self.anomalies.not_ours += 1,
        }
        if !late {
            self.retire(id);
        }
        result
    }

    /// Moves an order that has ended out of the way.
    fn retire(&mut self, id: &ClientOrderId) {
        if !self.open.get(id).is_some_and(|order| order.state.is_terminal()) {
            return;
        }
        if let Some((id, order)) = self.open.remove_entry(id) {
            self.ended.insert(id, order);
            self.order_of_end.push_back(id);
        }
        if self.order_of_end.len() > ENDED_MAX {
            let oldest = self.order_of_end.pop_front();
            oldest.and_then(|id| self.ended.remove(&id));
        }
    }

    /// Orders that may still trade, by client id.
    pub fn open(&self) -> impl Iterator<Item = &Order> {
        self.open.values()
    }

    /// The last of those that ended, oldest first.
    pub fn ended(&self) -> impl Iterator<Item = &Order> {
        self.order_of_end.iter().filter_map(|id| self.ended.get(id))
    }

    /// Orders whose fate is not known.
    pub fn unknown(&self) -> impl Iterator<Item = &Order> {
        self.open().filter(|order| order.state == State::Unknown)
    }

    /// What should not have come.
    #[must_use]
    pub const fn anomalies(&self) -> Anomalies {
        self.anomalies
    }
}

#[cfg(test)]
mod tests {
    use types::{AccountId, MarketId, Outcome, Price, Qty, Side, Terms, Time, TimeInForce};

    use super::*;
    use crate::{BotId, Identity};

    fn order(decision: u64) -> Order {
        let identity =
            Identity { installation: 1, account: AccountId(1), bot: BotId(1), decision, attempt: 0 };
        let terms = Terms::Limit { price: Price(1), qty: Qty(1), tif: TimeInForce::Gtc, display: None };
        Order::new(identity, 0, MarketId(0), Side::Buy, terms, Time(0))
    }

    fn report(order: &Order, outcome: Outcome) -> Report {
        Report { market: order.market, client_id: order.client_id, outcome }
    }

    #[test]
    fn o1_an_identity_is_recorded_once_also_after_its_end() {
        let mut book = OrderBook::default();
        assert!(book.record(order(1)));
        assert!(!book.record(order(1)));
        book.report(&report(&order(1), Outcome::Canceled)).unwrap();
        assert_eq!(book.open().count(), 0);
        assert!(!book.record(order(1)));
        assert_eq!(book.report(&report(&order(1), Outcome::Canceled)), Err(Anomaly::Repeated));
        assert_eq!(book.anomalies().repeated, 1);
    }

    #[test]
    fn memory_of_ended_orders_is_bounded() {
        let mut book = OrderBook::default();
        for n in 0..ENDED_MAX as u64 + 5 {
            book.record(order(n));
            book.report(&report(&order(n), Outcome::Expired)).unwrap();
        }
        assert!(book.get(&order(4).client_id).is_none());
        assert!(book.get(&order(5).client_id).is_some());
    }

    #[test]
    fn reports_about_strangers_are_counted() {
        let mut book = OrderBook::default();
        assert_eq!(book.report(&report(&order(1), Outcome::Canceled)), Err(Anomaly::NotOurs));
        book.record(order(1));
        let elsewhere = Report { market: MarketId(5), ..report(&order(1), Outcome::Canceled) };
        assert_eq!(book.report(&elsewhere), Err(Anomaly::NotOurs));
        assert_eq!(book.anomalies().not_ours, 2);
    }
}
