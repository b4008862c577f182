//! A bracket around a position: a stop that rests at the venue, so that it holds while nobody looks, and a target.
//!
//! Few venues let two orders guard the same quantity, so only the stop rests (a plain or a trailing one, reduce-only); the target is
//! watched here and taken at the market on the close that reaches it. A stop that the venue will not have any more, because the price
//! is beyond it, is taken at the market, too. Where it stands follows from the position's average price alone, so nothing of it is
//! remembered.

use types::order::{AfterTrigger, StopKind, Trigger};
use types::{Bar, Bips, MarketId, Price, Qty, Side, Terms};

use super::super::reading::real;
use crate::{Context, Decisions, OrderIntent, Param, ParamError, Params, Tag};

/// The mark of the stop.
pub(super) const STOP: Tag = Tag(1);
/// Hundredths of a percent in the whole.
const WHOLE: i128 = 10_000;
/// Percentages of a bracket.
const RANGE: (f64, f64) = (0.0, 90.0);

pub(super) const STOP_LOSS: Param = real(
    "stop-loss",
    "sells (buys back) so many percent below (above) the average price; 0: never",
    RANGE,
    0.0,
);
pub(super) const TRAILING_STOP: Param =
    real("trailing-stop", "the same behind the best price since; instead of stop-loss", RANGE, 0.0);
pub(super) const TAKE_PROFIT: Param =
    real("take-profit", "leaves with so many percent of profit, on a close; 0: never", RANGE, 0.0);

/// A bracket, in hundredths of a percent of the average price; 0 where there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    market: MarketId,
    stop: u32,
    trailing: u32,
    target: u32,
}

impl Guard {
    /// What the parameters ask for; `None` for no bracket.
    ///
    /// # Errors
    /// Both kinds of stop at once.
    pub(super) fn new(params: &Params, market: MarketId) -> Result<Option<Self>, ParamError> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 9,000")]
        let bips = |name| (params.real(name) * 100.0).round() as u32;
        let guard = Self {
            market,
            stop: bips("stop-loss"),
            trailing: bips("trailing-stop"),
            target: bips("take-profit"),
        };
        if guard.stop > 0 && guard.trailing > 0 {
            let given = params.real("trailing-stop").to_string();
            let allowed = "0 where stop-loss is given: one of the two".to_owned();
            return Err(ParamError::Invalid { name: "trailing-stop", given, allowed });
        }
        let any = guard.stop + guard.trailing + guard.target > 0;
        Ok(any.then_some(guard))
    }

    /// Whether a close ends the position, and why.
    pub(super) fn ends(&self, ctx: &Context<'_>, bar: &Bar) -> Option<&'static str> {
        let held = ctx.position(self.market).0;
        let average = self.average(ctx)?;
        let beyond = |price: Price, up: bool| if up { bar.close >= price } else { bar.close <= price };
        if self.target > 0 && beyond(shifted(average, self.target, held > 0), held > 0) {
            return Some("target_reached");
        }
        // A stop that works fires by itself.
        let past = self.stop > 0 && beyond(shifted(average, self.stop, held < 0), held < 0);
        (past && ctx.order(STOP).is_none()).then_some("stop_reached")
    }

    /// Keeps the stop at the venue as large as the position; whether it sent or withdrew one.
    pub(super) fn keep(&self, ctx: &Context<'_>, out: &mut Decisions) -> bool {
        let held = ctx.position(self.market);
        let qty = ctx.in_lots(self.market, held.size());
        let wanted = (self.stop > 0 || self.trailing > 0) && qty.0 > 0;
        match ctx.order(STOP) {
            Some(order) if !wanted || order.open != qty => {
                out.cancel(STOP);
                true
            }
            None if wanted => self.send(ctx, qty, held.0 > 0, out),
            _ => false,
        }
    }

    fn send(&self, ctx: &Context<'_>, qty: Qty, long: bool, out: &mut Decisions) -> bool {
        let Some(average) = self.average(ctx) else { return false };
        let side = if long { Side::Sell } else { Side::Buy };
        let stop = ctx.on_tick(self.market, side, shifted(average, self.stop, !long));
        let trigger = Trigger {
            kind: StopKind::StopLoss,
            stop: (self.stop > 0).then_some(stop),
            trailing: (self.trailing > 0).then_some(Bips(self.trailing)),
        };
        let terms = Terms::Stop { trigger, qty, then: AfterTrigger::Market };
        out.place(OrderIntent {
            tag: STOP,
            market: self.market,
            side,
            terms,
            reduce_only: true,
            bracket: None,
        });
        true
    }

    /// The position's average price; `None` when it is flat.
    fn average(&self, ctx: &Context<'_>) -> Option<Price> {
        let position = ctx.account.position(self.market);
        let size = position.qty().size();
        let notional = ctx.market(self.market)?.instrument().market.notional;
        (size.0 > 0).then(|| notional.price_at(position.cost(), size))
    }
}

/// A price so many hundredths of a percent up or down.
fn shifted(price: Price, bips: u32, up: bool) -> Price {
    let part = i128::from(price.0) * i128::from(bips) / WHOLE;
    let part = i64::try_from(part).unwrap_or(i64::MAX);
    Price(if up { price.0.saturating_add(part) } else { price.0.saturating_sub(part) })
}
