//! A rest after several losing round trips in a row.

use crate::{Denied, View};

pub(crate) fn check(view: &View<'_>) -> Result<(), Denied> {
    let Some(max) = view.limits.losing_streak_max else { return Ok(()) };
    let until = view.losses.streak_ended.plus_nanos(view.limits.cool_down_ns);
    if view.losses.streak >= max && view.now < until { Err(Denied::CoolDown { until }) } else { Ok(()) }
}
