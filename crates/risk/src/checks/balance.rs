//! What an order reserves must be there: the money a spot order pays with, the initial margin of a perpetual's opening.

use types::{AssetId, InstrumentKind, Money, Side};

use super::{reducing, value};
use crate::{Denied, Proposal, View};

/// Gives what the order reserves.
pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<Money, Denied> {
    let (asset, needed) = needed(proposal, view)?;
    if needed > view.free { Err(Denied::Balance { asset, needed, free: view.free }) } else { Ok(needed) }
}

fn needed(proposal: &Proposal, view: &View<'_>) -> Result<(AssetId, Money), Denied> {
    let market = &view.instrument.market;
    match (view.instrument.kind, proposal.side) {
        (InstrumentKind::Spot, Side::Sell) => Ok((market.base.id, value::qty(proposal, view)?.into())),
        (InstrumentKind::Spot, Side::Buy) => Ok((market.quote.id, value::notional(proposal, view)?)),
        (InstrumentKind::LinearPerp { .. }, _) if reducing::is_reducing(proposal, view) => {
            Ok((market.quote.id, Money::ZERO))
        }
        (InstrumentKind::LinearPerp { initial_margin, .. }, _) => {
            let notional = value::notional(proposal, view)?.0;
            let margin = notional.checked_mul(i128::from(initial_margin)).ok_or(Denied::Overflow)?;
            // Rounded up: a margin is never a unit short.
            Ok((
                market.quote.id,
                Money(margin.div_euclid(10_000) + i128::from(margin.rem_euclid(10_000) != 0)),
            ))
        }
    }
}
