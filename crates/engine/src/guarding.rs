//! Keeps positions within their brackets: places the orders that guard, replaces them when the position changes, and leaves.
//!
//! **Where the orders are.** What the venue can keep rests there ([`Native`](orders::Native)): a stop, a trailing stop, a target, or
//! a stop and a target as a pair of which one cancels the other. What it cannot keep (or refuses again and again) is watched
//! here: the engine leaves at the market when it sees the price. So what is watched is **not guarded while the process is
//! down**, and is seen no finer than the bot's own feeds show it (a bot on bars sees a bar when it closes).
//!
//! **One at a time.** What guards a position is as large as the position, less what the strategy's own resting orders would close.
//! When that changes it is withdrawn first and placed anew after the venue has confirmed, so that two orders never close the
//! same quantity; an order that is unknown counts as alive. An order of the strategy that needs what a guard holds waits for the
//! same. If more is closed than there was all the same (a venue filled both), the excess is closed at once and said.
//!
//! **Leaving.** The first part that trades, or is seen to be reached, ends everything the bot has in this market and closes what
//! is left. Then no such position is opened until the strategy has wanted something else in between.

use orders::{Bracket, State};
use risk::Halt;
use strategy::{Ended, Event, OrderIntent, Reason, Tag};
use types::order::Amount;
use types::{
    InstrumentKind, MarketEvent, MarketId, MarketNews, Money, Price, Qty, Side, SignedQty, Terms, Time,
    VenueReason,
};

use crate::engine::{Engine, Heard};
use crate::guard::{Guard, Seen, WAITING_MAX, Waiting, Why};
use crate::limits::GUARD_ROUNDS_MAX;
use crate::plan::{Held, Plan, is_same};
use crate::{BotState, Output};

/// A fill of one of the bot's orders, as guards need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traded {
    pub(crate) market: MarketId,
    pub(crate) side: Side,
    pub(crate) tag: Tag,
    pub(crate) bracket: Option<Bracket>,
    /// Whether all of the order has traded.
    pub(crate) is_done: bool,
    pub(crate) price: Price,
}

impl Engine {
    /// Ends a step: strategies hear what happened to their orders, guards are made what they should be, until nothing follows.
    pub(crate) fn settle(&mut self, now: Time, out: &mut Vec<Output>) {
        self.follow_up(now, out);
        for _ in 0..GUARD_ROUNDS_MAX {
            self.tend_guards(now, out);
            if self.heard.is_empty() {
                break;
            }
            self.follow_up(now, out);
        }
        self.close_positions(now, out);
    }

    fn tend_guards(&mut self, now: Time, out: &mut Vec<Output>) {
        for at in 0..self.bots.len() {
            let mut n = 0;
            while n < self.bots[at].guards.len() {
                if self.tend(at, n, now, out) {
                    n += 1;
                } else {
                    self.bots[at].guards.remove(n);
                }
            }
        }
    }

    /// What an event shows of prices, before anybody decides by it.
    pub(crate) fn watch_guards(&mut self, now: Time, event: &MarketEvent) {
        for at in 0..self.bots.len() {
            let guards = &self.bots[at].guards;
            let Some(n) = guards.iter().position(|g| g.market == event.market) else { continue };
            let Some(held) = self.held(at, event.market) else { continue };
            let Some(seen) = self.seen(event, held, self.bots[at].guards[n].since) else { continue };
            let (stop, target) = self.is_covered(at, n, held);
            let guard = &mut self.bots[at].guards[n];
            if guard.leaving.is_none()
                && let Some(why) = guard.see(seen, held.average, held.is_long(), !stop, !target)
                && self.is_active(at)
            {
                self.leave_because(at, n, now, why);
            }
        }
    }

