//! Instruments by venue and symbol: `binance:BTCUSDT`, `local:BTCUSDT`, `upbit:KRW-BTC`, `file:BTC-PERP`.

use crate::{Market, Symbol, TextError, VenueName};

/// An instrument's identity in storage, rooms and JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId {
    /// Where it trades.
    pub venue: VenueName,
    /// The venue's own name for it.
    pub symbol: Symbol,
}

impl InstrumentId {
    /// Reads `venue:symbol`, or `symbol` alone with the venue that applies by default.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str, default: VenueName) -> Result<Self, TextError> {
        match text.split_once(':') {
            Some((venue, symbol)) => Ok(Self { venue: VenueName::new(venue)?, symbol: Symbol::new(symbol)? }),
            None => Ok(Self { venue: default, symbol: Symbol::new(text)? }),
        }
    }
}

impl std::fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.venue, self.symbol)
    }
}

/// What is traded, with everything that is needed to value it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Its identity.
    pub id: InstrumentId,
    /// Spot or perpetual.
    pub kind: InstrumentKind,
    /// Its numbers and rules; `market.id` is the shard's own number for it.
    pub market: Market,
}

/// How a position in an instrument works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstrumentKind {
    /// Base is owned; a sale needs it.
    Spot,
    /// A signed position, margined and settled in the quote asset.
    LinearPerp {
        /// Share of the position's value that opening it needs, in hundredths of a percent.
        initial_margin: u32,
        /// Share below which it is liquidated, in hundredths of a percent.
        maintenance_margin: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_with_and_without_its_venue() {
        let local = VenueName::new("local").unwrap();
        assert_eq!(InstrumentId::parse("BTCUSDT", local).unwrap().to_string(), "local:BTCUSDT");
        assert_eq!(InstrumentId::parse("upbit:KRW-BTC", local).unwrap().to_string(), "upbit:KRW-BTC");
        assert!(InstrumentId::parse("a:b:c", local).is_err());
        assert!(InstrumentId::parse("", local).is_err());
    }
}
