//! Assets and markets with their permanent scales and their trading rules.

use crate::{AssetCode, AssetId, MarketId, Money, Overflow, Price, Qty, Symbol};

/// Decimals of an asset unless stated otherwise.
pub const DEFAULT_SCALE: u8 = 8;
/// The largest scale: 10^18 is the largest power of ten in an `i64`.
pub const SCALE_MAX: u8 = 18;

/// An asset. Its scale is permanent: every stored amount depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Index in the asset table.
    pub id: AssetId,
    /// `BTC`.
    pub code: AssetCode,
    /// Decimals of an amount.
    pub scale: u8,
}

/// Which prices are valid. A rule, not a representation: it may change while scales may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TickRule {
    /// Multiples of one tick.
    Fixed(Price),
    /// The tick depends on the price (Upbit): `(from, tick)` rising, the last entry whose `from` ≤ price counts.
    Ladder(Vec<(Price, Price)>),
}

/// Smallest, largest and step of a quantity (Binance `LOT_SIZE`, `MARKET_LOT_SIZE`). A step of 0 checks no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotRule {
    /// Smallest quantity.
    pub min: Qty,
    /// Largest quantity.
    pub max: Qty,
    /// Quantities are multiples of this.
    pub step: Qty,
}

/// How far from the average price an order may stand (Binance `PERCENT_PRICE_BY_SIDE`); factors in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PercentPriceRule {
    /// Highest bid: average × this / 10,000.
    pub bid_up: u32,
    /// Lowest bid.
    pub bid_down: u32,
    /// Highest ask.
    pub ask_up: u32,
    /// Lowest ask.
    pub ask_down: u32,
}

/// The trading rules of a market (Binance filters). Zero switches a numeric limit off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Lowest price.
    pub price_min: Price,
    /// Highest price.
    pub price_max: Price,
    /// Valid prices.
    pub tick: TickRule,
    /// Quantities of limit and conditional orders.
    pub lot: LotRule,
    /// Quantities of market orders.
    pub market_lot: LotRule,
    /// Smallest price × quantity, for market orders by the average price.
    pub notional_min: Money,
    /// Largest price × quantity; applies to limit orders only.
    pub notional_max: Money,
    /// Window of the average price, in minutes (0: the last price).
    pub average_minutes: u8,
    /// Price band around the average.
    pub percent_price: PercentPriceRule,
    /// Most parts of an iceberg.
    pub iceberg_parts_max: u32,
    /// Most live orders of an account on the market.
    pub orders_max: u32,
    /// Most live conditional orders of an account on the market.
    pub stops_max: u32,
    /// Most live icebergs of an account on the market.
    pub icebergs_max: u32,
    /// Most live order lists of an account on the market.
    pub lists_max: u32,
    /// Most amendments of one order.
    pub amends_max: u32,
    /// Largest base position (free + locked + open buys) a buy may lead to; 0 for none.
    pub position_max: Money,
    /// Smallest and largest trailing delta.
    pub trailing: (u32, u32),
}

impl Rules {
    /// Those of a market that limits nothing but what its numbers mean: multiples of `tick` up to `price_max`, quantities by `lot`, any
    /// value, any number of orders, and trailing deltas of 1 to 10,000 hundredths of a percent. What else is wanted is changed in place.
    #[must_use]
    pub const fn free(tick: Price, price_max: Price, lot: LotRule) -> Self {
        Self {
            price_min: tick,
            price_max,
            tick: TickRule::Fixed(tick),
            lot,
            market_lot: lot,
            notional_min: Money::ZERO,
            notional_max: Money::ZERO,
            average_minutes: 0,
            percent_price: PercentPriceRule { bid_up: 0, bid_down: 0, ask_up: 0, ask_down: 0 },
            iceberg_parts_max: 0,
            orders_max: 0,
            stops_max: 0,
            icebergs_max: 0,
            lists_max: 0,
            amends_max: 0,
            position_max: Money::ZERO,
            trailing: (1, 10_000),
        }
    }
}

/// A spot market: base traded for quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// Index in the market table.
    pub id: MarketId,
    /// `BTCUSDT`.
    pub symbol: Symbol,
    /// What is traded.
    pub base: Asset,
    /// What it is paid in.
    pub quote: Asset,
    /// Decimals of a price.
    pub price_scale: u8,
    /// Its rules.
    pub rules: Rules,
    /// How a price and a quantity become an amount, exactly.
    pub notional: NotionalScale,
}

/// Turns price × quantity into quote units without a remainder. Exists only for markets whose tick × lot step is a whole
/// number of quote units, so a notional is never rounded and no dust can arise in a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotionalScale {
    price_unit: i64,
    qty_unit: i64,
}

