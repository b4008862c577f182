//! Order lists: OCO, OTO, OTOCO.
//!
//! * **OCO**: two legs of one side and quantity; one LIMIT_MAKER or take-profit, one stop-loss. For a sell the former is
//!   above the market and the latter below, for a buy the other way round. As soon as one executes (even in part) or
//!   fires, the other expires; when both have ended the list is done.
//! * **OTO**: the pending order is accepted as PENDING_NEW without a reservation, and placed when the working order is
//!   filled completely. Then it goes through the checks that depend on the moment: average-price filters, trigger
//!   direction, post-only, funds; if one fails it is REJECTED. If the working order ends otherwise, it expires.
//! * **OTOCO**: an OTO whose pending part is an OCO pair; if one of the pair cannot be placed, it is REJECTED and the other
//!   expires.
//! * Cancelling one order of a list cancels all.
//!
//! Source: Binance rest-api.md "Order lists", faqs/order_list_questions (2026-07-21).

use crate::Exchange;
use crate::desk::Desk;
use crate::filters::{self, Added};
use crate::hash::hash_of;
use crate::orders::{Phase, Slot};
use crate::placing::{Draft, Funding, check_timing, funding_of, would_trigger};
use crate::slab::Slab;
use crate::step::{Step, Work};
use hashbrown::HashTable;
use portfolio::Holder;
use smallvec::SmallVec;
use types::command::{Leg, ListShape, ListTarget, NewList};
use types::event::{ExpiryReason, OrderChange, RejectReason};
use types::order::{Amount, Contingency, ListStatus, StopKind};
use types::{
    ClientOrderId, Event, ListId, ListView, MarketId, Money, OrderId, OrderStatus, Price, Refusal, Side,
    Terms, Time,
};

/// A live list.
#[derive(Clone, Debug)]
pub(crate) struct LiveList {
    pub(crate) view: ListView,
    pub(crate) holder: Holder,
}

/// All live lists, found by id and by (owner, client id).
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    slab: Slab<LiveList>,
    by_id: HashTable<u32>,
    by_client: HashTable<u32>,
}

impl Lists {
    pub(crate) fn find(&self, id: ListId) -> Option<&LiveList> {
        self.by_id.find(hash_of(&id), |at| self.slab.at(*at).view.id == id).map(|at| self.slab.at(*at))
    }

    fn find_mut(&mut self, id: ListId) -> Option<&mut LiveList> {
        let at = *self.by_id.find(hash_of(&id), |at| self.slab.at(*at).view.id == id)?;
        Some(self.slab.at_mut(at))
    }

    pub(crate) fn find_client(&self, holder: Holder, client: &ClientOrderId) -> Option<&LiveList> {
        let same = |list: &LiveList| list.holder == holder && list.view.client_id == *client;
        let at = self.by_client.find(hash_of(&(holder, client)), |at| same(self.slab.at(*at)));
        at.map(|at| self.slab.at(*at))
    }

    pub(crate) fn insert(&mut self, list: LiveList) {
        let (id, client) = (hash_of(&list.view.id), hash_of(&(list.holder, &list.view.client_id)));
        let at = self.slab.insert(list);
        let slab = &self.slab;
        self.by_id.insert_unique(id, at, |at| hash_of(&slab.at(*at).view.id));
        self.by_client.insert_unique(client, at, |at| {
            let list = slab.at(*at);
            hash_of(&(list.holder, &list.view.client_id))
        });
    }

    fn remove(&mut self, id: ListId) -> Option<LiveList> {
        let slab = &self.slab;
        let found = self.by_id.find_entry(hash_of(&id), |at| slab.at(*at).view.id == id).ok()?;
        let (at, _) = found.remove();
        let list = self.slab.remove(at);
        let client = hash_of(&(list.holder, &list.view.client_id));
        if let Ok(entry) = self.by_client.find_entry(client, |other| *other == at) {
            entry.remove();
        }
        Some(list)
    }

    /// All live lists by id. Allocates.
    pub(crate) fn by_id(&self) -> Vec<&LiveList> {
        let mut all: Vec<&LiveList> = self.slab.iter().collect();
        all.sort_unstable_by_key(|list| list.view.id);
        all
    }
}

