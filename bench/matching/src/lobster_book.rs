//! `lobster`: a move is a cancel and a place; it cannot reduce (a cancel and a place at the back of the queue would be
//! another order of priority), so it takes no part where orders are reduced. It cannot tell what a quantity costs:
//! for a fill-or-kill by budget it is told the outcome.

use crate::engine::{Engine, digest_levels};
use crate::workload::Command;
use lobster::{OrderBook, OrderEvent, OrderType, Side};

pub struct Lobster {
    book: OrderBook,
    event: Option<OrderEvent>,
}

const fn side_of(side: types::Side) -> Side {
    match side {
        types::Side::Buy => Side::Bid,
        types::Side::Sell => Side::Ask,
    }
}

impl Engine for Lobster {
    fn new() -> Self {
        Self { book: OrderBook::default(), event: None }
    }

    fn run(&mut self, command: &Command) {
        let order = match *command {
            Command::Limit { id, side, price, qty, .. } => {
                OrderType::Limit { id: id.into(), side: side_of(side), qty, price }
            }
            Command::Immediate { id, side, qty, .. }
            | Command::AllForBudget { id, side, qty, fills: true, .. } => {
                OrderType::Market { id: id.into(), side: side_of(side), qty }
            }
            Command::AllForBudget { fills: false, .. } => {
                self.event = None;
                return;
            }
            Command::Cancel { id } => OrderType::Cancel { id: id.into() },
            Command::Reduce { .. } => unreachable!("it takes no part where orders are reduced"),
            Command::Move { id, side, price, qty, .. } => {
                self.book.execute(OrderType::Cancel { id: id.into() });
                OrderType::Limit { id: id.into(), side: side_of(side), qty, price }
            }
        };
        self.event = Some(self.book.execute(order));
    }

    fn trades(&self, tell: &mut dyn FnMut(u64, u64, u64)) {
        if let Some(OrderEvent::Filled { fills, .. } | OrderEvent::PartiallyFilled { fills, .. }) =
            &self.event
        {
            for fill in fills {
                tell(u64::try_from(fill.order_2).unwrap_or(u64::MAX), fill.price, fill.qty);
            }
        }
    }

    fn digest(&self) -> u64 {
        // The number of levels asked for is a capacity only: all are told.
        let depth = self.book.depth(0);
        let level = |level: &lobster::BookLevel| (level.price, level.qty);
        digest_levels(depth.bids.iter().rev().map(level), depth.asks.iter().map(level))
    }
}
