//! Placing an order: all checks first, then acceptance, then its way into the book.
//!
//! Order of the checks (documented in `types::refusal`, tested): account → market → client id → filters of the order
//! alone → counts and position → trigger direction → post-only → funds.

use crate::Exchange;
use crate::desk::Desk;
use crate::filters::{self, Added};
use crate::holds::{paying_asset, reservation};
use crate::orders::{Live, Slot};
use crate::step::Step;
use matching::triggers::{Conditional, Direction};
use matching::{Incoming, Kind};
use portfolio::Holder;
use types::command::NewOrder;
use types::event::{ExpiryReason, OrderChange};
use types::order::{Amount, Tags};
use types::{
    AccountId, ClientOrderId, ListId, MarketId, Money, OrderId, OrderStatus, OrderView, Price, Qty, Refusal,
    Side, StpMode, Terms, Time,
};

/// An order (alone or of a list) before it has an id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub(crate) account: AccountId,
    pub(crate) holder: Holder,
    pub(crate) market: MarketId,
    pub(crate) client_id: ClientOrderId,
    pub(crate) side: Side,
    pub(crate) terms: Terms,
    pub(crate) stp: StpMode,
    pub(crate) tags: Tags,
}

/// What the checks found out about an order's money.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Funding {
    /// Reserve price; see `holds`.
    pub(crate) cover: Price,
    /// What must be available.
    pub(crate) needed: Money,
    /// What is reserved at acceptance: `needed`, or nothing for a market order.
    pub(crate) hold: Money,
}

impl Exchange {
    /// Whether an order would be accepted at `at` as the exchange stands (Binance `order/test`).
    ///
    /// # Errors
    /// The refusal that [`Exchange::apply`] would give.
    pub fn test(&self, new: &NewOrder, at: Time) -> Result<(), Refusal> {
        self.check_new(new, at).map(|_| ())
    }

    pub(crate) fn check_new(&self, new: &NewOrder, at: Time) -> Result<(Draft, Funding), Refusal> {
        let holder = self.trader(new.account)?;
        let desk = self.desk(new.market)?;
        self.check_client(holder, &new.client_id)?;
        let NewOrder { account, market, client_id, side, terms, stp, tags } = *new;
        let draft = Draft { account, holder, market, client_id, side, terms, stp, tags };
        filters::alone(&desk.market, side, &terms, desk.reference(at))?;
        let seat = self.orders.seat(holder, market);
        filters::counts(&desk.market.rules, &seat, Added::default().order(&terms))?;
        self.check_position(&draft, desk)?;
        check_timing(desk, &draft)?;
        let funding = self.check_funds(&draft, desk)?;
        Ok((draft, funding))
    }

    /// An account that may place orders.
    pub(crate) fn trader(&self, account: AccountId) -> Result<Holder, Refusal> {
        let holder = self.accounts.find(account).ok_or(Refusal::UnknownAccount)?;
        if self.accounts.view(holder).trading { Ok(holder) } else { Err(Refusal::TradingBlocked) }
    }

    pub(crate) fn desk(&self, market: MarketId) -> Result<&Desk, Refusal> {
        self.desks.get(usize::from(market.0)).ok_or(Refusal::UnknownMarket)
    }

    /// Invariant O1.
    pub(crate) fn check_client(&self, holder: Holder, client: &ClientOrderId) -> Result<(), Refusal> {
        match self.orders.find_client(holder, client) {
            Some(_) => Err(Refusal::DuplicateClientId),
            None => Ok(()),
        }
    }

    pub(crate) fn check_position(&self, draft: &Draft, desk: &Desk) -> Result<(), Refusal> {
        let rules = &desk.market.rules;
        if draft.side == Side::Sell || rules.position_max <= Money::ZERO {
            return Ok(());
        }
        let qty = match draft.terms {
            Terms::Market { amount: Amount::Quote(budget) } => reach_of(desk, draft, budget).traded,
            terms => i128::from(terms.qty().unwrap_or_default().0),
        };
        let owned = self.ledger.balance(draft.holder, desk.market.base.id);
        let owned = owned.available.plus(owned.locked)?;
        let seat = self.orders.seat(draft.holder, draft.market);
        filters::position(rules, owned, seat.open_buys, qty)
    }

