//! Finds an order's slot by its id: open addressing with linear probing, 8 bytes an entry, at most half full.
//!
//! Why not a general hash map: removal shifts the entries behind it back, so nothing is left to be cleaned up, a
//! steady book never rehashes, and the entry's 32-bit hash tells nearly all strangers apart without touching their
//! records. The hash is fixed; the exchange gives the ids, so nobody can choose colliding ones. Cost: about 1.5
//! entries looked at, in one cache line.

use super::orders::{Orders, Slot};
use types::OrderId;

/// Entries of a new index.
const LEN_MIN: usize = 64;

/// The index. It does not hold the ids: the records do.
#[derive(Clone, Debug)]
pub(super) struct Index {
    entries: Vec<Option<Entry>>,
    /// The hash is 32 bits; its upper bits that remain after this shift are the entry's home.
    shift: u32,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    slot: Slot,
}

impl Index {
    pub(super) fn new() -> Self {
        Self { entries: vec![None; LEN_MIN], shift: 32 - LEN_MIN.trailing_zeros(), len: 0 }
    }

    /// The slot of `id`.
    pub(super) fn get(&self, id: OrderId, orders: &Orders) -> Option<Slot> {
        let hash = hash(id);
        let mut at = self.home(hash);
        while let Some(entry) = self.entries[at] {
            if entry.hash == hash && orders[entry.slot].id == id {
                return Some(entry.slot);
            }
            at = self.after(at);
        }
        None
    }

    /// Adds `id`, whose record lies at `slot`.
    ///
    /// # Panics
    /// If the id is in the index.
    pub(super) fn insert(&mut self, id: OrderId, slot: Slot, orders: &Orders) {
        if self.len * 2 >= self.entries.len() {
            self.grow();
        }
        let hash = hash(id);
        let mut at = self.home(hash);
        while let Some(entry) = self.entries[at] {
            assert!(entry.hash != hash || orders[entry.slot].id != id, "order {id} is live already");
            at = self.after(at);
        }
        self.entries[at] = Some(Entry { hash, slot });
        self.len += 1;
    }

    /// Removes the entry of `id`, which is in the index and whose record lies at `slot`.
    pub(super) fn remove(&mut self, id: OrderId, slot: Slot) {
        let mut gap = self.home(hash(id));
        while self.entries[gap].is_some_and(|entry| entry.slot != slot) {
            gap = self.after(gap);
        }
        // Entries behind the gap move into it unless that would put them before their home.
        let mut at = gap;
        loop {
            at = self.after(at);
            let Some(entry) = self.entries[at] else { break };
            let from_home = at.wrapping_sub(self.home(entry.hash)) & (self.entries.len() - 1);
            let from_gap = at.wrapping_sub(gap) & (self.entries.len() - 1);
            if from_home >= from_gap {
                self.entries[gap] = Some(entry);
                gap = at;
            }
        }
        self.entries[gap] = None;
        self.len -= 1;
    }

    fn home(&self, hash: u32) -> usize {
        (hash >> self.shift) as usize
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.entries.len() - 1)
    }

    fn grow(&mut self) {
        let len = self.entries.len() * 2;
        let old = std::mem::replace(&mut self.entries, vec![None; len]);
        self.shift -= 1;
        for entry in old.into_iter().flatten() {
            let mut at = self.home(entry.hash);
            while self.entries[at].is_some() {
                at = self.after(at);
            }
            self.entries[at] = Some(entry);
        }
    }
}

/// Fibonacci hashing: ids that follow each other, the usual ones, land far apart and evenly.
fn hash(id: OrderId) -> u32 {
    let folded = (id.0 ^ (id.0 >> 32)) & u64::from(u32::MAX);
    u32::try_from(folded).expect("masked to 32 bits").wrapping_mul(0x9E37_79B9)
}

#[cfg(test)]
mod tests {
    use super::super::orders::Order;
    use super::*;
    use crate::Resting;
    use types::{AccountId, Price, Qty, Side};

    fn order(id: OrderId) -> Order {
        let qty = Qty(1);
        let (owner, side, price) = (AccountId(1), Side::Buy, Price(1));
        Order::new(&Resting { id, owner, side, price, left: qty, shown: qty, display: None, arrival: 0 })
    }

    #[test]
    fn ids_of_the_same_hash_are_told_apart() {
        let (mut orders, mut index) = (Orders::default(), Index::new());
        let twins = [OrderId(1), OrderId(1 << 32), OrderId((5 << 32) | 4)];
        assert!(twins.iter().all(|id| hash(*id) == hash(twins[0])));
        let slots = twins.map(|id| orders.add(order(id)));
        for (id, slot) in twins.into_iter().zip(slots).take(2) {
            index.insert(id, slot, &orders);
        }
        assert_eq!(twins.map(|id| index.get(id, &orders)), [Some(slots[0]), Some(slots[1]), None]);
        index.remove(twins[0], slots[0]);
        assert_eq!(twins.map(|id| index.get(id, &orders)), [None, Some(slots[1]), None]);
    }

    #[test]
    fn ids_are_found_through_growth_and_removal() {
        let (mut orders, mut index) = (Orders::default(), Index::new());
        let mut live = Vec::new();
        for number in 0_u64..20_000 {
            let id = OrderId(number * number % 65_537 + (number << 20));
            let slot = orders.add(order(id));
            index.insert(id, slot, &orders);
            live.push((id, slot));
            if number % 3 == 0 {
                let (gone, slot) = live.swap_remove((number / 2) as usize % live.len());
                index.remove(gone, slot);
                orders.release(slot);
                assert_eq!(index.get(gone, &orders), None);
            }
        }
        assert!(live.iter().all(|(id, slot)| index.get(*id, &orders) == Some(*slot)));
        assert!(index.entries.len() <= live.len() * 4);
    }
}
