//! What can be read of a shard.

use market_data::Markets;
use orders::{BotId, Bracket, Native, OrderBook};
use portfolio::position::BotAccount;
use risk::{Halt, Losses};
use types::{AccountId, ClientOrderId, MarketId, Money};

use crate::bot::Bot;
use crate::equity::equity;
use crate::{BotSpec, BotState, Engine, Logged};

/// One bot as it stands.
#[derive(Clone, Copy)]
pub struct BotView<'a> {
    bot: &'a Bot,
}

/// What keeps a position within its bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarding {
    /// There is no bracket, or no position.
    Nothing,
    /// Orders at the venue.
    Rests,
    /// The engine, as long as the process runs.
    Watched,
    /// It was reached: the position is being closed.
    Leaves,
}

impl<'a> BotView<'a> {
    /// Its number.
    #[must_use]
    pub const fn id(&self) -> BotId {
        self.bot.id
    }

    /// The account it trades on.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.bot.account
    }

    /// Whether it acts.
    #[must_use]
    pub const fn state(&self) -> BotState {
        self.bot.state
    }

    /// Its description; `None` for one whose strategy was handed in as an object.
    #[must_use]
    pub fn spec(&self) -> Option<&'a BotSpec> {
        self.bot.spec.as_deref()
    }

    /// Its sub-ledger.
    #[must_use]
    pub const fn ledger(&self) -> &'a BotAccount {
        &self.bot.ledger
    }

    /// Its results so far.
    #[must_use]
    pub const fn losses(&self) -> &'a Losses {
        &self.bot.losses
    }

    /// Events of its first subscription that its strategy wants before it may act.
    #[must_use]
    pub fn warm_up(&self) -> u32 {
        self.bot.strategy.warm_up()
    }

    /// The feeds it listens to.
    #[must_use]
    pub fn subscriptions(&self) -> &'a [strategy::Subscription] {
        self.bot.strategy.subscriptions()
    }

    /// Orders that guard its positions.
    pub fn legs(&self) -> impl Iterator<Item = &'a ClientOrderId> + use<'a> {
        self.bot.legs.iter().map(|order| &order.client_id)
    }

    /// What keeps its position in a market within its bracket.
    #[must_use]
    pub fn guarding(&self, market: MarketId) -> Guarding {
        let Some(guard) = self.bot.guards.iter().find(|guard| guard.market == market) else {
            return Guarding::Nothing;
        };
        match guard.leaving {
            Some(_) => Guarding::Leaves,
            None if guard.bracket.is_none() => Guarding::Nothing,
            None if self.bot.legs.iter().any(|leg| leg.market == market) => Guarding::Rests,
            None => Guarding::Watched,
        }
    }

    /// What guards its positions, unless an order brings a bracket of its own.
    #[must_use]
    pub const fn bracket(&self) -> Option<&'a Bracket> {
        self.bot.bracket.as_ref()
    }

    /// Decisions made so far.
    #[must_use]
    pub const fn decisions(&self) -> u64 {
        self.bot.decision
    }

    /// Its working orders, those that guard its positions too.
    pub fn working(&self) -> impl Iterator<Item = &'a ClientOrderId> + use<'a> {
        self.bot.orders.iter().chain(&self.bot.legs).map(|order| &order.client_id)
    }

    /// Why it did, or did not, trade: oldest first.
    pub fn why(&self) -> impl DoubleEndedIterator<Item = &'a Logged> + use<'a> {
        self.bot.reasons.iter()
    }
}

impl Engine {
    /// The markets as the shard sees them.
    #[must_use]
    pub const fn markets(&self) -> &Markets {
        &self.markets
    }

    /// The orders of the shard.
    #[must_use]
    pub const fn orders(&self) -> &OrderBook {
        &self.orders
    }

    /// A bot's sub-ledger.
    #[must_use]
    pub fn account(&self, bot: BotId) -> Option<&BotAccount> {
        self.bots.iter().find(|b| b.id == bot).map(|b| &b.ledger)
    }

    /// Whether a bot acts.
    #[must_use]
    pub fn state(&self, bot: BotId) -> Option<BotState> {
        self.bots.iter().find(|b| b.id == bot).map(|b| b.state)
    }

    /// What a bot is worth at the marks; `None` without prices or without such a bot.
    #[must_use]
    pub fn equity(&self, bot: BotId) -> Option<Money> {
        let bot = self.bots.iter().find(|b| b.id == bot)?;
        bot.worth.or_else(|| equity(&bot.ledger, &self.markets, bot.quote))
    }

    /// Why a bot did, or did not, trade: oldest first.
    pub fn why(&self, bot: BotId) -> impl Iterator<Item = &Logged> {
        self.bots.iter().filter(move |b| b.id == bot).flat_map(|b| &b.reasons)
    }

    /// All bots, in the order of their creation.
    pub fn bots(&self) -> impl Iterator<Item = BotView<'_>> {
        self.bots.iter().map(|bot| BotView { bot })
    }

    /// One bot.
    #[must_use]
    pub fn bot(&self, id: BotId) -> Option<BotView<'_>> {
        self.bots().find(|bot| bot.id() == id)
    }

    /// The kill switch of an account.
    #[must_use]
    pub fn halt(&self, account: AccountId) -> Halt {
        self.halts.get(&account).copied().unwrap_or_default()
    }

    /// What the venue keeps itself.
    #[must_use]
    pub const fn native(&self) -> Native {
        self.native
    }

    /// The number of the last input.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The rolling hash of all decisions so far.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest.value()
    }
}
