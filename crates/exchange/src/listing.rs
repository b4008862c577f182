//! Assets and markets come on the exchange.

use crate::limits::{ASSETS_MAX, MARKETS_MAX};
use crate::step::Step;
use types::instrument::SCALE_MAX;
use types::{Asset, Event, Market, Refusal};

impl Step<'_> {
    /// Checks, in order: next id, scale, code not taken, room.
    pub(crate) fn list_asset(&mut self, asset: Asset) -> Result<(), Refusal> {
        if usize::from(asset.id.0) != self.core.assets.len() || asset.id.0 >= ASSETS_MAX {
            return Err(Refusal::NotNext);
        }
        if asset.scale > SCALE_MAX {
            return Err(Refusal::Listing(types::instrument::ListingError::Scale));
        }
        if self.core.assets.iter().any(|a| a.code == asset.code) {
            return Err(Refusal::NotNext);
        }
        self.core.ledger.add_asset().ok_or(Refusal::NotNext)?;
        self.core.assets.push(asset);
        self.out.push(Event::AssetListed(asset));
        Ok(())
    }

    /// A new market, or new rules of one that exists.
    pub(crate) fn list_market(&mut self, market: &Market) -> Result<(), Refusal> {
        let known = |a: Asset| self.core.assets.get(usize::from(a.id.0)) == Some(&a);
        if !known(market.base) || !known(market.quote) || market.base.id == market.quote.id {
            return Err(Refusal::UnknownAsset);
        }
        if usize::from(market.id.0) != self.core.markets.len() || market.id.0 >= MARKETS_MAX {
            return Err(Refusal::NotNext);
        }
        self.core.markets.push(market.clone());
        self.out.push(Event::MarketListed(Box::new(market.clone())));
        Ok(())
    }
}
