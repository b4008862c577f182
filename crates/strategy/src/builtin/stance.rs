//! Long, flat or short: what every directional strategy decides, and how it gets there.

use types::{MarketId, Side, SignedQty};

use super::{Setting, reading};
use crate::{Context, Decisions, ParamError, Params, Tag};

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stance {
    /// Above zero.
    Long,
    /// Nothing.
    Flat,
    /// Below zero.
    Short,
}

/// A position of this share of the size may be missing without being topped up: fees that a venue takes out of what was bought
/// would else cost another order.
const TOLERANCE: i64 = 50;

/// One market, one size, one mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trader {
    pub(super) market: MarketId,
    pub(super) price_scale: u8,
    qty: i64,
    short: bool,
    /// Below this a position is dust that cannot be sold.
    dust: i64,
}

impl Trader {
    /// Reads `qty` and `short`.
    pub(super) fn new(params: &Params, setting: &Setting<'_>) -> Result<Self, ParamError> {
        Self::with_short(params, setting, reading::short(params, setting)?)
    }

    /// Reads `qty`; whether it may go short is decided already.
    pub(super) fn with_short(
        params: &Params,
        setting: &Setting<'_>,
        short: bool,
    ) -> Result<Self, ParamError> {
        let market = &setting.instrument.market;
        Ok(Self {
            market: market.id,
            price_scale: market.price_scale,
            qty: reading::lots(params, "qty", market)?,
            short,
            dust: market.rules.lot.min.0.max(market.rules.lot.step.0).max(1),
        })
    }

    /// `stance`, or flat where short is not wanted.
    pub(super) const fn allowed(&self, stance: Stance) -> Stance {
        if matches!(stance, Stance::Short) && !self.short { Stance::Flat } else { stance }
    }

    /// The position it has, working orders not counted.
    pub(super) fn held(&self, ctx: &Context<'_>) -> Stance {
        let qty = ctx.position(self.market).0;
        match qty {
            _ if qty >= self.dust => Stance::Long,
            _ if qty <= -self.dust => Stance::Short,
            _ => Stance::Flat,
        }
    }

    /// Whether an order of its own is still on the way; the position is not what it is going to be then.
    pub(super) fn is_working(&self, ctx: &Context<'_>) -> bool {
        ctx.working(self.market, Side::Buy).0 != 0 || ctx.working(self.market, Side::Sell).0 != 0
    }

    /// Brings the position there by a market order; `true` when one was sent.
    pub(super) fn go(&self, ctx: &Context<'_>, stance: Stance, out: &mut Decisions) -> bool {
        let goal = match self.allowed(stance) {
            Stance::Long => self.qty,
            Stance::Short => -self.qty,
            Stance::Flat => 0,
        };
        let held = ctx.position(self.market).0;
        let missing = goal.saturating_sub(held);
        let there = goal != 0 && held.signum() == goal.signum();
        if there && missing.saturating_abs() <= self.qty / TOLERANCE {
            return false;
        }
        out.target(ctx, self.market, SignedQty(goal), Tag(0))
    }
}
