//! A limit price that would trade far from the market is a typing error. Only the aggressive side is bounded: a buy far
//! below or a sell far above the market rests and harms nobody.

use types::Side;

use crate::{Denied, Proposal, View};

pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<(), Denied> {
    let (Some(max_bips), Some(price)) = (view.limits.price_band_bips, proposal.terms.price()) else {
        return Ok(());
    };
    let last = view.last.ok_or(Denied::NoPrice)?;
    let beyond = match proposal.side {
        Side::Buy => i128::from(price.0) - i128::from(last.0),
        Side::Sell => i128::from(last.0) - i128::from(price.0),
    };
    // distance / last > max / 10,000
    if beyond * 10_000 > i128::from(last.0) * i128::from(max_bips) {
        return Err(Denied::PriceBand { price, last, max_bips });
    }
    Ok(())
}
