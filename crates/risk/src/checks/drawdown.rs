//! How far equity may fall from its highest before no new risk is taken.

use crate::{Denied, View};

pub(crate) fn check(view: &View<'_>) -> Result<(), Denied> {
    let Some(max_bips) = view.limits.drawdown_max_bips else { return Ok(()) };
    let (highest, fallen) = (view.losses.highest.0, view.losses.highest.0 - view.losses.equity.0);
    if highest <= 0 || fallen <= 0 {
        return Ok(());
    }
    let bips = fallen.checked_mul(10_000).ok_or(Denied::Overflow)? / highest;
    if bips >= i128::from(max_bips) {
        return Err(Denied::Drawdown { bips: u32::try_from(bips).unwrap_or(u32::MAX), max_bips });
    }
    Ok(())
}