/// Why a market cannot be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingError {
    /// A scale above [`SCALE_MAX`].
    Scale,
    /// Tick or lot step is zero or negative, a ladder is empty or not rising, or a smallest value exceeds a largest.
    Rule,
    /// tick × lot step is not a whole number of the quote asset's smallest unit: trades would leave dust.
    Dust,
}

impl std::fmt::Display for ListingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scale => "a scale is larger than 18 decimals",
            Self::Rule => "a tick, lot or limit is zero or out of order",
            Self::Dust => "tick size x lot step is not a whole number of the quote asset's smallest unit",
        })
    }
}
impl std::error::Error for ListingError {}

impl NotionalScale {
    /// For prices that are multiples of `tick` and quantities that are multiples of `step`.
    /// `shrink` = price scale + base scale − quote scale, the decimals that the product has too many.
    fn new(tick: i64, step: i64, shrink: u8) -> Result<Self, ListingError> {
        let (mut price_unit, mut qty_unit) = (1_i64, 1_i64);
        for _ in 0..shrink {
            // A unit of 10^18 cannot grow further: the next power of ten does not fit.
            if let Some(unit) = price_unit.checked_mul(10).filter(|unit| tick % unit == 0) {
                price_unit = unit;
            } else if let Some(unit) = qty_unit.checked_mul(10).filter(|unit| step % unit == 0) {
                qty_unit = unit;
            } else {
                return Err(ListingError::Dust);
            }
        }
        Ok(Self { price_unit, qty_unit })
    }

    /// The parts (a, b) of [`Self::amount`]: (price / a) × (qty / b).
    #[must_use]
    pub const fn units(self) -> (i64, i64) {
        (self.price_unit, self.qty_unit)
    }

    /// price × qty in units of the quote asset, exact for a valid tick and lot; otherwise rounded down.
    #[must_use]
    pub fn amount(self, price: Price, qty: Qty) -> Money {
        // Two 64-bit divisions are much faster than one of 128 bits, and the product of two i64 fits an i128.
        Money(i128::from(price.0 / self.price_unit) * i128::from(qty.0 / self.qty_unit))
    }

    /// The highest price at which `qty` (> 0) is worth at most `value`; saturates at the range of [`Price`].
    #[must_use]
    pub fn price_at(self, value: Money, qty: Qty) -> Price {
        let qty = i128::from((qty.0 / self.qty_unit).max(1));
        let price = value.0.div_euclid(qty).saturating_mul(i128::from(self.price_unit));
        let limit = if price < 0 { i64::MIN } else { i64::MAX };
        Price(i64::try_from(price).unwrap_or(limit))
    }

    /// The largest multiple of `step` that `budget` buys at `price` (> 0); saturates at the range of [`Qty`].
    #[must_use]
    pub fn affordable(self, budget: Money, price: Price, step: Qty) -> Qty {
        let price = i128::from(price.0 / self.price_unit);
        if price <= 0 || budget.0 <= 0 {
            return Qty::ZERO;
        }
        let qty = (budget.0 / price).saturating_mul(i128::from(self.qty_unit));
        let step = step.0.max(1);
        let qty = i64::try_from(qty).unwrap_or(i64::MAX);
        Qty(qty - qty % step)
    }
}

impl Market {
    /// Lists a market after checking that its numbers fit together. See [`ListingError`].
    pub fn new(
        id: MarketId,
        symbol: Symbol,
        base: Asset,
        quote: Asset,
        price_scale: u8,
        rules: Rules,
    ) -> Result<Self, ListingError> {
        if base.scale > SCALE_MAX || quote.scale > SCALE_MAX || price_scale > SCALE_MAX {
            return Err(ListingError::Scale);
        }
        let step = rules.lot.step.0;
        let ordered = rules.lot.min <= rules.lot.max && rules.price_min <= rules.price_max;
        if step <= 0 || !ordered || rules.price_min.0 <= 0 || !rules.tick.is_sound() {
            return Err(ListingError::Rule);
        }
        // Market orders that run against the book must stay in whole lots too.
        if rules.market_lot.step.0 % step != 0 {
            return Err(ListingError::Rule);
        }
        let shrink = (price_scale + base.scale).checked_sub(quote.scale).ok_or(ListingError::Scale)?;
        let notional = NotionalScale::new(rules.tick.finest(), step, shrink)?;
        Ok(Self { id, symbol, base, quote, price_scale, rules, notional })
    }

    /// price × qty in quote units; [`Overflow`] never happens for values within the market's rules, but callers
    /// check before the rules do.
    pub fn amount(&self, price: Price, qty: Qty) -> Result<Money, Overflow> {
        Ok(self.notional.amount(price, qty))
    }
}

