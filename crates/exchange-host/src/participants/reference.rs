//! Reference prices: what the participants believe a market is worth.
//!
//! Each walk moves the logarithm (to base 2) of its price:
//!   x' = x − x·dt/T + σ·2^w·√dt·z + jumps,      w' = w·2^(−dt/h) + ν·√(1 − 2^(−2dt/h))·y,
//! with z partly common to all walks, so that coins move together. T pulls prices back over weeks, so that they stay plausible for
//! ever; w makes quiet and busy hours. Integers only (see [`super::fixed`]).

use super::draw::Draw;
use super::fixed::{ONE, exp2, mul, ratio};
use super::plan::{Follows, PPM, RATE, WALKS};

/// Time over which prices are pulled back (about 29 days).
const PULL_MS: i64 = 2_500_000_000;
/// Half-life of busy and quiet times.
const MOOD_HALF_MS: i64 = 3_600_000;
/// Standard deviation of w: volatility mostly within a factor 1.3 either way.
const MOOD_SPREAD: i64 = ONE * 2 / 5;
/// Mean time between jumps of a walk.
const JUMP_EVERY_MS: i64 = 6 * 3_600_000;
/// Median size of a jump and its spread, in powers of two of the price and of the size.
const JUMP_SIZE: i64 = ONE / 230;
const JUMP_SPREAD: i64 = ONE * 3 / 4;
/// Share of the common factor in every walk, and of its own: 0.75² + 0.6614² = 1.
const SHARED: i64 = ONE * 3 / 4;
const OWN: i64 = ONE / 10_000 * 6_614;
/// The wandering of exchange rate and of crosses around their fair value: half-life and standard deviation in powers of two.
const NOISE_HALF_MS: i64 = 600_000;
const RATE_SPREAD: i64 = ONE / 700;
const CROSS_SPREAD: i64 = ONE / 12_000;
/// 1 / ln 2, and √(86,400,000): natural to binary logarithms, a day's volatility to a millisecond's.
const PER_LN2: i64 = ONE / 10_000 * 14_427;
const ROOT_DAY_MS: i64 = 9_295;
/// A price as a real one scales: units of 10^-8.
const UNIT: i64 = 100_000_000;

/// Where one walk stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WalkState {
    /// log2(price / anchor).
    pub(crate) x: i64,
    /// log2 of the volatility's present factor.
    pub(crate) mood: i64,
}

/// Where all reference prices stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) walks: [WalkState; WALKS.len()],
    /// log2 of exchange rate / [`RATE`], and of a cross / its fair value.
    pub(crate) rate: i64,
    pub(crate) cross: i64,
}

/// What one step did to a walk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    /// Change of log2(price).
    pub(crate) by: i64,
    /// Whether it jumped.
    pub(crate) jumped: bool,
}

/// √value for value ≥ 0, with 16 binary decimals.
fn root(value: i64) -> i64 {
    let scaled = u64::try_from(value).unwrap_or(0).saturating_mul(1 << 32);
    i64::try_from(scaled.isqrt()).unwrap_or(i64::MAX)
}

/// One step of a mean-reverting number with stationary deviation `spread`.
fn wander(value: i64, half_ms: i64, spread: i64, dt_ms: i64, z: i64) -> i64 {
    let kept = exp2(-ratio(ONE, dt_ms, half_ms));
    let fresh = root(ONE - mul(kept, kept)); // √ of a 32-decimal number has 32 decimals here
    mul(value, kept) + mul(mul(spread, fresh), z)
}

