//! The yardstick: the book one writes first. A BTreeMap of levels per side, intrusive queues in a slab, a hash index,
//! and the same events as our book into a reused buffer.

use crate::engine::{Engine, digest_levels};
use crate::workload::{Command, pays};
use hashbrown::HashMap;
use matching::{MatchEvent, Removal};
use std::collections::BTreeMap;
use types::{AccountId, OrderId, Price, Qty, Side};

pub const NAME: &str = "BTreeMap";
const NIL: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Order {
    id: u64,
    left: u64,
    price: u64,
    owner: u32,
    prev: u32,
    next: u32,
    side: Side,
}

struct Level {
    head: u32,
    tail: u32,
    sum: u64,
}

pub struct Plain {
    bids: BTreeMap<u64, Level>,
    asks: BTreeMap<u64, Level>,
    slab: Vec<Order>,
    free: Vec<u32>,
    index: HashMap<u64, u32>,
    events: Vec<MatchEvent>,
}

impl Plain {
    fn tell_level(events: &mut Vec<MatchEvent>, side: Side, price: u64, sum: u64) {
        let (price, qty) = (Price(price.cast_signed()), Qty(sum.cast_signed()));
        events.push(MatchEvent::Level { side, price, qty });
    }

    fn take(&mut self, taker: u64, side: Side, mut left: u64, limit: Option<u64>) -> u64 {
        while left > 0 {
            let entry = match side {
                Side::Buy => self.asks.first_entry(),
                Side::Sell => self.bids.last_entry(),
            };
            let Some(mut entry) = entry else { break };
            let price = *entry.key();
            let reached =
                limit.is_none_or(|limit| if side == Side::Buy { price <= limit } else { price >= limit });
            if !reached {
                break;
            }
            let level = entry.get_mut();
            while left > 0 && level.head != NIL {
                let slot = level.head;
                let maker = &mut self.slab[slot as usize];
                let qty = left.min(maker.left);
                left -= qty;
                maker.left -= qty;
                level.sum -= qty;
                self.events.push(MatchEvent::Fill {
                    maker: OrderId(maker.id),
                    maker_owner: AccountId(maker.owner),
                    taker: OrderId(taker),
                    price: Price(price.cast_signed()),
                    qty: Qty(qty.cast_signed()),
                    maker_left: Qty(maker.left.cast_signed()),
                });
                if maker.left == 0 {
                    let (id, next) = (maker.id, maker.next);
                    level.head = next;
                    match next {
                        NIL => level.tail = NIL,
                        _ => self.slab[next as usize].prev = NIL,
                    }
                    self.index.remove(&id);
                    self.free.push(slot);
                }
            }
            Self::tell_level(
                &mut self.events,
                if side == Side::Buy { Side::Sell } else { Side::Buy },
                price,
                level.sum,
            );
            if level.head == NIL {
                entry.remove();
            }
        }
        left
    }

    fn limit(&mut self, id: u64, side: Side, price: u64, qty: u64, owner: u32) {
        let left = self.take(id, side, qty, Some(price));
        if left == 0 {
            return;
        }
        let levels = if side == Side::Buy { &mut self.bids } else { &mut self.asks };
        let level = levels.entry(price).or_insert(Level { head: NIL, tail: NIL, sum: 0 });
        let order = Order { id, left, price, owner, prev: level.tail, next: NIL, side };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slab[slot as usize] = order;
                slot
            }
            None => {
                self.slab.push(order);
                u32::try_from(self.slab.len() - 1).expect("fewer than 2^32 orders")
            }
        };
        match level.tail {
            NIL => level.head = slot,
            tail => self.slab[tail as usize].next = slot,
        }
        level.tail = slot;
        level.sum += left;
        self.index.insert(id, slot);
        self.events.push(MatchEvent::Rested { id: OrderId(id), left: Qty(left.cast_signed()) });
        Self::tell_level(&mut self.events, side, price, level.sum);
    }

    fn cancel(&mut self, id: u64) {
        let Some(slot) = self.index.remove(&id) else { return };
        let Order { left, price, side, prev, next, .. } = self.slab[slot as usize];
        let levels = if side == Side::Buy { &mut self.bids } else { &mut self.asks };
        let level = levels.get_mut(&price).expect("an order has a level");
        match prev {
            NIL => level.head = next,
            _ => self.slab[prev as usize].next = next,
        }
        match next {
            NIL => level.tail = prev,
            _ => self.slab[next as usize].prev = prev,
        }
        level.sum -= left;
        let reason = Removal::Canceled;
        self.events.push(MatchEvent::Removed { id: OrderId(id), left: Qty(left.cast_signed()), reason });
        Self::tell_level(&mut self.events, side, price, level.sum);
        if level.head == NIL {
            levels.remove(&price);
        }
        self.free.push(slot);
    }

    fn reduce(&mut self, id: u64, left: u64) {
        let Some(slot) = self.index.get(&id) else { return };
        let order = &mut self.slab[*slot as usize];
        let less = order.left - left;
        order.left = left;
        let levels = if order.side == Side::Buy { &mut self.bids } else { &mut self.asks };
        let level = levels.get_mut(&order.price).expect("an order has a level");
        level.sum -= less;
        self.events.push(MatchEvent::Reduced { id: OrderId(id), left: Qty(left.cast_signed()) });
        Self::tell_level(&mut self.events, order.side, order.price, level.sum);
    }

    /// What a quantity would fill and cost.
    fn cost(&self, side: Side, qty: u64) -> (u64, u128) {
        let (mut filled, mut cost) = (0, 0);
        let mut add = |(price, level): (&u64, &Level)| {
            let part = level.sum.min(qty - filled);
            filled += part;
            cost += u128::from(part) * u128::from(*price);
            filled < qty
        };
        match side {
            Side::Buy => self.asks.iter().all(&mut add),
            Side::Sell => self.bids.iter().rev().all(&mut add),
        };
        (filled, cost)
    }

    fn market(&mut self, id: u64, side: Side, qty: u64) {
        let left = self.take(id, side, qty, None);
        if left > 0 {
            let (id, left) = (OrderId(id), Qty(left.cast_signed()));
            self.events.push(MatchEvent::Removed { id, left, reason: Removal::NoLiquidity });
        }
    }
}

impl Engine for Plain {
    fn new() -> Self {
        Self {
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            index: HashMap::new(),
            events: Vec::new(),
        }
    }

    fn run(&mut self, command: &Command) {
        self.events.clear();
        match *command {
            Command::Limit { id, side, price, qty, owner } => self.limit(id, side, price, qty, owner),
            Command::Immediate { id, side, qty, .. } => self.market(id, side, qty),
            Command::AllForBudget { id, side, qty, budget, .. } => {
                let (filled, cost) = self.cost(side, qty);
                if pays(side, qty, budget, filled, cost) {
                    self.market(id, side, qty);
                }
            }
            Command::Cancel { id } => self.cancel(id),
            Command::Reduce { id, left } => self.reduce(id, left),
            Command::Move { id, side, price, qty, owner } => {
                self.cancel(id);
                self.limit(id, side, price, qty, owner);
            }
        }
    }

    fn trades(&self, tell: &mut dyn FnMut(u64, u64, u64)) {
        for event in &self.events {
            if let MatchEvent::Fill { maker, price, qty, .. } = event {
                tell(maker.0, price.0.cast_unsigned(), qty.0.cast_unsigned());
            }
        }
    }

    fn digest(&self) -> u64 {
        let level = |(price, level): (&u64, &Level)| (*price, level.sum);
        digest_levels(self.bids.iter().rev().map(level), self.asks.iter().map(level))
    }
}
