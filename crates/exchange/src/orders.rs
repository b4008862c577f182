//! The live orders: found by id, by (owner, client id) and, through the owner's seats, by market in order of acceptance.
//!
//! Invariants: a client id is in use by at most one live order of an account (O1); a seat's counters are the sums over
//! its orders. Cost: two hash insertions per order placed, two removals per order ended.

use crate::hash::hash_of;
use crate::seats::{NONE, Seat, Seats};
use crate::slab::Slab;
use hashbrown::HashTable;
use portfolio::Holder;
use types::{ClientOrderId, MarketId, OrderId, OrderStatus, OrderView, Price, Side};

/// The place of a live order.
pub(crate) type Slot = u32;

/// A live order.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// Its public state.
    pub(crate) view: OrderView,
    /// Its owner in the ledger.
    pub(crate) holder: Holder,
    /// The price at which its reservation is computed (see `holds`).
    pub(crate) cover: Price,
    /// How often it was amended.
    pub(crate) amends: u32,
    /// Neighbours among the owner's orders on the market, by order of acceptance.
    before: Slot,
    after: Slot,
}

/// Where a live order waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// For its list.
    Pending,
    /// For its trigger.
    Waiting,
    /// In the book (or on its way into it).
    Working,
}

impl Live {
    pub(crate) const fn new(view: OrderView, holder: Holder, cover: Price) -> Self {
        Self { view, holder, cover, amends: 0, before: NONE, after: NONE }
    }

    /// Where it waits; follows from its public state.
    pub(crate) const fn phase(&self) -> Phase {
        match (self.view.status, self.view.working_since) {
            (OrderStatus::PendingNew, _) => Phase::Pending,
            (_, None) => Phase::Waiting,
            (_, Some(_)) => Phase::Working,
        }
    }

    /// What it counts for in its owner's seat.
    fn weigh(&self, seat: &mut Seat, sign: i128) {
        let step = |count: &mut u32, applies: bool| {
            if applies {
                *count = if sign > 0 { *count + 1 } else { *count - 1 };
            }
        };
        step(&mut seat.orders, true);
        step(&mut seat.stops, self.view.terms.trigger().is_some() && self.phase() != Phase::Working);
        step(&mut seat.icebergs, self.view.terms.display().is_some());
        if self.view.side == Side::Buy {
            seat.open_buys += sign * i128::from(self.view.remaining().0);
        }
    }
}

/// All live orders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    slab: Slab<Live>,
    by_id: HashTable<Slot>,
    by_client: HashTable<Slot>,
    seats: Seats,
}

impl Orders {
    /// The live order with this id.
    pub(crate) fn find(&self, id: OrderId) -> Option<Slot> {
        self.by_id.find(hash_of(&id), |at| self.slab.at(*at).view.id == id).copied()
    }

    /// The live order with this client id of an account.
    pub(crate) fn find_client(&self, holder: Holder, client: &ClientOrderId) -> Option<Slot> {
        let same = |at: &Slot| {
            let live = self.slab.at(*at);
            live.holder == holder && live.view.client_id == *client
        };
        self.by_client.find(hash_of(&(holder, client)), same).copied()
    }

    pub(crate) fn at(&self, slot: Slot) -> &Live {
        self.slab.at(slot)
    }

    /// Changes an order and keeps its seat's counters right. The identity (ids, owner, market, side) must stay.
    pub(crate) fn change<R>(&mut self, slot: Slot, change: impl FnOnce(&mut Live) -> R) -> R {
        let live = self.slab.at_mut(slot);
        let seat = self.seats.take(live.holder, live.view.market);
        live.weigh(seat, -1);
        let result = change(live);
        live.weigh(seat, 1);
        result
    }

    /// Adds an order whose id is larger than that of all before it.
    pub(crate) fn insert(&mut self, mut live: Live) -> Slot {
        let (id, holder, client, market) = (live.view.id, live.holder, live.view.client_id, live.view.market);
        let seat = self.seats.take(holder, market);
        live.weigh(seat, 1);
        live.before = seat.last;
        let slot = self.slab.insert(live);
        if seat.last == NONE {
            seat.first = slot;
        } else {
            self.slab.at_mut(seat.last).after = slot;
        }
        seat.last = slot;
        let slab = &self.slab;
        self.by_id.insert_unique(hash_of(&id), slot, |at| hash_of(&slab.at(*at).view.id));
        self.by_client.insert_unique(hash_of(&(holder, &client)), slot, |at| client_hash(slab.at(*at)));
        slot
    }

