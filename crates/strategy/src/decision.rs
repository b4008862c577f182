//! What a strategy decided, and why. Also a decision not to trade has a reason.

use orders::Bracket;
use types::order::Amount;
use types::wire::{Reader, WireError, Writer};
use types::{MarketId, Price, Qty, Side, SignedQty, Terms, Time, TimeInForce};

use crate::{Context, Words};

/// A strategy's own mark on an order; it comes back with the order's fills and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// The stop of a bracket; the engine's own.
    pub const STOP: Self = Self(u32::MAX - 1);
    /// The target of a bracket.
    pub const TARGET: Self = Self(u32::MAX - 2);
    /// What leaves a position because of its bracket.
    pub const LEAVE: Self = Self(u32::MAX - 3);

    /// Whether it marks an order that keeps a bracket: the engine's, not the strategy's.
    #[must_use]
    pub const fn is_guard(self) -> bool {
        self.0 < u32::MAX && self.0 >= Self::LEAVE.0
    }
}

/// An order that a strategy wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderIntent {
    /// Its own mark.
    pub tag: Tag,
    /// Where.
    pub market: MarketId,
    /// Direction.
    pub side: Side,
    /// What.
    pub terms: Terms,
    /// May only make the position smaller.
    pub reduce_only: bool,
    /// What guards the position once this has filled, instead of the bot's own bracket.
    pub bracket: Option<Bracket>,
}

/// A resting order as its strategy wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its own mark; at most one order lives under it.
    pub tag: Tag,
    /// Where.
    pub market: MarketId,
    /// Direction.
    pub side: Side,
    /// Limit price, on the tick.
    pub price: Price,
    /// Quantity that may still trade, in lots.
    pub qty: Qty,
    /// Refused by the venue rather than traded at once.
    pub post_only: bool,
}

/// What [`Decisions::quote`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoted {
    /// It is there as wanted.
    Kept,
    /// It was sent.
    Placed,
    /// Another one under the same mark is in the way and was cancelled.
    Withdrawn,
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send an order.
    Place(OrderIntent),
    /// Cancel its order with this mark.
    Cancel(Tag),
    /// Cancel all its orders in a market.
    CancelAll(MarketId),
    /// Wake it at a time.
    Timer {
        /// When.
        at: Time,
        /// Its own number for it.
        id: u32,
    },
}

/// Most numbers in a reason.
const VALUES_MAX: usize = 4;

/// Why: a stable code and the numbers that decided. Copied, never allocated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reason {
    /// `warming_up`, `crossed_up`, `no_change`, …
    pub code: &'static str,
    values: [(&'static str, f64); VALUES_MAX],
    len: u8,
}

impl Reason {
    /// A reason without numbers.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self { code, values: [("", 0.0); VALUES_MAX], len: 0 }
    }

    /// The same with a number; beyond four they are left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: f64) -> Self {
        if let Some(slot) = self.values.get_mut(usize::from(self.len)) {
            *slot = (name, value);
            self.len += 1;
        }
        self
    }

    /// The same with a price as people read it.
    #[must_use]
    pub fn with_price(self, name: &'static str, price: Price, scale: u8) -> Self {
        self.with(name, price.0 as f64 / 10_f64.powi(i32::from(scale)))
    }

    /// Appends it.
    pub fn save(&self, w: &mut Writer<'_>) {
        w.text(self.code);
        w.u8(self.len);
        for (name, value) in self.values() {
            w.text(name);
            w.u64(value.to_bits());
        }
    }

    /// Reads what [`Reason::save`] wrote.
    ///
    /// # Errors
    /// When the bytes are not that.
    pub fn load(r: &mut Reader<'_>, words: &mut Words) -> Result<Self, WireError> {
        let mut reason = Self::new(words.keep(r.text()?));
        for _ in 0..r.u8()? {
            if usize::from(reason.len) == VALUES_MAX {
                return Err(WireError::Invalid);
            }
            let name = words.keep(r.text()?);
            reason = reason.with(name, f64::from_bits(r.u64()?));
        }
        Ok(reason)
    }

    /// Its numbers.
    #[must_use]
    pub fn values(&self) -> &[(&'static str, f64)] {
        &self.values[..usize::from(self.len)]
    }
}