    fn seen(&self, event: &MarketEvent, held: Held, since: Time) -> Option<Seen> {
        match &event.data {
            MarketNews::Bar(bar) => Some(Seen::of_bar(bar, since)),
            MarketNews::Print(print) => Some(Seen::at(print.price)),
            // A market that shows no trades: what closing it would bring.
            MarketNews::Snapshot(_) | MarketNews::Diff(_) => {
                let view = self.markets.get(event.market).filter(|view| view.last().is_none())?;
                let book = view.book()?;
                let best = if held.is_long() { book.bid() } else { book.ask() };
                best.map(|(price, _)| Seen::at(price))
            }
            MarketNews::Best { .. }
            | MarketNews::Mark(_)
            | MarketNews::Funding { .. }
            | MarketNews::Feed(_) => None,
        }
    }

    /// Whether the orders that live at the venue guard all of a position: against the loss, for the profit.
    fn is_covered(&self, at: usize, n: usize, held: Held) -> (bool, bool) {
        let (bot, guard) = (&self.bots[at], &self.bots[at].guards[n]);
        let size = self.in_lots(guard.market, held.qty.size());
        let has = |tag: Tag| {
            bot.legs.iter().any(|leg| leg.market == guard.market && leg.tag == tag && leg.open >= size)
        };
        let forgot = guard.replaced && guard.bracket.is_some_and(|b| b.trailing().is_some());
        (has(Tag::STOP) && !forgot, has(Tag::TARGET))
    }

    /// Whether a bot's guards act: also while it is paused, not once it is stopped or halted.
    fn is_active(&self, at: usize) -> bool {
        let bot = &self.bots[at];
        let halt = self.halts.get(&bot.account).copied().unwrap_or_default();
        bot.state != BotState::Stopped && !bot.closing && halt == Halt::Off
    }

    fn held(&self, at: usize, market: MarketId) -> Option<Held> {
        let position = self.bots[at].ledger.position(market);
        let (qty, size) = (position.qty(), position.qty().size());
        let notional = self.markets.get(market)?.instrument().market.notional;
        (size.0 > 0).then(|| Held { qty, average: notional.price_at(position.cost(), size) })
    }

    fn in_lots(&self, market: MarketId, qty: Qty) -> Qty {
        let step = self.markets.get(market).map_or(1, |v| v.instrument().market.rules.lot.step.0.max(1));
        Qty(qty.0 - qty.0.rem_euclid(step))
    }

    /// What of a position can be closed: on spot never more than there is of the base asset. `besides`: what others may hold of it.
    pub(crate) fn closable(&self, at: usize, market: MarketId, held: Held, besides: Qty) -> Qty {
        let Some(view) = self.markets.get(market) else { return Qty::ZERO };
        let instrument = view.instrument();
        let mut most = held.qty.size().0;
        if instrument.kind == InstrumentKind::Spot {
            let base = self.bots[at].ledger.asset(instrument.market.base.id).0;
            most = most.min(i64::try_from(base.max(0)).unwrap_or(i64::MAX));
        }
        self.in_lots(market, Qty((most - besides.0).max(0)))
    }

    /// Too small or too little worth to be sent.
    pub(crate) fn is_dust(&self, market: MarketId, qty: Qty, price: Price) -> bool {
        let Some(view) = self.markets.get(market) else { return true };
        let listed = &view.instrument().market;
        let least = listed.rules.lot.min.0.max(listed.rules.market_lot.min.0).max(1);
        qty.0 < least || listed.notional.amount(price, qty) < listed.rules.notional_min
    }