impl Reference {
    /// Moves everything on by `dt_ms`.
    pub(crate) fn step(&mut self, dt_ms: i64, draw: &mut Draw) -> [Moved; WALKS.len()] {
        let common = draw.normal();
        let mut moved = [Moved::default(); WALKS.len()];
        for ((walk, plan), moved) in self.walks.iter_mut().zip(&WALKS).zip(&mut moved) {
            let z = mul(SHARED, common) + mul(OWN, draw.normal());
            let day = mul(ratio(ONE, plan.daily_ppm, PPM), PER_LN2);
            // root() of milliseconds has 16 binary decimals.
            let sigma = ratio(day / ROOT_DAY_MS, root(dt_ms), 1 << 16);
            let mut by = mul(mul(sigma, exp2(walk.mood)), z) - ratio(walk.x, dt_ms, PULL_MS);
            if draw.chance(ratio(ONE, dt_ms, JUMP_EVERY_MS)) {
                let size = mul(JUMP_SIZE, draw.lognormal(JUMP_SPREAD));
                by += if draw.bits() & 1 == 0 { size } else { -size };
                moved.jumped = true;
            }
            walk.x += by;
            walk.mood = wander(walk.mood, MOOD_HALF_MS, MOOD_SPREAD, dt_ms, draw.normal());
            moved.by = by;
        }
        self.rate = wander(self.rate, NOISE_HALF_MS, RATE_SPREAD, dt_ms, draw.normal());
        self.cross = wander(self.cross, NOISE_HALF_MS, CROSS_SPREAD, dt_ms, draw.normal());
        moved
    }

    /// A walk's price in units of 10^-8.
    fn walk_price(&self, walk: usize) -> i64 {
        let anchor = WALKS.get(walk).map_or(0, |plan| plan.anchor);
        mul(anchor, exp2(self.walks.get(walk).map_or(0, |state| state.x)))
    }

    /// The reference price in units of 10^-8.
    pub(crate) fn price(&self, follows: Follows) -> i64 {
        match follows {
            Follows::Walk(walk) => self.walk_price(walk),
            Follows::Cross(base, quote) => {
                let fair = ratio(self.walk_price(base), UNIT, self.walk_price(quote).max(1));
                mul(fair, exp2(self.cross))
            }
            Follows::Rate(walk) => mul(self.walk_price(walk).saturating_mul(RATE), exp2(self.rate)),
        }
    }

    /// The factor by which a market is busier than usual, and its last move's direction.
    pub(crate) fn mood(&self, follows: Follows) -> i64 {
        let (Follows::Walk(walk) | Follows::Cross(walk, _) | Follows::Rate(walk)) = follows;
        exp2(self.walks.get(walk).map_or(0, |state| state.mood))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Standard deviation of daily changes of a walk over 200 days of minutes, in millionths of the price.
    fn daily_deviation_ppm(seed: u64, walk: usize) -> i64 {
        let mut reference = Reference::default();
        let (mut squares, days) = (0_i128, 200_u64);
        for day in 0..days {
            let before = reference.walks[walk].x;
            for tick in 0..1_440 {
                let mut draw = Draw::new(seed, day * 1_440 + tick, 0);
                reference.step(60_000, &mut draw);
            }
            let change = i128::from(reference.walks[walk].x - before);
            squares += change * change / i128::from(days);
        }
        let deviation = u128::try_from(squares).unwrap().isqrt();
        let ln2_ppm = 693_147;
        (i64::try_from(deviation).unwrap() * ln2_ppm) >> 32
    }

    #[test]
    fn prices_move_a_few_percent_a_day() {
        let bitcoin = daily_deviation_ppm(1, 0);
        assert!((20_000..40_000).contains(&bitcoin), "{bitcoin} ppm");
    }

    #[test]
    fn crosses_hang_together() {
        let mut reference = Reference::default();
        for tick in 0..10_000 {
            reference.step(60_000, &mut Draw::new(5, tick, 0));
            let (btc, eth) = (reference.price(Follows::Walk(0)), reference.price(Follows::Walk(1)));
            let cross = reference.price(Follows::Cross(1, 0));
            let implied = ratio(cross, btc, UNIT);
            assert!((implied - eth).abs() < eth / 2_000, "{implied} and {eth}");
            let won = reference.price(Follows::Rate(0));
            assert!((won / RATE - btc).abs() < btc / 100);
        }
    }

    #[test]
    fn prices_stay_plausible_for_years() {
        let mut reference = Reference::default();
        for tick in 0..3 * 365 * 144 {
            reference.step(600_000, &mut Draw::new(9, tick, 0));
            let btc = reference.price(Follows::Walk(0)) / UNIT;
            assert!((30_000..300_000).contains(&btc), "{btc}");
        }
    }
}
