//! A bot described in words, so that it can be journaled and made again.

use market_data::Markets;
use orders::BotId;
use risk::Limits;
use strategy::ParamError;
use strategy::builtin::{Setting, make_for};
use types::{AccountId, AssetId, Interval, MarketId, Money};

use crate::BotConfig;
use crate::limits::BOTS_MAX;

/// A bot of a built-in strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotSpec {
    /// Its number, unique in the shard; 0 is for manual orders.
    pub id: BotId,
    /// Its name, unique among the owner's.
    pub name: String,
    /// The account it trades on.
    pub account: AccountId,
    /// The strategy's name.
    pub strategy: String,
    /// The strategy's parameters as given.
    pub params: Vec<(String, String)>,
    /// The markets it trades, in the strategy's own order, each with the length of the bars it decides on.
    pub markets: Vec<(MarketId, Interval)>,
    /// What it starts with, by asset.
    pub funds: Vec<(AssetId, Money)>,
    /// The asset its equity is counted in.
    pub quote: AssetId,
    /// What it may do.
    pub limits: Limits,
}

/// Why a bot cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddBotError {
    /// The number is taken.
    Taken,
    /// The shard is full.
    Full,
    /// It subscribes to a market that the shard does not have.
    UnknownMarket(MarketId),
    /// No such strategy.
    UnknownStrategy(String),
    /// A parameter is wrong.
    Param(ParamError),
    /// Its funds overflow.
    Funds,
}

impl std::fmt::Display for AddBotError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken => f.write_str("a bot with this number exists"),
            Self::Full => write!(f, "a shard has at most {BOTS_MAX} bots"),
            Self::UnknownMarket(market) => {
                write!(f, "the bot wants market {market}, which this shard does not have")
            }
            Self::UnknownStrategy(name) => write!(f, "there is no strategy {name:?}"),
            Self::Param(error) => error.fmt(f),
            Self::Funds => f.write_str("the bot's funds are too large"),
        }
    }
}
impl std::error::Error for AddBotError {}

impl BotSpec {
    /// The bot itself.
    ///
    /// # Errors
    /// When there is no such market or strategy, or a parameter is wrong.
    pub fn config(&self, markets: &Markets) -> Result<BotConfig, AddBotError> {
        let settings = self
            .markets
            .iter()
            .map(|(market, interval)| {
                let view = markets.get(*market).ok_or(AddBotError::UnknownMarket(*market))?;
                Ok(Setting { instrument: view.instrument(), interval: *interval })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let pairs: Vec<(&str, &str)> = self.params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let made = make_for(&self.strategy, &pairs, &settings);
        let strategy = made.ok_or_else(|| AddBotError::UnknownStrategy(self.strategy.clone()))?;
        Ok(BotConfig {
            id: self.id,
            account: self.account,
            strategy: strategy.map_err(AddBotError::Param)?,
            funds: self.funds.clone(),
            quote: self.quote,
            limits: self.limits.clone(),
        })
    }
}