    /// A fill of a bot's order changed its position: the position gets its guard, or its guard has done its part.
    pub(crate) fn guard_fill(
        &mut self,
        at: usize,
        now: Time,
        order: &Traded,
        before: SignedQty,
        out: &mut Vec<Output>,
    ) {
        let (market, price) = (order.market, order.price);
        let bot = &mut self.bots[at];
        let after = bot.ledger.position(market).qty();
        let known = bot.guards.iter().position(|g| g.market == market);
        if order.tag.is_guard() {
            return self.guard_traded(at, known, now, order, out);
        }
        let turned = after.0.signum() != before.0.signum();
        let bracket = match known {
            Some(n) if !turned => order.bracket.or(bot.guards[n].bracket),
            _ => order.bracket.or(bot.bracket),
        };
        match known {
            Some(n) if turned && after.0 != 0 => {
                let waiting = std::mem::take(&mut bot.guards[n].waiting);
                bot.guards[n] = Guard { waiting, ..Guard::new(market, bracket, now, price) };
            }
            Some(n) => (bot.guards[n].bracket, bot.guards[n].last) = (bracket, price),
            None if after.0 != 0 && bracket.is_some() => {
                bot.guards.push(Guard::new(market, bracket, now, price));
            }
            None => {}
        }
    }

    /// An order that guards traded.
    fn guard_traded(
        &mut self,
        at: usize,
        known: Option<usize>,
        now: Time,
        order: &Traded,
        out: &mut Vec<Output>,
    ) {
        let bot = &mut self.bots[at];
        let after = bot.ledger.position(order.market).qty();
        let n = known.unwrap_or_else(|| {
            bot.guards.push(Guard::new(order.market, None, now, order.price));
            bot.guards.len() - 1
        });
        let opened = if order.side == Side::Buy { after.0 > 0 } else { after.0 < 0 };
        let why = match order.tag {
            _ if opened => Some(Why::Overfill),
            Tag::STOP => Some(Why::Stop),
            Tag::TARGET if order.is_done => Some(Why::Target),
            _ => None,
        };
        if opened {
            out.push(Output::Overfilled { bot: bot.id, market: order.market, qty: after });
        }
        if let Some(why) = why
            && (bot.guards[n].leaving.is_none() || opened)
        {
            self.leave_because(at, n, now, why);
            self.bots[at].guards[n].barred = Some(order.side.opposite());
        }
    }

    /// From now on the position is being left.
    fn leave_because(&mut self, at: usize, n: usize, now: Time, why: Why) {
        let bot = &mut self.bots[at];
        let guard = &mut bot.guards[n];
        guard.leaving = Some(why);
        guard.tried = None;
        let qty = bot.ledger.position(guard.market).qty();
        guard.barred = Some(if qty.0 >= 0 { Side::Buy } else { Side::Sell });
        let scale = self.markets.get(guard.market).map_or(0, |v| v.instrument().market.price_scale);
        let reason = Reason::new(why.code()).with_price("price", guard.last, scale);
        bot.log(now, &reason);
        self.digest.bytes(why.code().as_bytes());
    }

    /// An order that guards ended: a venue that will not have it because its price has been passed says that it is time to go.
    pub(crate) fn guard_ended(
        &mut self,
        at: usize,
        now: Time,
        tag: Tag,
        market: MarketId,
        rejected: Option<VenueReason>,
    ) {
        let Some(n) = self.bots[at].guards.iter().position(|g| g.market == market) else { return };
        let Some(reason) = rejected else { return };
        let guard = &mut self.bots[at].guards[n];
        if guard.leaving.is_some() && tag != Tag::LEAVE {
            return;
        }
        guard.tried = Some(now);
        match (reason, tag) {
            (VenueReason::WouldTrigger, Tag::STOP) if guard.leaving.is_none() => {
                self.leave_because(at, n, now, Why::Stop);
            }
            (VenueReason::WouldTake, Tag::TARGET) if guard.leaving.is_none() => {
                self.leave_because(at, n, now, Why::Target);
            }
            _ => guard.refused = guard.refused.saturating_add(1),
        }
    }

    /// A venue has taken an order that guards.
    pub(crate) fn guard_stands(&mut self, at: usize, market: MarketId) {
        if let Some(guard) = self.bots[at].guards.iter_mut().find(|g| g.market == market) {
            guard.refused = 0;
        }
    }

