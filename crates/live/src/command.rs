//! Commands and questions about bots: checked first, so that what is refused leaves no trace, then made inputs.

use bus::bots::{BotCommand, BotQuery, BotReply, Happened, NAME_LEN_MAX, NewBot, NewLimits};
use bus::{Accepted, Envelope, LaneError, Refusal};
use engine::{AddBotError, BotModel, BotSpec, BotView, Control, Input};
use orders::{BotId, Bracket};
use risk::{Halt, Limits};
use strategy::Feed;
use types::decimal;
use types::{
    AccountId, Asset, AssetId, Bar, Instrument, Interval, Market, MarketEvent, MarketId, MarketNews, Money,
    Qty, Time,
};

use crate::conductor::{Conductor, Effect};
use crate::limits::{KEY_LEN_MAX, MODEL_LEN_MAX, SIGNAL_LEN_MAX, WHY_MAX};
use crate::view;

/// A bot that is being made: its account is opened, its past fetched; then it becomes one input.
pub(crate) struct Creating {
    spec: BotSpec,
    key: Option<String>,
    /// Questions about the past that are not answered yet.
    waiting: usize,
    /// What was answered, by the end of the bar.
    past: Vec<(Time, MarketEvent)>,
}

fn refusal(code: &'static str, message: String) -> LaneError {
    LaneError::Refused(Refusal { code, message })
}

impl Conductor {
    /// Takes in a command; the answer is an effect, now or later.
    pub fn command(&mut self, now: Time, request: u64, envelope: &Envelope<BotCommand>) {
        match self.carry_out(now, request, envelope) {
            Ok(None) => {}
            Ok(Some((seq, bot))) => self.reply_bot(request, seq, bot),
            Err(error) => self.effects.push(Effect::Reply(request, Err(error))),
        }
    }

    fn carry_out(
        &mut self,
        now: Time,
        request: u64,
        envelope: &Envelope<BotCommand>,
    ) -> Result<Option<(u64, BotId)>, LaneError> {
        let key = envelope.idempotency_key.as_deref();
        if let Some(key) = key {
            if key.is_empty() || key.len() > KEY_LEN_MAX {
                let message = format!("an idempotency key has 1 to {KEY_LEN_MAX} bytes");
                return Err(refusal("bad_request", message));
            }
            if let Some(done) = self.shard.done(key) {
                let gone = || refusal("bad_request", "this key was used for something else".to_owned());
                return done.bot.map(|bot| Some((done.seq, bot))).ok_or_else(gone);
            }
            if self.creating.values().any(|c| c.key.as_deref() == Some(key)) {
                return Err(LaneError::Busy);
            }
        }
        let control = match &envelope.command {
            BotCommand::Create(new) => {
                self.create(request, key, new)?;
                return Ok(None);
            }
            BotCommand::Start { bot } => {
                let view = self.find(bot)?;
                let (id, account) = (view.id(), view.account());
                if self.shard.engine().halt(account) != Halt::Off {
                    self.feed(now, None, Input::Control(Control::Resume(account)));
                }
                Control::Start(id)
            }
            BotCommand::Pause { bot } => Control::Pause(self.find(bot)?.id()),
            BotCommand::Stop { bot } => Control::Stop(self.find(bot)?.id()),
            BotCommand::Exit { bot } => Control::Exit(self.find(bot)?.id()),
            BotCommand::Signal { bot, text } => {
                if text.len() > SIGNAL_LEN_MAX {
                    return Err(refusal(
                        "bad_request",
                        format!("a signal has at most {SIGNAL_LEN_MAX} bytes"),
                    ));
                }
                Control::Signal { bot: self.find(bot)?.id(), text: text.clone() }
            }
            BotCommand::Limits { bot, limits } => self.limits(bot, limits)?,
            BotCommand::Halt { bot, flatten } => {
                let view = self.find(bot)?;
                let (id, account) = (view.id(), view.account());
                let halt = Control::Halt { account, flatten: *flatten };
                let seq = self.feed(now, key, Input::Control(halt));
                return Ok(Some((seq, id)));
            }
        };
        let bot = match &control {
            Control::Start(bot) | Control::Pause(bot) | Control::Stop(bot) | Control::Exit(bot) => *bot,
            Control::Signal { bot, .. } | Control::Limits { bot, .. } => *bot,
            _ => return Err(refusal("bad_request", "no such command".to_owned())),
        };
        let seq = self.feed(now, key, Input::Control(control));
        self.tell_state(seq, bot);
        Ok(Some((seq, bot)))
    }

    /// Takes in a question.
    pub fn query(&mut self, request: u64, query: &BotQuery) {
        let outcome = self.look(query).map(|outcome| Accepted { seq: 0, outcome });
        self.effects.push(Effect::Reply(request, outcome));
    }

