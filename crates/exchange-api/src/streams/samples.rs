//! What the tests of this module need again and again.

use exchange_host::view::Catalog;
use types::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use types::{Asset, AssetCode, AssetId, Event, Market, MarketId, Money, Price, Qty, Symbol};

/// `BTCUSDT` with a tick of 0.01 and a lot of 0.00001.
pub(crate) fn market() -> Market {
    let asset = |id, code| Asset { id: AssetId(id), code: AssetCode::new(code).unwrap(), scale: 8 };
    let lot = LotRule { min: Qty(1_000), max: Qty(900_000_000_000), step: Qty(1_000) };
    let rules = Rules {
        price_min: Price(1_000_000),
        price_max: Price(100_000_000_000_000),
        tick: TickRule::Fixed(Price(1_000_000)),
        lot,
        market_lot: lot,
        notional_min: Money(500_000_000),
        notional_max: Money(900_000_000_000_000),
        average_minutes: 5,
        percent_price: PercentPriceRule { bid_up: 50_000, bid_down: 2_000, ask_up: 50_000, ask_down: 2_000 },
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
        .unwrap()
}

/// A catalog of that market.
pub(crate) fn catalog() -> Catalog {
    let (market, mut catalog) = (market(), Catalog::default());
    for event in [
        Event::AssetListed(market.base),
        Event::AssetListed(market.quote),
        Event::MarketListed(Box::new(market)),
    ] {
        assert!(catalog.apply(&event));
    }
    catalog
}
