//! Orders that may only make a position smaller, also together with those already working.

use types::Side;

use super::value;
use crate::{Denied, Proposal, View};

/// Whether the order, with everything already working on its side, can only make the position smaller.
pub(crate) fn is_reducing(proposal: &Proposal, view: &View<'_>) -> bool {
    let Ok(qty) = value::qty(proposal, view) else { return false };
    let (room, working) = match proposal.side {
        Side::Sell => (view.position.0, view.working_sells),
        Side::Buy => (view.position.0.saturating_neg(), view.working_buys),
    };
    i128::from(qty.0) + i128::from(working.0) <= i128::from(room)
}

pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<(), Denied> {
    if proposal.reduce_only && !is_reducing(proposal, view) {
        return Err(Denied::NotReducing { position: view.position });
    }
    Ok(())
}
