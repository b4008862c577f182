//! One side's price levels by rank ([`crate::order::rank`]: smaller is better).
//!
//! A window of [`SLOTS`] ticks around the touch is an array with a bitset: finding, adding and removing a level are a
//! multiplication and a few word operations. All other levels, also those off the tick, lie in [`Far`]. Nothing
//! depends on which level lies where: the best is the better of the two places' best, so any rank of an `i64` and any
//! tick are right, and only speed follows the window. It is centred anew when enough work happened outside it while
//! the touch was not where it should be; that work pays for the move.

use super::bitset::Bitset;
use super::far::Far;
use super::orders::Level;

/// Slots of a window: half a megabyte a side. 12,288 ticks behind a freshly centred touch are more than a day's range
/// of most markets and than the 10,000 of the measured workload.
const SLOTS: usize = 16_384;
/// Slots before the touch of a freshly centred window: room to improve.
const LEAD: i128 = SLOTS_WIDE / 4;
/// [`SLOTS`], wide enough to reckon with any rank.
const SLOTS_WIDE: i128 = SLOTS as i128;
/// Levels added outside the window, with a misplaced touch, after which it is centred: the move looks at every slot,
/// so each of these pays for sixteen.
const STRAYS_MAX: u32 = 1_024;

/// The levels of a side.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    /// The rank of slot 0.
    base: i64,
    /// Slots in use: all but at the ends of `i64` or with an enormous tick.
    len: usize,
    grid: Grid,
    slots: Vec<Level>,
    occupied: Bitset,
    far: Far,
    best: Option<i64>,
    strays: u32,
}

/// Multiples of the tick.
#[derive(Clone, Copy, Debug)]
struct Grid {
    tick: i64,
    /// The tick is 2^`shift` × an odd number; this is the odd number's inverse modulo 2^64.
    inverse: u64,
    shift: u32,
}

impl Grid {
    fn new(tick: i64) -> Self {
        let shift = tick.trailing_zeros();
        let odd = (tick >> shift).cast_unsigned();
        // Newton's iteration doubles the right bits: 5 (by the start value), 10, 20, 40, 80.
        let mut inverse = odd.wrapping_mul(3) ^ 2;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Self { tick, inverse, shift }
    }

    /// offset / tick if that leaves no remainder, else something above u64::MAX / tick
    /// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994, section 9).
    const fn steps(self, offset: u64) -> u64 {
        offset.wrapping_mul(self.inverse).rotate_right(self.shift)
    }
}

impl Ladder {
    /// No levels. Ranks that are `tick` (> 0) times a whole number away from `phase` can lie in the window.
    pub(super) fn new(tick: i64, phase: i64) -> Self {
        assert!(tick > 0, "a tick is above zero");
        Self {
            base: phase,
            len: 0,
            grid: Grid::new(tick),
            slots: vec![Level::default(); SLOTS],
            occupied: Bitset::new(SLOTS),
            far: Far::default(),
            best: None,
            strays: 0,
        }
    }

    /// The best rank.
    pub(super) const fn best(&self) -> Option<i64> {
        self.best
    }

    /// The smallest rank not below `from`.
    pub(super) fn next(&self, from: i64) -> Option<i64> {
        self.better_of(self.next_near(from), from)
    }

    /// `near` or a far rank not below `from`, whichever is smaller.
    fn better_of(&self, near: Option<i64>, from: i64) -> Option<i64> {
        if self.far.is_empty() {
            return near;
        }
        match (near, self.far.next(from)) {
            (Some(near), Some(far)) => Some(near.min(far)),
            (near, far) => near.or(far),
        }
    }

