//! Cancelling: one order, all of an account on a market, a list. A leg takes its whole list with it.

use crate::Exchange;
use crate::orders::{Phase, Slot};
use crate::step::Step;
use portfolio::Holder;
use types::command::{Cancel, CancelCondition, ListTarget, Target};
use types::event::OrderChange;
use types::{AccountId, ClientOrderId, MarketId, OrderStatus, Refusal};

impl Exchange {
    /// The account's live order on the market that is meant. An order of somebody else is as unknown as none.
    pub(crate) fn aim(&self, holder: Holder, market: MarketId, target: &Target) -> Result<Slot, Refusal> {
        let (id, client) = match target {
            Target::Id(id) => (Some(*id), None),
            Target::Client(client) => (None, Some(client)),
            Target::Both(id, client) => (Some(*id), Some(client)),
        };
        let slot = match (id, client) {
            (Some(id), _) => self.orders.find(id),
            (None, Some(client)) => self.orders.find_client(holder, client),
            (None, None) => None,
        };
        let slot = slot.ok_or(Refusal::UnknownOrder)?;
        let live = self.orders.at(slot);
        let same = live.holder == holder && live.view.market == market;
        let agrees = client.is_none_or(|client| live.view.client_id == *client);
        if same && agrees { Ok(slot) } else { Err(Refusal::UnknownOrder) }
    }

    /// Checks, in order: account → market → target → condition.
    pub(crate) fn check_cancel(&self, cancel: &Cancel) -> Result<Slot, Refusal> {
        let holder = self.accounts.find(cancel.account).ok_or(Refusal::UnknownAccount)?;
        self.desk(cancel.market)?;
        let slot = self.aim(holder, cancel.market, &cancel.target)?;
        let status = self.orders.at(slot).view.status;
        let fits = match cancel.only_if {
            None => true,
            Some(CancelCondition::New) => status == OrderStatus::New,
            Some(CancelCondition::PartiallyFilled) => status == OrderStatus::PartiallyFilled,
        };
        if fits { Ok(slot) } else { Err(Refusal::CancelCondition) }
    }
}

impl Step<'_> {
    /// Cancels one order, and its list if it belongs to one.
    pub(crate) fn cancel(&mut self, cancel: &Cancel) -> Result<(), Refusal> {
        let slot = self.core.check_cancel(cancel)?;
        self.cancel_slot(slot, cancel.client_id);
        Ok(())
    }

    /// Cancels what the account has on the market, in order of acceptance. Checks, in order: account → market → anything
    /// there.
    pub(crate) fn cancel_all(
        &mut self,
        account: AccountId,
        market: MarketId,
        by: ClientOrderId,
    ) -> Result<(), Refusal> {
        let holder = self.holder(account)?;
        self.core.desk(market)?;
        let mut next = self.core.orders.first_of(holder, market);
        if next.is_none() {
            return Err(Refusal::UnknownOrder);
        }
        while let Some(slot) = next {
            self.cancel_slot(slot, by);
            // Always from the front again: a list took more than one order with it.
            next = self.core.orders.first_of(holder, market);
        }
        Ok(())
    }

    /// Cancels a list. Checks, in order: account → market → target.
    pub(crate) fn cancel_list(
        &mut self,
        account: AccountId,
        market: MarketId,
        target: &ListTarget,
        by: ClientOrderId,
    ) -> Result<(), Refusal> {
        let holder = self.holder(account)?;
        self.core.desk(market)?;
        let list = self.core.aim_list(holder, market, target).ok_or(Refusal::UnknownOrder)?;
        let first = self.core.first_leg(list).ok_or(Refusal::UnknownOrder)?;
        self.cancel_slot(first, by);
        Ok(())
    }

    fn cancel_slot(&mut self, slot: Slot, by: ClientOrderId) {
        self.canceled_by = Some(by);
        self.end_early(slot, OrderStatus::Canceled, OrderChange::Canceled { by });
        self.canceled_by = None;
    }

    /// Ends an order wherever it waits.
    pub(crate) fn end_early(&mut self, slot: Slot, status: OrderStatus, change: OrderChange) {
        let live = self.core.orders.at(slot);
        let (id, market, phase) = (live.view.id, live.view.market, live.phase());
        let desk = &mut self.core.desks[usize::from(market.0)];
        let mut events = std::mem::take(&mut self.core.scratch.cancels);
        events.clear();
        match phase {
            Phase::Pending => {}
            // A fired order that waits for its turn is in no trigger list any more.
            Phase::Waiting => {
                desk.triggers.remove(id);
            }
            Phase::Working => {
                desk.book.cancel(id, &mut events);
            }
        }
        self.end(slot, status, change);
        let desk = &mut self.core.desks[usize::from(market.0)];
        for event in &events {
            desk.tell_level(event, self.out);
        }
        self.core.scratch.cancels = events;
    }
}
