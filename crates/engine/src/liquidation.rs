//! A venue closed positions: whose they were, and what that does to their bots.

use types::{Liquidation, Money, Qty, Side, Time, VenueFill};

use crate::BotState;
use crate::Output;
use crate::engine::Engine;

impl Engine {
    /// Books a liquidation with the bots of the account that held the position, in the order of their creation, each at most
    /// what it held; money and fee are split by quantity, the last one gets the rest. They stop, and what they have working is
    /// cancelled: collateral they do not have cannot carry orders.
    pub(crate) fn liquidated(&mut self, now: Time, liquidation: &Liquidation, out: &mut Vec<Output>) {
        let Liquidation { account, market, side, fill } = *liquidation;
        if self.markets.get(market).is_none() {
            return;
        }
        let mut left = fill;
        for at in 0..self.bots.len() {
            let held = self.bots[at].ledger.position(market).qty();
            let closes = if (side == Side::Sell) == (held.0 > 0) { held.size() } else { Qty::ZERO };
            if self.bots[at].account != account || closes == Qty::ZERO {
                continue;
            }
            self.cancel_orders(at, None, out);
            self.bots[at].state = BotState::Stopped;
            let part = split(&mut left, closes);
            if part.qty == Qty::ZERO {
                continue;
            }
            let Some(view) = self.markets.get(market) else { continue };
            // Beyond what numbers can hold: the bot is stopped already.
            let _ = self.bots[at].ledger.fill(view.instrument(), side, &part);
            self.digest.number(part.trade.0);
            self.digest.number(part.qty.0.unsigned_abs());
            self.digest.number(part.price.0.unsigned_abs());
            self.revalue(at, now);
        }
    }
}

/// Takes at most `qty` out of `fill`, with its share of money and fee.
fn split(fill: &mut VenueFill, qty: Qty) -> VenueFill {
    let whole = fill.qty.0;
    let part = qty.0.min(whole);
    if part == whole {
        return std::mem::replace(
            fill,
            VenueFill { qty: Qty::ZERO, quote: Money::ZERO, fee: Money::ZERO, ..*fill },
        );
    }
    let share = |amount: Money| {
        Money(
            amount.0 / i128::from(whole) * i128::from(part)
                + amount.0 % i128::from(whole) * i128::from(part) / i128::from(whole),
        )
    };
    let taken = VenueFill { qty: Qty(part), quote: share(fill.quote), fee: share(fill.fee), ..*fill };
    fill.qty.0 -= part;
    fill.quote.0 -= taken.quote.0;
    fill.fee.0 -= taken.fee.0;
    taken
}
