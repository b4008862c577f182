//! What a live order reserves (invariant L4: locked = Σ of this formula over live orders).
//!
//! With r the quantity that can still execute and c the order's cover price:
//!
//! | order | reserves |
//! |---|---|
//! | any sell, in the book or waiting for its trigger | r of the base asset |
//! | LIMIT, LIMIT_MAKER, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT buy | c × r of the quote asset, c = the limit price |
//! | STOP_LOSS, TAKE_PROFIT buy | c × r of the quote asset, c = the stop price; without one the last price at acceptance |
//! | pending order of a list | nothing: it takes its reservation when it is placed |
//! | MARKET, and a conditional order that fired into one | nothing: it pays from what is available while it trades |
//! | the two legs of an OCO, both alive | the larger of the two, once: only one of them can execute |
//!
//! Price × quantity is exact by construction of a market, so a reservation splits over partial fills without dust. What a
//! taker saves against its limit is released with the fill.

use crate::Exchange;
use crate::orders::{Live, Phase, Slot};
use types::order::AfterTrigger;
use types::{AssetId, Market, Money, OrderView, Price, Qty, Side, Terms};

/// The asset that an order on this side pays with.
pub(crate) const fn paying_asset(market: &Market, side: Side) -> AssetId {
    match side {
        Side::Buy => market.quote.id,
        Side::Sell => market.base.id,
    }
}

/// What `qty` at `cover` reserves.
pub(crate) fn reservation(market: &Market, side: Side, cover: Price, qty: Qty) -> Money {
    match side {
        Side::Buy => market.notional.amount(cover, qty),
        Side::Sell => Money::from(qty),
    }
}

/// True for an order that trades at any price once it works: it pays from available money.
pub(crate) const fn runs_as_market(view: &OrderView) -> bool {
    matches!(view.terms, Terms::Market { .. } | Terms::Stop { then: AfterTrigger::Market, .. })
}

/// The formula for one order on its own.
pub(crate) fn own_hold(market: &Market, live: &Live) -> Money {
    let nothing = match live.phase() {
        Phase::Pending => true,
        Phase::Waiting => false,
        Phase::Working => runs_as_market(&live.view),
    };
    if nothing { Money::ZERO } else { reservation(market, live.view.side, live.cover, live.view.remaining()) }
}

impl Exchange {
    /// What is reserved for an order, together with the other leg if it is half of a living OCO pair.
    pub(crate) fn hold_of(&self, slot: Slot) -> Money {
        let live = self.orders.at(slot);
        let market = &self.desks[usize::from(live.view.market.0)].market;
        let own = own_hold(market, live);
        match self.other_leg(slot) {
            Some(other) => own.max(own_hold(market, self.orders.at(other))),
            None => own,
        }
    }

    /// What stays reserved when an order ends: the other leg's own part of a living OCO pair.
    pub(crate) fn hold_of_other_leg(&self, slot: Slot) -> Money {
        self.other_leg(slot).map_or(Money::ZERO, |other| {
            let live = self.orders.at(other);
            own_hold(&self.desks[usize::from(live.view.market.0)].market, live)
        })
    }
}
