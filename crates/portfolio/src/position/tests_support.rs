//! Instruments for the tests of this module.

use types::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use types::{
    Asset, AssetCode, AssetId, Instrument, InstrumentId, InstrumentKind, Market, MarketId, Money, Price, Qty,
    Symbol, VenueName,
};

pub(super) fn spot() -> Instrument {
    instrument(InstrumentKind::Spot)
}

pub(super) fn perp() -> Instrument {
    instrument(InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 500 })
}

fn instrument(kind: InstrumentKind) -> Instrument {
    let asset = |id, code| Asset { id: AssetId(id), code: AssetCode::new(code).unwrap(), scale: 8 };
    let lot = LotRule { min: Qty(1_000), max: Qty(900_000_000_000), step: Qty(1_000) };
    let rules = Rules {
        price_min: Price(1_000_000),
        price_max: Price(100_000_000_000_000),
        tick: TickRule::Fixed(Price(1_000_000)),
        lot,
        market_lot: lot,
        notional_min: Money(0),
        notional_max: Money(0),
        average_minutes: 0,
        percent_price: PercentPriceRule { bid_up: 0, bid_down: 0, ask_up: 0, ask_down: 0 },
        iceberg_parts_max: 10,
        orders_max: 200,
        stops_max: 5,
        icebergs_max: 5,
        lists_max: 20,
        amends_max: 10,
        position_max: Money(0),
        trailing: (10, 2_000),
    };
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let market = Market::new(MarketId(0), symbol, asset(0, "BTC"), asset(1, "USDT"), 8, rules).unwrap();
    Instrument { id: InstrumentId { venue: VenueName::new("local").unwrap(), symbol }, kind, market }
}
