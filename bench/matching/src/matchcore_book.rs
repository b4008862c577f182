//! `matchcore`: a move and a reduce are its amendments. Its order ids are its commands' numbers.
//!
//! Version 0.4.0 lets a limit order that has begun to trade go on at prices worse than its limit (a buy at 400,000
//! takes the ask at 400,001). `GUARD` works around that, so that it does the same work as the others: a limit order
//! that crosses becomes a market order over what its limit reaches, and a limit order for the rest. Without the guard
//! it is measured as it is, and its trades and its book differ.

use crate::engine::{Engine, digest_levels};
use crate::workload::{Command, pays};
use matchcore::{
    AmendCmd, AmendPatch, CancelCmd, Command as Order, CommandKind, CommandMeta, CommandOutcome,
    CommandReport, LimitOrder, LimitOrderPatch, MarketOrder, NewOrder, OrderBook, OrderFlags, OrderId,
    OrderKind, Price, PriceLevel, Quantity, QuantityPolicy, SequenceNumber, Side, SubmitCmd, TimeInForce,
    Timestamp,
};

pub struct Matchcore<const GUARD: bool> {
    book: OrderBook,
    next: u64,
    /// Of the last command, or of the part of it that trades.
    outcome: Option<CommandOutcome>,
    /// With the guard: its ids of our orders, which need not be the commands' numbers any more.
    ids: Vec<u64>,
    /// The other way round.
    names: Vec<u64>,
}

const fn side_of(side: types::Side) -> Side {
    match side {
        types::Side::Buy => Side::Buy,
        types::Side::Sell => Side::Sell,
    }
}

fn limit(side: types::Side, price: u64, qty: u64) -> CommandKind {
    let flags = OrderFlags::new(side_of(side), false, TimeInForce::Gtc);
    let quantity = QuantityPolicy::Standard { quantity: Quantity(qty) };
    CommandKind::Submit(SubmitCmd { order: NewOrder::Limit(LimitOrder::new(Price(price), quantity, flags)) })
}

fn market(side: types::Side, qty: u64) -> CommandKind {
    let order = MarketOrder::new(Quantity(qty), side_of(side), false);
    CommandKind::Submit(SubmitCmd { order: NewOrder::Market(order) })
}

fn amend(id: u64, patch: LimitOrderPatch) -> CommandKind {
    CommandKind::Amend(AmendCmd { order_id: OrderId(id), patch: AmendPatch::Limit(patch) })
}

const fn cancel(id: u64) -> CommandKind {
    CommandKind::Cancel(CancelCmd { order_id: OrderId(id), order_kind: OrderKind::Limit })
}

impl<const GUARD: bool> Matchcore<GUARD> {
    /// What a quantity would fill and cost at no worse than a limit.
    fn cost(&self, side: types::Side, qty: u64, limit: Option<u64>) -> (u64, u128) {
        let (mut filled, mut cost) = (0, 0);
        let mut add = |price: Price, level: Option<&PriceLevel>| {
            let reached = limit.is_none_or(|limit| match side {
                types::Side::Buy => price.0 <= limit,
                types::Side::Sell => price.0 >= limit,
            });
            if !reached {
                return false;
            }
            let part = level.map_or(0, |level| level.visible_quantity().0).min(qty - filled);
            filled += part;
            cost += u128::from(part) * u128::from(price.0);
            filled < qty
        };
        let book = self.book.limit();
        match side {
            types::Side::Buy => book.asks().keys().all(|price| add(*price, book.get_ask_level(*price))),
            types::Side::Sell => {
                book.bids().keys().rev().all(|price| add(*price, book.get_bid_level(*price)))
            }
        };
        (filled, cost)
    }

    fn execute(&mut self, kind: CommandKind) -> CommandOutcome {
        let meta =
            CommandMeta { sequence_number: SequenceNumber(self.next), timestamp: Timestamp(self.next) };
        self.next += 1;
        self.book.execute(&Order { meta, kind })
    }

    /// Its id of our order.
    fn id(&self, id: u64) -> u64 {
        if GUARD { self.ids[usize::try_from(id).expect("an index")] } else { id }
    }

    fn set_id(&mut self, id: u64) {
        let at = usize::try_from(id).expect("an index");
        self.ids.resize(self.ids.len().max(at + 1), u64::MAX);
        self.ids[at] = self.next;
        let at = usize::try_from(self.next).expect("an index");
        self.names.resize(self.names.len().max(at + 1), u64::MAX);
        self.names[at] = id;
    }

    /// A limit order in two parts, if a part of it trades.
    fn guarded(&mut self, id: u64, side: types::Side, price: u64, qty: u64) -> CommandOutcome {
        let (reached, _) = self.cost(side, qty, Some(price));
        if reached == 0 {
            self.set_id(id);
            return self.execute(limit(side, price, qty));
        }
        let outcome = self.execute(market(side, reached));
        if reached < qty {
            self.set_id(id);
            self.execute(limit(side, price, qty - reached));
        }
        outcome
    }

    fn outcome_of(&mut self, command: &Command) -> CommandOutcome {
        let kind = match *command {
            Command::Limit { id, side, price, qty, .. } if GUARD => {
                return self.guarded(id, side, price, qty);
            }
            Command::Limit { side, price, qty, .. } => limit(side, price, qty),
            Command::Immediate { side, qty, .. } => market(side, qty),
            Command::AllForBudget { side, qty, budget, .. } => {
                let (filled, cost) = self.cost(side, qty, None);
                // A command of some kind keeps its numbers going: here one that finds nothing.
                if pays(side, qty, budget, filled, cost) { market(side, qty) } else { cancel(u64::MAX) }
            }
            Command::Cancel { id } => cancel(self.id(id)),
            Command::Reduce { id, left } => {
                let quantity = QuantityPolicy::Standard { quantity: Quantity(left) };
                amend(self.id(id), LimitOrderPatch::new().with_quantity_policy(quantity))
            }
            Command::Move { id, side, price, qty, .. } if GUARD && self.cost(side, 1, Some(price)).0 > 0 => {
                self.execute(cancel(self.id(id)));
                return self.guarded(id, side, price, qty);
            }
            Command::Move { id, price, .. } => {
                amend(self.id(id), LimitOrderPatch::new().with_price(Price(price)))
            }
        };
        self.execute(kind)
    }
}

impl<const GUARD: bool> Engine for Matchcore<GUARD> {
    fn new() -> Self {
        Self { book: OrderBook::new("AAABBB"), next: 0, outcome: None, ids: Vec::new(), names: Vec::new() }
    }

    fn run(&mut self, command: &Command) {
        self.outcome = Some(self.outcome_of(command));
    }

    fn trades(&self, tell: &mut dyn FnMut(u64, u64, u64)) {
        let Some(CommandOutcome::Applied(CommandReport::Submit(effects) | CommandReport::Amend(effects))) =
            &self.outcome
        else {
            return;
        };
        let trades = effects.target_order().match_result().map_or(&[][..], |result| result.trades());
        for trade in trades {
            let id = trade.maker_order_id().0;
            let name = if GUARD { self.names[usize::try_from(id).expect("an index")] } else { id };
            tell(name, trade.price().0, trade.quantity().0);
        }
    }

    fn digest(&self) -> u64 {
        let book = self.book.limit();
        let sum = |level: Option<&PriceLevel>| level.map_or(0, |level| level.visible_quantity().0);
        digest_levels(
            book.bids().keys().rev().map(|price| (price.0, sum(book.get_bid_level(*price)))),
            book.asks().keys().map(|price| (price.0, sum(book.get_ask_level(*price)))),
        )
    }
}