impl LiveList {
    /// True if the order is one of the list's, of the same owner and market.
    pub(crate) fn has(&self, order: OrderId, holder: Holder, market: MarketId) -> bool {
        let named = self.orders().iter().any(|(id, _)| *id == order);
        named && self.holder == holder && self.view.market == market
    }

    fn orders(&self) -> &[(OrderId, ClientOrderId)] {
        &self.view.orders[..usize::from(self.view.legs)]
    }

    /// The working order of an OTO or OTOCO.
    fn working(&self) -> Option<OrderId> {
        (self.view.contingency == Contingency::Oto).then_some(self.view.orders[0].0)
    }

    /// The two orders of which only one may execute.
    pub(crate) fn pair(&self) -> Option<[OrderId; 2]> {
        match (self.view.contingency, self.orders()) {
            (Contingency::Oco, [above, below]) | (Contingency::Oto, [_, above, below]) => {
                Some([above.0, below.0])
            }
            _ => None,
        }
    }
}

/// The legs of a list in its own order.
type Legs = SmallVec<[Leg; 3]>;

fn legs_of(shape: &ListShape) -> Legs {
    match *shape {
        ListShape::Oco { above, below } => SmallVec::from_slice(&[above, below]),
        ListShape::Oto { working, pending } => SmallVec::from_slice(&[working, pending]),
        ListShape::Otoco { working, above, below } => SmallVec::from_slice(&[working, above, below]),
    }
}

/// Both legs of a pair fit together: side, quantity, types.
fn check_pair(above: &Leg, below: &Leg) -> Result<(), Refusal> {
    let (profit, loss) = match above.side {
        Side::Sell => (above, below),
        Side::Buy => (below, above),
    };
    let takes_profit = match profit.terms {
        Terms::LimitMaker { .. } => true,
        Terms::Stop { trigger, .. } => trigger.kind == StopKind::TakeProfit,
        _ => false,
    };
    let stops_loss = matches!(loss.terms, Terms::Stop { trigger, .. } if trigger.kind == StopKind::StopLoss);
    let alike = above.side == below.side && above.terms.qty() == below.terms.qty();
    if takes_profit && stops_loss && alike { Ok(()) } else { Err(Refusal::BadCombination) }
}

/// The price at which a leg of a pair acts; none for one that only trails.
fn acting_price(terms: &Terms) -> Option<Price> {
    terms.trigger().map_or_else(|| terms.price(), |trigger| trigger.stop)
}

/// The upper leg acts above the lower one, and the market is between them. (Trailing legs may start anywhere.)
fn check_pair_prices(above: &Terms, below: &Terms, last: Option<Price>) -> Result<(), Refusal> {
    let (up, down) = (acting_price(above), acting_price(below));
    let ordered = up.zip(down).is_none_or(|(up, down)| up > down);
    let trails = |terms: &Terms| terms.trigger().is_some_and(|t| t.trailing.is_some());
    let under = trails(above) || up.zip(last).is_none_or(|(up, last)| up > last);
    let over = trails(below) || down.zip(last).is_none_or(|(down, last)| down < last);
    if ordered && under && over { Ok(()) } else { Err(Refusal::OcoPrices) }
}

/// The shape of a list, apart from any price.
fn check_shape(shape: &ListShape) -> Result<(), Refusal> {
    let works = |leg: &Leg| matches!(leg.terms, Terms::Limit { .. } | Terms::LimitMaker { .. });
    match shape {
        ListShape::Oco { above, below } => check_pair(above, below),
        ListShape::Oto { working, pending } => {
            let by_quote = matches!(pending.terms, Terms::Market { amount: Amount::Quote(_) });
            if works(working) && !by_quote { Ok(()) } else { Err(Refusal::BadCombination) }
        }
        ListShape::Otoco { working, above, below } => {
            if works(working) {
                check_pair(above, below)
            } else {
                Err(Refusal::BadCombination)
            }
        }
    }
}

