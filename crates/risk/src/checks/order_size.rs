//! The largest single order, by quantity and by value.

use super::value;
use crate::{Denied, Proposal, View};

pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<(), Denied> {
    if let Some(max) = view.limits.order_qty_max {
        let qty = value::qty(proposal, view)?;
        if qty > max {
            return Err(Denied::OrderQty { qty, max });
        }
    }
    if let Some(max) = view.limits.order_notional_max {
        let notional = value::notional(proposal, view)?;
        if notional > max {
            return Err(Denied::OrderNotional { notional, max });
        }
    }
    Ok(())
}