    fn look(&self, query: &BotQuery) -> Result<BotReply, LaneError> {
        let engine = self.shard.engine();
        Ok(match query {
            BotQuery::List {} => BotReply::Bots(engine.bots().map(|bot| view::entry(engine, &bot)).collect()),
            BotQuery::Show { bot } => BotReply::Bot(Box::new(view::entry(engine, &self.find(bot)?))),
            BotQuery::Why { bot, limit } => {
                let mut all: Vec<_> =
                    self.find(bot)?.why().rev().take((*limit).min(WHY_MAX)).map(view::decision).collect();
                all.reverse();
                BotReply::Why(all)
            }
            BotQuery::Orders { bot } => BotReply::Orders(view::orders(engine, &self.find(bot)?)),
        })
    }

    fn find(&self, name: &str) -> Result<BotView<'_>, LaneError> {
        let number = name.parse().ok().map(BotId);
        let named = |bot: &BotView<'_>| bot.spec().is_some_and(|spec| spec.name == name);
        let engine = self.shard.engine();
        let found = engine.bots().find(named).or_else(|| number.and_then(|id| engine.bot(id)));
        found.ok_or_else(|| refusal("unknown_bot", format!("there is no bot {name:?}")))
    }

    fn reply_bot(&mut self, request: u64, seq: u64, bot: BotId) {
        let engine = self.shard.engine();
        let answer = engine.bot(bot).map(|bot| BotReply::Bot(Box::new(view::entry(engine, &bot))));
        let answer = answer.ok_or_else(|| refusal("unknown_bot", format!("bot {} is gone", bot.0)));
        self.effects.push(Effect::Reply(request, answer.map(|outcome| Accepted { seq, outcome })));
    }

    fn tell_state(&mut self, seq: u64, bot: BotId) {
        let Some(state) = self.shard.engine().state(bot) else { return };
        let state = view::state(state).to_owned();
        self.publish(seq, self.shard.at(), Some(bot), Happened::State { state });
    }

    /// Checks everything about a new bot, then asks for its account.
    fn create(&mut self, request: u64, key: Option<&str>, new: &NewBot) -> Result<(), LaneError> {
        let spec = self.spec(new)?;
        let config = spec.config(self.shard.engine().markets()).map_err(|error| bad_bot(&error))?;
        // Nothing of the strategy object is kept: the input makes it again.
        drop(config);
        let (name, funds) = (format!("bot.{}", spec.name), spec.funds.clone());
        let creating = Creating { spec, key: key.map(str::to_owned), waiting: 0, past: Vec::new() };
        self.creating.insert(request, creating);
        self.effects.push(Effect::Open { request, name, funds });
        Ok(())
    }

    fn spec(&self, new: &NewBot) -> Result<BotSpec, LaneError> {
        let engine = self.shard.engine();
        let taken = engine.bots().map(|bot| bot.id()).chain(self.creating.values().map(|c| c.spec.id));
        let id = BotId(taken.max().map_or(self.first_bot, |id| id.0 + 1));
        let name = new.name.clone().unwrap_or_else(|| format!("{}-{}", new.strategy, id.0));
        self.check_name(&name)?;
        let markets = new.markets.iter().map(|m| self.market(m)).collect::<Result<Vec<_>, _>>()?;
        let first =
            markets.first().and_then(|(id, _)| engine.markets().get(*id)).map(|view| view.instrument());
        let first = first.ok_or_else(|| {
            refusal("bad_market", "a bot trades at least one market, like BTCUSDT".to_owned())
        })?;
        if new.funds.is_empty() {
            let advice = format!("a bot needs money to start with, like {}=10000", first.market.quote.code);
            return Err(refusal("bad_funds", advice));
        }
        let funds =
            new.funds.iter().map(|f| self.amount(&f.asset, &f.amount)).collect::<Result<Vec<_>, _>>()?;
        if funds.iter().enumerate().any(|(at, (asset, _))| funds[..at].iter().any(|(a, _)| a == asset)) {
            return Err(refusal("bad_funds", "an asset is given twice".to_owned()));
        }
        Ok(BotSpec {
            id,
            name,
            // Known when it is opened.
            account: AccountId(0),
            strategy: new.strategy.clone(),
            params: new.params.clone(),
            markets,
            funds,
            quote: first.market.quote.id,
            limits: limits(&new.limits, &first.market)?,
            model: model(new)?,
            bracket: bracket(new)?,
        })
    }

    /// Other limits for a bot, in the units of its first market.
    fn limits(&self, name: &str, new: &NewLimits) -> Result<Control, LaneError> {
        let bot = self.find(name)?;
        let first = bot.spec().and_then(|spec| spec.markets.first());
        let market = first.and_then(|(id, _)| self.shard.engine().markets().get(*id));
        let market = market.ok_or_else(|| refusal("bad_market", format!("bot {name:?} has no market")))?;
        let limits = limits(new, &market.instrument().market)?;
        Ok(Control::Limits { bot: bot.id(), limits: Box::new(limits) })
    }

    fn check_name(&self, name: &str) -> Result<(), LaneError> {
        let fine = !name.is_empty()
            && name.len() <= NAME_LEN_MAX
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && name.parse::<u32>().is_err();
        if !fine {
            let message = format!(
                "{name:?} is no name for a bot: letters, digits and . _ - (not digits alone), at most {NAME_LEN_MAX}"
            );
            return Err(refusal("bad_name", message));
        }
        let known = self.find(name).is_ok() || self.creating.values().any(|c| c.spec.name == name);
        if known {
            return Err(refusal("name_taken", format!("there is a bot {name:?} already")));
        }
        Ok(())
    }

    fn market(&self, wanted: &bus::bots::BotMarket) -> Result<(MarketId, Interval), LaneError> {
        let interval = Interval::parse(&wanted.interval).ok_or_else(|| {
            let known: Vec<_> = Interval::ALL.iter().map(|i| i.as_str()).collect();
            let message = format!("{:?} is no interval; there are {}", wanted.interval, known.join(", "));
            refusal("bad_interval", message)
        })?;
        let instruments = || self.shard.engine().markets().iter().map(|view| view.instrument());
        let fits =
            |i: &&Instrument| i.market.symbol.as_str() == wanted.symbol || i.id.to_string() == wanted.symbol;
        let found = instruments().find(fits).ok_or_else(|| {
            let known: Vec<_> = instruments().map(|i| i.market.symbol.to_string()).collect();
            let message = format!("there is no market {:?}; there are {}", wanted.symbol, known.join(", "));
            refusal("bad_market", message)
        })?;
        Ok((found.market.id, interval))
    }

    fn amount(&self, code: &str, text: &str) -> Result<(AssetId, Money), LaneError> {
        let assets = || {
            let markets = self.shard.engine().markets().iter().map(|view| &view.instrument().market);
            markets.flat_map(|market| [market.base, market.quote])
        };
        let asset: Asset = assets().find(|asset| asset.code.as_str() == code).ok_or_else(|| {
            let mut known: Vec<_> = assets().map(|asset| asset.code).collect();
            known.sort_unstable();
            known.dedup();
            let known: Vec<_> = known.iter().map(ToString::to_string).collect();
            refusal("bad_funds", format!("there is no asset {code:?}; there are {}", known.join(", ")))
        })?;
        let value = decimal::parse(text, asset.scale)
            .map_err(|error| refusal("bad_funds", format!("{code}={text} {error}")))?;
        if value <= 0 {
            return Err(refusal("bad_funds", format!("{code}={text} is not above zero")));
        }
        Ok((asset.id, Money(value)))
    }

    /// The venue opened the account of a bot that is being made, or did not.
    pub fn account_opened(&mut self, now: Time, request: u64, result: Result<AccountId, LaneError>) {
        let Some(creating) = self.creating.get_mut(&request) else { return };
        match result {
            Ok(account) => creating.spec.account = account,
            Err(error) => {
                self.creating.remove(&request);
                self.effects.push(Effect::Reply(request, Err(error)));
                return;
            }
        }
        let made = creating.spec.config(self.shard.engine().markets());
        let Ok(config) = made else { return self.finish_creation(now, request) };
        let bars = config.strategy.subscriptions().iter().filter_map(|s| match s.feed {
            Feed::Bars(interval) => Some((s.market, interval)),
            Feed::Prints | Feed::Book => None,
        });
        let bars: Vec<_> = bars.collect();
        let count = config.strategy.warm_up();
        creating.waiting = bars.len();
        if bars.is_empty() {
            return self.finish_creation(now, request);
        }
        for (market, interval) in bars {
            self.ask_past(request, market, interval, count);
        }
    }

    /// A part of a new bot's past is there.
    pub(crate) fn warmed_up(&mut self, now: Time, request: u64, market: MarketId, bars: Vec<Bar>) {
        let Some(creating) = self.creating.get_mut(&request) else { return };
        creating.past.extend(bars.into_iter().map(|bar| {
            let closes = bar.interval.next(bar.open_time);
            (closes, MarketEvent { market, data: MarketNews::Bar(bar) })
        }));
        creating.waiting = creating.waiting.saturating_sub(1);
        if creating.waiting == 0 {
            self.finish_creation(now, request);
        }
    }

    /// The bot becomes an input, and its past after it.
    fn finish_creation(&mut self, now: Time, request: u64) {
        let Some(Creating { spec, key, mut past, .. }) = self.creating.remove(&request) else { return };
        let (bot, account) = (spec.id, spec.account);
        let seq = self.feed(now, key.as_deref(), Input::Control(Control::Create(Box::new(spec))));
        past.sort_by_key(|(closes, _)| *closes);
        for (_, event) in past {
            self.feed(now, None, Input::WarmUp { bot, event });
        }
        self.effects.push(Effect::Watch(account));
        if let Some(view) = self.shard.engine().bot(bot) {
            let others = view.subscriptions().iter().filter(|s| !matches!(s.feed, Feed::Bars(_)));
            let others: Vec<_> = others.map(|s| Effect::Subscribe(s.market, s.feed)).collect();
            self.effects.extend(others);
        }
        self.tell_state(seq, bot);
        self.reply_bot(request, seq, bot);
    }
}

