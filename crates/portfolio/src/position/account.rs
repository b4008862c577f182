//! The assets and positions of one bot: its own sub-ledger on an account that others may share.

use types::{
    AssetId, Instrument, InstrumentKind, MarketId, Money, Overflow, Price, Qty, Side, SignedQty, VenueFill,
};

use super::{Position, Realised};

/// What a fill did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Profit of what it closed, before its fee.
    pub realised: Realised,
    /// The position after it.
    pub qty: SignedQty,
}

/// Assets and positions. Assets may go below zero only for a perpetual's losses, never by a spot trade that risk let through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotAccount {
    /// By asset, sorted.
    pub(super) assets: Vec<(AssetId, Money)>,
    /// Fees paid by asset, sorted.
    pub(super) fees: Vec<(AssetId, Money)>,
    /// Funding received (paid: negative) by asset, sorted.
    pub(super) funding: Vec<(AssetId, Money)>,
    /// Dense by market.
    pub(super) positions: Vec<Position>,
}

impl BotAccount {
    /// What it has of an asset.
    #[must_use]
    pub fn asset(&self, asset: AssetId) -> Money {
        get(&self.assets, asset)
    }

    /// All assets it ever had.
    #[must_use]
    pub fn assets(&self) -> &[(AssetId, Money)] {
        &self.assets
    }

    /// Fees paid in an asset, rebates subtracted.
    #[must_use]
    pub fn fees(&self, asset: AssetId) -> Money {
        get(&self.fees, asset)
    }

    /// Funding received in an asset; negative when more was paid.
    #[must_use]
    pub fn funding(&self, asset: AssetId) -> Money {
        get(&self.funding, asset)
    }

    /// Its position in a market; flat where it never traded.
    #[must_use]
    pub fn position(&self, market: MarketId) -> &Position {
        const FLAT: &Position = &Position::FLAT;
        self.positions.get(usize::from(market.0)).unwrap_or(FLAT)
    }

    /// Money put in (or taken out) by its owner.
    ///
    /// # Errors
    /// [`Overflow`]; nothing changed.
    pub fn transfer(&mut self, asset: AssetId, delta: Money) -> Result<(), Overflow> {
        add(&mut self.assets, asset, delta)
    }

    /// Takes in a fill of one of its orders.
    ///
    /// # Errors
    /// [`Overflow`]; the account is not to be used any further.
    pub fn fill(
        &mut self,
        instrument: &Instrument,
        side: Side,
        fill: &VenueFill,
    ) -> Result<Effect, Overflow> {
        let (base, quote) = (instrument.market.base.id, instrument.market.quote.id);
        let position = self.position_mut(instrument.market.id);
        let realised = position.trade(side, fill.qty, fill.quote)?;
        match instrument.kind {
            InstrumentKind::Spot => {
                // A fee in the base asset comes out of what was bought.
                if fill.fee_asset == base && side == Side::Buy {
                    position.shrink(Qty(i64::try_from(fill.fee.0.max(0)).map_err(|_| Overflow)?));
                }
                let sign = if side == Side::Buy { 1 } else { -1 };
                add(&mut self.assets, base, Money(sign * i128::from(fill.qty.0)))?;
                add(&mut self.assets, quote, Money(-sign * fill.quote.0))?;
            }
            InstrumentKind::LinearPerp { .. } => add(&mut self.assets, quote, realised.average)?,
        }
        add(&mut self.assets, fill.fee_asset, Money(-fill.fee.0))?;
        add(&mut self.fees, fill.fee_asset, fill.fee)?;
        Ok(Effect { realised, qty: self.position(instrument.market.id).qty() })
    }

    /// A perpetual's funding: longs pay `rate` (10^-8) of their value at `mark` when it is positive. Rounded towards
    /// the payer's loss.
    ///
    /// # Errors
    /// [`Overflow`]; nothing changed.
    pub fn fund(&mut self, instrument: &Instrument, rate: i64, mark: Price) -> Result<Money, Overflow> {
        let qty = self.position(instrument.market.id).qty();
        let value = instrument.market.notional.amount(mark, qty.size()).0;
        let signed = if qty.0 > 0 { -value } else { value };
        let paid = Money(signed.checked_mul(i128::from(rate)).ok_or(Overflow)?.div_euclid(100_000_000));
        let quote = instrument.market.quote.id;
        add(&mut self.assets, quote, paid)?;
        add(&mut self.funding, quote, paid)?;
        Ok(paid)
    }

