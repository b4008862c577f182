//! What the book did becomes money and events.
//!
//! Per incoming order, in this order: the matches as the book made them (for each trade the public print, the maker's
//! report, the taker's report; for each prevented match the maker, the taker), what became of the rest, levels where the
//! book puts them. After that the conditional orders see each new last price in turn, and what fires is queued.
//! Invariants: L2 (a trade is one balanced transaction), L3, L5 (fee = ⌈received × rate⌉, paid out of what is received),
//! O3 (both sides get the same quantity and price).

use crate::Exchange;
use crate::holds::{paying_asset, runs_as_market};
use crate::orders::{Live, Phase, Slot};
use crate::step::{Step, Work};
use matching::triggers::TriggerEvent;
use matching::{MatchEvent, Removal};
use portfolio::{Holder, Posting, Pot};
use types::event::{ExpiryReason, Fill, OrderChange, Prevented, RejectReason, Trade};
use types::order::Amount;
use types::{
    AssetId, Event, FeeRate, MarketId, Money, OrderId, OrderStatus, OrderView, Price, Qty, Side, StpMode,
    Terms,
};

/// One match of two orders.
#[derive(Clone, Copy)]
struct Match {
    market: MarketId,
    maker: Slot,
    taker: Slot,
    price: Price,
    qty: Qty,
    quote: Money,
}

/// One side of a trade in money.
#[derive(Clone, Copy)]
struct Party {
    holder: Holder,
    /// Out of which pot it pays.
    pays_from: Pot,
    /// What its reservation held for this quantity beyond what it pays.
    saved: Money,
    fee: Money,
}