    /// What an order needs, and whether it is there.
    pub(crate) fn check_funds(&self, draft: &Draft, desk: &Desk) -> Result<Funding, Refusal> {
        let asset = paying_asset(&desk.market, draft.side);
        let available = self.ledger.balance(draft.holder, asset).available;
        let paid = |needed: Money| {
            if needed > available {
                Err(Refusal::InsufficientBalance { asset, needed, available })
            } else {
                Ok(())
            }
        };
        if let (Terms::Market { amount: Amount::Quote(budget) }, Side::Buy) = (draft.terms, draft.side) {
            // Known without a walk through the book, which nobody shall get for money he does not have.
            paid(budget)?;
        }
        let funding = funding_of(draft, desk)?;
        paid(funding.needed)?;
        Ok(funding)
    }
}

/// Trigger direction, then post-only.
pub(crate) fn check_timing(desk: &Desk, draft: &Draft) -> Result<(), Refusal> {
    if would_trigger(desk, draft.side, &draft.terms) {
        return Err(Refusal::WouldTrigger);
    }
    match draft.terms {
        Terms::LimitMaker { price, .. } if desk.book.would_take(draft.side, price) => Err(Refusal::WouldTake),
        _ => Ok(()),
    }
}

/// True for a plain stop whose price is reached already. A trailing order just begins to track.
pub(crate) fn would_trigger(desk: &Desk, side: Side, terms: &Terms) -> bool {
    let plain = terms.trigger().filter(|t| t.trailing.is_none());
    match (plain, plain.and_then(|t| t.stop), desk.book.last_price()) {
        (Some(trigger), Some(stop), Some(last)) => Direction::of(trigger.kind, side).reached(stop, last),
        _ => false,
    }
}

/// The reservation of an order, or what a market order is going to pay.
pub(crate) fn funding_of(draft: &Draft, desk: &Desk) -> Result<Funding, Refusal> {
    let paid = |needed: Money| Funding { cover: Price(0), needed, hold: Money::ZERO };
    let skip = (draft.stp != StpMode::None).then_some(draft.account);
    match (draft.terms, draft.side) {
        (Terms::Market { amount: Amount::Base(qty) }, Side::Buy) => {
            Ok(paid(desk.book.cost_of(Side::Buy, qty, skip).notional))
        }
        (Terms::Market { amount: Amount::Base(qty) }, Side::Sell) => Ok(paid(Money::from(qty))),
        (Terms::Market { amount: Amount::Quote(budget) }, side) => {
            let reach = reach_of(desk, draft, budget);
            // Its executed and prevented quantities are going to be told as one number.
            if reach.touched > i128::from(i64::MAX) {
                return Err(Refusal::Overflow);
            }
            Ok(paid(if side == Side::Buy { budget } else { Money(reach.traded) }))
        }
        (terms, side) => {
            let stop = terms.trigger().and_then(|t| t.stop);
            // A trailing market order on a market without any trade has nothing to reserve by, and nothing to trail.
            let cover = terms.price().or(stop).or(desk.book.last_price()).ok_or(Refusal::TrailingDelta)?;
            let hold = reservation(&desk.market, side, cover, terms.qty().unwrap_or_default());
            Ok(Funding { cover, needed: hold, hold })
        }
    }
}

/// How far a market order by quote amount is going to reach.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    /// Base quantity that will trade.
    pub(crate) traded: i128,
    /// Base quantity that will trade or be taken away by self-trade prevention.
    pub(crate) touched: i128,
}

/// Plays the match of a market order by quote amount through, without changing anything: the same rules as the book's.
fn reach_of(desk: &Desk, draft: &Draft, budget: Money) -> Reach {
    let (notional, step) = (desk.market.notional, desk.market.rules.lot.step);
    let (mut reach, mut left) = (Reach::default(), budget);
    for maker in desk.book.orders(draft.side.opposite()) {
        let part = notional.affordable(left, maker.price, step).min(maker.left);
        if part.is_zero() {
            break;
        }
        let own = maker.owner == draft.account;
        match draft.stp {
            StpMode::ExpireMaker if own => continue,
            StpMode::ExpireTaker | StpMode::ExpireBoth if own => break,
            StpMode::Decrement if own => {}
            _ => reach.traded += i128::from(part.0),
        }
        reach.touched += i128::from(part.0);
        left.0 -= notional.amount(maker.price, part).0;
    }
    reach
}