impl TickRule {
    /// The tick that counts at `price`.
    #[must_use]
    pub fn at(&self, price: Price) -> Price {
        match self {
            Self::Fixed(tick) => *tick,
            Self::Ladder(steps) => {
                let above = steps.partition_point(|(from, _)| *from <= price);
                steps.get(above.saturating_sub(1)).map_or(Price(1), |(_, tick)| *tick)
            }
        }
    }

    /// True if `price` is a multiple of its tick.
    #[must_use]
    pub fn allows(&self, price: Price) -> bool {
        price.0 % self.at(price).0 == 0
    }

    /// The greatest common divisor of all ticks, in price units.
    #[must_use]
    pub fn finest(&self) -> i64 {
        match self {
            Self::Fixed(tick) => tick.0,
            Self::Ladder(steps) => steps.iter().fold(0, |acc, (_, tick)| gcd(acc, tick.0)),
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Fixed(tick) => tick.0 > 0,
            Self::Ladder(steps) => {
                !steps.is_empty()
                    && steps.iter().all(|(_, tick)| tick.0 > 0)
                    && steps.windows(2).all(|w| w[0].0 < w[1].0)
            }
        }
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(tick: i64, step: i64) -> Result<Market, ListingError> {
        let asset = |id, code| Asset { id: AssetId(id), code: AssetCode::new(code).unwrap(), scale: 8 };
        let lot = LotRule { min: Qty(step), max: Qty(900_000_000_000), step: Qty(step) };
        let rules = Rules {
            price_min: Price(tick),
            price_max: Price(100_000_000_000_000),
            tick: TickRule::Fixed(Price(tick)),
            lot,
            market_lot: lot,
            notional_min: Money(500_000_000),
            notional_max: Money(900_000_000_000_000),
            average_minutes: 5,
            percent_price: PercentPriceRule {
                bid_up: 50_000,
                bid_down: 2_000,
                ask_up: 50_000,
                ask_down: 2_000,
            },
            iceberg_parts_max: 10,
            orders_max: 200,
            stops_max: 5,
            icebergs_max: 5,
            lists_max: 20,
            amends_max: 10,
            position_max: Money(0),
            trailing: (10, 2_000),
        };
        Market::new(MarketId(0), Symbol::new("BTCUSDT").unwrap(), asset(0, "BTC"), asset(1, "USDT"), 8, rules)
    }

    #[test]
    fn a_notional_is_exact() {
        let m = market(1_000_000, 1_000).unwrap(); // 0.01 and 0.00001
        assert_eq!(m.amount(Price(3_000_001_000_000), Qty(1_000)), Ok(Money(30_000_010)));
        assert_eq!(
            m.notional.affordable(Money(30_000_010), Price(3_000_001_000_000), Qty(1_000)),
            Qty(1_000)
        );
        assert_eq!(m.notional.affordable(Money(30_000_009), Price(3_000_001_000_000), Qty(1_000)), Qty(0));
    }

    #[test]
    fn a_market_that_would_leave_dust_is_not_listed() {
        assert_eq!(market(1_000, 10_000).unwrap_err(), ListingError::Dust);
        assert!(market(1_000, 100_000).is_ok());
        assert_eq!(market(0, 1).unwrap_err(), ListingError::Rule);
    }

    #[test]
    fn absurd_scales_and_ticks_are_refused_without_overflow() {
        let asset = |id, scale| Asset { id: AssetId(id), code: AssetCode::new("X").unwrap(), scale };
        let mut rules = market(1_000_000, 1_000).unwrap().rules;
        let huge = 9_000_000_000_000_000_000;
        rules.tick = TickRule::Fixed(Price(huge));
        (rules.lot.step, rules.market_lot.step) = (Qty(7), Qty(7));
        let symbol = Symbol::new("XX").unwrap();
        let listed = Market::new(MarketId(0), symbol, asset(0, 18), asset(1, 0), 18, rules);
        assert_eq!(listed.unwrap_err(), ListingError::Dust);
    }

    #[test]
    fn a_ladder_picks_the_tick_of_the_price() {
        let ladder =
            TickRule::Ladder(vec![(Price(0), Price(1)), (Price(100), Price(5)), (Price(1_000), Price(10))]);
        assert!(ladder.allows(Price(99)) && ladder.allows(Price(105)) && ladder.allows(Price(1_010)));
        assert!(!ladder.allows(Price(101)) && !ladder.allows(Price(1_005)));
        assert_eq!(ladder.finest(), 1);
        assert!(!TickRule::Ladder(vec![(Price(5), Price(1)), (Price(5), Price(2))]).is_sound());
    }
}
