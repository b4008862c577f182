//! One of our orders at the venue, and one market with its orders.

use market_data::SyncedBook;
use matching::triggers::Direction;
use orders::{Native, OtherLeg, VenueOrder};
use portfolio::position::BotAccount;
use types::order::Amount;
use types::{
    AssetId, ClientOrderId, Instrument, Market, Money, Price, Qty, Side, Terms, Time, TradeId, VenueReason,
};

use crate::path::BarPath;
use crate::queue::Place;

/// Where an order stands at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Accepted; meets the market at the next price there is.
    Incoming,
    /// Waits in the book at its limit.
    Resting,
    /// Waits for its trigger; a trailing one that follows the price has the best price it saw.
    Armed {
        /// Best price so far.
        best: Option<Price>,
    },
}

/// A live order.
#[derive(Clone, Debug)]
pub(crate) struct SimOrder {
    pub(crate) order: VenueOrder,
    /// The other one of a pair: when this trades or fires, that one ends.
    pub(crate) peer: Option<ClientOrderId>,
    /// What may still trade, base units. For a market order by quote amount: what it got so far does not count here.
    pub(crate) left: Qty,
    /// What a market order by quote amount may still spend.
    pub(crate) budget: Option<Money>,
    pub(crate) stage: Stage,
    /// Its limit price, once it has one in force.
    pub(crate) limit: Option<Price>,
    /// What it reserves.
    pub(crate) hold: (AssetId, Money),
    /// Since when it takes part in the present bar.
    pub(crate) from: Time,
    /// When, and at what price, something happens to it in the present bar.
    pub(crate) due: Option<(Time, Price)>,
    /// A trailing order's best price at the end of the present bar.
    pub(crate) best_after: Option<Price>,
    /// Its place in the queue of a recorded book.
    pub(crate) place: Place,
    /// The last print that reached it.
    pub(crate) met: TradeId,
}

impl SimOrder {
    pub(crate) fn new(order: VenueOrder, hold: (AssetId, Money), now: Time) -> Self {
        let budget = match order.terms {
            Terms::Market { amount: Amount::Quote(budget) } => Some(budget),
            _ => None,
        };
        let stage = if matches!(order.terms, Terms::Stop { .. }) {
            Stage::Armed { best: None }
        } else {
            Stage::Incoming
        };
        let limit = match order.terms {
            Terms::Limit { price, .. } | Terms::LimitMaker { price, .. } => Some(price),
            Terms::Market { .. } | Terms::Stop { .. } => None,
        };
        let left = order.terms.qty().unwrap_or_default();
        let (due, best_after, place, met) = (None, None, Place::default(), TradeId(0));
        let peer = order.other.map(|leg| leg.client_id);
        Self { order, peer, left, budget, stage, limit, hold, from: now, due, best_after, place, met }
    }

    pub(crate) const fn buys(&self) -> bool {
        matches!(self.order.side, Side::Buy)
    }
}

/// One market and our orders in it, by arrival.
#[derive(Clone, Debug)]
pub(crate) struct SimMarket {
    pub(crate) instrument: Instrument,
    pub(crate) orders: Vec<SimOrder>,
    /// Orders of before that follow the market until they are restored.
    pub(crate) recalled: Vec<SimOrder>,
    /// The bar the venue lives through, or the last one.
    pub(crate) bar: Option<BarPath>,
    /// Its volume, base units.
    pub(crate) volume: i128,
    /// What of it orders may still take; `None`: no bound.
    pub(crate) room: Option<i128>,
    /// The last price that was seen.
    pub(crate) last: Option<Price>,
    /// The recorded book.
    pub(crate) book: SyncedBook,
    /// True once the market has shown a book.
    pub(crate) has_book: bool,
    /// What we took of the recorded book since its levels were last shown: side of the level, price, quantity.
    pub(crate) taken: Vec<(Side, Price, Qty)>,
    /// The earliest thing that happens in the present bar.
    pub(crate) due: Option<Time>,
    /// A liquidation that the present bar leads to.
    pub(crate) liquidation: Option<Doomed>,
    /// Prices that end collaterals, as long as no account changes.
    pub(crate) ends: Ends,
}

/// Who holds a position (long?) and the price that ends its collateral, after so many changes of accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) changes: Option<u64>,
    pub(crate) prices: Vec<(types::AccountId, bool, Price)>,
}

/// A position whose collateral ends within the present bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doomed {
    pub(crate) account: types::AccountId,
    pub(crate) at: Time,
    pub(crate) price: Price,
}

