//! All instruments of a shard with what their feeds have shown last.

use types::{FeedState, Instrument, MarketEvent, MarketId, MarketNews, Price};

use crate::{Book, SyncedBook};

/// One instrument and the state of its market.
#[derive(Clone, Debug)]
pub struct MarketView {
    pub(crate) instrument: Instrument,
    pub(crate) book: SyncedBook,
    /// True once a depth message came: from then on only a live book makes the market fresh.
    pub(crate) has_book: bool,
    pub(crate) up: bool,
    pub(crate) last: Option<Price>,
    pub(crate) mark: Option<Price>,
}

impl MarketView {
    /// What is traded.
    #[must_use]
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// The book, if there is one and it may be used.
    #[must_use]
    pub const fn book(&self) -> Option<&Book> {
        self.book.book()
    }

    /// The book with its state.
    #[must_use]
    pub const fn synced(&self) -> &SyncedBook {
        &self.book
    }

    /// The last price: of a trade, or of a bar's close.
    #[must_use]
    pub const fn last(&self) -> Option<Price> {
        self.last
    }

    /// The price positions are valued at: the venue's mark, or the last price.
    #[must_use]
    pub fn mark(&self) -> Option<Price> {
        self.mark.or(self.last)
    }

    /// Whether a decision may use this market (invariant M1): its feed is up and its book, if it has one, is continuous.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.up && (!self.has_book || self.book.book().is_some())
    }

    fn apply(&mut self, data: &MarketNews) {
        match data {
            MarketNews::Snapshot(snapshot) => {
                self.book.snapshot(snapshot);
            }
            MarketNews::Diff(diff) => {
                self.book.diff(diff);
            }
            _ => {}
        }
        self.note(data);
    }

    /// Everything but the levels of the book.
    fn note(&mut self, data: &MarketNews) {
        match data {
            MarketNews::Bar(bar) => self.last = Some(bar.close),
            MarketNews::Print(print) => self.last = Some(print.price),
            MarketNews::Snapshot(_) | MarketNews::Diff(_) => self.has_book = true,
            MarketNews::Mark(mark) | MarketNews::Funding { mark, .. } => self.mark = Some(*mark),
            MarketNews::Best { .. } => {}
            MarketNews::Feed(FeedState::Up) => self.up = true,
            MarketNews::Feed(FeedState::Down) => {
                self.up = false;
                self.book.disconnect();
            }
        }
    }
}

/// Instruments by their shard number, dense.
#[derive(Clone, Debug, Default)]
pub struct Markets(pub(crate) Vec<MarketView>);

impl Markets {
    /// Adds an instrument; `false` unless its number is the next one. Its feed counts as up until it says otherwise.
    pub fn add(&mut self, instrument: Instrument) -> bool {
        let next = usize::from(instrument.market.id.0) == self.0.len();
        if next {
            let book = SyncedBook::default();
            self.0.push(MarketView { instrument, book, has_book: false, up: true, last: None, mark: None });
        }
        next
    }

    /// One market.
    #[must_use]
    pub fn get(&self, market: MarketId) -> Option<&MarketView> {
        self.0.get(usize::from(market.0))
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = &MarketView> {
        self.0.iter()
    }

    /// Takes in what a market showed; `false` for a market that is not there.
    pub fn apply(&mut self, event: &MarketEvent) -> bool {
        match self.0.get_mut(usize::from(event.market.0)) {
            Some(view) => {
                view.apply(&event.data);
                true
            }
            None => false,
        }
    }

    /// The same for a depth message whose levels are in the book already ([`Self::book_mut`]).
    pub fn note(&mut self, event: &MarketEvent) -> bool {
        let view = self.0.get_mut(usize::from(event.market.0));
        view.map(|view| view.note(&event.data)).is_some()
    }

    /// A market's book, for who keeps it for others too: a back-test's venue and strategies look at the same one.
    pub fn book_mut(&mut self, market: MarketId) -> Option<&mut SyncedBook> {
        self.0.get_mut(usize::from(market.0)).map(|view| &mut view.book)
    }
}
