//! One command on its way through the core: what it may see and change, and where its events go.
//!
//! Every part of a command first checks everything that can refuse it, then changes; after the first change nothing
//! can fail any more. That is what makes "a refused command changes nothing" true without an undo log.
//!
//! **Order of events.** What was asked for (an order's acceptance, a cancel), then what the matching did, trade by trade,
//! then the levels of the book, then queued consequences one by one, first come first served, each told in the same way:
//! conditional orders that fired, pending orders of lists whose working order was filled. Last, one balance event for
//! each balance that changed, in order of first change, for the whole command (a batch is one command).
//! The queue is bounded: an order fires once, a list is released once.

use crate::Exchange;
use types::command::{BATCH_LEN_MAX, MEMO_LEN_MAX};
use types::{ClientOrderId, Command, Event, ListId, OrderId, Refusal, Time};

/// A consequence that waits until the running match is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A conditional order fired.
    Fire(OrderId),
    /// The working order of a list was filled: its pending orders are placed.
    Release(ListId),
}

/// The state of the running command.
pub(crate) struct Step<'a> {
    pub(crate) core: &'a mut Exchange,
    /// The command's time: the only clock.
    pub(crate) at: Time,
    pub(crate) out: &'a mut Vec<Event>,
    /// The place in the running batch.
    pub(crate) batch_index: Option<u32>,
    /// The client id of the running cancel: a list's other legs are cancelled by it too.
    pub(crate) canceled_by: Option<ClientOrderId>,
}

impl Step<'_> {
    /// Carries out one command.
    pub(crate) fn command(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::Batch(commands) => self.batch(commands),
            one => self.single(one),
        }
    }

    /// Each command on its own; a refused one is told and changes nothing. Refused as a whole when too long or nested.
    fn batch(&mut self, commands: &[Command]) -> Result<(), Refusal> {
        let nested = commands.iter().any(|c| matches!(c, Command::Batch(_)));
        if nested || commands.len() > BATCH_LEN_MAX {
            return Err(Refusal::TooLarge);
        }
        for (index, command) in (0_u32..).zip(commands) {
            self.batch_index = Some(index);
            if let Err(refusal) = self.single(command) {
                self.tell_refused(index, refusal);
            }
        }
        self.batch_index = None;
        Ok(())
    }

    fn single(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::ListAsset(asset) => self.list_asset(*asset),
            Command::ListMarket(market) => self.list_market(market),
            Command::OpenAccount { account, name, maker, taker } => {
                self.open_account(*account, *name, *maker, *taker)
            }
            Command::SetFees { account, maker, taker } => self.set_fees(*account, *maker, *taker),
            Command::SetTrading { account, allowed } => self.set_trading(*account, *allowed),
            Command::Deposit { account, asset, amount } => self.deposit(*account, *asset, *amount),
            Command::Withdraw { account, asset, amount } => self.withdraw(*account, *asset, *amount),
            Command::Place(new) => self.place(new),
            Command::PlaceList(new) => self.place_list(new),
            Command::Cancel(cancel) => self.cancel(cancel),
            Command::CancelAll { account, market, client_id } => {
                self.cancel_all(*account, *market, *client_id)
            }
            Command::CancelList { account, market, target, client_id } => {
                self.cancel_list(*account, *market, target, *client_id)
            }
            Command::Replace { cancel, new, mode } => self.replace(cancel, new, *mode),
            Command::Amend { account, market, target, qty, client_id } => {
                self.amend(*account, *market, target, *qty, *client_id)
            }
            Command::Memo { slot, bytes } => self.memo(*slot, bytes),
            Command::Batch(_) => Err(Refusal::TooLarge),
        }
    }

    fn memo(&mut self, slot: u8, bytes: &[u8]) -> Result<(), Refusal> {
        if bytes.len() > MEMO_LEN_MAX {
            return Err(Refusal::TooLarge);
        }
        let memo = self.core.memos.entry(slot).or_default();
        memo.clear();
        memo.extend_from_slice(bytes);
        Ok(())
    }

    /// Works off what the last match set in motion.
    pub(crate) fn settle_queue(&mut self) {
        while let Some(work) = self.core.scratch.work.pop_front() {
            match work {
                Work::Fire(order) => self.fire(order),
                Work::Release(list) => self.release_pending(list),
            }
        }
    }

    /// The balances that the command changed, each once, in order of first change: the last events of a command.
    pub(crate) fn report_balances(&mut self) {
        let (accounts, out) = (&self.core.accounts, &mut *self.out);
        self.core.ledger.drain_touched(|touched, balance| {
            out.push(Event::Balance {
                account: accounts.view(touched.holder).id,
                asset: touched.asset,
                available: balance.available,
                locked: balance.locked,
            });
        });
    }
}
