//! What a new exchange lists: five assets and five markets with realistic rules.

use exchange::Exchange;
use types::instrument::{ListingError, LotRule, PercentPriceRule, Rules, TickRule};
use types::{Asset, AssetCode, AssetId, Command, Market, MarketId, Money, Price, Qty, Symbol, TextError};

/// Why a listing is no listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A market's rules do not fit together.
    #[error(transparent)]
    Rules(#[from] ListingError),
    /// A code or symbol is none.
    #[error(transparent)]
    Text(#[from] TextError),
    /// An amount is not a number of its scale.
    #[error("an amount is not a number")]
    Number,
    /// A market names an asset that is not in the list.
    #[error("an asset is not listed")]
    Asset,
}

impl From<types::decimal::DecimalError> for Wrong {
    fn from(_: types::decimal::DecimalError) -> Self {
        Self::Number
    }
}

const ASSETS: [&str; 5] = ["BTC", "ETH", "SOL", "USDT", "KRW"];

/// base, quote, tick, largest price, lot step, largest quantity, smallest notional: decimal text.
const MARKETS: [[&str; 7]; 5] = [
    ["BTC", "USDT", "0.01", "1000000", "0.00001", "9000", "5"],
    ["ETH", "USDT", "0.01", "1000000", "0.0001", "9000", "5"],
    ["SOL", "USDT", "0.01", "1000000", "0.001", "90000", "5"],
    ["ETH", "BTC", "0.00001", "1000", "0.001", "9000", "0.0001"],
    ["BTC", "KRW", "1000", "10000000000", "0.00001", "9000", "5000"],
];

/// The commands that list what `exchange` lacks of the standard assets and markets; none when it has listed anything before.
pub fn commands(exchange: &Exchange) -> Result<Vec<Command>, Wrong> {
    if !exchange.assets().is_empty() {
        return Ok(Vec::new());
    }
    let mut assets = Vec::new();
    for (id, code) in (0..).zip(ASSETS) {
        let scale = types::instrument::DEFAULT_SCALE;
        assets.push(Asset { id: AssetId(id), code: AssetCode::new(code)?, scale });
    }
    let mut out: Vec<Command> = assets.iter().map(|asset| Command::ListAsset(*asset)).collect();
    for (id, row) in (0..).zip(MARKETS) {
        out.push(Command::ListMarket(Box::new(market(MarketId(id), &assets, row)?)));
    }
    Ok(out)
}

fn market(id: MarketId, assets: &[Asset], row: [&str; 7]) -> Result<Market, Wrong> {
    let [base, quote, tick, price_max, step, qty_max, notional_min] = row;
    let find = |code: &str| assets.iter().find(|a| a.code.as_str() == code).copied().ok_or(Wrong::Asset);
    let (base, quote) = (find(base)?, find(quote)?);
    let scale = types::instrument::DEFAULT_SCALE;
    let number = |text| types::decimal::parse_unsigned(text, scale);
    let (tick, step) = (number(tick)?, number(step)?);
    let lot = LotRule { min: Qty(step), max: Qty(number(qty_max)?), step: Qty(step) };
    let rules = Rules {
        price_min: Price(tick),
        price_max: Price(number(price_max)?),
        tick: TickRule::Fixed(Price(tick)),
        lot,
        market_lot: lot,
        notional_min: Money(types::decimal::parse(notional_min, quote.scale)?),
        notional_max: Money(0),
        average_minutes: 5,
        percent_price: PercentPriceRule { bid_up: 50_000, bid_down: 2_000, ask_up: 50_000, ask_down: 2_000 },
        iceberg_parts_max: 10,
        orders_max: 200,
        stops_max: 5,
        icebergs_max: 10,
        lists_max: 20,
        amends_max: 10,
        position_max: Money(0),
        trailing: (10, 2_000),
    };
    let symbol = Symbol::new(&format!("{}{}", base.code, quote.code))?;
    Ok(Market::new(id, symbol, base, quote, scale, rules)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_listing_fits_together() {
        let listed = commands(&Exchange::new()).unwrap();
        let symbols: Vec<String> = listed
            .iter()
            .filter_map(|command| match command {
                Command::ListMarket(market) => Some(market.symbol.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(symbols, ["BTCUSDT", "ETHUSDT", "SOLUSDT", "ETHBTC", "BTCKRW"]);
        assert_eq!(listed.len(), 10);
    }
}
