//! The incoming order while it matches: how far it reaches and how much of it is left.

use crate::order::reaches;
use crate::{Incoming, Kind, Units};
use types::{AccountId, Money, OrderId, Price, Qty, Side, StpMode};

/// An incoming order with what is left of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub(crate) id: OrderId,
    pub(crate) owner: AccountId,
    pub(crate) side: Side,
    pub(crate) stp: StpMode,
    limit: Option<Price>,
    left: Left,
}

/// What is left of a taker.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// A quantity.
    Base(Qty),
    /// A quantity, and money that must suffice for it.
    Capped(Qty, Money),
    /// Money.
    Quote(Money),
}

impl Taker {
    pub(crate) fn new(order: &Incoming) -> Self {
        let (limit, left) = match order.kind {
            Kind::Limit { price, qty, .. } | Kind::PostOnly { price, qty, .. } => {
                (Some(price), Left::Base(qty))
            }
            Kind::Market { qty, budget: None } => (None, Left::Base(qty)),
            Kind::Market { qty, budget: Some(budget) } => (None, Left::Capped(qty, budget)),
            Kind::MarketQuote { budget } => (None, Left::Quote(budget)),
        };
        Self { id: order.id, owner: order.owner, side: order.side, stp: order.stp, limit, left }
    }

    /// True if a maker's price is good enough.
    pub(crate) fn reaches(&self, maker: Price) -> bool {
        self.limit.is_none_or(|limit| reaches(self.side, limit, maker))
    }

    /// The quantity left; zero for money alone.
    pub(crate) const fn qty(&self) -> Qty {
        match self.left {
            Left::Base(qty) | Left::Capped(qty, _) => qty,
            Left::Quote(_) => Qty::ZERO,
        }
    }

    /// True when a quantity was asked for and nothing of it is left.
    pub(crate) const fn is_filled(&self) -> bool {
        match self.left {
            Left::Base(qty) | Left::Capped(qty, _) => qty.is_zero(),
            Left::Quote(_) => false,
        }
    }

    /// What is left of it at `price`, whatever the money suffices for if a quantity was asked for.
    pub(crate) fn remainder(&self, price: Price, units: &Units) -> Qty {
        match self.left {
            Left::Base(qty) | Left::Capped(qty, _) => qty,
            Left::Quote(budget) => units.notional.affordable(budget, price, units.step),
        }
    }

    /// What it can trade at `price`: whole lots within its money.
    pub(crate) fn takeable(&self, price: Price, units: &Units) -> Qty {
        match self.left {
            Left::Base(qty) => qty,
            Left::Capped(qty, budget) => qty.min(units.notional.affordable(budget, price, units.step)),
            Left::Quote(budget) => units.notional.affordable(budget, price, units.step),
        }
    }

    /// Takes a trade of `qty` ≤ [`Self::takeable`] off what is left.
    pub(crate) fn trade(&mut self, price: Price, qty: Qty, units: &Units) {
        match &mut self.left {
            Left::Base(left) => left.0 -= qty.0,
            Left::Capped(left, budget) => {
                left.0 -= qty.0;
                budget.0 -= units.notional.amount(price, qty).0;
            }
            Left::Quote(budget) => budget.0 -= units.notional.amount(price, qty).0,
        }
    }

    /// Takes a prevented trade of `qty` ≤ [`Self::remainder`] off what is left. It costs no money, so only an order
    /// that consists of money loses some.
    pub(crate) fn prevent(&mut self, price: Price, qty: Qty, units: &Units) {
        match &mut self.left {
            Left::Base(left) | Left::Capped(left, _) => left.0 -= qty.0,
            Left::Quote(budget) => budget.0 -= units.notional.amount(price, qty).0,
        }
    }
}
