//! One market's book by Binance's procedure ("how to manage a local order book correctly"): changes are kept from the moment the
//! connection stands, a snapshot is fetched, what is older than it is dropped, and from then on each change must continue the one
//! before. A gap, or a snapshot from before the first change, asks for another one. No I/O.
//!
//! Everything that is told goes to the listener as it came; his books follow the same procedure, so they are in the same state.

use archive::Messages;
use market_data::{State, SyncedBook};
use types::depth::DepthSnapshot;
use types::{FeedState, Instrument, MarketEvent, MarketNews};

use crate::listing::SCALES;

/// One market.
pub(crate) struct Line {
    pub(crate) instrument: Instrument,
    messages: Messages,
    book: SyncedBook,
    /// As the listener was told.
    up: bool,
    /// A snapshot is on its way.
    pub(crate) fetching: bool,
}

impl Line {
    pub(crate) fn new(instrument: Instrument) -> Self {
        let messages = Messages::new(SCALES, instrument.market.symbol.as_str());
        Self { instrument, messages, book: SyncedBook::default(), up: false, fetching: false }
    }

    /// A symbol as streams name it.
    pub(crate) fn stream(&self) -> String {
        self.instrument.market.symbol.as_str().to_ascii_lowercase()
    }

    fn event(&self, data: MarketNews) -> MarketEvent {
        MarketEvent { market: self.instrument.market.id, data }
    }

    /// Nothing is known any more.
    pub(crate) fn down(&mut self) -> MarketEvent {
        self.book.disconnect();
        (self.up, self.fetching) = (false, false);
        self.event(MarketNews::Feed(FeedState::Down))
    }

    /// A message of its stream, as the listener hears it.
    pub(crate) fn heard(&mut self, json: &str) -> Result<Option<MarketEvent>, String> {
        let Some(news) = self.messages.read(json)? else { return Ok(None) };
        if let MarketNews::Diff(diff) = &news {
            self.book.diff(diff);
        }
        Ok(Some(self.event(news)))
    }

    /// The snapshot that was asked for.
    pub(crate) fn snapshot(&mut self, snapshot: DepthSnapshot) -> MarketEvent {
        self.fetching = false;
        self.book.snapshot(&snapshot);
        self.event(MarketNews::Snapshot(snapshot))
    }

    /// Reads an answer of `GET /api/v3/depth`.
    pub(crate) fn read_snapshot(&mut self, json: &str) -> Result<DepthSnapshot, String> {
        match self.messages.read(json)? {
            Some(MarketNews::Snapshot(snapshot)) => Ok(snapshot),
            _ => Err("it is no snapshot of a book".to_owned()),
        }
    }

    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.book.state(), State::Live { .. })
    }

    /// Whether a snapshot is to be fetched.
    pub(crate) const fn wants_snapshot(&self) -> bool {
        !self.fetching && !self.is_live()
    }

    /// The market counts from now on, if its book does and it did not before.
    pub(crate) fn rise(&mut self) -> Option<MarketEvent> {
        if self.up || !self.is_live() {
            return None;
        }
        self.up = true;
        Some(self.event(MarketNews::Feed(FeedState::Up)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use archive::{Contract, Listing};
    use types::{InstrumentId, MarketId, VenueName};

    use super::*;

    pub(crate) fn instrument() -> Instrument {
        let listing = Listing {
            contract: Contract::Spot,
            base: "BTC".to_owned(),
            quote: "USDT".to_owned(),
            scales: SCALES,
            tick: 1_000_000,
            tick_given: true,
            lot: 1_000,
            lot_given: true,
        };
        let id = InstrumentId::parse("BTCUSDT", VenueName::new(crate::VENUE).unwrap()).unwrap();
        listing.instrument(id, MarketId(0)).unwrap()
    }

    fn diff(first: u64, last: u64, price: &str, qty: &str) -> String {
        format!(
            r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{first},"u":{last},"b":[["{price}","{qty}"]],"a":[]}}"#
        )
    }

    fn snapshot(line: &mut Line, last: u64) {
        let json =
            format!(r#"{{"lastUpdateId":{last},"bids":[["100.00","1.0"]],"asks":[["101.00","2.0"]]}}"#);
        let snapshot = line.read_snapshot(&json).unwrap();
        line.snapshot(snapshot);
    }

    #[test]
    fn m1_m2_a_book_counts_from_its_snapshot_to_the_first_gap_and_from_the_next_snapshot_on() {
        let mut line = Line::new(instrument());
        assert!(line.wants_snapshot() && line.rise().is_none());
        line.heard(&diff(10, 12, "99.00", "1.0")).unwrap().unwrap();
        // From before the first change: another one is wanted.
        snapshot(&mut line, 5);
        assert!(line.wants_snapshot() && line.rise().is_none());
        snapshot(&mut line, 11);
        assert!(line.is_live() && line.rise().is_some() && line.rise().is_none(), "told once");
        line.heard(&diff(13, 13, "99.50", "1.0")).unwrap();
        assert!(line.is_live());
        line.heard(&diff(15, 15, "99.60", "1.0")).unwrap();
        assert!(line.wants_snapshot(), "14 is missing");
        snapshot(&mut line, 20);
        assert!(line.is_live() && line.rise().is_none(), "the connection never ended");
        line.down();
        assert!(line.wants_snapshot());
        snapshot(&mut line, 21);
        assert!(line.rise().is_some());
    }

    #[test]
    fn what_cannot_be_read_is_said_and_changes_nothing() {
        let mut line = Line::new(instrument());
        snapshot(&mut line, 3);
        for text in ["{", r#"{"e":"depthUpdate","s":"BTCUSDT","U":4}"#, &diff(4, 4, "1e999", "1")] {
            assert!(line.heard(text).is_err(), "{text}");
        }
        assert!(line.is_live());
        assert_eq!(line.heard(r#"{"result":null,"id":1}"#), Ok(None));
    }
}
