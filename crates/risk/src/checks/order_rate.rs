//! A runaway bot is stopped by its own rate before a venue bans the address.

use crate::{Denied, View};

pub(crate) fn check(view: &View<'_>) -> Result<(), Denied> {
    match view.limits.order_rate_max {
        Some(max) if view.sent_in_window >= max => Err(Denied::OrderRate { sent: view.sent_in_window, max }),
        _ => Ok(()),
    }
}