    /// Whether an order of the strategy has to wait for a guard; it does then, instead of an earlier one of the same mark.
    pub(crate) fn waits(&mut self, at: usize, intent: &OrderIntent) -> bool {
        let held = self.bots[at].ledger.position(intent.market).qty();
        let Some(n) = self.bots[at].guards.iter().position(|g| g.market == intent.market) else {
            return false;
        };
        let reduces = held.0 != 0 && (intent.side == Side::Sell) == (held.0 > 0);
        if !reduces || !self.is_active(at) {
            return false;
        }
        let bot = &self.bots[at];
        let guarded = bot.legs.iter().any(|leg| leg.market == intent.market);
        let at_once = matches!(intent.terms, Terms::Market { .. });
        let behind = bot.guards[n].leaving.is_some() || !bot.guards[n].waiting.is_empty();
        if !(behind || guarded && (at_once || self.is_short_of(at, intent))) {
            return false;
        }
        let code = self.bots[at].reasons.back().map_or("waiting", |logged| logged.reason.code);
        let waiting = &mut self.bots[at].guards[n].waiting;
        waiting.retain(|one| one.intent.tag != intent.tag);
        if waiting.len() >= WAITING_MAX {
            return false;
        }
        waiting.push(Waiting { intent: *intent, position: held, code });
        self.digest.bytes(b"waits");
        true
    }

    /// Whether guards hold what a spot sale needs.
    fn is_short_of(&self, at: usize, intent: &OrderIntent) -> bool {
        let Some(view) = self.markets.get(intent.market) else { return false };
        let instrument = view.instrument();
        let needed = Money(i128::from(intent.terms.qty().unwrap_or_default().0));
        instrument.kind == InstrumentKind::Spot
            && intent.side == Side::Sell
            && needed > self.bots[at].free(instrument.market.base.id)
    }

    /// The side on which a bracket bars new risk.
    pub(crate) fn barred(&self, at: usize, market: MarketId) -> Option<Side> {
        self.bots[at].guards.iter().find(|g| g.market == market).and_then(|g| g.barred)
    }

    /// A strategy decided on what a market showed: a side that it did not want is open to it again.
    pub(crate) fn lift_bars(&mut self, at: usize, event: &Event<'_>, acts: &[strategy::Act]) {
        let market = match event {
            Event::Bar { market, .. } | Event::Print { market, .. } | Event::Book { market } => *market,
            Event::Fill { .. } | Event::Ended { .. } | Event::Timer(_) | Event::Signal(_) => return,
        };
        for guard in self.bots[at].guards.iter_mut().filter(|g| g.market == market && g.leaving.is_none()) {
            let wants = |act: &strategy::Act| {
                matches!(act, strategy::Act::Place(intent)
                    if intent.market == market && Some(intent.side) == guard.barred)
            };
            if !acts.iter().any(wants) {
                guard.barred = None;
            }
        }
    }

    /// Makes one guard what it should be; `false` when there is nothing left of it.
    fn tend(&mut self, at: usize, n: usize, now: Time, out: &mut Vec<Output>) -> bool {
        let market = self.bots[at].guards[n].market;
        let held = self.held(at, market);
        if !self.is_active(at) {
            let waiting = std::mem::take(&mut self.bots[at].guards[n].waiting);
            for Waiting { intent, .. } in waiting {
                self.heard.push((at, Heard::Ended { tag: intent.tag, how: Ended::Denied }));
            }
            let guarded = self.bots[at].legs.iter().any(|leg| leg.market == market);
            return held.is_some() || guarded;
        }
        if self.bots[at].guards[n].leaving.is_some() {
            return self.leave(at, n, now, out);
        }
        let guard = &self.bots[at].guards[n];
        if !guard.waiting.is_empty() || held.is_none() || guard.bracket.is_none() {
            if !self.withdraw(at, market, out) {
                return true;
            }
            let released = self.release(at, n, now, out);
            return released
                || held.is_some_and(|_| self.bots[at].guards[n].bracket.is_some())
                || self.bots[at].guards[n].barred.is_some();
        }
        if let Some(held) = held {
            self.keep(at, n, held, now, out);
        }
        true
    }

