//! A position that its bracket has closed is not opened again at once: the strategy has to want something else in between.

use super::reducing;
use crate::{Denied, Proposal, View};

pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<(), Denied> {
    if view.barred == Some(proposal.side) && !reducing::is_reducing(proposal, view) {
        return Err(Denied::Bracket);
    }
    Ok(())
}
