//! One side of a book: price levels in order, the best at the end.
//!
//! Levels stand in sorted chunks of at most [`CHUNK`], found by their lowest keys, so that a change moves a few dozen numbers
//! however deep the book is: in one sorted vector two thirds of a replay went into moving levels, and a tree chases pointers.
//! Cost: O(log levels) to find, O(CHUNK) to move; nothing is allocated once warm.

use types::depth::Level;
use types::{Price, Qty, Side};

/// Most levels of a chunk: 512 bytes, eight cache lines.
const CHUNK: usize = 32;
/// Levels that are compared side by side.
const BLOCK: usize = CHUNK / 4;
/// A chunk with fewer is joined with a neighbour, if both fit into half of one.
const SPARSE: usize = CHUNK / 4;

/// Neighbouring levels, keys rising: key and quantity. What is not used has the largest key.
#[derive(Clone, Debug)]
struct Chunk {
    len: usize,
    levels: [(i64, i64); CHUNK],
}

impl Chunk {
    const EMPTY: Self = Self { len: 0, levels: [Self::UNUSED; CHUNK] };
    const UNUSED: (i64, i64) = (i64::MAX, 0);

    fn levels(&self) -> &[(i64, i64)] {
        &self.levels[..self.len]
    }

    /// The first place whose key is not below `key`: three comparisons that do not wait for each other, then eight; a binary
    /// search waits five times for its own last step, and was half of a replay.
    fn position(&self, key: i64) -> usize {
        let below = |at: usize| usize::from(self.levels[at].0 < key);
        let from = BLOCK * (below(BLOCK - 1) + below(2 * BLOCK - 1) + below(3 * BLOCK - 1));
        from + (0..BLOCK).map(|n| below(from + n)).sum::<usize>()
    }

    /// The quantity at `key`, if there is a level.
    fn find(&self, key: i64) -> Option<i64> {
        self.levels().get(self.position(key)).filter(|(k, _)| *k == key).map(|(_, qty)| *qty)
    }

    fn insert(&mut self, at: usize, key: i64, qty: i64) {
        self.levels.copy_within(at..self.len, at + 1);
        self.levels[at] = (key, qty);
        self.len += 1;
    }

    fn remove(&mut self, at: usize) {
        self.levels.copy_within(at + 1..self.len, at);
        self.len -= 1;
        self.levels[self.len] = Self::UNUSED;
    }

    /// Takes in all of `other`, whose keys are above its own and which fits.
    fn append(&mut self, other: &Self) {
        let end = self.len + other.len;
        self.levels[self.len..end].copy_from_slice(other.levels());
        self.len = end;
    }

    /// Gives away its upper half.
    fn split(&mut self) -> Self {
        let (half, len) = (self.len / 2, self.len);
        let mut upper = Self::EMPTY;
        upper.len = len - half;
        upper.levels[..len - half].copy_from_slice(&self.levels[half..len]);
        self.levels[half..].fill(Self::UNUSED);
        self.len = half;
        upper
    }
}

/// Price levels of one side. No level has quantity zero, no price appears twice.
#[derive(Clone, Debug)]
pub struct Ladder {
    side: Side,
    len: usize,
    /// The lowest key of each chunk, rising towards the best: the price for bids, its negative for asks.
    lows: Vec<i64>,
    /// Where the chunks are, in the order of `lows`.
    order: Vec<usize>,
    store: Vec<Chunk>,
    /// Places in the store that no chunk uses.
    free: Vec<usize>,
}

impl PartialEq for Ladder {
    fn eq(&self, other: &Self) -> bool {
        self.side == other.side && self.len == other.len && self.iter().eq(other.iter())
    }
}
impl Eq for Ladder {}