impl Step<'_> {
    /// Places one order.
    pub(crate) fn place(&mut self, new: &NewOrder) -> Result<(), Refusal> {
        let (draft, funding) = self.core.check_new(new, self.at)?;
        let slot = self.accept(&draft, &funding, None, OrderStatus::New);
        self.start(slot);
        self.settle_queue();
        Ok(())
    }

    /// Gives a checked order its id and its reservation.
    pub(crate) fn accept(
        &mut self,
        draft: &Draft,
        funding: &Funding,
        list: Option<ListId>,
        status: OrderStatus,
    ) -> Slot {
        self.core.last_order += 1;
        let conditional = draft.terms.trigger().is_some();
        let waits = conditional || status == OrderStatus::PendingNew;
        let view = OrderView {
            id: OrderId(self.core.last_order),
            account: draft.account,
            market: draft.market,
            client_id: draft.client_id,
            list,
            side: draft.side,
            terms: draft.terms,
            stp: draft.stp,
            tags: draft.tags,
            status,
            qty: draft.terms.qty().unwrap_or_default(),
            executed: Qty::ZERO,
            executed_quote: Money::ZERO,
            prevented: Qty::ZERO,
            created: self.at,
            updated: self.at,
            working_since: if waits { None } else { Some(self.at) },
            trailing_since: None,
        };
        self.core.hold(draft.holder, draft.market, draft.side, funding.hold);
        let slot = self.core.orders.insert(Live::new(view, draft.holder, funding.cover));
        self.tell(slot, OrderChange::New);
        slot
    }

    /// Sends an accepted order to where it belongs: to the triggers or into the book.
    pub(crate) fn start(&mut self, slot: Slot) {
        let live = self.core.orders.at(slot);
        let view = &live.view;
        let desk = &mut self.core.desks[usize::from(view.market.0)];
        desk.average.refresh(&desk.market, self.at);
        match view.terms.trigger() {
            Some(trigger) if view.working_since.is_none() => {
                let order = Conditional { id: view.id, side: view.side, trigger: *trigger };
                let mut events = std::mem::take(&mut self.core.scratch.triggers);
                desk.triggers.add(order, desk.book.last_price(), &mut events);
                self.digest_triggers(events);
            }
            _ => self.enter_book(slot),
        }
    }

    /// Matches a working order and books what came of it.
    pub(crate) fn enter_book(&mut self, slot: Slot) {
        let live = self.core.orders.at(slot);
        let (id, owner, side, stp) = (live.view.id, live.view.account, live.view.side, live.view.stp);
        let Some(kind) = self.core.execution(slot) else {
            return self.end(slot, OrderStatus::Expired, OrderChange::Expired(ExpiryReason::FundsExhausted));
        };
        let desk = &mut self.core.desks[usize::from(live.view.market.0)];
        let before = desk.book.last_price();
        let mut events = std::mem::take(&mut self.core.scratch.matches);
        events.clear();
        desk.book.place(Incoming { id, owner, side, kind, stp }, &mut events);
        let market = desk.market.id;
        self.digest(market, slot, &events);
        self.feed_triggers(market, before, &events);
        self.core.scratch.matches = events;
    }
}

impl Exchange {
    /// What an order asks of the book once it works; `None` for a triggered market buy without any money.
    fn execution(&self, slot: Slot) -> Option<Kind> {
        let Live { view, holder, .. } = self.orders.at(slot);
        let qty = view.remaining();
        let kind = match view.terms {
            Terms::LimitMaker { price, display, .. } => Kind::PostOnly { price, qty, display },
            Terms::Market { amount: Amount::Base(_) } => Kind::Market { qty, budget: None },
            Terms::Market { amount: Amount::Quote(budget) } => Kind::MarketQuote { budget },
            ref terms => match filters::execution_terms(terms) {
                Some((price, tif, display)) => Kind::Limit { price, qty, tif, display },
                None => Kind::Market { qty, budget: None },
            },
        };
        match kind {
            // A fired order was not checked against this book. One that was placed just now was.
            Kind::Market { qty, .. } if view.side == Side::Buy && view.terms.trigger().is_some() => {
                let quote = self.desks[usize::from(view.market.0)].market.quote.id;
                let budget = self.ledger.balance(*holder, quote).available;
                (budget > Money::ZERO).then_some(Kind::Market { qty, budget: Some(budget) })
            }
            kind => Some(kind),
        }
    }
}