/// What the checks found out about a list: its orders, and how much is reserved for each at acceptance.
struct Plan {
    holder: Holder,
    drafts: SmallVec<[(Draft, Funding); 3]>,
}

impl Exchange {
    /// Checks, in order: account → market → client ids (the list's, then each order's) → shape → filters of each order
    /// → counts and position → prices of the pair, or trigger direction and post-only of the working order → funds.
    fn check_list(&self, new: &NewList, at: Time) -> Result<Plan, Refusal> {
        let holder = self.trader(new.account)?;
        let desk = self.desk(new.market)?;
        let legs = legs_of(&new.shape);
        if self.lists.find_client(holder, &new.client_id).is_some() {
            return Err(Refusal::DuplicateClientId);
        }
        for (index, leg) in legs.iter().enumerate() {
            self.check_client(holder, &leg.client_id)?;
            if legs[..index].iter().any(|other| other.client_id == leg.client_id) {
                return Err(Refusal::DuplicateClientId);
            }
        }
        check_shape(&new.shape)?;
        let mut added = Added { lists: 1, ..Added::default() };
        for leg in &legs {
            filters::alone(&desk.market, leg.side, &leg.terms, desk.reference(at))?;
            added = added.order(&leg.terms);
        }
        filters::counts(&desk.market.rules, &self.orders.seat(holder, new.market), added)?;
        let drafts: SmallVec<[Draft; 3]> = legs.iter().map(|leg| draft_of(new, holder, leg)).collect();
        for draft in &drafts {
            self.check_position(draft, desk)?;
        }
        if let ListShape::Oco { above, below } = &new.shape {
            check_pair_prices(&above.terms, &below.terms, desk.book.last_price())?;
            check_timing(desk, &drafts[0])?;
            check_timing(desk, &drafts[1])?;
        } else {
            check_timing(desk, &drafts[0])?;
        }
        self.fund_list(holder, desk, new, &drafts)
    }

    fn fund_list(
        &self,
        holder: Holder,
        desk: &Desk,
        new: &NewList,
        drafts: &[Draft],
    ) -> Result<Plan, Refusal> {
        let nothing = Funding { cover: Price(0), needed: Money::ZERO, hold: Money::ZERO };
        let mut planned: SmallVec<[(Draft, Funding); 3]> = drafts.iter().map(|d| (*d, nothing)).collect();
        match new.shape {
            ListShape::Oco { .. } => {
                let (first, second) = (funding_of(&drafts[0], desk)?, funding_of(&drafts[1], desk)?);
                // One reservation for both, taken with the leg that needs more; see `holds`.
                let larger = usize::from(second.needed > first.needed);
                self.check_funds(&drafts[larger], desk)?;
                planned[0].1 = first;
                planned[1].1 = second;
                planned[1 - larger].1.hold = Money::ZERO;
            }
            ListShape::Oto { .. } | ListShape::Otoco { .. } => {
                planned[0].1 = self.check_funds(&drafts[0], desk)?;
            }
        }
        Ok(Plan { holder, drafts: planned })
    }

    /// The live list that is meant.
    pub(crate) fn aim_list(&self, holder: Holder, market: MarketId, target: &ListTarget) -> Option<ListId> {
        let list = match target {
            ListTarget::Id(id) => self.lists.find(*id),
            ListTarget::Client(client) => self.lists.find_client(holder, client),
        };
        list.filter(|l| l.holder == holder && l.view.market == market).map(|l| l.view.id)
    }

    /// The first order of a list that is alive.
    pub(crate) fn first_leg(&self, list: ListId) -> Option<Slot> {
        self.lists.find(list)?.orders().iter().find_map(|(id, _)| self.orders.find(*id))
    }

    /// The other leg of an OCO pair, while it lives and is placed (not pending).
    pub(crate) fn other_leg(&self, slot: Slot) -> Option<Slot> {
        let view = &self.orders.at(slot).view;
        let pair = self.lists.find(view.list?)?.pair()?;
        if !pair.contains(&view.id) {
            return None;
        }
        let other = if pair[0] == view.id { pair[1] } else { pair[0] };
        self.orders.find(other).filter(|other| self.phase_of(*other) != Phase::Pending)
    }

