//! What is listed: assets, markets, and how to find them.

use std::collections::HashMap;

use types::{Asset, AssetCode, AssetId, Market, MarketId, Symbol};

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
}
