//! The canonical bytes of a shard: everything that decides what comes next, and nothing else. Run N inputs, save, load, run M
//! more: bit for bit the same as N + M. The hash of these bytes is the shard's state hash (invariants D2, H6, B6).

use std::collections::VecDeque;

use market_data::Markets;
use orders::{BotId, Bracket, Form, Native, OrderBook};
use portfolio::position::BotAccount;
use risk::{Halt, Losses};
use strategy::{Decisions, Reason, Tag, Words};
use types::codec::{get_option, get_side, get_text, put_option, put_side};
use types::wire::{Reader, WireError, Writer};
use types::{AccountId, AssetId, MarketId, Money, Price, Qty, Time};

use crate::bot::{Bot, Working};
use crate::digest::Digest;
use crate::guard::Guard;
use crate::limits::{BOTS_MAX, REASONS_MAX};
use crate::wire::{SpecForm, get_limits, get_spec, put_limits, put_spec};
use crate::{AddBotError, BotState, Engine, Logged};

/// The version that [`Engine::save`] writes when there are brackets.
const BRACKETED: u8 = 2;
/// The version without them: written as ever while there are none, so that what was recorded before keeps its hashes.
const PLAIN: u8 = 1;
/// Fewest bytes that a bot takes.
const BOT_LEN_MIN: usize = 60;

/// Why bytes are not a state that this program can go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// They are no saved state.
    Malformed(WireError),
    /// They are of a version that this program does not know.
    Version(u8),
    /// A bot's strategy cannot be made any more.
    Bot(BotId, AddBotError),
    /// A bot was made of a strategy object, and the engine that loads does not have it.
    Missing(BotId),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the saved state of the shard: {error}"),
            Self::Version(version) => {
                write!(f, "the saved state has version {version}, which this program does not know")
            }
            Self::Bot(bot, error) => write!(f, "bot {} cannot be made again: {error}", bot.0),
            Self::Missing(bot) => write!(f, "bot {} has a strategy of its own that is not here", bot.0),
        }
    }
}
impl std::error::Error for LoadError {}

impl From<WireError> for LoadError {
    fn from(error: WireError) -> Self {
        Self::Malformed(error)
    }
}

impl Engine {
    /// Appends the whole state. Call it between steps.
    ///
    /// # Errors
    /// An instrument whose numbers do not fit together (a test's, never a listed one).
    pub fn save(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let mut w = Writer(out);
        let form = self.form();
        w.u8(if form == Form::Plain { PLAIN } else { BRACKETED });
        w.u32(self.installation);
        w.u64(self.last_seq);
        w.u64(self.digest.value());
        self.markets.save(&mut w)?;
        self.orders.save(&mut w, form);
        w.varint(self.halts.len() as u64);
        for (account, halt) in &self.halts {
            w.u32(account.0);
            w.u8(match halt {
                Halt::Off => 0,
                Halt::ReduceOnly => 1,
                Halt::Full => 2,
            });
        }
        if form == Form::Bracketed {
            w.u8(self.native.bits());
        }
        w.varint(self.bots.len() as u64);
        self.bots.iter().for_each(|bot| save_bot(bot, form, &mut w));
        Ok(())
    }

    /// The form that holds all there is.
    fn form(&self) -> Form {
        let plain = |bot: &Bot| bot.bracket.is_none() && bot.legs.is_empty() && bot.guards.is_empty();
        let all = self.native == Native::ALL && self.bots.iter().all(plain);
        if all { self.orders.form() } else { Form::Bracketed }
    }

