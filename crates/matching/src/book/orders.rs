//! The resting orders: records of one cache line in a slab, linked into the queues of their levels.
//!
//! Slots are reused before the slab grows, so a book that has seen its largest size allocates no more. Limit:
//! [`ORDERS_MAX`]. Cost: a queue operation touches the record and its two neighbours.

use crate::Resting;
use std::num::{NonZeroI64, NonZeroU32};
use types::{AccountId, OrderId, Price, Qty, Side};

/// Most orders in a book: slots are 32-bit numbers, and 2^31 records of 64 bytes are beyond any machine's memory.
pub(super) const ORDERS_MAX: usize = 1 << 31;

/// Where an order's record lies; counted from one, so that an absent link costs no space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(NonZeroU32);

/// One resting order. One cache line, aligned to it: touching an order costs one line, never two.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Order {
    pub(super) id: OrderId,
    pub(super) arrival: u64,
    pub(super) price: Price,
    pub(super) left: Qty,
    pub(super) shown: Qty,
    pub(super) display: Option<NonZeroI64>,
    pub(super) owner: AccountId,
    /// The order before it in its level's queue.
    prev: Option<Slot>,
    /// The order after it in its level's queue; in a free record, the next free one.
    next: Option<Slot>,
    pub(super) side: Side,
}

/// A price level: its orders in order of arrival, and the sum of what they show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Level {
    pub(super) head: Option<Slot>,
    tail: Option<Slot>,
    /// 128 bits, because orders of hostile size add up beyond 64.
    visible: i128,
}

/// The slab.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    records: Vec<Order>,
    free: Option<Slot>,
    live: usize,
}

impl Slot {
    fn new(at: usize) -> Self {
        let number = u32::try_from(at + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("the slab holds at most ORDERS_MAX records"))
    }

    const fn at(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Order {
    pub(super) fn new(order: &Resting) -> Self {
        Self {
            id: order.id,
            arrival: order.arrival,
            price: order.price,
            left: order.left,
            shown: order.shown,
            display: order.display.and_then(|display| NonZeroI64::new(display.0)),
            owner: order.owner,
            prev: None,
            next: None,
            side: order.side,
        }
    }

    pub(super) fn view(&self) -> Resting {
        Resting {
            id: self.id,
            owner: self.owner,
            side: self.side,
            price: self.price,
            left: self.left,
            shown: self.shown,
            display: self.display.map(|display| Qty(display.get())),
            arrival: self.arrival,
        }
    }

    /// Leaves it `left`, hidden part first. How much less it shows.
    pub(super) fn reduce_to(&mut self, left: Qty) -> Qty {
        let before = self.shown;
        self.left = left;
        self.shown = before.min(left);
        Qty(before.0 - self.shown.0)
    }

    /// What its next slice shows.
    pub(super) fn slice(&self) -> Qty {
        self.display.map_or(self.left, |display| self.left.min(Qty(display.get())))
    }
}

impl Level {
    /// The visible quantity, clamped to the range of [`Qty`].
    pub(super) fn visible(&self) -> Qty {
        Qty(i64::try_from(self.visible).unwrap_or(i64::MAX))
    }

    /// Counts that an order of this level shows less (or, negative, more) than before.
    pub(super) fn hide(&mut self, qty: Qty) {
        self.visible -= i128::from(qty.0);
    }
}

impl std::ops::Index<Slot> for Orders {
    type Output = Order;
    fn index(&self, slot: Slot) -> &Order {
        &self.records[slot.at()]
    }
}
impl std::ops::IndexMut<Slot> for Orders {
    fn index_mut(&mut self, slot: Slot) -> &mut Order {
        &mut self.records[slot.at()]
    }
}

impl Orders {
    pub(super) const fn len(&self) -> usize {
        self.live
    }

    /// Stores a record that is in no queue yet.
    pub(super) fn add(&mut self, order: Order) -> Slot {
        self.live += 1;
        if let Some(slot) = self.free {
            self.free = self[slot].next;
            self[slot] = order;
            slot
        } else {
            assert!(self.records.len() < ORDERS_MAX, "the book is full");
            self.records.push(order);
            Slot::new(self.records.len() - 1)
        }
    }

    /// Gives back a record that is in no queue any more.
    pub(super) fn release(&mut self, slot: Slot) {
        self[slot].next = self.free;
        self.free = Some(slot);
        self.live -= 1;
    }

    /// Puts an order at the back of a queue.
    pub(super) fn link(&mut self, level: &mut Level, slot: Slot) {
        let order = &mut self[slot];
        order.prev = level.tail;
        order.next = None;
        level.visible += i128::from(order.shown.0);
        match level.tail {
            Some(tail) => self[tail].next = Some(slot),
            None => level.head = Some(slot),
        }
        level.tail = Some(slot);
    }

    /// Takes an order out of its queue.
    pub(super) fn unlink(&mut self, level: &mut Level, slot: Slot) {
        let Order { prev, next, shown, .. } = self[slot];
        level.visible -= i128::from(shown.0);
        match prev {
            Some(prev) => self[prev].next = next,
            None => level.head = next,
        }
        match next {
            Some(next) => self[next].prev = prev,
            None => level.tail = prev,
        }
    }

    /// A level's orders in order of arrival.
    pub(super) fn queue(&self, level: &Level) -> impl Iterator<Item = &Order> {
        std::iter::successors(level.head, |slot| self[*slot].next).map(|slot| &self[slot])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_fills_one_cache_line_and_a_level_half_of_one() {
        assert_eq!((size_of::<Order>(), align_of::<Order>(), size_of::<Level>()), (64, 64, 32));
    }
}
