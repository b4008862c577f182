//! The proof that an order was checked.

use types::Money;

use crate::checks;
use crate::{Denied, Proposal, View};

/// Something that passed every check. Only [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved<T> {
    order: T,
    reserve: Money,
}

impl<T> Approved<T> {
    /// What was approved.
    #[must_use]
    pub const fn order(&self) -> &T {
        &self.order
    }

    /// Takes it out of its proof, to send it.
    #[must_use]
    pub fn into_order(self) -> T {
        self.order
    }

    /// What it reserves of the paying asset (spot) or of the margin (perpetual).
    #[must_use]
    pub const fn reserve(&self) -> Money {
        self.reserve
    }
}

/// Judges a proposal; `order` is what will be sent if it passes.
///
/// # Errors
/// The first check that denies, in the documented order.
pub fn check<T>(proposal: &Proposal, view: &View<'_>, order: T) -> Result<Approved<T>, Denied> {
    let reducing = checks::reducing::is_reducing(proposal, view);
    checks::halt::check(view, reducing)?;
    checks::running::check(view)?;
    checks::bracket::check(proposal, view)?;
    checks::fresh::check(view)?;
    checks::shape::check(proposal, view)?;
    checks::price_band::check(proposal, view)?;
    checks::order_size::check(proposal, view)?;
    checks::order_rate::check(view)?;
    checks::reducing::check(proposal, view)?;
    let reserve = checks::balance::check(proposal, view)?;
    checks::position::check(proposal, view)?;
    // A way out is never barred by what has been lost already.
    if !reducing {
        checks::exposure::check(proposal, view)?;
        checks::drawdown::check(view)?;
        checks::daily_loss::check(view)?;
        checks::cool_down::check(view)?;
    }
    Ok(Approved { order, reserve })
}
