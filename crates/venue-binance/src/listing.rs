//! What a venue lists (`GET /api/v3/exchangeInfo`): ticks, lots and the smallest value of an order, as instruments.

use archive::{Contract, Listing, Scales};
use serde::Deserialize;
use types::{Instrument, InstrumentId, MarketId, Money, Qty, Symbol, VenueName, decimal};

use crate::address::Site;
use crate::limits::MARKETS_MAX;
use crate::{Endpoint, FeedError, rest};

/// The name under which a feed's instruments go: `feed:BTCUSDT`.
pub const VENUE: &str = "feed";
/// Decimals of every market of a feed, for ever: Binance prints eight, and price × quantity is exact with sixteen.
pub(crate) const SCALES: Scales = Scales { price: 8, base: 8, quote: 16 };

#[derive(Deserialize)]
struct Symbols {
    symbols: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    symbol: String,
    base_asset: String,
    quote_asset: String,
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    filter_type: String,
    tick_size: Option<String>,
    step_size: Option<String>,
    min_qty: Option<String>,
    min_notional: Option<String>,
}

/// Asks the venue for the rules of `symbols`, in their order; markets are numbered from 0.
///
/// # Errors
/// When it cannot be reached, does not list one of them, or says what makes no market.
pub async fn listed(endpoint: &Endpoint, symbols: &[String]) -> Result<Vec<Instrument>, FeedError> {
    let site = &endpoint.rest;
    if symbols.is_empty() || symbols.len() > MARKETS_MAX {
        return Err(FeedError::Address(site.name(), "is asked for no symbol, or for more than 32"));
    }
    let names = symbols.iter().map(|symbol| format!("%22{symbol}%22")).collect::<Vec<_>>().join(",");
    let answer: Symbols = rest::get(site, &format!("/api/v3/exchangeInfo?symbols=%5B{names}%5D")).await?;
    let one = |(n, symbol): (usize, &String)| {
        let entry = answer.symbols.iter().find(|entry| entry.symbol == *symbol);
        let entry = entry.ok_or_else(|| malformed(site, format!("it does not list {symbol}")))?;
        instrument(entry, MarketId(u16::try_from(n).unwrap_or(u16::MAX))).map_err(|why| malformed(site, why))
    };
    symbols.iter().enumerate().map(one).collect()
}

fn malformed(site: &Site, why: String) -> FeedError {
    FeedError::Malformed { host: site.name(), why }
}

fn instrument(entry: &Entry, market: MarketId) -> Result<Instrument, String> {
    let of = |kinds: &[&str], what: fn(&Filter) -> Option<&String>| {
        entry.filters.iter().filter(|f| kinds.contains(&f.filter_type.as_str())).find_map(what)
    };
    let symbol = &entry.symbol;
    let number = |text: Option<&String>, scale: u8| -> Result<i128, String> {
        let text = text.ok_or_else(|| format!("{symbol} has no tick, lot or smallest quantity"))?;
        decimal::parse(text, scale).map_err(|why| format!("{symbol}: {text:?} {why}"))
    };
    let units = |value: i128| i64::try_from(value).map_err(|_| format!("{symbol}: {value} is too large"));
    let listing = Listing {
        contract: Contract::Spot,
        base: entry.base_asset.clone(),
        quote: entry.quote_asset.clone(),
        scales: SCALES,
        tick: units(number(of(&["PRICE_FILTER"], |f| f.tick_size.as_ref()), SCALES.price)?)?,
        tick_given: true,
        lot: units(number(of(&["LOT_SIZE"], |f| f.step_size.as_ref()), SCALES.base)?)?,
        lot_given: true,
    };
    let venue = VenueName::new(VENUE).map_err(|why| why.to_string())?;
    let id = InstrumentId { venue, symbol: Symbol::new(symbol).map_err(|why| format!("{symbol} {why}"))? };
    let mut instrument = listing.instrument(id, market).map_err(|error| error.to_string())?;
    let least = Qty(units(number(of(&["LOT_SIZE"], |f| f.min_qty.as_ref()), SCALES.base)?)?);
    let rules = &mut instrument.market.rules;
    rules.lot.min = rules.lot.min.max(least);
    rules.market_lot.min = rules.lot.min;
    if let Some(text) = of(&["NOTIONAL", "MIN_NOTIONAL"], |f| f.min_notional.as_ref()) {
        rules.notional_min = Money(number(Some(text), SCALES.quote)?);
    }
    Ok(instrument)
}

#[cfg(test)]
mod tests {
    use types::Price;
    use types::instrument::TickRule;

    use super::*;

    #[test]
    fn a_listing_becomes_an_instrument_with_the_venues_rules() {
        let text = r#"{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[
            {"filterType":"PRICE_FILTER","minPrice":"0.01000000","tickSize":"0.01000000"},
            {"filterType":"LOT_SIZE","minQty":"0.00002000","maxQty":"9000.0","stepSize":"0.00001000"},
            {"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","stepSize":"0.00000000"},
            {"filterType":"NOTIONAL","minNotional":"5.00000000"}]}"#;
        let entry: Entry = serde_json::from_str(text).unwrap();
        let instrument = instrument(&entry, MarketId(0)).unwrap();
        let rules = &instrument.market.rules;
        assert_eq!(instrument.id.to_string(), "feed:BTCUSDT");
        assert_eq!(rules.tick, TickRule::Fixed(Price(1_000_000)));
        assert_eq!((rules.lot.min, rules.lot.step), (Qty(2_000), Qty(1_000)));
        assert_eq!(rules.notional_min, Money(5 * 10_i128.pow(16)));
        let without: Entry = serde_json::from_str(&text.replace("PRICE_FILTER", "PRICES")).unwrap();
        assert!(super::instrument(&without, MarketId(0)).unwrap_err().contains("no tick"));
    }
}
