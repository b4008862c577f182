//! What an order is worth, for every check that needs it.

use types::order::Amount;
use types::{Money, Price, Qty, Terms};

use crate::{Denied, Proposal, View};

/// The price an order is judged by: its limit, its stop, or the last price.
pub(super) fn price(proposal: &Proposal, view: &View<'_>) -> Result<Price, Denied> {
    let own = proposal.terms.price().or_else(|| proposal.terms.trigger().and_then(|t| t.stop));
    own.or(view.last).ok_or(Denied::NoPrice)
}

/// Base quantity: as asked for, or what the quote amount buys at the last price.
pub(super) fn qty(proposal: &Proposal, view: &View<'_>) -> Result<Qty, Denied> {
    match proposal.terms {
        Terms::Market { amount: Amount::Quote(budget) } => {
            let last = view.last.ok_or(Denied::NoPrice)?;
            let market = &view.instrument.market;
            Ok(market.notional.affordable(budget, last, market.rules.lot.step))
        }
        terms => terms.qty().ok_or(Denied::NoPrice),
    }
}

/// Quote value.
pub(super) fn notional(proposal: &Proposal, view: &View<'_>) -> Result<Money, Denied> {
    match proposal.terms {
        Terms::Market { amount: Amount::Quote(budget) } => Ok(budget),
        _ => Ok(view.instrument.market.notional.amount(price(proposal, view)?, qty(proposal, view)?)),
    }
}
