//! Those who take: noise around a rate that excites itself (a Hawkes process), and those who know that the price has moved.
//!
//! λ(t) = μ·busy + Σ α·2^(−(t−tᵢ)/h) over past takers: trades come in bursts. Sizes are log-normal, now and then much larger.

use types::order::Tags;
use types::{
    AccountId, ClientOrderId, Command, Market, Price, Qty, Side, StpMode, Terms, TimeInForce, command,
};

use super::draw::Draw;
use super::fixed::{ONE, exp2, mul, ratio};
use super::plan::{PPM, Venue, base_qty};
use super::reference::Moved;

/// Half-life of the excitement.
const CALM_HALF_MS: i64 = 1_500;
/// What one taker adds to the rate, per second: with the half-life above, each brings 0.6 others on average.
const EXCITES: i64 = ONE * 277 / 1_000;
/// A jump brings this many per second at first.
const JUMP_EXCITES: i64 = 6 * ONE;
/// Largest excitement: 20 a second.
const EXCITED_MAX: i64 = 20 * ONE;
/// Spread of sizes in powers of two.
const SIZE_SPREAD: i64 = ONE * 17 / 10;
/// One in so many is a sweep, which is larger by [`SWEEP_SIZE`] powers of two.
const SWEEP_ONE_IN: i64 = 500;
const SWEEP_SIZE: i64 = 5 * ONE;
/// Takers accept prices this far from the reference; what is left expires.
const REACH_PPM: i64 = 6_000;
/// A move of the reference by this much within a tick makes every taker of the tick trade its way.
const NEWS: i64 = ONE / 2_500;
/// Most taker orders of a market in one tick: keeps a batch small whatever happens.
pub(crate) const TAKERS_MAX: u32 = 32;

/// What moves takers of one market in one tick.
pub(crate) struct Flow<'a> {
    pub(crate) market: &'a Market,
    pub(crate) venue: &'a Venue,
    pub(crate) account: AccountId,
    pub(crate) dt_ms: i64,
    pub(crate) reference: i64,
    /// How busy the market is, about one.
    pub(crate) busy: i64,
    pub(crate) moved: Moved,
}

impl Flow<'_> {
    /// Lets the excitement fade, then draws this tick's takers.
    pub(crate) fn step(&self, excitement: &mut i64, draw: &mut Draw, tick: u64, out: &mut Vec<Command>) {
        *excitement = mul(*excitement, exp2(-ratio(ONE, self.dt_ms, CALM_HALF_MS)));
        if self.moved.jumped {
            *excitement += JUMP_EXCITES;
        }
        let base = mul(ratio(ONE, self.venue.takers_per_1000_s, 1_000), self.busy);
        let mean = ratio(base + *excitement, self.dt_ms, 1_000);
        let count = draw.count(mean).min(TAKERS_MAX);
        *excitement = (*excitement + EXCITES * i64::from(count)).min(EXCITED_MAX);
        for number in 0..count {
            out.extend(self.order(draw, tick, number));
        }
    }

    fn order(&self, draw: &mut Draw, tick: u64, number: u32) -> Option<Command> {
        // Half the distance to certainty for a move of half the news.
        let lean = ratio(self.moved.by, ONE / 2, NEWS).clamp(-ONE / 2, ONE / 2);
        let side = if draw.chance(ONE / 2 + lean) { Side::Buy } else { Side::Sell };
        let mut size = draw.lognormal(SIZE_SPREAD);
        if draw.chance(ONE / SWEEP_ONE_IN) {
            size = mul(size, exp2(SWEEP_SIZE));
        }
        let lot = &self.market.rules.lot;
        let qty = mul(base_qty(self.market, self.venue.taker_qty), size);
        let qty = Qty((qty - qty % lot.step.0.max(1)).min(lot.max.0));
        let reach = ratio(self.reference, REACH_PPM, PPM);
        let limit = if side == Side::Buy { self.reference + reach } else { self.reference - reach };
        let tick_size = self.market.rules.tick.at(Price(limit)).0.max(1);
        let price = Price(limit - limit % tick_size);
        if qty < lot.min || self.market.notional.amount(price, qty) < self.market.rules.notional_min {
            return None;
        }
        Some(Command::Place(command::NewOrder {
            account: self.account,
            market: self.market.id,
            client_id: ClientOrderId::new(&format!("{}t{tick}.{number}", self.market.id)).ok()?,
            side,
            terms: Terms::Limit { price, qty, tif: TimeInForce::Ioc, display: None },
            stp: StpMode::None,
            tags: Tags::default(),
        }))
    }
}