    /// Takes on a saved state. Bots that were described are made again; those made of strategy objects must have been added to
    /// this engine before, with the same strategies, and take on their states.
    ///
    /// # Errors
    /// See [`LoadError`]; the engine is not to be used then.
    pub fn load(&mut self, bytes: &[u8], words: &mut Words) -> Result<(), LoadError> {
        let mut r = Reader::new(bytes);
        let version = r.u8()?;
        let form = match version {
            BRACKETED => Form::Bracketed,
            PLAIN => Form::Plain,
            _ => return Err(LoadError::Version(version)),
        };
        self.installation = r.u32()?;
        self.last_seq = r.u64()?;
        self.digest = Digest::resume(r.u64()?);
        self.markets = Markets::load(&mut r)?;
        self.orders = OrderBook::load(&mut r, form)?;
        self.halts.clear();
        for _ in 0..r.count(5)? {
            let account = AccountId(r.u32()?);
            let halt = match r.u8()? {
                0 => Halt::Off,
                1 => Halt::ReduceOnly,
                2 => Halt::Full,
                _ => return Err(WireError::Invalid.into()),
            };
            self.halts.insert(account, halt);
        }
        self.native = match form {
            Form::Plain => Native::ALL,
            Form::Bracketed => Native::of_bits(r.u8()?).ok_or(WireError::Invalid)?,
        };
        let mut given = std::mem::take(&mut self.bots);
        let count = r.count(BOT_LEN_MIN)?;
        if count > BOTS_MAX {
            return Err(WireError::Invalid.into());
        }
        for _ in 0..count {
            let bot = self.load_bot(&mut r, form, &mut given, words)?;
            self.bots.push(bot);
        }
        r.end()?;
        self.decisions = Decisions::default();
        self.heard.clear();
        Ok(())
    }

    /// A hash of the whole state: two shards with the same hash go on the same. 0 for a state that cannot be saved.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut bytes = Vec::new();
        if self.save(&mut bytes).is_err() {
            return 0;
        }
        let mut digest = Digest::resume(bytes.len() as u64);
        digest.bytes(&bytes);
        digest.value()
    }

    fn load_bot(
        &self,
        r: &mut Reader<'_>,
        form: Form,
        given: &mut Vec<Bot>,
        words: &mut Words,
    ) -> Result<Bot, LoadError> {
        let id = BotId(r.u32()?);
        let described = r.u8()?;
        let mut bot = if described > 0 {
            let spec = get_spec(r, SpecForm::of_bits(described - 1).ok_or(WireError::Invalid)?)?;
            let config = spec.config(&self.markets).map_err(|error| LoadError::Bot(id, error))?;
            let mut bot = Bot::new(config);
            bot.spec = Some(Box::new(spec));
            bot
        } else {
            let at = given.iter().position(|b| b.id == id).ok_or(LoadError::Missing(id))?;
            let mut bot = given.swap_remove(at);
            bot.account = AccountId(r.u32()?);
            bot.quote = AssetId(r.u16()?);
            bot.limits = get_limits(r)?;
            if form == Form::Bracketed {
                bot.bracket = get_option(r, Bracket::load)?;
            }
            bot
        };
        if bot.id != id {
            return Err(WireError::Invalid.into());
        }
        load_run(&mut bot, r, words)?;
        if form == Form::Bracketed {
            load_guards(&mut bot, r, words)?;
        }
        let mut own = Reader::new(r.bytes()?);
        bot.strategy.load(&mut own)?;
        own.end()?;
        Ok(bot)
    }
}

fn save_bot(bot: &Bot, form: Form, w: &mut Writer<'_>) {
    w.u32(bot.id.0);
    // 0: a strategy object, else one more than the form of its description.
    w.u8(bot.spec.as_ref().map_or(0, |spec| SpecForm::of(spec).bits() + 1));
    if let Some(spec) = &bot.spec {
        put_spec(w, spec);
    } else {
        w.u32(bot.account.0);
        w.u16(bot.quote.0);
        put_limits(w, &bot.limits);
        if form == Form::Bracketed {
            put_option(w, bot.bracket, |w, bracket| bracket.save(w));
        }
    }
    w.u8(match bot.state {
        BotState::Running => 0,
        BotState::Paused => 1,
        BotState::Stopped => 2,
    });
    bot.ledger.save(w);
    w.u64(bot.decision);
    w.u16(bot.placed);
    w.bool(bot.closing);
    w.varint(bot.orders.len() as u64);
    bot.orders.iter().for_each(|order| save_working(order, w));
    w.varint(bot.working.len() as u64);
    for (buys, sells) in &bot.working {
        w.i64(buys.0);
        w.i64(sells.0);
    }
    let Losses { equity, highest, day_start, streak, streak_ended } = bot.losses;
    [equity, highest, day_start].into_iter().for_each(|m| w.i128(m.0));
    w.u32(streak);
    w.i64(streak_ended.0);
    w.i64(bot.day);
    w.i128(bot.realised_before.0);
    w.varint(bot.sent.len() as u64);
    bot.sent.iter().for_each(|at| w.i64(at.0));
    w.varint(bot.reasons.len() as u64);
    for logged in &bot.reasons {
        w.i64(logged.at.0);
        w.u64(logged.times);
        logged.reason.save(w);
        put_option(w, logged.denied, |w, v| w.text(v));
    }
    if form == Form::Bracketed {
        w.varint(bot.legs.len() as u64);
        bot.legs.iter().for_each(|order| save_working(order, w));
        w.varint(bot.guards.len() as u64);
        bot.guards.iter().for_each(|guard| guard.save(w));
    }
    let mut own = Vec::new();
    bot.strategy.save(&mut Writer(&mut own));
    w.bytes(&own);
}

