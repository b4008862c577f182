//! What everybody reads: projections of the durable events. Locks are short and the writer never waits long for a reader.
//!
//! The account side is in `account` (what can be asked) and `live` (what is alive); the market side is in [`market`].

mod account;
mod catalog;
mod live;
pub mod market;

use std::sync::{Arc, PoisonError, RwLock};

use exchange::Exchange;
use types::Event;

use crate::Applied;
use live::Live;

pub use account::{Balance, Balances, Standing};
pub use catalog::Catalog;
pub use history::{AccountFill, Amendment, ClosedOrder as OrderRecord, Failure, PreventedMatch, Range};

/// All views of a host.
#[derive(Debug)]
pub struct View {
    /// Replaced as a whole; held for a pointer copy.
    catalog: RwLock<Arc<Catalog>>,
    /// Accounts and what is alive of theirs. Held for one read, or for [`crate::limits::VIEW_CHUNK`] commands' updates.
    live: RwLock<Live>,
    /// Books, trades, tickers, bars.
    market: market::MarketViews,
    /// What is closed.
    history: history::Reader,
}

impl View {
    /// The views of an exchange whose events are all in `history`.
    pub fn new(exchange: &Exchange, history: history::Reader) -> Result<Self, Failure> {
        Ok(Self {
            catalog: RwLock::new(Arc::new(Catalog::of(exchange))),
            live: RwLock::new(Live::of(exchange)),
            market: market::MarketViews::of(exchange, history.clone())?,
            history,
        })
    }

    /// Takes in what commands did, in order. Only the one who drives the exchange calls this (the publisher of a host), after
    /// history has the same commands.
    pub fn apply(&self, applied: &[Applied]) {
        for one in applied {
            if one.events.iter().any(|e| matches!(e, Event::AssetListed(_) | Event::MarketListed(_))) {
                let mut catalog = Catalog::clone(&self.catalog());
                for event in one.events.iter() {
                    catalog.apply(event);
                }
                *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
            }
        }
        self.market.apply(applied.iter().map(|one| &*one.events));
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        for one in applied {
            live.apply(one.at, &one.events);
        }
    }

    /// What is listed.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }
}
