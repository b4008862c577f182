//! Who takes part where, and with how much: the constants of the simulated market.
//!
//! Prices and sizes are decimal text, read at the market's own scales. They are meant to be plausible, not to be anybody's.

use types::{AssetCode, Market, Symbol, decimal};

/// Hundredths of a basis point: the unit of distances here (one millionth of a price).
pub(crate) const PPM: i64 = 1_000_000;

/// What a market's reference price follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    /// A random walk of its own; the number of the walk.
    Walk(usize),
    /// The quotient of two walks' prices.
    Cross(usize, usize),
    /// A walk's price times a slowly wandering exchange rate.
    Rate(usize),
}

/// A market that participants know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Venue {
    pub(crate) symbol: &'static str,
    pub(crate) follows: Follows,
    /// Taker orders per 1,000 s when nothing special happens, before they excite each other.
    pub(crate) takers_per_1000_s: i64,
    /// Median quantity of a taker's order.
    pub(crate) taker_qty: &'static str,
    /// Typical quantity of a maker's order near the touch.
    pub(crate) maker_qty: &'static str,
}

/// The markets, in the order in which their streams of random numbers are counted.
pub(crate) const VENUES: [Venue; 5] = [
    Venue {
        symbol: "BTCUSDT",
        follows: Follows::Walk(0),
        takers_per_1000_s: 1_100,
        taker_qty: "0.009",
        maker_qty: "0.06",
    },
    Venue {
        symbol: "ETHUSDT",
        follows: Follows::Walk(1),
        takers_per_1000_s: 700,
        taker_qty: "0.2",
        maker_qty: "1.5",
    },
    Venue {
        symbol: "SOLUSDT",
        follows: Follows::Walk(2),
        takers_per_1000_s: 450,
        taker_qty: "3",
        maker_qty: "20",
    },
    Venue {
        symbol: "ETHBTC",
        follows: Follows::Cross(1, 0),
        takers_per_1000_s: 120,
        taker_qty: "0.25",
        maker_qty: "3",
    },
    Venue {
        symbol: "BTCKRW",
        follows: Follows::Rate(0),
        takers_per_1000_s: 250,
        taker_qty: "0.004",
        maker_qty: "0.03",
    },
];

/// A random walk: its price at the start, in units of 10^-8, and its daily volatility in millionths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    pub(crate) anchor: i64,
    pub(crate) daily_ppm: i64,
}

pub(crate) const WALKS: [Walk; 3] = [
    Walk { anchor: 97_250 * 100_000_000, daily_ppm: 22_000 },
    Walk { anchor: 3_420 * 100_000_000, daily_ppm: 26_000 },
    Walk { anchor: 187 * 100_000_000, daily_ppm: 31_000 },
];

/// The exchange rate of [`Follows::Rate`] at the start (won per dollar).
pub(crate) const RATE: i64 = 1_385;

/// One ladder of a maker's quotes on each side of the market, from the end of the one before outwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    /// Distance between quotes.
    pub(crate) step_ppm: i64,
    /// How many.
    pub(crate) levels: i64,
}

/// A market maker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker {
    /// Account name.
    pub(crate) name: &'static str,
    /// Closest distance of a quote to its centre.
    pub(crate) half_ppm: i64,
    /// A quote closer than this is taken back.
    pub(crate) cancel_ppm: i64,
    /// How far the reference moves before the centre follows.
    pub(crate) lag_ppm: i64,
    /// Its ladders.
    pub(crate) bands: [Band; 3],
}

/// The makers. Together they show more than a hundred levels on each side, out to 1.5 %.
pub(crate) const MAKERS: [Maker; 2] = [
    Maker {
        name: "sim.maker-1",
        half_ppm: 25,
        cancel_ppm: 8,
        lag_ppm: 20,
        bands: [
            Band { step_ppm: 40, levels: 25 },
            Band { step_ppm: 150, levels: 20 },
            Band { step_ppm: 400, levels: 20 },
        ],
    },
    Maker {
        name: "sim.maker-2",
        half_ppm: 45,
        cancel_ppm: 15,
        lag_ppm: 45,
        bands: [
            Band { step_ppm: 80, levels: 18 },
            Band { step_ppm: 250, levels: 20 },
            Band { step_ppm: 600, levels: 15 },
        ],
    },
];

/// The account of the takers.
pub(crate) const TAKER: &str = "sim.takers";

/// What each participant holds, about: it is topped up below half of this and skimmed above twice.
pub(crate) const HOLDINGS: [(&str, &str); 5] =
    [("BTC", "400"), ("ETH", "9000"), ("SOL", "150000"), ("USDT", "60000000"), ("KRW", "60000000000")];

/// The plan for a market, if participants know it.
pub(crate) fn venue(symbol: &Symbol) -> Option<(usize, &'static Venue)> {
    VENUES.iter().enumerate().find(|(_, venue)| venue.symbol == symbol.as_str())
}

/// A constant quantity at a market's base scale; 0 (which places nothing) if the scale cannot hold it.
pub(crate) fn base_qty(market: &Market, text: &str) -> i64 {
    decimal::parse_unsigned(text, market.base.scale).unwrap_or(0)
}

/// What a participant holds of an asset, at its scale.
pub(crate) fn holding(code: &AssetCode, scale: u8) -> Option<i128> {
    let (_, text) = HOLDINGS.iter().find(|(known, _)| *known == code.as_str())?;
    decimal::parse(text, scale).ok()
}