impl Step<'_> {
    /// Books the events of one incoming order.
    pub(crate) fn digest(&mut self, market: MarketId, taker: Slot, events: &[MatchEvent]) {
        let filled_at = self.last_fill_of_spent_budget(taker, events);
        let taker_id = self.core.orders.at(taker).view.id;
        for (at, event) in events.iter().enumerate() {
            match *event {
                MatchEvent::Fill { maker, price, qty, .. } => {
                    let maker = self.core.orders.find(maker).expect("every resting order is live");
                    let quote = self.core.desks[usize::from(market.0)].market.notional.amount(price, qty);
                    let done = filled_at == Some(at);
                    self.trade(Match { market, maker, taker, price, qty, quote }, done);
                }
                MatchEvent::SelfTrade { maker, price, qty, effect, .. } => {
                    let maker = self.core.orders.find(maker).expect("every resting order is live");
                    let quote = Money::ZERO;
                    self.prevent(Match { market, maker, taker, price, qty, quote }, effect);
                }
                MatchEvent::Removed { id, reason, .. } if id == taker_id => self.dismiss(id, reason),
                MatchEvent::Level { .. } => {
                    self.core.desks[usize::from(market.0)].tell_level(event, self.out);
                }
                // A maker's removal was told with the prevented match; resting and replenishing change no money.
                MatchEvent::Removed { .. }
                | MatchEvent::Rested { .. }
                | MatchEvent::Reduced { .. }
                | MatchEvent::Replenished { .. } => {}
            }
        }
    }

    /// A market order by quote amount is filled when its money is spent: the place of the fill that did it.
    fn last_fill_of_spent_budget(&self, taker: Slot, events: &[MatchEvent]) -> Option<usize> {
        let terms = self.core.orders.at(taker).view.terms;
        let by_quote = matches!(terms, Terms::Market { amount: Amount::Quote(_) });
        let spent = |e: &MatchEvent| matches!(e, MatchEvent::Removed { reason: Removal::BudgetSpent, .. });
        if !by_quote || !events.last().is_some_and(spent) {
            return None;
        }
        // When the last thing it met was itself, it ends with the book's own word instead.
        let met = |e: &MatchEvent| matches!(e, MatchEvent::Fill { .. } | MatchEvent::SelfTrade { .. });
        let last = events.iter().rposition(met)?;
        matches!(events[last], MatchEvent::Fill { .. }).then_some(last)
    }

    /// Tells the conditional orders each price that the last price moved to; what fires is queued.
    pub(crate) fn feed_triggers(&mut self, market: MarketId, before: Option<Price>, events: &[MatchEvent]) {
        let mut last = before;
        for event in events {
            let MatchEvent::Fill { price, .. } = *event else { continue };
            if last == Some(price) {
                continue;
            }
            last = Some(price);
            let desk = &mut self.core.desks[usize::from(market.0)];
            if !desk.triggers.is_empty() {
                let mut fired = std::mem::take(&mut self.core.scratch.triggers);
                desk.triggers.on_price(price, &mut fired);
                self.digest_triggers(fired);
            }
        }
    }

    /// Takes the buffer of the triggers' events back.
    pub(crate) fn digest_triggers(&mut self, mut events: Vec<TriggerEvent>) {
        for event in events.drain(..) {
            match event {
                TriggerEvent::Tracking { id } => {
                    if let Some(slot) = self.core.orders.find(id) {
                        let at = self.at;
                        self.core.orders.change(slot, |live| {
                            (live.view.trailing_since, live.view.updated) = (Some(at), at);
                        });
                        self.tell(slot, OrderChange::Trailing);
                    }
                }
                TriggerEvent::Fired { id } => self.core.scratch.work.push_back(Work::Fire(id)),
            }
        }
        self.core.scratch.triggers = events;
    }

    fn trade(&mut self, m: Match, taker_done: bool) {
        self.leg_executes(m.maker);
        self.leg_executes(m.taker);
        let taker_side = self.core.orders.at(m.taker).view.side;
        let (buyer, seller) = match taker_side {
            Side::Buy => (m.taker, m.maker),
            Side::Sell => (m.maker, m.taker),
        };
        let (base, quote) = self.core.assets_of(m.market);
        let buys = self.core.party(buyer, &m, m.quote, Money::from(m.qty));
        let sells = self.core.party(seller, &m, Money::from(m.qty), m.quote);
        self.core.book_trade(base, quote, &m, buys, sells);
        let desk = &mut self.core.desks[usize::from(m.market.0)];
        desk.average.trade(&desk.market, self.at, m.quote, m.qty);
        let id = desk.next_trade();
        self.core.trades += 1;
        self.out.push(Event::Trade(Trade {
            market: m.market,
            id,
            price: m.price,
            qty: m.qty,
            quote: m.quote,
            buyer_is_maker: taker_side == Side::Sell,
            buyer: self.core.orders.at(buyer).view.id,
            seller: self.core.orders.at(seller).view.id,
            at: self.at,
        }));
        let fill = |party: Party, fee_asset: AssetId, is_maker: bool| Fill {
            trade: id,
            price: m.price,
            qty: m.qty,
            quote: m.quote,
            fee: party.fee,
            fee_asset,
            is_maker,
        };
        let (maker_fill, taker_fill) = match taker_side {
            Side::Buy => (fill(sells, quote, true), fill(buys, base, false)),
            Side::Sell => (fill(buys, base, true), fill(sells, quote, false)),
        };
        // The taker's place must stay valid until both are told: a maker that ends may only end its own list.
        self.executed(m.maker, maker_fill, false);
        self.executed(m.taker, taker_fill, taker_done);
    }

    /// Writes a fill into an order, tells it, and ends the order when it is filled.
    fn executed(&mut self, slot: Slot, fill: Fill, done: bool) {
        let at = self.at;
        let filled = self.core.orders.change(slot, |live| {
            let view = &mut live.view;
            view.executed.0 += fill.qty.0;
            view.executed_quote.0 += fill.quote.0;
            if view.quote_budget().is_some() {
                view.qty.0 += fill.qty.0;
            }
            let filled = done || (view.remaining().is_zero() && view.quote_budget().is_none());
            view.status = if filled { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
            view.updated = at;
            filled
        });
        if filled {
            self.end(slot, OrderStatus::Filled, OrderChange::Trade(fill));
        } else {
            self.tell(slot, OrderChange::Trade(fill));
        }
    }

    /// A match that self-trade prevention stopped.
    fn prevent(&mut self, m: Match, effect: StpMode) {
        let desk = &mut self.core.desks[usize::from(m.market.0)];
        desk.prevented_id += 1;
        let number = desk.prevented_id;
        let (maker, taker) = (&self.core.orders.at(m.maker).view, &self.core.orders.at(m.taker).view);
        // All that is left; an order by quote amount has no rest in base units, so what it would have bought.
        let rest = |view: &OrderView| if view.quote_budget().is_some() { m.qty } else { view.remaining() };
        let (maker_lost, taker_lost) = match effect {
            StpMode::None => (None, None),
            StpMode::ExpireMaker => (Some(rest(maker)), None),
            StpMode::ExpireTaker => (None, Some(rest(taker))),
            StpMode::ExpireBoth => (Some(rest(maker)), Some(rest(taker))),
            StpMode::Decrement => (Some(m.qty), Some(m.qty)),
        };
        let change = OrderChange::SelfTradePrevented(Prevented {
            number,
            maker: maker.id,
            taker: taker.id,
            mode: effect,
            price: m.price,
            qty: m.qty,
            maker_lost,
            taker_lost,
        });
        let (maker_ends, taker_ends) = match effect {
            StpMode::None => (false, false),
            StpMode::ExpireMaker => (true, false),
            StpMode::ExpireTaker => (false, true),
            StpMode::ExpireBoth => (true, true),
            StpMode::Decrement => (self.decrement(m.maker, m.qty), self.decrement(m.taker, m.qty)),
        };
        for (slot, ends) in [(m.maker, maker_ends), (m.taker, taker_ends)] {
            if ends {
                self.end(slot, OrderStatus::ExpiredInMatch, change);
            } else {
                self.tell(slot, change);
            }
        }
    }

    /// Takes a prevented quantity off an order; true when nothing is left of it.
    fn decrement(&mut self, slot: Slot, qty: Qty) -> bool {
        let at = self.at;
        let before = self.core.hold_of(slot);
        let ended = self.core.orders.change(slot, |live| {
            let view = &mut live.view;
            view.prevented.0 += qty.0;
            view.updated = at;
            let by_quote = view.quote_budget().is_some();
            if by_quote {
                view.qty.0 += qty.0;
            }
            view.remaining().is_zero() && !by_quote
        });
        self.core.release_down(slot, before);
        ended
    }

    /// The incoming order did not stay: what the book says about it, in the exchange's words.
    fn dismiss(&mut self, id: OrderId, reason: Removal) {
        // Filled and self-trade-prevented orders are gone already.
        let Some(slot) = self.core.orders.find(id) else { return };
        let expired = |why| (OrderStatus::Expired, OrderChange::Expired(why));
        let (status, change) = match reason {
            Removal::ImmediateOrCancel => expired(ExpiryReason::ImmediateOrCancel),
            Removal::FillOrKill => expired(ExpiryReason::FillOrKill),
            Removal::NoLiquidity | Removal::Canceled => expired(ExpiryReason::NoLiquidity),
            Removal::BudgetSpent => expired(ExpiryReason::FundsExhausted),
            Removal::WouldTake => (OrderStatus::Rejected, OrderChange::Rejected(RejectReason::WouldTake)),
            // Only an order by quote amount can be left here: the part of it that met itself.
            Removal::SelfTrade => expired(ExpiryReason::NoLiquidity),
        };
        self.end(slot, status, change);
    }

    /// Ends an order that is in no book and no trigger list (any more): frees its reservation, tells, and lets its list
    /// go on.
    pub(crate) fn end(&mut self, slot: Slot, status: OrderStatus, change: OrderChange) {
        let before = self.core.hold_of(slot);
        let kept = self.core.hold_of_other_leg(slot);
        let live = self.core.orders.at(slot);
        let (holder, market, side) = (live.holder, live.view.market, live.view.side);
        self.core.release(holder, market, side, Money(before.0 - kept.0));
        let view = &self.core.orders.at(slot).view;
        let (id, list) = (view.id, view.list);
        // Status and time go into the report only: the counters of the seat still count the order as it lived.
        let order = OrderView { status, updated: self.at, ..*view };
        self.out.push(Event::Order { order, change });
        self.core.orders.remove(slot);
        if let Some(list) = list {
            self.leg_ended(list, id, status, &change);
        }
    }

    /// Tells an order's state.
    pub(crate) fn tell(&mut self, slot: Slot, change: OrderChange) {
        self.out.push(Event::Order { order: self.core.orders.at(slot).view, change });
    }
}