/// Collects what a strategy decides about one event. Reused, so that the hot path does not allocate.
#[derive(Clone, Debug)]
pub struct Decisions {
    acts: Vec<Act>,
    reason: Reason,
}

impl Default for Decisions {
    fn default() -> Self {
        Self { acts: Vec::new(), reason: Self::NOTHING }
    }
}

impl Decisions {
    /// The reason of a strategy that gave none.
    const NOTHING: Reason = Reason::new("nothing_to_do");

    /// Forgets everything, for the next event.
    pub fn clear(&mut self) {
        self.acts.clear();
        self.reason = Self::NOTHING;
    }

    /// Says why. The last one counts.
    pub const fn because(&mut self, reason: Reason) {
        self.reason = reason;
    }

    /// Sends an order.
    pub fn place(&mut self, intent: OrderIntent) {
        self.acts.push(Act::Place(intent));
    }

    /// Lets every order of this decision carry a bracket: what guards the position once they have filled.
    pub fn guard(&mut self, bracket: Bracket) {
        for act in &mut self.acts {
            if let Act::Place(intent) = act {
                intent.bracket = Some(bracket);
            }
        }
    }

    /// Cancels its order with this mark.
    pub fn cancel(&mut self, tag: Tag) {
        self.acts.push(Act::Cancel(tag));
    }

    /// Cancels all its orders in a market.
    pub fn cancel_all(&mut self, market: MarketId) {
        self.acts.push(Act::CancelAll(market));
    }

    /// Asks to be woken.
    pub fn timer(&mut self, at: Time, id: u32) {
        self.acts.push(Act::Timer { at, id });
    }

    /// Brings the position to `goal` by a market order, working orders counted; `true` when an order was sent. In whole lots
    /// and within the venue's limits: what is too small to send is left, what is too large follows with the next events.
    pub fn target(&mut self, ctx: &Context<'_>, market: MarketId, goal: SignedQty, tag: Tag) -> bool {
        let working = ctx.working(market, Side::Buy).0 - ctx.working(market, Side::Sell).0;
        let missing = goal.0.saturating_sub(ctx.position(market).0).saturating_sub(working);
        if missing == 0 {
            return false;
        }
        let Some(qty) = ctx.sendable_at_market(market, Qty(missing.saturating_abs())) else { return false };
        let side = if missing > 0 { Side::Buy } else { Side::Sell };
        let terms = Terms::Market { amount: Amount::Base(qty) };
        self.place(OrderIntent { tag, market, side, terms, reduce_only: false, bracket: None });
        true
    }

    /// Keeps one resting order under its mark: places it when it is not there, leaves it when it is as wanted, and takes it
    /// away first when it is not (the next event after its end places the new one, so the two never work together).
    pub fn quote(&mut self, ctx: &Context<'_>, quote: &Quote) -> Quoted {
        let Some(open) = ctx.order(quote.tag) else {
            let Quote { tag, market, side, price, qty, post_only } = *quote;
            let terms = if post_only {
                Terms::LimitMaker { price, qty, display: None }
            } else {
                Terms::Limit { price, qty, tif: TimeInForce::Gtc, display: None }
            };
            self.place(OrderIntent { tag, market, side, terms, reduce_only: false, bracket: None });
            return Quoted::Placed;
        };
        if open.side == quote.side && open.price == Some(quote.price) && open.open == quote.qty {
            return Quoted::Kept;
        }
        self.cancel(quote.tag);
        Quoted::Withdrawn
    }

    /// What was decided.
    #[must_use]
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }
}
