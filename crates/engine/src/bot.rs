//! One bot: its strategy, its sub-ledger, its working orders, its memory of reasons.

use std::collections::VecDeque;

use orders::{BotId, Bracket};
use portfolio::position::BotAccount;
use risk::{Limits, Losses};
use strategy::{OpenOrder, Reason, Strategy, Tag};
use types::{AccountId, AssetId, ClientOrderId, MarketId, Money, Price, Qty, Side, Time};

use crate::BotSpec;
use crate::guard::Guard;
use crate::limits::REASONS_MAX;

/// How a bot is set up.
pub struct BotConfig {
    /// Its number, unique in the shard; 0 is for manual orders.
    pub id: BotId,
    /// The account it trades on.
    pub account: AccountId,
    /// What it does.
    pub strategy: Box<dyn Strategy>,
    /// What it starts with, by asset.
    pub funds: Vec<(AssetId, Money)>,
    /// The asset its equity is counted in.
    pub quote: AssetId,
    /// What it may do.
    pub limits: Limits,
    /// What guards its positions, unless an order brings a bracket of its own.
    pub bracket: Option<Bracket>,
}

/// Whether a bot acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotState {
    /// Listens and acts.
    Running,
    /// Listens.
    Paused,
    /// Listens; its orders were cancelled.
    Stopped,
}

/// A decision as `why` shows it; equal ones in a row are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// When it was last decided.
    pub at: Time,
    /// How often in a row.
    pub times: u64,
    /// Why.
    pub reason: Reason,
    /// What risk said to the last order of it, if it denied one.
    pub denied: Option<&'static str>,
}

/// An order of a bot that may still trade.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Working {
    pub(crate) client_id: ClientOrderId,
    pub(crate) tag: Tag,
    pub(crate) market: MarketId,
    pub(crate) side: Side,
    /// Its limit price.
    pub(crate) price: Option<Price>,
    /// What may still trade.
    pub(crate) open: Qty,
    /// What it reserves of `asset`.
    pub(crate) reserve: Money,
    pub(crate) asset: AssetId,
}

impl Working {
    /// The same as the strategy sees it.
    pub(crate) const fn shown(&self) -> OpenOrder {
        OpenOrder { tag: self.tag, market: self.market, side: self.side, price: self.price, open: self.open }
    }

    /// Part of it traded; gives how much of what was open.
    fn reduce(&mut self, qty: Qty) -> i64 {
        let part = qty.0.min(self.open.0);
        let left = self.open.0 - part;
        if self.open.0 > 0 {
            let whole = i128::from(self.open.0);
            let scaled = (self.reserve.0 / whole) * i128::from(left)
                + ((self.reserve.0 % whole) * i128::from(left)).div_euclid(whole);
            self.reserve = Money((scaled + 1).min(self.reserve.0));
        }
        self.open = Qty(left);
        part
    }
}

/// A bot at run time.
pub(crate) struct Bot {
    pub(crate) id: BotId,
    pub(crate) account: AccountId,
    /// How it was described, if it was.
    pub(crate) spec: Option<Box<BotSpec>>,
    pub(crate) strategy: Box<dyn Strategy>,
    pub(crate) quote: AssetId,
    pub(crate) limits: Limits,
    pub(crate) bracket: Option<Bracket>,
    pub(crate) state: BotState,
    pub(crate) ledger: BotAccount,
    pub(crate) decision: u64,
    /// Orders asked for in this decision.
    pub(crate) placed: u16,
    /// Positions are to be closed as soon as no order of its own is left that could trade meanwhile.
    pub(crate) closing: bool,
    pub(crate) orders: Vec<Working>,
    /// The same orders, place for place, as the strategy sees them.
    pub(crate) shown: Vec<OpenOrder>,
    /// Orders of the engine that guard its positions; strategies do not see them.
    pub(crate) legs: Vec<Working>,
    pub(crate) guards: Vec<Guard>,
    /// Open quantity of the strategy's own orders by market: buys, sells.
    pub(crate) working: Vec<(Qty, Qty)>,
    pub(crate) losses: Losses,
    /// What it is worth at the present prices, if that was counted since they changed.
    pub(crate) worth: Option<Money>,
    /// The UTC day of `losses.day_start`.
    pub(crate) day: i64,
    /// Realised profit when the present round trip began.
    pub(crate) realised_before: Money,
    /// Times of the orders in the rate window.
    pub(crate) sent: VecDeque<Time>,
    pub(crate) reasons: VecDeque<Logged>,
}

