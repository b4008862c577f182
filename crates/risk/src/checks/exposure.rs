//! What is at stake in total: bot, account, portfolio.

use super::value;
use crate::denied::Scope;
use crate::{Denied, Proposal, View};

pub(crate) fn check(proposal: &Proposal, view: &View<'_>) -> Result<(), Denied> {
    let limits = view.limits;
    let all = [
        (Scope::Bot, limits.bot_exposure_max),
        (Scope::Account, limits.account_exposure_max),
        (Scope::Portfolio, limits.portfolio_exposure_max),
    ];
    if all.iter().all(|(_, max)| max.is_none()) {
        return Ok(());
    }
    let adds = value::notional(proposal, view)?;
    for ((of, max), now) in all.into_iter().zip(view.exposure) {
        let exposure = now.plus(adds).map_err(|_| Denied::Overflow)?;
        if let Some(max) = max.filter(|max| exposure > *max) {
            return Err(Denied::Exposure { of, exposure, max });
        }
    }
    Ok(())
}
