//! A market for tests: amounts and prices with eight decimals, and no rule but those a test is about.

use types::instrument::{LotRule, Rules};
use types::{
    Asset, AssetCode, AssetId, Instrument, InstrumentId, InstrumentKind, Market, MarketId, Money, Price, Qty,
    Symbol, VenueName,
};

/// One of everything at scale 8.
const ONE: i64 = 100_000_000;

/// What is listed; by default BTCUSDT on the spot market of `local`, in steps of 0.01.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// The venue's name.
    pub venue: &'static str,
    /// The market's number.
    pub id: u16,
    /// Its name.
    pub symbol: &'static str,
    /// Number and code of what is traded.
    pub base: (u16, &'static str),
    /// Number and code of what it is paid with.
    pub quote: (u16, &'static str),
    /// Spot or perpetual.
    pub kind: InstrumentKind,
    /// Step of prices, and the lowest one.
    pub tick: Price,
    /// Step of quantities, and the smallest one.
    pub lot: Qty,
    /// Largest quantity of an order.
    pub lot_max: Qty,
    /// Smallest value of an order.
    pub notional_min: Money,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            venue: "local",
            id: 0,
            symbol: "BTCUSDT",
            base: (0, "BTC"),
            quote: (1, "USDT"),
            kind: InstrumentKind::Spot,
            tick: Price(ONE / 100),
            lot: Qty(ONE / 100),
            lot_max: Qty(1_000 * ONE),
            notional_min: Money(0),
        }
    }
}

impl Listing {
    /// The instrument. Prices up to a million.
    ///
    /// # Panics
    /// When the listing makes no sense.
    #[must_use]
    pub fn instrument(self) -> Instrument {
        let asset = |(id, code)| Asset {
            id: AssetId(id),
            code: AssetCode::new(code).expect("a code of the test's own"),
            scale: 8,
        };
        let lot = LotRule { min: self.lot, max: self.lot_max, step: self.lot };
        let free = Rules::free(self.tick, Price(1_000_000 * ONE), lot);
        let rules = Rules { notional_min: self.notional_min, trailing: (0, 0), ..free };
        let symbol = Symbol::new(self.symbol).expect("a symbol of the test's own");
        let market = Market::new(MarketId(self.id), symbol, asset(self.base), asset(self.quote), 8, rules)
            .expect("a listing that makes sense");
        let venue = VenueName::new(self.venue).expect("a venue of the test's own");
        Instrument { id: InstrumentId { venue, symbol }, kind: self.kind, market }
    }
}