    /// Forgets an order.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let live = self.slab.at(slot);
        let (before, after) = (live.before, live.after);
        if let Ok(entry) = self.by_id.find_entry(hash_of(&live.view.id), |at| *at == slot) {
            entry.remove();
        }
        if let Ok(entry) = self.by_client.find_entry(client_hash(live), |at| *at == slot) {
            entry.remove();
        }
        let seat = self.seats.take(live.holder, live.view.market);
        live.weigh(seat, -1);
        match before {
            NONE => seat.first = after,
            before => self.slab.at_mut(before).after = after,
        }
        match after {
            NONE => seat.last = before,
            after => self.slab.at_mut(after).before = before,
        }
        self.slab.free(slot);
    }

    /// Gives an order another client id, which must be free.
    pub(crate) fn rename(&mut self, slot: Slot, client: ClientOrderId) {
        if let Ok(entry) = self.by_client.find_entry(client_hash(self.slab.at(slot)), |at| *at == slot) {
            entry.remove();
        }
        self.slab.at_mut(slot).view.client_id = client;
        let slab = &self.slab;
        self.by_client.insert_unique(client_hash(slab.at(slot)), slot, |at| client_hash(slab.at(*at)));
    }

    /// What an account has on a market.
    pub(crate) fn seat(&self, holder: Holder, market: MarketId) -> Seat {
        self.seats.get(holder, market).copied().unwrap_or_else(|| Seat::new(market))
    }

    /// The account's count of live lists on a market changes.
    pub(crate) fn count_list(&mut self, holder: Holder, market: MarketId, begins: bool) {
        let seat = self.seats.take(holder, market);
        seat.lists = if begins { seat.lists + 1 } else { seat.lists - 1 };
    }

    /// The owner's first live order on a market, and then the one after each.
    pub(crate) fn first_of(&self, holder: Holder, market: MarketId) -> Option<Slot> {
        self.seats.get(holder, market).map(|s| s.first).filter(|slot| *slot != NONE)
    }

    /// See [`Orders::first_of`].
    pub(crate) fn next_of(&self, slot: Slot) -> Option<Slot> {
        Some(self.slab.at(slot).after).filter(|slot| *slot != NONE)
    }

    /// An account's live orders by market, then id.
    pub(crate) fn of(&self, holder: Holder) -> impl Iterator<Item = &Live> {
        self.seats.of(holder).iter().flat_map(|seat| {
            let first = Some(seat.first).filter(|slot| *slot != NONE);
            std::iter::successors(first, |slot| self.next_of(*slot)).map(|slot| self.slab.at(slot))
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// All live orders, in no order that may become visible.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Live> {
        self.slab.iter()
    }

    /// All live orders by id. Allocates.
    pub(crate) fn by_id(&self) -> Vec<&Live> {
        let mut all: Vec<&Live> = self.slab.iter().collect();
        all.sort_unstable_by_key(|live| live.view.id);
        all
    }

    /// True if every seat's counters are the sums over its orders, and both look-up tables find every order.
    /// `lists` tells how many live lists an account has on a market.
    pub(crate) fn is_consistent(&self, lists: impl Fn(Holder, MarketId) -> u32) -> bool {
        let found = self.slab.iter().all(|live| {
            let by_client = self.find_client(live.holder, &live.view.client_id);
            self.find(live.view.id).is_some_and(|slot| by_client == Some(slot))
        });
        let mut seated = 0;
        let mut counted = true;
        for (holder, seat) in self.seats.iter() {
            let mut sum = Seat::new(seat.market);
            let mut next = Some(seat.first).filter(|slot| *slot != NONE);
            while let Some(slot) = next {
                self.slab.at(slot).weigh(&mut sum, 1);
                seated += 1;
                next = self.next_of(slot);
            }
            sum.lists = lists(holder, seat.market);
            (sum.first, sum.last) = (seat.first, seat.last);
            counted &= sum == *seat;
        }
        found
            && counted
            && seated == self.slab.len()
            && self.by_id.len() == seated
            && self.by_client.len() == seated
    }
}

fn client_hash(live: &Live) -> u64 {
    hash_of(&(live.holder, &live.view.client_id))
}