    /// What a position is worth beyond the assets: nothing for spot (its base is an asset), the unrealised profit for a
    /// perpetual.
    #[must_use]
    pub fn carried(&self, instrument: &Instrument, mark: Price) -> Money {
        match instrument.kind {
            InstrumentKind::Spot => Money::ZERO,
            InstrumentKind::LinearPerp { .. } => {
                let position = self.position(instrument.market.id);
                position.unrealised(instrument.market.notional.amount(mark, position.qty().size()))
            }
        }
    }

    fn position_mut(&mut self, market: MarketId) -> &mut Position {
        let at = usize::from(market.0);
        if self.positions.len() <= at {
            self.positions.resize(at + 1, Position::default());
        }
        &mut self.positions[at]
    }
}

fn get(list: &[(AssetId, Money)], asset: AssetId) -> Money {
    list.iter().find(|(a, _)| *a == asset).map_or(Money::ZERO, |(_, m)| *m)
}

fn add(list: &mut Vec<(AssetId, Money)>, asset: AssetId, delta: Money) -> Result<(), Overflow> {
    match list.binary_search_by_key(&asset, |(a, _)| *a) {
        Ok(at) => list[at].1 = list[at].1.plus(delta)?,
        Err(at) => list.insert(at, (asset, delta)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use types::TradeId;

    use super::*;
    use crate::position::tests_support::{perp, spot};

    fn fill(price: i64, qty: i64, fee: i128, fee_asset: AssetId) -> VenueFill {
        let quote = Money(i128::from(price) * i128::from(qty) / 100_000_000);
        VenueFill {
            trade: TradeId(1),
            price: Price(price),
            qty: Qty(qty),
            quote,
            fee: Money(fee),
            fee_asset,
            is_maker: false,
        }
    }

    const ONE: i64 = 100_000_000;

    #[test]
    fn a_spot_round_trip_leaves_only_fees_and_profit() {
        let (instrument, mut account) = (spot(), BotAccount::default());
        let (base, quote) = (instrument.market.base.id, instrument.market.quote.id);
        account.transfer(quote, Money(1_000 * i128::from(ONE))).unwrap();
        account.fill(&instrument, Side::Buy, &fill(100 * ONE, ONE, 100_000, base)).unwrap();
        assert_eq!(account.asset(base), Money(99_900_000));
        assert_eq!(account.position(instrument.market.id).qty(), SignedQty(99_900_000));
        let sold = account.fill(&instrument, Side::Sell, &fill(110 * ONE, 99_900_000, 0, quote)).unwrap();
        assert_eq!(sold.qty, SignedQty(0));
        // 109.89 received for what cost 100.
        assert_eq!(sold.realised.average, Money(989_000_000));
        assert_eq!(account.asset(quote), Money(100_989_000_000));
        assert_eq!(account.asset(base), Money(0));
    }

    #[test]
    fn l6_a_perpetual_is_worth_its_profit_and_pays_its_funding() {
        let (instrument, mut account) = (perp(), BotAccount::default());
        let quote = instrument.market.quote.id;
        account.transfer(quote, Money(1_000 * i128::from(ONE))).unwrap();
        account.fill(&instrument, Side::Sell, &fill(100 * ONE, 2 * ONE, 20_000_000, quote)).unwrap();
        assert_eq!(account.carried(&instrument, Price(90 * ONE)), Money(20 * i128::from(ONE)));
        // Shorts receive 0.01 % of 180.
        assert_eq!(account.fund(&instrument, 10_000, Price(90 * ONE)), Ok(Money(1_800_000)));
        account.fill(&instrument, Side::Buy, &fill(90 * ONE, 2 * ONE, 18_000_000, quote)).unwrap();
        let want = 1_000 * i128::from(ONE) + 20 * i128::from(ONE) + 1_800_000 - 38_000_000;
        assert_eq!((account.asset(quote), account.fees(quote)), (Money(want), Money(38_000_000)));
    }
}
