//! What an instrument is taken to be when nobody says: its codes from its symbol, its rules from its data.

use types::instrument::{LotRule, Rules, SCALE_MAX};
use types::{
    Asset, AssetCode, AssetId, Instrument, InstrumentId, InstrumentKind, Market, MarketId, Price, Qty,
};

use crate::Error;
use crate::manifest::{Contract, Listing, Scales};

/// Margins of a perpetual whose venue did not say: ten times leverage, liquidated at 3 %.
pub const PERP_MARGINS: (u32, u32) = (1_000, 300);
/// Codes of quote assets that symbols end in, longest first.
const QUOTES: &[&str] = &[
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDD", "DAI", "USD", "EUR", "GBP", "TRY", "BRL", "JPY", "KRW",
    "AUD", "BTC", "ETH", "BNB",
];
/// Highest price and largest quantity of the permissive rules.
const LARGEST: i64 = 9_000_000_000_000_000_000;

impl Contract {
    /// A perpetual if the symbol says so.
    #[must_use]
    pub fn guess(id: InstrumentId) -> Self {
        let symbol = id.symbol.as_str();
        if symbol.ends_with("PERP") || symbol.ends_with("-SWAP") { Self::perpetual() } else { Self::Spot }
    }

    /// A perpetual with [`PERP_MARGINS`].
    #[must_use]
    pub const fn perpetual() -> Self {
        Self::LinearPerp { initial_margin: PERP_MARGINS.0, maintenance_margin: PERP_MARGINS.1 }
    }
}

impl Scales {
    /// Scales for prices and quantities; the quote's is their sum, so that a notional is exact.
    ///
    /// # Errors
    /// When the sum is above 18 decimals.
    pub fn new(price: u8, base: u8) -> Result<Self, Error> {
        match price.checked_add(base).filter(|sum| *sum <= SCALE_MAX) {
            Some(quote) => Ok(Self { price, base, quote }),
            None => Err(Error::Request(format!(
                "{price} decimals of a price and {base} of a quantity make amounts of more than {SCALE_MAX} decimals"
            ))),
        }
    }
}

/// Base and quote of a symbol: `BTCUSDT`, `BTC-USDT`, `KRW-BTC` of Upbit, `BTC-PERP`; of anything else the symbol and USD.
#[must_use]
pub fn codes(id: InstrumentId) -> (String, String) {
    let symbol = id.symbol.as_str();
    let code = |text: &str| {
        let code: String =
            text.chars().filter(char::is_ascii_alphanumeric).take(AssetCode::LEN_MAX).collect();
        if code.is_empty() { "X".to_owned() } else { code }
    };
    let parts: Vec<&str> = symbol.split(['-', '_']).filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        [base, "PERP" | "SWAP"] => {
            split(base).map_or((code(base), "USD".into()), |(b, q)| (code(b), code(q)))
        }
        [quote, base] if id.venue.as_str() == "upbit" => (code(base), code(quote)),
        [base, quote, ..] => (code(base), code(quote)),
        _ => {
            let plain = symbol.strip_suffix("PERP").filter(|s| !s.is_empty()).unwrap_or(symbol);
            split(plain).map_or((code(plain), "USD".into()), |(b, q)| (code(b), code(q)))
        }
    }
}

fn split(symbol: &str) -> Option<(&str, &str)> {
    QUOTES.iter().find_map(|quote| {
        let base = symbol.strip_suffix(quote).filter(|base| !base.is_empty())?;
        Some((base, *quote))
    })
}

impl Listing {
    /// The instrument with permissive rules: any multiple of tick and lot, no bounds, no bands, no counts.
    ///
    /// # Errors
    /// When the numbers do not make a market.
    pub fn instrument(&self, id: InstrumentId, market: MarketId) -> Result<Instrument, Error> {
        let asset = |n, code: &str, scale| -> Result<Asset, Error> {
            let code = AssetCode::new(code)
                .map_err(|why| Error::Request(format!("the asset code \"{code}\" {why}")))?;
            Ok(Asset { id: AssetId(n), code, scale })
        };
        // Each market has two assets of its own numbers; who trades several of them numbers the assets anew.
        let base = asset(market.0.saturating_mul(2), &self.base, self.scales.base)?;
        let quote = asset(market.0.saturating_mul(2).saturating_add(1), &self.quote, self.scales.quote)?;
        let largest = |step: i64| LARGEST - LARGEST % step.max(1);
        let lot = LotRule { min: Qty(self.lot), max: Qty(largest(self.lot)), step: Qty(self.lot) };
        let rules = Rules::free(Price(self.tick), Price(largest(self.tick)), lot);
        let market = Market::new(market, id.symbol, base, quote, self.scales.price, rules)
            .map_err(|why| Error::Request(format!("{id} cannot be listed: {why}")))?;
        let kind = match self.contract {
            Contract::Spot => InstrumentKind::Spot,
            Contract::LinearPerp { initial_margin, maintenance_margin } => {
                InstrumentKind::LinearPerp { initial_margin, maintenance_margin }
            }
        };
        Ok(Instrument { id, kind, market })
    }
}

#[cfg(test)]
mod tests {
    use types::VenueName;

    use super::*;
    use types::Money;

    fn id(text: &str) -> InstrumentId {
        InstrumentId::parse(text, VenueName::new("file").unwrap()).unwrap()
    }

    #[test]
    fn codes_come_from_the_symbol() {
        for (symbol, base, quote) in [
            ("BTCUSDT", "BTC", "USDT"),
            ("BTC-PERP", "BTC", "USD"),
            ("ETHBTC", "ETH", "BTC"),
            ("upbit:KRW-BTC", "BTC", "KRW"),
            ("SOL_USDC", "SOL", "USDC"),
            ("SYNTH", "SYNTH", "USD"),
            ("USDT", "USDT", "USD"),
            ("ETHUSDT-PERP", "ETH", "USDT"),
            ("BTCUSDTPERP", "BTC", "USDT"),
            ("-", "X", "USD"),
        ] {
            assert_eq!(codes(id(symbol)), (base.to_owned(), quote.to_owned()), "{symbol}");
        }
        assert_eq!(Contract::guess(id("BTC-PERP")), Contract::perpetual());
        assert_eq!(Contract::guess(id("BTCUSDT")), Contract::Spot);
    }

    #[test]
    fn every_pair_of_scales_that_is_allowed_makes_a_market() {
        for price in 0..=SCALE_MAX {
            for base in 0..=SCALE_MAX {
                let Ok(scales) = Scales::new(price, base) else {
                    assert!(price + base > SCALE_MAX);
                    continue;
                };
                let (contract, tick, lot) = (Contract::Spot, 1, 1);
                let (base, quote) = ("BTC".to_owned(), "USDT".to_owned());
                let listing =
                    Listing { contract, base, quote, scales, tick, tick_given: false, lot, lot_given: false };
                let instrument = listing.instrument(id("BTCUSDT"), MarketId(3)).unwrap();
                // The product of any price and quantity is exact.
                let amount = instrument.market.amount(Price(12_345), Qty(678)).unwrap();
                assert_eq!(amount, Money(12_345 * 678));
            }
        }
    }
}