    /// Levels from the best on, with their ranks.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &Level)> {
        let ranks = std::iter::successors(self.best, |rank| self.next(rank.checked_add(1)?));
        ranks.filter_map(|rank| Some((rank, self.get(rank)?)))
    }

    fn get(&self, rank: i64) -> Option<&Level> {
        match self.slot(rank) {
            Some(slot) => Some(&self.slots[slot]).filter(|level| level.head.is_some()),
            None => self.far.get(rank),
        }
    }

    /// The level of `rank`, if there is one.
    pub(super) fn get_mut(&mut self, rank: i64) -> Option<&mut Level> {
        if let Some(slot) = self.slot(rank) {
            return Some(&mut self.slots[slot]).filter(|level| level.head.is_some());
        }
        self.far.get_mut(rank)
    }

    /// Adds a level that is not there; it has orders.
    pub(super) fn insert(&mut self, rank: i64, level: Level) {
        self.best = Some(self.best.map_or(rank, |best| best.min(rank)));
        match self.slot(rank).or_else(|| self.stray(rank)) {
            Some(slot) => {
                self.slots[slot] = level;
                self.occupied.set(slot);
            }
            None => self.far.insert(rank, level),
        }
    }

    /// Removes the level of `rank`, which is there.
    pub(super) fn remove(&mut self, rank: i64) {
        let near = match self.slot(rank) {
            Some(slot) => {
                self.slots[slot] = Level::default();
                self.occupied.clear(slot);
                Some(slot)
            }
            None => {
                self.far.remove(rank);
                None
            }
        };
        if self.best == Some(rank) {
            // No level is better, so the search may start where this one was.
            let near = near
                .map_or_else(|| self.next_near(rank), |slot| self.occupied.next(slot).map(|s| self.rank(s)));
            self.best = self.better_of(near, rank);
        }
    }

    /// The slot of a rank, if it lies in the window.
    fn slot(&self, rank: i64) -> Option<usize> {
        let steps = self.grid.steps(rank.wrapping_sub(self.base).cast_unsigned());
        usize::try_from(steps).ok().filter(|slot| *slot < self.len)
    }

    /// The rank of a slot below `len`.
    fn rank(&self, slot: usize) -> i64 {
        let slot = i64::try_from(slot).expect("a slot is below SLOTS");
        // The sum is within i64 by the choice of `len`; the product alone may wrap around it and back.
        self.base.wrapping_add(slot.wrapping_mul(self.grid.tick))
    }

    /// The smallest rank in the window not below `from`.
    fn next_near(&self, from: i64) -> Option<i64> {
        let start = if from <= self.base {
            0
        } else {
            let offset = from.wrapping_sub(self.base).cast_unsigned();
            let slot = offset.div_ceil(self.grid.tick.cast_unsigned());
            usize::try_from(slot).map_or(SLOTS, |slot| slot.min(SLOTS))
        };
        self.occupied.next(start).map(|slot| self.rank(slot))
    }

    /// Counts a level added outside the window, and centres the window if it is time. The slot, if it now has one.
    fn stray(&mut self, rank: i64) -> Option<usize> {
        let best = self.best.unwrap_or(rank);
        if self.slot(best).is_some_and(|slot| slot < SLOTS / 2) {
            return None;
        }
        self.strays += 1;
        if self.len > 0 && self.strays < STRAYS_MAX {
            return None;
        }
        self.centre(best);
        self.slot(rank)
    }

    /// Moves the window so that `best` lies [`LEAD`] slots behind its start, as far as `i64` allows.
    fn centre(&mut self, best: i64) {
        self.strays = 0;
        let tick = i128::from(self.grid.tick);
        let best = i128::from(best);
        let on_grid = best - (best - i128::from(self.base)).rem_euclid(tick);
        let lead = ((on_grid - i128::from(i64::MIN)) / tick).min(LEAD);
        let base = on_grid - lead * tick;
        if base < i128::from(i64::MIN) {
            return; // No multiple of this tick lies between the end of i64 and the touch: all stays far.
        }
        let len = ((i128::from(i64::MAX) - base) / tick + 1).min(SLOTS_WIDE);
        self.evict((base - i128::from(self.base)) / tick, len);
        self.base = i64::try_from(base).expect("at least i64::MIN and at most the touch");
        self.len = usize::try_from(len).expect("between 1 and SLOTS");
        self.admit();
    }

    /// Moves the window's contents `by` slots towards its start; what leaves the first `len` slots goes far.
    fn evict(&mut self, by: i128, len: i128) {
        let mut next = self.occupied.next(0);
        while let Some(slot) = next {
            let to = slot as i128 - by;
            if !(0..len).contains(&to) {
                self.far.insert(self.rank(slot), self.slots[slot]);
                self.slots[slot] = Level::default();
            }
            next = self.occupied.next(slot + 1);
        }
        // The rotation carries only empty slots around the end: what lay there has just left.
        match usize::try_from(by.unsigned_abs()) {
            Ok(steps) if steps < SLOTS && by > 0 => self.slots.rotate_left(steps),
            Ok(steps) if steps < SLOTS => self.slots.rotate_right(steps),
            _ => {}
        }
        self.occupied.clear_all();
        for slot in (0..SLOTS).filter(|slot| self.slots[*slot].head.is_some()) {
            self.occupied.set(slot);
        }
    }

    /// Takes the far levels that lie in the window into it.
    fn admit(&mut self) {
        let last = self.rank(self.len - 1);
        let mut next = self.far.next(self.base);
        while let Some(rank) = next.filter(|rank| *rank <= last) {
            if let Some(slot) = self.slot(rank)
                && let Some(level) = self.far.remove(rank)
            {
                self.slots[slot] = level;
                self.occupied.set(slot);
            }
            next = rank.checked_add(1).and_then(|from| self.far.next(from));
        }
    }
}

#[cfg(test)]
#[path = "ladder_tests.rs"]
mod tests;
