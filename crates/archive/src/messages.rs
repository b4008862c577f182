//! Messages of a live stream, read as recorded ones are: what is traded on now and what is imported later mean the same.

use types::{MarketNews, Time};

use crate::manifest::Scales;
use crate::source::capture::{Capture, Message, News};

/// Reads the messages of one market as Binance's spot streams and its depth snapshot send them.
pub struct Messages(Capture);

impl Messages {
    /// For `symbol`, whose prices and quantities are stored at `scales`.
    #[must_use]
    pub fn new(scales: Scales, symbol: &str) -> Self {
        Self(Capture::new(scales, Some(symbol.to_owned())))
    }

    /// What a message shows; `None` for one of another market, or of a kind that is not stored.
    ///
    /// # Errors
    /// What of it cannot be read, for people.
    pub fn read(&mut self, json: &str) -> Result<Option<MarketNews>, String> {
        Ok(match self.0.message(Time(0), json)? {
            Message::News(_, News::Print(print)) => Some(MarketNews::Print(print)),
            Message::News(_, News::Book(news)) => Some(news.into_market_news()),
            Message::Foreign(_) | Message::Skipped(_) => None,
        })
    }
}
