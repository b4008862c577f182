//! A bot described in words, so that it can be journaled and made again.

use std::sync::Arc;

use market_data::Markets;
use orders::{BotId, Bracket};
use risk::Limits;
use strategy::builtin::{Setting, describe, make_for, make_with_model, takes_model};
use strategy::{ParamError, get_model};
use types::wire::Reader;
use types::{AccountId, AssetId, Interval, MarketId, Money};

use crate::BotConfig;
use crate::limits::BOTS_MAX;

/// A trained model that a bot decides by. It stands in the bot's record, so replay needs no file but the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotModel {
    /// `name@version#hash`, for people.
    pub label: String,
    /// The model itself, as [`strategy::put_model`] writes it.
    pub bytes: Vec<u8>,
}

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
    /// The trained model that forecasts for it, if one does.
    pub model: Option<BotModel>,
    /// What guards its positions.
    pub bracket: Option<Bracket>,
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
    /// A bracket for a strategy whose positions can have none.
    Bracket(&'static str),
    /// A model for a strategy that takes none, or one that cannot be read.
    Model(&'static str),
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
            Self::Bracket(why) | Self::Model(why) => f.write_str(why),
        }
    }
}
impl std::error::Error for AddBotError {}

impl BotSpec {
    /// The bot itself.
    ///
    /// # Errors
    /// When there is no such market or strategy, or a parameter or the model is wrong.
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
        let unknown = || AddBotError::UnknownStrategy(self.strategy.clone());
        let strategy = match &self.model {
            Some(_) if describe(&self.strategy).is_none() => return Err(unknown()),
            Some(_) if !takes_model(&self.strategy) => {
                return Err(AddBotError::Model(
                    "a trained model forecasts for the strategy \"forecast\" only",
                ));
            }
            Some(model) => {
                let mut r = Reader::new(&model.bytes);
                let trained = get_model(&mut r).and_then(|model| r.end().map(|()| model));
                let trained = trained.map_err(|_| AddBotError::Model("the bot's model cannot be read"))?;
                make_with_model(&pairs, &settings, Arc::new(trained))
            }
            None => make_for(&self.strategy, &pairs, &settings).ok_or_else(unknown)?,
        };
        let strategy = strategy.map_err(AddBotError::Param)?;
        guardable(strategy.as_ref(), self.bracket)?;
        Ok(BotConfig {
            id: self.id,
            account: self.account,
            strategy,
            funds: self.funds.clone(),
            quote: self.quote,
            limits: self.limits.clone(),
            bracket: self.bracket,
        })
    }
}

/// A bracket is for a strategy that can have one.
pub(crate) fn guardable(
    strategy: &dyn strategy::Strategy,
    bracket: Option<Bracket>,
) -> Result<(), AddBotError> {
    match strategy.unguardable().filter(|_| bracket.is_some()) {
        Some(why) => Err(AddBotError::Bracket(why)),
        None => Ok(()),
    }
}