impl SimMarket {
    pub(crate) fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            orders: Vec::new(),
            recalled: Vec::new(),
            bar: None,
            volume: 0,
            room: None,
            last: None,
            book: SyncedBook::default(),
            has_book: false,
            taken: Vec::new(),
            due: None,
            liquidation: None,
            ends: Ends::default(),
        }
    }

    pub(crate) fn find(&self, id: &ClientOrderId) -> Option<usize> {
        self.orders.iter().position(|o| o.order.client_id == *id)
    }

    /// Keeps `due` true after an order's or the liquidation's time changed.
    pub(crate) fn refresh_due(&mut self) {
        let orders = self.orders.iter().filter_map(|o| o.due.map(|d| d.0)).min();
        let doomed = self.liquidation.map(|d| d.at);
        self.due = match (orders, doomed) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// Whether a venue of this kind takes such an order.
pub(crate) fn kept_by(native: Native, order: &VenueOrder) -> bool {
    let kind = |terms: &Terms| match terms.trigger() {
        None => true,
        Some(trigger) if trigger.trailing.is_some() => native.trailing,
        Some(_) => native.stop,
    };
    kind(&order.terms) && order.other.is_none_or(|leg| native.oco && kind(&leg.terms))
}

/// The two orders of a pair as the venue keeps them; a single order as it came.
pub(crate) fn parts(order: &VenueOrder) -> (VenueOrder, Option<VenueOrder>) {
    let second = order.other.map(|leg| VenueOrder {
        client_id: leg.client_id,
        terms: leg.terms,
        other: Some(OtherLeg { client_id: order.client_id, terms: order.terms }),
        ..*order
    });
    (*order, second)
}

/// The order cut to what it may close; `None` when there is nothing to close.
pub(crate) fn reducing(order: &VenueOrder, account: &BotAccount) -> Option<VenueOrder> {
    let held = account.position(order.market).qty();
    let closes = if (order.side == Side::Sell) == (held.0 > 0) { held.size() } else { Qty::ZERO };
    let cut = |qty: &mut Qty| *qty = (*qty).min(closes);
    let mut order = *order;
    for terms in std::iter::once(&mut order.terms).chain(order.other.as_mut().map(|leg| &mut leg.terms)) {
        match terms {
            Terms::Limit { qty, .. } | Terms::LimitMaker { qty, .. } | Terms::Stop { qty, .. } => cut(qty),
            Terms::Market { amount: Amount::Base(qty) } => cut(qty),
            // A budget cannot be cut without a price; it closes at most what it buys.
            Terms::Market { amount: Amount::Quote(_) } => {}
        }
    }
    (closes > Qty::ZERO).then_some(order)
}

/// The venue's own look at an order's numbers (invariant O6).
pub(crate) fn filters(order: &VenueOrder, market: &Market) -> Result<(), VenueReason> {
    let rules = &market.rules;
    let stop = order.terms.trigger().and_then(|t| t.stop);
    for price in [order.terms.price(), stop].into_iter().flatten() {
        let above = rules.price_max > Price(0) && price > rules.price_max;
        if price < rules.price_min || above || !rules.tick.allows(price) {
            return Err(VenueReason::Filter);
        }
    }
    if let Some(qty) = order.terms.qty() {
        let lot = if matches!(order.terms, Terms::Market { .. }) { &rules.market_lot } else { &rules.lot };
        let above = lot.max.0 > 0 && qty > lot.max;
        let off_step = qty.0 % lot.step.0.max(1) != 0 || qty.0 % rules.lot.step.0.max(1) != 0;
        if qty.0 <= 0 || qty < lot.min || above || off_step {
            return Err(VenueReason::Filter);
        }
    }
    let armed = order.terms.trigger();
    let never = armed.is_some_and(|t| t.stop.is_none() && t.trailing.is_none());
    if never { Err(VenueReason::Filter) } else { Ok(()) }
}

/// Why an order must not meet `price`: a post-only order would take, a plain stop would fire at once.
pub(crate) fn premature(order: &VenueOrder, price: Price) -> Option<VenueReason> {
    match order.terms {
        Terms::LimitMaker { price: limit, .. } => {
            let takes = if order.side == Side::Buy { limit >= price } else { limit <= price };
            takes.then_some(VenueReason::WouldTake)
        }
        Terms::Stop { trigger, .. } if trigger.trailing.is_none() => {
            let fires =
                trigger.stop.is_some_and(|stop| Direction::of(trigger.kind, order.side).reached(stop, price));
            fires.then_some(VenueReason::WouldTrigger)
        }
        Terms::Limit { .. } | Terms::Market { .. } | Terms::Stop { .. } => None,
    }
}