impl Bot {
    pub(crate) fn new(config: BotConfig) -> Self {
        Self {
            id: config.id,
            account: config.account,
            spec: None,
            strategy: config.strategy,
            quote: config.quote,
            limits: config.limits,
            bracket: config.bracket,
            state: BotState::Paused,
            ledger: BotAccount::default(),
            decision: 0,
            placed: 0,
            closing: false,
            orders: Vec::new(),
            shown: Vec::new(),
            legs: Vec::new(),
            guards: Vec::new(),
            working: Vec::new(),
            losses: Losses::default(),
            worth: None,
            day: i64::MIN,
            realised_before: Money::ZERO,
            sent: VecDeque::new(),
            reasons: VecDeque::new(),
        }
    }

    /// What no working order has reserved.
    pub(crate) fn free(&self, asset: AssetId) -> Money {
        let all = self.orders.iter().chain(&self.legs);
        let reserved: i128 = all.filter(|o| o.asset == asset).map(|o| o.reserve.0).sum();
        Money(self.ledger.asset(asset).0 - reserved)
    }

    pub(crate) fn working(&self, market: MarketId) -> (Qty, Qty) {
        self.working.get(usize::from(market.0)).copied().unwrap_or_default()
    }

    pub(crate) const fn next_decision(&mut self) {
        self.decision += 1;
        self.placed = 0;
    }

    pub(crate) fn add_working(&mut self, order: Working) {
        if order.tag.is_guard() {
            self.legs.push(order);
            return;
        }
        self.shift_working(order.market, order.side, order.open.0);
        self.shown.push(order.shown());
        self.orders.push(order);
    }

    /// Part of an order traded: what it reserves shrinks in proportion, rounded up so that it is never too little.
    pub(crate) fn reduce_working(&mut self, id: &ClientOrderId, qty: Qty) {
        if let Some(leg) = self.legs.iter_mut().find(|o| o.client_id == *id) {
            leg.reduce(qty);
            return;
        }
        let Some(at) = self.orders.iter().position(|o| o.client_id == *id) else { return };
        let order = &mut self.orders[at];
        let part = order.reduce(qty);
        self.shown[at].open = order.open;
        let (market, side) = (order.market, order.side);
        self.shift_working(market, side, -part);
    }

    pub(crate) fn end_working(&mut self, id: &ClientOrderId) -> Option<Working> {
        if let Some(at) = self.legs.iter().position(|o| o.client_id == *id) {
            return Some(self.legs.swap_remove(at));
        }
        let at = self.orders.iter().position(|o| o.client_id == *id)?;
        let order = self.orders.swap_remove(at);
        self.shown.swap_remove(at);
        self.shift_working(order.market, order.side, -order.open.0);
        Some(order)
    }

    fn shift_working(&mut self, market: MarketId, side: Side, delta: i64) {
        let at = usize::from(market.0);
        if self.working.len() <= at {
            self.working.resize(at + 1, (Qty::ZERO, Qty::ZERO));
        }
        let slot = &mut self.working[at];
        let qty = if side == Side::Buy { &mut slot.0 } else { &mut slot.1 };
        qty.0 = qty.0.saturating_add(delta).max(0);
    }

    pub(crate) fn log(&mut self, at: Time, reason: &Reason) {
        match self.reasons.back_mut() {
            // Codes are constants: nearly always the same one is the same place.
            Some(last)
                if (std::ptr::eq(last.reason.code, reason.code) || last.reason.code == reason.code)
                    && last.denied.is_none() =>
            {
                (last.at, last.reason) = (at, *reason);
                last.times += 1;
            }
            _ => {
                if self.reasons.len() == REASONS_MAX {
                    self.reasons.pop_front();
                }
                self.reasons.push_back(Logged { at, times: 1, reason: *reason, denied: None });
            }
        }
    }

    /// Forgets sends that have left the rate window.
    pub(crate) fn sent_in_window(&mut self, now: Time) -> u32 {
        let window = self.limits.order_rate_window_ns;
        while self.sent.front().is_some_and(|at| now.since(*at) >= window) {
            self.sent.pop_front();
        }
        u32::try_from(self.sent.len()).unwrap_or(u32::MAX)
    }

    /// Notes what the bot is worth now: highest so far, start of the day.
    pub(crate) fn value(&mut self, now: Time, equity: Money) {
        const DAY_NS: i64 = 86_400_000_000_000;
        let day = now.0.div_euclid(DAY_NS);
        if day != self.day {
            // The day starts with what the bot was worth before this event.
            let first = self.day == i64::MIN;
            self.losses.day_start = if first { equity } else { self.losses.equity };
            if first {
                self.losses.highest = equity;
            }
            self.day = day;
        }
        self.losses.equity = equity;
        self.losses.highest = self.losses.highest.max(equity);
    }
}
