//! Assets and markets come on the exchange.

use crate::desk::Desk;
use crate::limits::{ASSETS_MAX, MARKETS_MAX};
use crate::step::Step;
use matching::Units;
use types::instrument::{ListingError, SCALE_MAX};
use types::{Asset, Event, Market, Refusal};

impl Step<'_> {
    /// Checks, in order: next id, scale, code not taken, room.
    pub(crate) fn list_asset(&mut self, asset: Asset) -> Result<(), Refusal> {
        if usize::from(asset.id.0) != self.core.assets.len() || asset.id.0 >= ASSETS_MAX {
            return Err(Refusal::NotNext);
        }
        if asset.scale > SCALE_MAX {
            return Err(Refusal::Listing(ListingError::Scale));
        }
        if self.core.assets.iter().any(|a| a.code == asset.code) {
            return Err(Refusal::NotNext);
        }
        self.core.ledger.add_asset().ok_or(Refusal::NotNext)?;
        self.core.assets.push(asset);
        self.out.push(Event::AssetListed(asset));
        Ok(())
    }

    /// A new market, or new rules of one that exists. Checks, in order: both assets listed as given and different →
    /// the numbers fit together → next id, or an existing one whose permanent part (symbol, assets, scales) is the
    /// same → symbol not taken. As long as orders live on the market, the units in which prices and quantities make
    /// whole amounts must stay too: their reservations depend on them.
    pub(crate) fn list_market(&mut self, market: &Market) -> Result<(), Refusal> {
        let known = |a: Asset| self.core.assets.get(usize::from(a.id.0)) == Some(&a);
        if !known(market.base) || !known(market.quote) || market.base.id == market.quote.id {
            return Err(Refusal::UnknownAsset);
        }
        // The fields are public: what comes out of a journal was perhaps never checked.
        let Market { id, symbol, base, quote, price_scale, rules, notional } = market;
        let checked = Market::new(*id, *symbol, *base, *quote, *price_scale, rules.clone())?;
        if checked.notional != *notional {
            return Err(Refusal::Listing(ListingError::Dust));
        }
        let at = usize::from(id.0);
        match self.core.desks.get(at) {
            Some(desk) => self.may_change(&desk.market, market)?,
            None if at != self.core.desks.len() || id.0 >= MARKETS_MAX => return Err(Refusal::NotNext),
            None if self.core.desks.iter().any(|d| d.market.symbol == *symbol) => {
                return Err(Refusal::NotNext);
            }
            None => {}
        }
        match self.core.desks.get_mut(at) {
            Some(desk) => {
                desk.book.set_units(Units::of(market));
                desk.market = market.clone();
                desk.average.forget();
            }
            None => self.core.desks.push(Desk::new(market.clone())),
        }
        self.out.push(Event::MarketListed(Box::new(market.clone())));
        Ok(())
    }

    fn may_change(&self, old: &Market, new: &Market) -> Result<(), Refusal> {
        let permanent = |m: &Market| (m.symbol, m.base, m.quote, m.price_scale);
        if permanent(old) != permanent(new) {
            return Err(Refusal::NotNext);
        }
        let alive = || self.core.orders.iter().any(|live| live.view.market == old.id);
        if old.notional != new.notional && alive() {
            return Err(Refusal::Listing(ListingError::Dust));
        }
        Ok(())
    }
}
