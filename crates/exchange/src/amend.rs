//! Making a live order smaller without losing its place (Binance `order/amend/keepPriority`).

use crate::filters;
use crate::orders::Phase;
use crate::step::Step;
use types::command::Target;
use types::event::OrderChange;
use types::order::AfterTrigger;
use types::{AccountId, ClientOrderId, MarketId, OrderStatus, Qty, Refusal, Terms};

impl Step<'_> {
    /// Checks, in order: account → market → target → kind (a pending order of a list has no place yet) → client id free (or the
    /// order's own) → number of amendments → quantity below the present one and above what is executed or prevented →
    /// LOT_SIZE → NOTIONAL. The reservation shrinks with the quantity. An order of a list is amended alone: the others keep
    /// their quantities; the list tells its members again when a client id changed.
    pub(crate) fn amend(
        &mut self,
        account: AccountId,
        market: MarketId,
        target: &Target,
        qty: Qty,
        client_id: ClientOrderId,
    ) -> Result<(), Refusal> {
        let holder = self.holder(account)?;
        let desk = self.core.desk(market)?;
        let slot = self.core.aim(holder, market, target)?;
        let live = self.core.orders.at(slot);
        let view = &live.view;
        if view.status == OrderStatus::PendingNew {
            return Err(Refusal::AmendKind);
        }
        if client_id != view.client_id {
            self.core.check_client(holder, &client_id)?;
        }
        filters::amends(&desk.market.rules, live.amends)?;
        let used = Qty(view.executed.0 + view.prevented.0);
        if qty >= view.qty || qty <= used {
            return Err(Refusal::AmendQuantity);
        }
        filters::lot(&desk.market.rules, qty)?;
        let price = view.terms.price().or_else(|| desk.reference(self.at));
        filters::notional_of(&desk.market, price, qty)?;
        // Everything is checked; from here on nothing fails.
        let (id, previous, previous_qty, phase) = (view.id, view.client_id, view.qty, live.phase());
        let list = view.list.filter(|_| client_id != previous);
        let before = self.core.hold_of(slot);
        if client_id != previous {
            self.core.orders.rename(slot, client_id);
        }
        let at = self.at;
        self.core.orders.change(slot, |live| {
            set_qty(&mut live.view.terms, qty);
            (live.view.qty, live.view.updated) = (qty, at);
            live.amends += 1;
        });
        self.core.release_down(slot, before);
        self.tell(slot, OrderChange::Amended { previous, previous_qty });
        if phase == Phase::Working {
            let left = Qty(qty.0 - used.0);
            let mut events = std::mem::take(&mut self.core.scratch.cancels);
            events.clear();
            let desk = &mut self.core.desks[usize::from(market.0)];
            desk.book.reduce(id, left, &mut events);
            for event in &events {
                desk.tell_level(event, self.out);
            }
            self.core.scratch.cancels = events;
        }
        if let Some(list) = list {
            self.rename_member(list, id, client_id);
        }
        Ok(())
    }
}

/// Writes the new quantity into the terms; an iceberg never shows more than all of it.
fn set_qty(terms: &mut Terms, new: Qty) {
    match terms {
        Terms::Limit { qty, display, .. }
        | Terms::LimitMaker { qty, display, .. }
        | Terms::Stop { qty, then: AfterTrigger::Limit { display, .. }, .. } => {
            *qty = new;
            *display = display.map(|shown| shown.min(new));
        }
        Terms::Stop { qty, then: AfterTrigger::Market, .. } => *qty = new,
        // Market orders are never live between commands.
        Terms::Market { .. } => {}
    }
}
