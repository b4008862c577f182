//! No decision uses a stale book (invariant M1).

use crate::{Denied, View};

pub(crate) fn check(view: &View<'_>) -> Result<(), Denied> {
    if view.fresh { Ok(()) } else { Err(Denied::StaleMarket) }
}
