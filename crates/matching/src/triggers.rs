//! Conditional orders, waiting outside the book until the last price reaches their triggers.
//!
//! * A plain stop fires when the last price reaches its stop price, in the direction that its kind and side give.
//! * A trailing stop first waits for its stop price (if it has one), then tracks: a sell remembers the highest, a buy
//!   the lowest last price since, and fires when the last price comes back from there by the delta. The price that
//!   starts the tracking is the first one remembered (Binance, "Spot Trailing Stop order FAQ", read 2026-11-20).
//! * All orders fired by one price fire in order of arrival.
//!
//! **Rounding.** A trailing sell fires when last × 10,000 ≤ best × (10,000 − delta), exactly. In integers that is
//! last ≤ best − ⌈best × delta / 10,000⌉, because last is one; buys mirrored. Nothing is lost by the rounding.

use types::order::{StopKind, Trigger};
use types::{OrderId, Price, Side};

/// A conditional order as far as its trigger goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditional {
    /// Its id, not waiting already.
    pub id: OrderId,
    /// Direction of the order it becomes.
    pub side: Side,
    /// When it fires; has a stop price, a trailing delta, or both.
    pub trigger: Trigger,
}

/// A conditional order as it waits: all there is to know to continue with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The order.
    pub order: Conditional,
    /// A trailing order that tracks: the best price since it began.
    pub best: Option<Price>,
}

/// What a price did to a conditional order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerEvent {
    /// A trailing order began to track.
    Tracking {
        /// Which order.
        id: OrderId,
    },
    /// The order fired and waits no more.
    Fired {
        /// Which order.
        id: OrderId,
    },
}

/// Which way the last price must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the stop price or above it.
    Rising,
    /// To the stop price or below it.
    Falling,
}

impl Direction {
    /// Binance's table: `StopLoss` buys and `TakeProfit` sells wait for a rise, the other two for a fall.
    #[must_use]
    pub const fn of(kind: StopKind, side: Side) -> Self {
        match (kind, side) {
            (StopKind::StopLoss, Side::Buy) | (StopKind::TakeProfit, Side::Sell) => Self::Rising,
            (StopKind::StopLoss, Side::Sell) | (StopKind::TakeProfit, Side::Buy) => Self::Falling,
        }
    }

    /// True if `last` has reached `stop`.
    #[must_use]
    pub const fn reached(self, stop: Price, last: Price) -> bool {
        match self {
            Self::Rising => last.0 >= stop.0,
            Self::Falling => last.0 <= stop.0,
        }
    }
}

/// The price at which a trailing order of `side` fires when `best` is the best price it saw: see the module for the
/// rounding. Always at least one unit away; clamped to the range of [`Price`].
#[must_use]
pub fn trailing_stop(side: Side, best: Price, delta: types::Bips) -> Price {
    let scaled = i128::from(best.0).abs() * i128::from(delta.0);
    let distance = (scaled + 9_999).div_euclid(10_000).max(1);
    let price = match side {
        Side::Sell => i128::from(best.0) - distance,
        Side::Buy => i128::from(best.0) + distance,
    };
    let limit = if price < 0 { i64::MIN } else { i64::MAX };
    Price(i64::try_from(price).unwrap_or(limit))
}

impl Conditional {
    /// Stops at a caller's mistake.
    pub(crate) fn assert_sound(&self) {
        let Trigger { stop, trailing, .. } = self.trigger;
        assert!(stop.is_some() || trailing.is_some(), "order {} can never fire", self.id);
    }

    /// True if `last` fires a plain stop, or starts the tracking of a trailing one.
    pub(crate) fn is_reached(&self, last: Price) -> bool {
        let direction = Direction::of(self.trigger.kind, self.side);
        self.trigger.stop.is_none_or(|stop| direction.reached(stop, last))
    }
}