    /// Asks for the end of what guards a market; `true` once nothing of it lives.
    fn withdraw(&mut self, at: usize, market: MarketId, out: &mut Vec<Output>) -> bool {
        let mut ids: Vec<_> = self.bots[at]
            .legs
            .iter()
            .filter(|leg| leg.market == market && leg.tag != Tag::LEAVE)
            .map(|leg| leg.client_id)
            .collect();
        ids.sort_unstable();
        for id in &ids {
            self.cancel(market, *id, out);
        }
        !self.bots[at].legs.iter().any(|leg| leg.market == market)
    }

    /// Sends what waited, less what was closed meanwhile; `true` when anything did.
    fn release(&mut self, at: usize, n: usize, now: Time, out: &mut Vec<Output>) -> bool {
        let waiting = std::mem::take(&mut self.bots[at].guards[n].waiting);
        if waiting.is_empty() {
            return false;
        }
        self.bots[at].next_decision();
        for Waiting { mut intent, position, code } in waiting {
            let held = self.bots[at].ledger.position(intent.market).qty();
            let same_side = held.0.signum() == position.0.signum();
            let closed = position.0.saturating_abs() - if same_side { held.0.saturating_abs() } else { 0 };
            let rest = match &mut intent.terms {
                Terms::Limit { qty, .. }
                | Terms::LimitMaker { qty, .. }
                | Terms::Stop { qty, .. }
                | Terms::Market { amount: Amount::Base(qty) } => {
                    qty.0 -= closed.max(0);
                    qty.0
                }
                Terms::Market { amount: Amount::Quote(budget) } => i64::from(budget.0 > 0),
            };
            if rest > 0 {
                self.bots[at].log(now, &Reason::new(code));
                self.place(at, now, &intent, false, out);
            } else {
                // What it was for has been done.
                self.heard.push((at, Heard::Ended { tag: intent.tag, how: Ended::Canceled }));
            }
        }
        true
    }

    /// Closes a position whose bracket was reached, once nothing else of the bot can trade there.
    fn leave(&mut self, at: usize, n: usize, now: Time, out: &mut Vec<Output>) -> bool {
        let market = self.bots[at].guards[n].market;
        self.cancel_own(at, Some(market), out);
        self.withdraw(at, market, out);
        let bot = &self.bots[at];
        if bot.orders.iter().chain(&bot.legs).any(|order| order.market == market) {
            return true;
        }
        let held = self.held(at, market);
        let last = self.bots[at].guards[n].last;
        let rest = held.map_or(Qty::ZERO, |held| self.closable(at, market, held, Qty::ZERO));
        let Some(held) = held.filter(|_| !self.is_dust(market, rest, last)) else {
            self.bots[at].guards[n].leaving = None;
            self.release(at, n, now, out);
            return true;
        };
        if self.bots[at].guards[n].tried == Some(now) {
            return true;
        }
        let most = self.markets.get(market).map_or(0, |v| v.instrument().market.rules.market_lot.max.0);
        let qty = if most > 0 { Qty(rest.0.min(most)) } else { rest };
        let terms = Terms::Market { amount: Amount::Base(qty) };
        let intent = guarding(Tag::LEAVE, market, held.exit(), terms);
        self.bots[at].next_decision();
        self.bots[at].guards[n].tried = Some(now);
        self.guard_by(at, now, &intent, None, out);
        true
    }

