//! What a bot is worth, in its quote asset.

use market_data::Markets;
use portfolio::position::BotAccount;
use types::{AssetId, InstrumentKind, Money, Qty};

/// Assets at their marks plus what perpetuals carry. `None` while an asset it holds has no price in `quote`.
pub(crate) fn equity(account: &BotAccount, markets: &Markets, quote: AssetId) -> Option<Money> {
    let mut sum = 0_i128;
    for (asset, amount) in account.assets() {
        if *asset == quote {
            sum = sum.checked_add(amount.0)?;
        } else if amount.0 != 0 {
            sum = sum.checked_add(value(markets, *asset, *amount, quote)?.0)?;
        }
    }
    for view in markets.iter().filter(|v| v.instrument().market.quote.id == quote) {
        let instrument = view.instrument();
        let flat = account.position(instrument.market.id).qty().0 == 0;
        if matches!(instrument.kind, InstrumentKind::LinearPerp { .. }) && !flat {
            sum = sum.checked_add(account.carried(instrument, view.mark()?).0)?;
        }
    }
    Some(Money(sum))
}

/// An asset's amount at the mark of the spot market that prices it.
fn value(markets: &Markets, asset: AssetId, amount: Money, quote: AssetId) -> Option<Money> {
    let view = markets.iter().find(|v| {
        let i = v.instrument();
        i.kind == InstrumentKind::Spot && i.market.base.id == asset && i.market.quote.id == quote
    })?;
    let qty = Qty(i64::try_from(amount.0).ok()?);
    Some(view.instrument().market.notional.amount(view.mark()?, qty))
}

/// Σ |position| × mark plus working orders at the mark: what is at stake.
pub(crate) fn exposure(
    account: &BotAccount,
    working: &[(Qty, Qty)],
    markets: &Markets,
    quote: AssetId,
) -> Option<Money> {
    let mut sum = 0_i128;
    for view in markets.iter().filter(|v| v.instrument().market.quote.id == quote) {
        let market = &view.instrument().market;
        let (buys, sells) = working.get(usize::from(market.id.0)).copied().unwrap_or_default();
        let held = account.position(market.id).qty().size();
        let at_stake = held.0.checked_add(buys.0)?.checked_add(sells.0)?;
        if at_stake != 0 {
            sum = sum.checked_add(market.notional.amount(view.mark()?, Qty(at_stake)).0)?;
        }
    }
    Some(Money(sum))
}
