//! What may be lost in a UTC day.

use types::Money;

use crate::{Denied, View};

pub(crate) fn check(view: &View<'_>) -> Result<(), Denied> {
    let Some(max) = view.limits.daily_loss_max else { return Ok(()) };
    let loss = Money(view.losses.day_start.0 - view.losses.equity.0);
    if loss >= max { Err(Denied::DailyLoss { loss, max }) } else { Ok(()) }
}
