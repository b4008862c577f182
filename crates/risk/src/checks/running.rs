//! A stopped bot places nothing (invariant B3).

use crate::{Denied, View};

pub(crate) fn check(view: &View<'_>) -> Result<(), Denied> {
    if view.running { Ok(()) } else { Err(Denied::BotStopped) }
}
