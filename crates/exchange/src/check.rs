//! The invariants of the specification, checked on the whole state by code that shares nothing with the code that keeps
//! them but the reservation formula.

use crate::Exchange;
use crate::holds::{own_hold, paying_asset};
use crate::orders::{Live, Phase};
use portfolio::Holder;
use std::collections::{BTreeMap, BTreeSet};
use types::{AssetId, MarketId, OrderId, OrderStatus, Side};

/// A broken invariant, by its id in the specification (`L1`, `O4`, ...) and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant.
    pub id: &'static str,
    /// What was found, for people.
    pub found: String,
}

impl Exchange {
    /// Checks the state's invariants: L1 and L3 on the ledger, L4 (locked = Σ reservations), O1 (client ids), O2 (no
    /// terminal order lives, filled ≤ quantity), O4 (book not crossed, priority order, book = live working orders), O6 (no
    /// zero quantity). L2, L5 and O3 are about events: a transaction that breaks L2 is not booked, and the tests
    /// recompute fees and fills from events. Cost: linear in accounts and n log n in live orders.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.check_ledger(&mut found);
        self.check_holds(&mut found);
        self.check_orders(&mut found);
        self.check_books(&mut found);
        found
    }

    /// L1 and L3 alone: one pass over the balances.
    #[must_use]
    pub fn check_conservation(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.check_ledger(&mut found);
        found
    }

    fn check_ledger(&self, found: &mut Vec<Violation>) {
        for asset in self.ledger.unbalanced_assets() {
            let found_text = format!("asset {asset}: the pots do not add up to the supply");
            found.push(Violation { id: "L1", found: found_text });
        }
        for touched in self.ledger.overdrawn() {
            found.push(Violation { id: "L3", found: format!("{touched:?} is below zero") });
        }
    }

    fn check_holds(&self, found: &mut Vec<Violation>) {
        let mut expected: BTreeMap<(u32, AssetId), i128> = BTreeMap::new();
        let mut add = |live: &Live, amount: i128| {
            let market = &self.desks[usize::from(live.view.market.0)].market;
            *expected.entry((live.holder.0, paying_asset(market, live.view.side))).or_default() += amount;
        };
        let mut paired: BTreeMap<OrderId, i128> = BTreeMap::new();
        for live in self.orders.by_id() {
            let own = own_hold(&self.desks[usize::from(live.view.market.0)].market, live).0;
            let pair = live.view.list.and_then(|id| self.lists.find(id)).and_then(|list| list.pair());
            match pair.filter(|pair| pair.contains(&live.view.id)) {
                // Of a pair, the larger reservation counts: the first leg's now, and what the second exceeds it by.
                Some(pair) => {
                    let first = *paired.get(&pair[0]).unwrap_or(&0);
                    paired.insert(pair[0], own.max(first));
                    add(live, (own - first).max(0));
                }
                None => add(live, own),
            }
        }
        let holders = (0..self.ledger.holders()).map(Holder);
        let balances =
            holders.flat_map(|h| self.ledger.balances(h).map(move |(asset, b)| (h.0, asset, b.locked.0)));
        for (holder, asset, locked) in balances.filter(|(_, _, locked)| *locked != 0) {
            let reserved = expected.remove(&(holder, asset)).unwrap_or_default();
            if reserved != locked {
                let found_text =
                    format!("holder {holder} asset {asset}: reserved {reserved}, locked {locked}");
                found.push(Violation { id: "L4", found: found_text });
            }
        }
        for (key, reserved) in expected.into_iter().filter(|(_, reserved)| *reserved != 0) {
            let found_text = format!("holder {} asset {}: reserved {reserved}, locked nothing", key.0, key.1);
            found.push(Violation { id: "L4", found: found_text });
        }
    }

    fn check_orders(&self, found: &mut Vec<Violation>) {
        let lists = self.lists.by_id();
        let mut counts: BTreeMap<(Holder, MarketId), u32> = BTreeMap::new();
        for list in &lists {
            *counts.entry((list.holder, list.view.market)).or_default() += 1;
        }
        let count = |holder, market| counts.get(&(holder, market)).copied().unwrap_or_default();
        let mut clients = BTreeSet::new();
        for live in self.orders.by_id() {
            let view = &live.view;
            if !clients.insert((live.holder, view.client_id)) {
                let found_text = format!("{} has {} twice", view.account, view.client_id);
                found.push(Violation { id: "O1", found: found_text });
            }
            let used = i128::from(view.executed.0) + i128::from(view.prevented.0);
            let status_fits = (view.executed.0 > 0) == (view.status == OrderStatus::PartiallyFilled);
            if view.status.is_terminal() || used > i128::from(view.qty.0) || !status_fits {
                found.push(Violation { id: "O2", found: format!("{view:?}") });
            }
            if view.remaining().0 <= 0 || view.terms.qty() != Some(view.qty) {
                found.push(Violation { id: "O6", found: format!("{view:?}") });
            }
        }
        if !self.orders.is_consistent(count) {
            let found_text = "a look-up table or a counter does not fit the live orders".to_owned();
            found.push(Violation { id: "O1", found: found_text });
        }
        for list in lists {
            if self.first_leg(list.view.id).is_none() {
                let found_text = format!("list {} has no live order", list.view.id);
                found.push(Violation { id: "O2", found: found_text });
            }
        }
    }

    fn check_books(&self, found: &mut Vec<Violation>) {
        let mut outside = 0_usize;
        for desk in &self.desks {
            let market = desk.market.id;
            let (bid, ask) = (desk.book.best(Side::Buy), desk.book.best(Side::Sell));
            if bid.zip(ask).is_some_and(|(bid, ask)| bid >= ask) {
                let found_text = format!("market {market}: bid {bid:?} is not below ask {ask:?}");
                found.push(Violation { id: "O4", found: found_text });
            }
            for side in [Side::Buy, Side::Sell] {
                let mut before = None;
                for rest in desk.book.orders(side) {
                    outside += 1;
                    let price = if side == Side::Buy { -rest.price.0 } else { rest.price.0 };
                    let sorted = before.is_none_or(|b| b < (price, rest.arrival));
                    before = Some((price, rest.arrival));
                    let live = self.orders.find(rest.id).map(|slot| self.orders.at(slot));
                    let same = live.is_some_and(|live| {
                        let v = &live.view;
                        let identity = (v.account, v.market, v.side, v.terms.price());
                        identity == (rest.owner, market, side, Some(rest.price))
                            && v.remaining() == rest.left
                            && live.phase() == Phase::Working
                    });
                    if !sorted || !same {
                        let found_text = format!("market {market}: {rest:?} against {live:?}");
                        found.push(Violation { id: "O4", found: found_text });
                    }
                }
            }
            for waiting in desk.triggers.iter() {
                outside += 1;
                let live = self.orders.find(waiting.order.id).map(|slot| self.orders.at(slot));
                if !live.is_some_and(|l| l.phase() == Phase::Waiting && l.view.market == market) {
                    let found_text = format!("market {market}: {waiting:?} against {live:?}");
                    found.push(Violation { id: "O4", found: found_text });
                }
            }
        }
        let placed = self.orders.by_id().iter().filter(|l| l.phase() != Phase::Pending).count();
        if placed != outside {
            let found_text = format!("{placed} orders are placed, {outside} stand in books and triggers");
            found.push(Violation { id: "O4", found: found_text });
        }
    }
}
