//! The instrument's own rules: price range and tick, lot range and step, smallest and largest value (invariant O6).
//! The venue checks them too; asking it would cost a round trip and a rate-limit point.

use types::order::Amount;
use types::{Money, Price, Terms};

use super::value;
use crate::{Denied, Proposal, View};

pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<(), Denied> {
    let rules = &view.instrument.market.rules;
    let stop = proposal.terms.trigger().and_then(|t| t.stop);
    for price in [proposal.terms.price(), stop].into_iter().flatten() {
        let above = rules.price_max > Price(0) && price > rules.price_max;
        if price < rules.price_min || above || !rules.tick.allows(price) {
            return Err(Denied::Price { price });
        }
    }
    if let Some(qty) = proposal.terms.qty() {
        let market = matches!(proposal.terms, Terms::Market { .. });
        let lot = if market { &rules.market_lot } else { &rules.lot };
        let off_step = qty.0 % lot.step.0.max(1) != 0 || qty.0 % rules.lot.step.0.max(1) != 0;
        let above = lot.max.0 > 0 && qty > lot.max;
        if qty.0 <= 0 || qty < lot.min || above || off_step {
            return Err(Denied::Lot { qty });
        }
    }
    if let Terms::Market { amount: Amount::Quote(budget) } = proposal.terms
        && budget <= Money::ZERO
    {
        return Err(Denied::Notional { notional: budget });
    }
    let notional = value::notional(proposal, view)?;
    let above =
        rules.notional_max > Money::ZERO && proposal.terms.price().is_some() && notional > rules.notional_max;
    if notional < rules.notional_min || above { Err(Denied::Notional { notional }) } else { Ok(()) }
}
