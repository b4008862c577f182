//! What is listed: assets, markets, and how to find them.

use std::collections::HashMap;

use exchange::Exchange;
use types::{Asset, AssetCode, AssetId, Event, Market, MarketId, Symbol};

/// All assets and markets at one moment. Replaced as a whole when a listing changes.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// By `AssetId` as index.
    pub assets: Vec<Asset>,
    /// By `MarketId` as index.
    pub markets: Vec<Market>,
    by_symbol: HashMap<Symbol, MarketId>,
}

impl Catalog {
    /// The market with this symbol.
    #[must_use]
    pub fn market_by_symbol(&self, symbol: &str) -> Option<&Market> {
        let symbol = Symbol::new(symbol).ok()?;
        self.by_symbol.get(&symbol).and_then(|id| self.market(*id))
    }

    /// The market with this id.
    #[must_use]
    pub fn market(&self, id: MarketId) -> Option<&Market> {
        self.markets.get(usize::from(id.0))
    }

    /// The asset with this id.
    #[must_use]
    pub fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.assets.get(usize::from(id.0))
    }

    /// The asset with this code.
    #[must_use]
    pub fn asset_by_code(&self, code: &str) -> Option<&Asset> {
        let code = AssetCode::new(code).ok()?;
        self.assets.iter().find(|asset| asset.code == code)
    }

    /// Everything that is listed on `exchange`.
    pub(crate) fn of(exchange: &Exchange) -> Self {
        let mut catalog = Self { assets: exchange.assets().to_vec(), ..Self::default() };
        for market in exchange.markets() {
            catalog.put_market(market.clone());
        }
        catalog
    }

    /// Takes in a listing; false if the event is none.
    pub fn apply(&mut self, event: &Event) -> bool {
        match event {
            Event::AssetListed(asset) => self.assets.push(*asset),
            Event::MarketListed(market) => self.put_market(market.as_ref().clone()),
            _ => return false,
        }
        true
    }

    /// Adds a market, or replaces its rules.
    fn put_market(&mut self, market: Market) {
        self.by_symbol.insert(market.symbol, market.id);
        match self.markets.get_mut(usize::from(market.id.0)) {
            Some(place) => *place = market,
            None => self.markets.push(market),
        }
    }
}