    /// Checks of a pending order at the moment of its placement.
    fn check_pending(&self, slot: Slot, at: Time) -> Result<Funding, RejectReason> {
        let live = self.orders.at(slot);
        let view = &live.view;
        let draft = Draft {
            account: view.account,
            holder: live.holder,
            market: view.market,
            client_id: view.client_id,
            side: view.side,
            terms: view.terms,
            stp: view.stp,
            tags: view.tags,
        };
        let desk = &self.desks[usize::from(view.market.0)];
        filters::alone(&desk.market, view.side, &view.terms, desk.reference(at))
            .map_err(|_| RejectReason::Filter)?;
        if would_trigger(desk, view.side, &view.terms) {
            return Err(RejectReason::WouldTrigger);
        }
        check_timing(desk, &draft).map_err(|_| RejectReason::WouldTake)?;
        funding_of(&draft, desk).map_err(|_| RejectReason::Filter)
    }

    /// Funds of the pending orders together (a pair is funded once).
    fn fund_pending(&self, slots: &[Slot], at: Time) -> Result<Pending, (Slot, RejectReason)> {
        let mut funded = Pending::new();
        for slot in slots {
            funded.push((*slot, self.check_pending(*slot, at).map_err(|why| (*slot, why))?));
        }
        let Some((slot, most)) = funded.iter().max_by_key(|(_, f)| f.needed).copied() else {
            return Ok(funded);
        };
        let live = self.orders.at(slot);
        let market = &self.desks[usize::from(live.view.market.0)].market;
        let asset = crate::holds::paying_asset(market, live.view.side);
        if most.needed > self.ledger.balance(live.holder, asset).available {
            return Err((slot, RejectReason::InsufficientBalance));
        }
        for (other, funding) in &mut funded {
            if *other != slot {
                funding.hold = Money::ZERO;
            }
        }
        Ok(funded)
    }
}

/// Pending orders with what they reserve.
type Pending = SmallVec<[(Slot, Funding); 2]>;

fn draft_of(new: &NewList, holder: Holder, leg: &Leg) -> Draft {
    Draft {
        account: new.account,
        holder,
        market: new.market,
        client_id: leg.client_id,
        side: leg.side,
        terms: leg.terms,
        stp: new.stp,
        tags: leg.tags,
    }
}