impl Exchange {
    pub(crate) fn assets_of(&self, market: MarketId) -> (AssetId, AssetId) {
        let market = &self.desks[usize::from(market.0)].market;
        (market.base.id, market.quote.id)
    }

    /// One side of a match: pays `pays`, receives `gets`.
    fn party(&self, slot: Slot, m: &Match, pays: Money, gets: Money) -> Party {
        let Live { view, holder, cover, .. } = self.orders.at(slot);
        let terms = self.accounts.view(*holder);
        let rate: FeeRate = if slot == m.maker { terms.maker } else { terms.taker };
        let fee = gets.fee(rate).expect("amounts are below 2^96 and rates below 2^27");
        if runs_as_market(view) {
            return Party { holder: *holder, pays_from: Pot::Available(*holder), saved: Money::ZERO, fee };
        }
        let market = &self.desks[usize::from(m.market.0)].market;
        let held = crate::holds::reservation(market, view.side, *cover, m.qty);
        Party { holder: *holder, pays_from: Pot::Locked(*holder), saved: Money(held.0 - pays.0), fee }
    }

    /// One trade, one transaction.
    fn book_trade(&mut self, base: AssetId, quote: AssetId, m: &Match, buys: Party, sells: Party) {
        let qty = i128::from(m.qty.0);
        let line = |pot, asset, delta| Posting { pot, asset, delta: Money(delta) };
        let lines = [
            line(buys.pays_from, quote, -(m.quote.0 + buys.saved.0)),
            line(sells.pays_from, base, -qty),
            line(Pot::Available(buys.holder), quote, buys.saved.0),
            line(Pot::Available(buys.holder), base, qty - buys.fee.0),
            line(Pot::Available(sells.holder), quote, m.quote.0 - sells.fee.0),
            line(Pot::Fees, base, buys.fee.0),
            line(Pot::Fees, quote, sells.fee.0),
        ];
        self.ledger.post(&lines).expect("what trades was reserved before matching");
    }

    /// Reserves what an order needs; it was checked to be there.
    pub(crate) fn hold(&mut self, holder: Holder, market: MarketId, side: Side, amount: Money) {
        let asset = paying_asset(&self.desks[usize::from(market.0)].market, side);
        self.ledger.hold(holder, asset, amount).expect("funds were checked before acceptance");
    }

    /// Frees a part of a reservation.
    pub(crate) fn release(&mut self, holder: Holder, market: MarketId, side: Side, amount: Money) {
        let asset = paying_asset(&self.desks[usize::from(market.0)].market, side);
        self.ledger.release(holder, asset, amount).expect("only what was reserved is freed");
    }

    /// Frees what an order reserves less than `before`.
    pub(crate) fn release_down(&mut self, slot: Slot, before: Money) {
        let after = self.hold_of(slot);
        let live = self.orders.at(slot);
        let (holder, market, side) = (live.holder, live.view.market, live.view.side);
        self.release(holder, market, side, Money(before.0 - after.0));
    }

    /// Where a live order waits.
    pub(crate) fn phase_of(&self, slot: Slot) -> Phase {
        self.orders.at(slot).phase()
    }
}
