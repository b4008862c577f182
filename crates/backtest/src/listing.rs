//! An instrument for a file of bars, which says nothing but prices: scales and lot follow from the tick.

use types::instrument::{LotRule, Rules};
use types::{
    Asset, AssetCode, AssetId, Instrument, InstrumentId, InstrumentKind, Market, MarketId, Price, Qty,
};

use crate::run::RunError;

/// Decimals of prices and quantities.
const SCALE: u8 = 8;
/// Quantities come in millionths, so that any sensible size can be traded.
const LOT: Qty = Qty(100);

/// Lists what a file holds: prices at scale 8 with this tick, quantities in millionths, no minimum. The quote's scale is the
/// smallest from 8 on at which every price times every lot is exact.
///
/// # Errors
/// When the symbol makes no asset codes.
pub fn listing(
    id: InstrumentId,
    kind: InstrumentKind,
    tick: Price,
    number: MarketId,
) -> Result<Instrument, RunError> {
    let wrong =
        |what: &dyn std::fmt::Display| RunError::Instruments(format!("{id} cannot be traded: {what}"));
    let (base, quote) = codes(&id);
    let asset = |n, code: &str, scale| {
        AssetCode::new(code).map(|code| Asset { id: AssetId(n), code, scale }).map_err(|e| wrong(&e))
    };
    let zeros = (0..SCALE).take_while(|z| tick.0 % 10_i64.pow(u32::from(*z) + 1) == 0).count();
    let quote_scale = (14 - u8::try_from(zeros).unwrap_or(0)).max(SCALE);
    let lot = LotRule { min: LOT, max: Qty(i64::MAX / 2), step: LOT };
    let rules = Rules::free(tick, Price(i64::MAX / 2), lot);
    let (base, quote) = (asset(0, &base, SCALE)?, asset(1, &quote, quote_scale)?);
    let market = Market::new(number, id.symbol, base, quote, SCALE, rules).map_err(|e| wrong(&e))?;
    Ok(Instrument { id, kind, market })
}

/// Base and quote from a symbol: `BTC-PERP` is BTC in USD, `BTCUSDT` and `BTC-USDT` are BTC in USDT; anything else is in USD.
fn codes(id: &InstrumentId) -> (String, String) {
    let symbol = id.symbol.as_str();
    let clean = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.take(AssetCode::LEN_MAX).collect::<String>()
    };
    if let Some(base) = symbol.strip_suffix("-PERP") {
        return (clean(base), "USD".to_owned());
    }
    for quote in ["USDT", "USDC", "FDUSD", "USD", "EUR", "KRW", "BTC"] {
        if let Some(base) = symbol.strip_suffix(quote).filter(|base| !clean(base).is_empty()) {
            return (clean(base), quote.to_owned());
        }
    }
    (clean(symbol), "USD".to_owned())
}

#[cfg(test)]
mod tests {
    use types::VenueName;

    use super::*;

    #[test]
    fn any_tick_gives_exact_money() {
        let id = InstrumentId::parse("BTC-PERP", VenueName::new("file").unwrap()).unwrap();
        for tick in [1, 10, 1_000_000, 50_000_000, 100_000_000, 10_000_000_000] {
            let listed = listing(id, InstrumentKind::Spot, Price(tick), MarketId(0)).unwrap();
            let quote = listed.market.notional.amount(Price(tick * 7), Qty(300));
            // tick × 7 × 0.000003 at the quote's scale.
            let want = i128::from(tick) * 7 * 300 * 10_i128.pow(u32::from(listed.market.quote.scale))
                / 10_i128.pow(16);
            assert_eq!((quote.0, want > 0), (want, true), "{tick}");
        }
    }

    #[test]
    fn symbols_tell_their_assets() {
        let codes = |text: &str| codes(&InstrumentId::parse(text, VenueName::new("file").unwrap()).unwrap());
        assert_eq!(codes("BTC-PERP"), ("BTC".to_owned(), "USD".to_owned()));
        assert_eq!(codes("ETHUSDT"), ("ETH".to_owned(), "USDT".to_owned()));
        assert_eq!(codes("SOL-USDC"), ("SOL".to_owned(), "USDC".to_owned()));
        assert_eq!(codes("SYNTHETIC"), ("SYNTHETIC".to_owned(), "USD".to_owned()));
    }
}
