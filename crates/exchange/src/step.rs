//! One command on its way through the core: what it may see and change, and where its events go.
//!
//! Every part of a command first checks everything that can refuse it, then changes; after the first change nothing
//! can fail any more. That is what makes "a refused command changes nothing" true without an undo log.

use crate::Exchange;
use types::{Command, Event, Refusal, Time};

/// The state of the running command.
pub(crate) struct Step<'a> {
    pub(crate) core: &'a mut Exchange,
    /// The command's time: the only clock.
    pub(crate) at: Time,
    pub(crate) out: &'a mut Vec<Event>,
}

impl Step<'_> {
    /// Carries out one command that is not a batch.
    pub(crate) fn command(&mut self, command: &Command) -> Result<(), Refusal> {
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
            _ => Err(Refusal::TradingBlocked),
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