impl Step<'_> {
    /// Places a list: the list, then its orders as accepted, then the first of them to its place.
    pub(crate) fn place_list(&mut self, new: &NewList) -> Result<(), Refusal> {
        let plan = self.core.check_list(new, self.at)?;
        self.core.last_list += 1;
        let id = ListId(self.core.last_list);
        let mut orders = [(OrderId(0), plan.drafts[0].0.client_id); 3];
        let mut order_id = self.core.last_order;
        for (entry, (draft, _)) in orders.iter_mut().zip(&plan.drafts) {
            order_id += 1;
            *entry = (OrderId(order_id), draft.client_id);
        }
        let (contingency, legs) = match new.shape {
            ListShape::Oco { .. } => (Contingency::Oco, 2),
            ListShape::Oto { .. } => (Contingency::Oto, 2),
            ListShape::Otoco { .. } => (Contingency::Oto, 3),
        };
        let view = ListView {
            id,
            account: new.account,
            market: new.market,
            client_id: new.client_id,
            contingency,
            status: ListStatus::Executing,
            orders,
            legs,
            updated: self.at,
        };
        self.core.lists.insert(LiveList { view, holder: plan.holder });
        self.core.orders.count_list(plan.holder, new.market, true);
        self.out.push(Event::List(view));
        let mut slots: SmallVec<[Slot; 3]> = SmallVec::new();
        for (index, (draft, funding)) in plan.drafts.iter().enumerate() {
            let pending = contingency == Contingency::Oto && index > 0;
            let status = if pending { OrderStatus::PendingNew } else { OrderStatus::New };
            slots.push(self.accept(draft, funding, Some(id), status));
        }
        self.start(slots[0]);
        if contingency == Contingency::Oco {
            self.start(slots[1]);
        }
        self.settle_queue();
        Ok(())
    }

    /// A leg trades or fires: the other leg of its pair expires first.
    pub(crate) fn leg_executes(&mut self, slot: Slot) {
        if self.core.orders.at(slot).view.list.is_none() {
            return;
        }
        if let Some(other) = self.core.other_leg(slot) {
            let why = OrderChange::Expired(ExpiryReason::OtherLeg);
            self.end_early(other, OrderStatus::Expired, why);
        }
    }

    /// An order of a list has ended: what becomes of the others, and of the list.
    pub(crate) fn leg_ended(
        &mut self,
        id: ListId,
        order: OrderId,
        status: OrderStatus,
        change: &OrderChange,
    ) {
        let Some(list) = self.core.lists.find(id) else { return };
        let worked = list.working() == Some(order);
        if worked && status == OrderStatus::Filled {
            self.core.scratch.work.push_back(Work::Release(id));
            return;
        }
        let (status, change) = match (self.canceled_by, change) {
            (Some(by), _) => (OrderStatus::Canceled, OrderChange::Canceled { by }),
            // It made way for the other leg, or follows the working order: nothing follows from that.
            (None, OrderChange::Expired(ExpiryReason::OtherLeg | ExpiryReason::WorkingOrderEnded)) => {
                return self.close_list(id);
            }
            (None, _) if worked => {
                (OrderStatus::Expired, OrderChange::Expired(ExpiryReason::WorkingOrderEnded))
            }
            (None, _) => (OrderStatus::Expired, OrderChange::Expired(ExpiryReason::OtherLeg)),
        };
        while let Some(other) = self.core.first_leg(id) {
            self.end_early(other, status, change);
        }
        self.close_list(id);
    }

    /// A member has another client id now: the list tells it.
    pub(crate) fn rename_member(&mut self, list: ListId, order: OrderId, client_id: ClientOrderId) {
        let Some(live) = self.core.lists.find_mut(list) else { return };
        if let Some((_, known)) = live.view.orders.iter_mut().find(|(id, _)| *id == order) {
            *known = client_id;
        }
        // Places that no order takes hold the first one's name, also after a restart.
        let (first, legs) = (live.view.orders[0].1, usize::from(live.view.legs));
        live.view.orders.iter_mut().skip(legs).for_each(|(_, name)| *name = first);
        live.view.updated = self.at;
        self.out.push(Event::List(live.view));
    }

    /// Once no order of a list lives, the list is done.
    fn close_list(&mut self, id: ListId) {
        if self.core.first_leg(id).is_some() {
            return;
        }
        if let Some(mut list) = self.core.lists.remove(id) {
            self.core.orders.count_list(list.holder, list.view.market, false);
            (list.view.status, list.view.updated) = (ListStatus::AllDone, self.at);
            self.out.push(Event::List(list.view));
        }
    }

    /// The working order is filled: places the pending ones.
    pub(crate) fn release_pending(&mut self, id: ListId) {
        let Some(list) = self.core.lists.find(id) else { return };
        let orders = list.orders()[1..].iter();
        let slots: SmallVec<[Slot; 2]> = orders.filter_map(|(id, _)| self.core.orders.find(*id)).collect();
        let funded = match self.core.fund_pending(&slots, self.at) {
            Ok(funded) => funded,
            Err((slot, why)) => return self.end(slot, OrderStatus::Rejected, OrderChange::Rejected(why)),
        };
        let at = self.at;
        for (slot, funding) in &funded {
            let live = self.core.orders.at(*slot);
            let (holder, market, side) = (live.holder, live.view.market, live.view.side);
            self.core.hold(holder, market, side, funding.hold);
            self.core.orders.change(*slot, |live| {
                live.cover = funding.cover;
                live.view.status = OrderStatus::New;
                live.view.updated = at;
                live.view.working_since = live.view.terms.trigger().is_none().then_some(at);
            });
            self.tell(*slot, OrderChange::Working);
        }
        for (slot, _) in &funded {
            self.start(*slot);
        }
    }
}