/// What a bot is in the midst of, its strategy's own state excepted.
fn load_run(bot: &mut Bot, r: &mut Reader<'_>, words: &mut Words) -> Result<(), WireError> {
    bot.state = match r.u8()? {
        0 => BotState::Running,
        1 => BotState::Paused,
        2 => BotState::Stopped,
        _ => return Err(WireError::Invalid),
    };
    bot.ledger = BotAccount::load(r)?;
    bot.decision = r.u64()?;
    bot.placed = r.u16()?;
    bot.closing = r.bool()?;
    let count = r.count(38)?;
    bot.orders = (0..count).map(|_| load_working(r)).collect::<Result<_, _>>()?;
    bot.shown = bot.orders.iter().map(Working::shown).collect();
    let count = r.count(16)?;
    bot.working = (0..count).map(|_| Ok((Qty(r.i64()?), Qty(r.i64()?)))).collect::<Result<_, WireError>>()?;
    bot.losses = Losses {
        equity: Money(r.i128()?),
        highest: Money(r.i128()?),
        day_start: Money(r.i128()?),
        streak: r.u32()?,
        streak_ended: Time(r.i64()?),
    };
    bot.day = r.i64()?;
    bot.realised_before = Money(r.i128()?);
    let count = r.count(8)?;
    bot.sent = (0..count).map(|_| r.i64().map(Time)).collect::<Result<_, _>>()?;
    let count = r.count(19)?;
    if count > REASONS_MAX {
        return Err(WireError::Invalid);
    }
    let mut reasons = VecDeque::with_capacity(count);
    for _ in 0..count {
        let (at, times) = (Time(r.i64()?), r.u64()?);
        let reason = Reason::load(r, words)?;
        let denied = get_option(r, |r| r.text().map(|text| words.keep(text)))?;
        reasons.push_back(Logged { at, times, reason, denied });
    }
    bot.reasons = reasons;
    Ok(())
}

/// What guards its positions.
fn load_guards(bot: &mut Bot, r: &mut Reader<'_>, words: &mut Words) -> Result<(), WireError> {
    let count = r.count(38)?;
    bot.legs = (0..count).map(|_| load_working(r)).collect::<Result<_, _>>()?;
    let count = r.count(33)?;
    bot.guards = (0..count).map(|_| Guard::load(r, words)).collect::<Result<_, _>>()?;
    Ok(())
}

fn save_working(order: &Working, w: &mut Writer<'_>) {
    w.text(order.client_id.as_str());
    w.u32(order.tag.0);
    w.u16(order.market.0);
    put_side(w, order.side);
    put_option(w, order.price, |w, price| w.i64(price.0));
    w.i64(order.open.0);
    w.i128(order.reserve.0);
    w.u16(order.asset.0);
}

fn load_working(r: &mut Reader<'_>) -> Result<Working, WireError> {
    Ok(Working {
        client_id: get_text(r)?,
        tag: Tag(r.u32()?),
        market: MarketId(r.u16()?),
        side: get_side(r)?,
        price: get_option(r, |r| r.i64().map(Price))?,
        open: Qty(r.i64()?),
        reserve: Money(r.i128()?),
        asset: AssetId(r.u16()?),
    })
}
