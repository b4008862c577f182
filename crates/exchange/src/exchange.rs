//! The exchange as its owner sees it: apply, snapshot, restore, check.

use crate::accounts::Accounts;
use crate::desk::Desk;
use crate::lists::Lists;
use crate::orders::Orders;
use crate::step::{Step, Work};
use matching::MatchEvent;
use matching::triggers::TriggerEvent;
use portfolio::Ledger;
use std::collections::{BTreeMap, VecDeque};
use types::{Asset, Command, Event, Refusal, Stamped, Time};

/// The multi-account exchange core.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    pub(crate) at: Time,
    pub(crate) seq: u64,
    /// Ids handed out last.
    pub(crate) last_order: u64,
    pub(crate) last_list: u64,
    /// Trades ever, over all markets.
    pub(crate) trades: u64,
    pub(crate) assets: Vec<Asset>,
    pub(crate) desks: Vec<Desk>,
    pub(crate) accounts: Accounts,
    pub(crate) ledger: Ledger,
    pub(crate) orders: Orders,
    pub(crate) lists: Lists,
    pub(crate) memos: BTreeMap<u8, Vec<u8>>,
    pub(crate) scratch: Scratch,
}

/// Buffers that are empty between commands and kept for their capacity. Not part of the state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) matches: Vec<MatchEvent>,
    pub(crate) cancels: Vec<MatchEvent>,
    pub(crate) triggers: Vec<TriggerEvent>,
    pub(crate) work: VecDeque<Work>,
}

impl Exchange {
    /// An empty exchange.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out one command and appends what happened to `events`; their order is told in `step`.
    /// Time must not run backwards and numbers rise by one, else [`Refusal::NotNext`].
    ///
    /// # Errors
    /// The refusal; then neither the exchange nor `events` changed.
    pub fn apply(&mut self, command: &Stamped<Command>, events: &mut Vec<Event>) -> Result<(), Refusal> {
        if command.at < self.at || command.seq.checked_sub(1) != Some(self.seq) {
            return Err(Refusal::NotNext);
        }
        let mut step = Step { core: self, at: command.at, out: events, batch_index: None, canceled_by: None };
        step.command(&command.input)?;
        step.report_balances();
        self.at = command.at;
        self.seq = command.seq;
        Ok(())
    }
}