impl Ladder {
    /// An empty side.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self { side, len: 0, lows: Vec::new(), order: Vec::new(), store: Vec::new(), free: Vec::new() }
    }

    /// Sets the quantity shown at `price`; zero removes the level. Removing what is not there does nothing.
    pub fn set(&mut self, price: Price, qty: Qty) {
        self.set_near(usize::MAX, price, qty);
    }

    /// The same for several levels; quickest when neighbours come one after the other, as venues send them.
    pub fn set_all(&mut self, levels: &[Level]) {
        let mut near = usize::MAX;
        for (price, qty) in levels {
            near = self.set_near(near, *price, *qty);
        }
    }

    /// Sets a level that is probably in chunk `near` or beside it; gives the chunk it was in.
    fn set_near(&mut self, near: usize, price: Price, qty: Qty) -> usize {
        let key = self.key(price);
        let Some(n) = self.chunk_near(near, key) else {
            if qty.0 > 0 {
                self.open(0, key, qty.0);
            }
            return 0;
        };
        let chunk = &mut self.store[self.order[n]];
        let at = chunk.position(key);
        match (chunk.levels().get(at).is_some_and(|(k, _)| *k == key), qty.0 > 0) {
            (true, true) => chunk.levels[at].1 = qty.0,
            (true, false) => self.remove(n, at),
            (false, true) => self.insert(n, at, key, qty.0),
            (false, false) => {}
        }
        n
    }

    /// The best level.
    #[must_use]
    pub fn best(&self) -> Option<(Price, Qty)> {
        let chunk = &self.store[*self.order.last()?];
        chunk.levels().last().map(|(key, qty)| (self.price(*key), Qty(*qty)))
    }

    /// Levels from the best outwards.
    pub fn iter(&self) -> impl Iterator<Item = (Price, Qty)> {
        let chunks = self.order.iter().rev().map(|at| &self.store[*at]);
        let levels = chunks.flat_map(|chunk| chunk.levels().iter().rev());
        levels.map(|(key, qty)| (self.price(*key), Qty(*qty)))
    }

    /// The quantity shown at `price`.
    #[must_use]
    pub fn at(&self, price: Price) -> Qty {
        let key = self.key(price);
        let chunk = self.chunk_near(usize::MAX, key).map(|n| &self.store[self.order[n]]);
        Qty(chunk.and_then(|chunk| chunk.find(key)).unwrap_or(0))
    }

    /// Number of levels.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True without a level.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes everything, keeping the memory.
    pub fn clear(&mut self) {
        self.len = 0;
        self.lows.clear();
        self.order.clear();
        self.store.clear();
        self.free.clear();
    }

    const fn key(&self, price: Price) -> i64 {
        match self.side {
            Side::Buy => price.0,
            Side::Sell => -price.0,
        }
    }

    const fn price(&self, key: i64) -> Price {
        match self.side {
            Side::Buy => Price(key),
            Side::Sell => Price(-key),
        }
    }

    /// The chunk that `key` belongs to, looked for at `near` first; `None` without any.
    fn chunk_near(&self, near: usize, key: i64) -> Option<usize> {
        let last = self.lows.len().checked_sub(1)?;
        let near = near.min(last);
        let ends = |n: usize| n == last || key < self.lows[n + 1];
        if self.lows[near] <= key {
            if ends(near) {
                return Some(near);
            }
            if ends(near + 1) {
                return Some(near + 1);
            }
        } else if near == 0 || self.lows[near - 1] <= key {
            return Some(near.saturating_sub(1));
        }
        Some(self.lows.partition_point(|low| *low <= key).saturating_sub(1))
    }

    /// A new chunk at place `n` with one level.
    fn open(&mut self, n: usize, key: i64, qty: i64) {
        let mut chunk = Chunk::EMPTY;
        chunk.insert(0, key, qty);
        self.place(n, chunk);
        self.len += 1;
    }

    fn place(&mut self, n: usize, chunk: Chunk) {
        self.lows.insert(n, chunk.levels[0].0);
        let at = match self.free.pop() {
            Some(at) => {
                self.store[at] = chunk;
                at
            }
            None => {
                self.store.push(chunk);
                self.store.len() - 1
            }
        };
        self.order.insert(n, at);
    }

    fn insert(&mut self, n: usize, at: usize, key: i64, qty: i64) {
        let (mut n, mut at) = (n, at);
        if self.store[self.order[n]].len == CHUNK {
            if at == CHUNK && n + 1 == self.order.len() {
                // A book that is filled from its worst level on packs its chunks.
                return self.open(n + 1, key, qty);
            }
            let upper = self.store[self.order[n]].split();
            let half = CHUNK / 2;
            self.place(n + 1, upper);
            if at > half {
                (n, at) = (n + 1, at - half);
            }
        }
        self.store[self.order[n]].insert(at, key, qty);
        if at == 0 {
            self.lows[n] = key;
        }
        self.len += 1;
    }

    fn remove(&mut self, n: usize, at: usize) {
        let chunk = &mut self.store[self.order[n]];
        chunk.remove(at);
        self.len -= 1;
        let left = chunk.len;
        if left == 0 {
            return self.drop_chunk(n);
        }
        if at == 0 {
            self.lows[n] = chunk.levels[0].0;
        }
        if left < SPARSE {
            self.join(n);
        }
    }

    /// Joins a sparse chunk with the one below or above, if both fit into half of one.
    fn join(&mut self, n: usize) {
        let len = |n: usize| self.order.get(n).map_or(CHUNK, |at| self.store[*at].len);
        let fits = |a: usize, b: usize| len(a) + len(b) <= CHUNK / 2;
        let lower = match n.checked_sub(1) {
            Some(below) if fits(below, n) => below,
            _ if fits(n, n + 1) => n,
            _ => return,
        };
        let upper = self.store[self.order[lower + 1]].clone();
        self.store[self.order[lower]].append(&upper);
        self.drop_chunk(lower + 1);
    }

    fn drop_chunk(&mut self, n: usize) {
        self.lows.remove(n);
        let at = self.order.remove(n);
        self.free.push(at);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A ladder beside a sorted map: every reading is the same after every change.
    fn same(side: Side, changes: &[(i64, i64)], every: usize) -> Ladder {
        let (mut ladder, mut twin) = (Ladder::new(side), BTreeMap::new());
        for (n, (price, qty)) in changes.iter().copied().enumerate() {
            ladder.set(Price(price), Qty(qty));
            if qty == 0 {
                twin.remove(&price);
            } else {
                twin.insert(price, qty);
            }
            assert_eq!((ladder.at(Price(price)), ladder.len()), (Qty(qty), twin.len()));
            let best = if side == Side::Buy { twin.last_key_value() } else { twin.first_key_value() };
            assert_eq!(ladder.best(), best.map(|(p, q)| (Price(*p), Qty(*q))));
            if n % every == 0 {
                let mut want: Vec<_> = twin.iter().map(|(p, q)| (Price(*p), Qty(*q))).collect();
                if side == Side::Buy {
                    want.reverse();
                }
                assert_eq!(ladder.iter().collect::<Vec<_>>(), want);
            }
        }
        ladder
    }

    proptest! {
        #[test]
        fn a_ladder_is_a_sorted_map(changes in prop::collection::vec((1..60_i64, 0..4_i64), 0..400), buy: bool) {
            same(if buy { Side::Buy } else { Side::Sell }, &changes, 1);
        }

        #[test]
        fn a_deep_ladder_is_a_sorted_map_and_does_not_scatter(
            seed: u64, width in 200..4_000_i64, buy: bool, grow in 1..9_i64
        ) {
            let mut state = seed | 1;
            let mut draw = |below: i64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                i64::try_from(state % u64::try_from(below).unwrap()).unwrap()
            };
            // Grows, then shrinks: chunks split, empty and join.
            let changes: Vec<(i64, i64)> = (0..6_000)
                .map(|n| (1 + draw(width), if draw(10) < if n < 3_000 { grow } else { 10 - grow } { 1 + draw(5) } else { 0 }))
                .collect();
            let side = if buy { Side::Buy } else { Side::Sell };
            let ladder = same(side, &changes, 97);
            let mut at_once = Ladder::new(side);
            let levels: Vec<Level> = changes.iter().map(|(price, qty)| (Price(*price), Qty(*qty))).collect();
            levels.chunks(40).for_each(|part| at_once.set_all(part));
            prop_assert_eq!(&at_once, &ladder);
            prop_assert!(ladder.order.len() <= ladder.len / (SPARSE / 2) + 2, "{} chunks of {}", ladder.order.len(), ladder.len);
            prop_assert_eq!(ladder.order.len() + ladder.free.len(), ladder.store.len());
        }
    }

    #[test]
    fn a_book_that_is_filled_from_its_worst_level_packs_its_chunks() {
        let mut ladder = Ladder::new(Side::Buy);
        (1..=1_000).for_each(|price| ladder.set(Price(price), Qty(1)));
        assert_eq!(ladder.order.len(), 1_000_usize.div_ceil(CHUNK));
        ladder.clear();
        assert_eq!((ladder.best(), ladder.iter().count(), ladder.is_empty()), (None, 0, true));
        ladder.set(Price(5), Qty(0));
        ladder.set(Price(5), Qty(2));
        assert_eq!(ladder.best(), Some((Price(5), Qty(2))));
    }
}