fn bad_bot(error: &AddBotError) -> LaneError {
    let code = match error {
        AddBotError::UnknownStrategy(_) => "unknown_strategy",
        AddBotError::Param(_) => "bad_param",
        AddBotError::UnknownMarket(_) => "bad_market",
        AddBotError::Model(_) => "bad_model",
        AddBotError::Bracket(_) => "bad_bracket",
        AddBotError::Taken | AddBotError::Full | AddBotError::Funds => "refused",
    };
    let known: Vec<_> = strategy::builtin::all().map(|d| d.name).collect();
    let message = match error {
        AddBotError::UnknownStrategy(_) => format!("{error}; there are {}", known.join(", ")),
        _ => error.to_string(),
    };
    refusal(code, message)
}

/// The model that was found for a new bot.
fn model(new: &NewBot) -> Result<Option<BotModel>, LaneError> {
    let found = match (&new.model, &new.found) {
        (None, _) => return Ok(None),
        (Some(name), None) => {
            return Err(refusal("bad_model", format!("the model {name:?} was not found")));
        }
        (Some(_), Some(found)) => found,
    };
    if found.bytes.len() > MODEL_LEN_MAX {
        let message =
            format!("the model {} is larger than the {MODEL_LEN_MAX} bytes a bot can have", found.label);
        return Err(refusal("bad_model", message));
    }
    Ok(Some(BotModel { label: found.label.clone(), bytes: found.bytes.clone() }))
}

