//! What one asset is worth in another at the markets' last prices.

use types::{AssetId, Instrument, Market, MarketId, Money, Price};

/// Instruments with their last prices.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a>(&'a [(Instrument, Option<Price>)]);

impl<'a> Marks<'a> {
    /// Of these.
    #[must_use]
    pub const fn new(markets: &'a [(Instrument, Option<Price>)]) -> Self {
        Self(markets)
    }

    /// A market's instrument.
    #[must_use]
    pub fn market(&self, id: MarketId) -> Option<&'a Instrument> {
        self.0.iter().map(|(instrument, _)| instrument).find(|instrument| instrument.market.id == id)
    }

    /// A market's last price.
    #[must_use]
    pub fn last(&self, id: MarketId) -> Option<Price> {
        self.priced().find(|(market, _)| market.id == id).map(|(_, price)| price)
    }

    /// The assets that are traded for others, each once.
    pub(super) fn bases(&self) -> Vec<AssetId> {
        let mut all: Vec<AssetId> = self.0.iter().map(|(instrument, _)| instrument.market.base.id).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn priced(&self) -> impl Iterator<Item = (&'a Market, Price)> {
        let priced = |(instrument, last): &'a (Instrument, Option<Price>)| {
            last.filter(|last| last.0 > 0).map(|last| (&instrument.market, last))
        };
        self.0.iter().filter_map(priced)
    }

    /// An amount of `asset` in `other`, by the market between them, or by one asset between; rounded down. `None` without prices.
    #[must_use]
    pub fn worth(&self, asset: AssetId, amount: Money, other: AssetId) -> Option<Money> {
        if asset == other || amount == Money::ZERO {
            return Some(amount);
        }
        if let Some(direct) = self.direct(asset, amount, other) {
            return Some(direct);
        }
        self.priced().find_map(|(market, _)| {
            let between = match (market.base.id, market.quote.id) {
                (base, quote) if base == asset => quote,
                (base, quote) if quote == asset => base,
                _ => return None,
            };
            self.direct(between, self.direct(asset, amount, between)?, other)
        })
    }

    fn direct(&self, asset: AssetId, amount: Money, other: AssetId) -> Option<Money> {
        self.priced().find_map(|(market, price)| {
            let digits = u32::from(market.price_scale) + u32::from(market.base.scale);
            let unit = 10_i128.checked_pow(digits.checked_sub(u32::from(market.quote.scale))?)?;
            let price = i128::from(price.0);
            if market.base.id == asset && market.quote.id == other {
                amount.0.checked_mul(price).map(|product| Money(product.div_euclid(unit)))
            } else if market.quote.id == asset && market.base.id == other {
                amount.0.checked_mul(unit).map(|product| Money(product.div_euclid(price)))
            } else {
                None
            }
        })
    }
}
