//! Our book.

use crate::engine::{Engine, digest_levels};
use crate::workload::{Command, replay, units};
use matching::{Book, MatchEvent};
use types::Side;

pub struct Ours {
    book: Book,
    events: Vec<MatchEvent>,
}

impl Engine for Ours {
    fn new() -> Self {
        Self { book: Book::new(units()), events: Vec::new() }
    }

    fn run(&mut self, command: &Command) {
        self.events.clear();
        replay(&mut self.book, command, &mut self.events);
    }

    fn trades(&self, tell: &mut dyn FnMut(u64, u64, u64)) {
        for event in &self.events {
            if let MatchEvent::Fill { maker, price, qty, .. } = event {
                tell(maker.0, price.0.cast_unsigned(), qty.0.cast_unsigned());
            }
        }
    }

    fn digest(&self) -> u64 {
        let levels = |side| {
            let levels = self.book.levels(side);
            levels.map(|(price, qty)| (price.0.cast_unsigned(), qty.0.cast_unsigned()))
        };
        digest_levels(levels(Side::Buy), levels(Side::Sell))
    }
}
