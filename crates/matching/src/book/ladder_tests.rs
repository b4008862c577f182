//! The ladder beside a sorted set of ranks, with the window following the touch.

use super::super::orders::{Order, Orders};
use super::*;
use crate::Resting;
use std::collections::BTreeSet;
use types::{AccountId, OrderId, Price, Qty, Side};

/// A level with one order that shows `shown`, to tell levels apart.
fn level(shown: i64) -> Level {
    let (mut orders, mut level) = (Orders::default(), Level::default());
    let (id, owner, side, qty) = (OrderId(1), AccountId(1), Side::Buy, Qty(shown));
    let order =
        Resting { id, owner, side, price: Price(1), left: qty, shown: qty, display: None, arrival: 0 };
    let slot = orders.add(Order::new(&order));
    orders.link(&mut level, slot);
    level
}

/// A small generator (a full-period linear one; its upper bits are used).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).cast_signed() % bound
    }
}

fn slots() -> i64 {
    i64::try_from(SLOTS).unwrap()
}

/// The ladder and the set of its ranks.
struct Twins {
    ladder: Ladder,
    ranks: BTreeSet<i64>,
}

impl Twins {
    fn toggle(&mut self, rank: i64) {
        if self.ranks.remove(&rank) {
            self.ladder.remove(rank);
        } else {
            self.ranks.insert(rank);
            self.ladder.insert(rank, level(1 + rank.rem_euclid(1_000_003)));
        }
        assert_eq!(self.ladder.best(), self.ranks.first().copied());
    }

    fn compare(&mut self) {
        assert!(self.ladder.iter().map(|(rank, _)| rank).eq(self.ranks.iter().copied()));
        for rank in &self.ranks {
            let there = self.ladder.get_mut(*rank).map(|level| level.visible());
            assert_eq!(there, Some(Qty(1 + rank.rem_euclid(1_000_003))));
        }
    }
}

/// Levels come and go around a touch that moves by `drift` ticks a step, either way for a while.
fn follow(tick: i64, spread: i64, drift: i64, seed: u64) -> BTreeSet<i64> {
    let mut random = Random(seed);
    let mut twins = Twins { ladder: Ladder::new(tick, -1), ranks: BTreeSet::new() };
    let (mut touch, mut bases) = (-1, BTreeSet::new());
    for step in 0..40_000_i64 {
        touch += tick * drift * if step / 10_000 % 2 == 0 { 1 } else { -1 };
        // What the touch has passed goes, as trades would take it.
        while let Some(best) = twins.ranks.first().copied().filter(|best| *best < touch) {
            twins.toggle(best);
        }
        let off_tick = i64::from(random.below(50) == 0);
        let reach = random.below(spread).max(1);
        twins.toggle(touch + random.below(reach) * tick + off_tick);
        if step % 2_000 == 0 {
            twins.compare();
        }
        bases.insert(twins.ladder.base);
    }
    twins.compare();
    // It may lag behind by the strays it waits for, each with a step of the touch or two.
    let lag = i64::from(STRAYS_MAX) * 2 * drift;
    let slot = (twins.ladder.best().unwrap_or(touch) - twins.ladder.base) / tick;
    assert!(drift == 0 || bases.len() > 2, "the window never moved: {bases:?}");
    assert!((-lag..slots() + lag).contains(&slot), "the touch is {slot} slots into the window");
    bases
}

#[test]
fn the_window_follows_a_touch_that_creeps_and_keeps_what_overlaps() {
    let bases = follow(10, 14_000, 2, 7);
    let steps: Vec<i64> = bases.iter().zip(bases.iter().skip(1)).map(|(a, b)| (b - a) / 10).collect();
    assert!(steps.iter().any(|step| *step < slots()), "no two windows overlap: {steps:?}");
}

#[test]
fn the_window_follows_a_touch_that_runs() {
    follow(1, 30_000, 40, 8);
}

#[test]
fn a_still_market_with_levels_far_away_keeps_its_window() {
    follow(3, 200_000, 0, 9);
}

#[test]
fn a_touch_that_jumps_away_and_back_is_followed() {
    let mut random = Random(3);
    let mut twins = Twins { ladder: Ladder::new(5, 0), ranks: BTreeSet::new() };
    let mut bases = BTreeSet::new();
    for step in 0..30_000_i64 {
        let place = if step / 5_000 % 2 == 0 { 0 } else { -1_000_000 };
        twins.toggle((place + random.below(9_000)) * 5);
        if step % 5_000 == 4_999 && place < 0 {
            let passed: Vec<i64> = twins.ranks.range(..-2_000_000).copied().collect();
            passed.into_iter().for_each(|rank| twins.toggle(rank));
        }
        bases.insert(twins.ladder.base);
        if step % 1_500 == 0 {
            twins.compare();
        }
    }
    assert!(bases.len() > 3, "{bases:?}");
}

#[test]
fn whole_steps_of_any_tick_are_found_and_nothing_else() {
    let ticks = [1, 2, 3, 5, 10, 12, 1_000_000, 999_999_937, (1 << 61) - 1, 1 << 62, i64::MAX - 1, i64::MAX];
    for tick in ticks {
        let grid = Grid::new(tick);
        let whole = tick.cast_unsigned();
        let most = (u64::MAX / whole).min(20_000);
        for steps in (0..=most).step_by(7).chain([most]) {
            assert_eq!(grid.steps(steps * whole), steps);
            for off in [1, whole / 2, whole - 1].into_iter().filter(|off| (1..whole).contains(off)) {
                let offset = (steps * whole).wrapping_add(off);
                assert!(grid.steps(offset) > u64::MAX / whole || offset % whole == 0, "{tick} {steps} {off}");
            }
        }
    }
}
