//! A conditional order's turn has come.

use crate::orders::Phase;
use crate::step::Step;
use types::OrderId;
use types::event::OrderChange;

impl Step<'_> {
    /// Places a fired order. It may have ended meanwhile, as the other leg of an OCO that was quicker.
    pub(crate) fn fire(&mut self, id: OrderId) {
        let Some(slot) = self.core.orders.find(id) else { return };
        if self.core.phase_of(slot) != Phase::Waiting {
            return;
        }
        self.leg_executes(slot);
        let (before, at) = (self.core.hold_of(slot), self.at);
        self.core.orders.change(slot, |live| {
            (live.view.working_since, live.view.updated) = (Some(at), at);
        });
        // What becomes a market order pays from what is available, its own reservation included.
        self.core.release_down(slot, before);
        self.tell(slot, OrderChange::Working);
        self.enter_book(slot);
    }
}
