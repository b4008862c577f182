//! The position that would be reached if every working order on this side filled, this one included (invariant B4).

use types::{Side, SignedQty};

use super::value;
use crate::{Denied, Proposal, View};

pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<(), Denied> {
    let Some(max) = view.limits.position_max else { return Ok(()) };
    let qty = i128::from(value::qty(proposal, view)?.0);
    let position = i128::from(view.position.0);
    let reachable = match proposal.side {
        Side::Buy => position + i128::from(view.working_buys.0) + qty,
        Side::Sell => position - i128::from(view.working_sells.0) - qty,
    };
    // Coming back towards zero is never denied, whatever the limit became meanwhile.
    let growing = reachable.abs() > position.abs();
    if growing && reachable.abs() > i128::from(max.0) {
        let reachable = SignedQty(i64::try_from(reachable).map_err(|_| Denied::Overflow)?);
        return Err(Denied::Position { reachable, max });
    }
    Ok(())
}