/// The bracket of a new bot.
fn bracket(new: &NewBot) -> Result<Option<Bracket>, LaneError> {
    let Some(asked) = new.bracket else { return Ok(None) };
    Bracket::of_bips(asked.stop_loss_bps, asked.take_profit_bps, asked.trailing_bps)
        .map_err(|error| refusal("bad_bracket", error.to_string()))
}

/// One minute.
pub(crate) const MINUTE_NS: i64 = 60_000_000_000;
/// How long a bot rests after a losing streak unless told otherwise, minutes.
const COOL_DOWN: u32 = 60;

fn limits(new: &NewLimits, market: &Market) -> Result<Limits, LaneError> {
    let bad = |text: &str, error: &dyn std::fmt::Display| refusal("bad_limit", format!("{text:?} {error}"));
    let qty = |text: &Option<String>| {
        let read = |text: &String| {
            decimal::parse_unsigned(text, market.base.scale).map(Qty).map_err(|error| bad(text, &error))
        };
        text.as_ref().map(read).transpose()
    };
    let money = |text: &Option<String>| {
        let read = |text: &String| match decimal::parse(text, market.quote.scale) {
            Ok(value) if value >= 0 => Ok(Money(value)),
            Ok(_) => Err(bad(text, &"is below zero")),
            Err(error) => Err(bad(text, &error)),
        };
        text.as_ref().map(read).transpose()
    };
    Ok(Limits {
        order_qty_max: qty(&new.order_qty_max)?,
        order_notional_max: money(&new.order_notional_max)?,
        position_max: qty(&new.position_max)?,
        bot_exposure_max: money(&new.exposure_max)?,
        account_exposure_max: money(&new.account_exposure_max)?,
        portfolio_exposure_max: money(&new.portfolio_exposure_max)?,
        price_band_bips: new.price_band_bips,
        losing_streak_max: new.losing_streak_max,
        cool_down_ns: new
            .losing_streak_max
            .map_or(0, |_| i64::from(new.cool_down_minutes.unwrap_or(COOL_DOWN)) * MINUTE_NS),
        order_rate_max: new.orders_per_minute,
        order_rate_window_ns: MINUTE_NS,
        drawdown_max_bips: new.drawdown_max_bips,
        daily_loss_max: money(&new.daily_loss_max)?,
    })
}