    /// Places what is missing, withdraws what is wrong.
    fn keep(&mut self, at: usize, n: usize, held: Held, now: Time, out: &mut Vec<Output>) {
        let market = self.bots[at].guards[n].market;
        let plan = self.plan(at, n, held);
        let live: Vec<(Tag, Terms, Qty)> = self.bots[at]
            .legs
            .iter()
            .filter(|leg| leg.market == market)
            .filter_map(|leg| Some((leg.tag, self.orders.get(&leg.client_id)?.terms, leg.open)))
            .collect();
        if !live.is_empty() {
            if self.has_fired(at, market) {
                return;
            }
            let as_planned = |tag: Tag, terms: Option<Terms>| {
                let found = live.iter().find(|(t, ..)| *t == tag);
                match (found, terms) {
                    (None, None) => true,
                    (Some((_, live, open)), Some(terms)) => is_same(live, *open, &terms),
                    _ => false,
                }
            };
            if !(as_planned(Tag::STOP, plan.stop) && as_planned(Tag::TARGET, plan.target)) {
                let trails = |(_, terms, _): &(Tag, Terms, Qty)| {
                    terms.trigger().is_some_and(|trigger| trigger.trailing.is_some())
                };
                self.bots[at].guards[n].replaced |= live.iter().any(trails);
                self.withdraw(at, market, out);
            }
            return;
        }
        if let Some(why) = self.is_beyond(at, n, held) {
            self.leave_because(at, n, now, why);
            self.leave(at, n, now, out);
            return;
        }
        let (first, other) = match plan {
            Plan { stop: Some(stop), target } => ((Tag::STOP, stop), target.map(|t| (Tag::TARGET, t))),
            Plan { stop: None, target: Some(target) } => ((Tag::TARGET, target), None),
            Plan { stop: None, target: None } => return,
        };
        if self.bots[at].guards[n].tried == Some(now) {
            return;
        }
        self.bots[at].next_decision();
        let intent = guarding(first.0, market, held.exit(), first.1);
        if self.guard_by(at, now, &intent, other, out) {
            self.log_placed(at, market, plan, now);
        } else {
            let guard = &mut self.bots[at].guards[n];
            (guard.refused, guard.tried) = (guard.refused.saturating_add(1), Some(now));
        }
    }

    fn log_placed(&mut self, at: usize, market: MarketId, plan: Plan, now: Time) {
        let scale = self.markets.get(market).map_or(0, |v| v.instrument().market.price_scale);
        let mut reason = Reason::new("bracket_placed");
        if let Some(price) = plan.stop.and_then(|terms| terms.trigger()?.stop) {
            reason = reason.with_price("stop", price, scale);
        }
        if let Some(price) = plan.target.and_then(|terms| terms.price()) {
            reason = reason.with_price("target", price, scale);
        }
        self.bots[at].log(now, &reason);
    }

    /// Whether one of a pair has ended because the other one trades or fires, of which nothing was heard yet.
    fn has_fired(&self, at: usize, market: MarketId) -> bool {
        let legs = self.bots[at].legs.iter().filter(|leg| leg.market == market);
        let mut orders = legs.filter_map(|leg| self.orders.get(&leg.client_id));
        orders.any(|order| {
            let other = order.other.and_then(|id| self.orders.get(&id));
            order.filled == Qty::ZERO && other.is_some_and(|other| other.state == State::Expired)
        })
    }

    /// Whether the last price is beyond the bracket already.
    fn is_beyond(&self, at: usize, n: usize, held: Held) -> Option<Why> {
        let mut guard = self.bots[at].guards[n].clone();
        guard.see(Seen::at(guard.last), held.average, held.is_long(), true, true)
    }

    /// Sends what guards; `false` when risk or the order book did not let it out.
    fn guard_by(
        &mut self,
        at: usize,
        now: Time,
        intent: &OrderIntent,
        other: Option<(Tag, Terms)>,
        out: &mut Vec<Output>,
    ) -> bool {
        match self.submit(at, now, intent, other, true, out) {
            Ok(()) => true,
            Err(denied) => {
                if let Some(denied) = denied {
                    self.digest.bytes(denied.code().as_bytes());
                    out.push(Output::Denied { bot: self.bots[at].id, tag: intent.tag, denied });
                }
                false
            }
        }
    }
}

const fn guarding(tag: Tag, market: MarketId, side: Side, terms: Terms) -> OrderIntent {
    OrderIntent { tag, market, side, terms, reduce_only: true, bracket: None }
}
