//! The shard's state and its one entrance: [`Engine::step`].

use std::collections::BTreeMap;

use market_data::Markets;
use orders::{BotId, Native, OrderBook};
use risk::{Halt, Limits};
use strategy::{Act, Context, Decisions, Ended, Event, Feed, OrderIntent, Tag};
use types::order::Amount;
use types::{
    AccountId, ClientOrderId, Instrument, MarketEvent, MarketId, MarketNews, Price, Qty, Side, SignedQty,
    Stamped, Terms, Time,
};

use crate::bot::{Bot, Working};
use crate::digest::Digest;
use crate::equity::equity;
use crate::limits::{BOTS_MAX, FOLLOW_UPS_MAX};
use crate::{AddBotError, BotConfig, BotSpec, BotState, Control, Input, Output};

/// The mark on orders that close the positions of a stopped bot.
const CLOSING: Tag = Tag(u32::MAX);

/// What happened to a bot's own order, to be told to its strategy.
#[derive(Clone, Copy)]
pub(crate) enum Heard {
    Fill { tag: Tag, market: MarketId, fill: types::VenueFill },
    Ended { tag: Tag, how: Ended },
}

/// One shard: books, bots, orders, ledgers.
#[derive(Default)]
pub struct Engine {
    pub(crate) installation: u32,
    pub(crate) markets: Markets,
    pub(crate) bots: Vec<Bot>,
    pub(crate) orders: OrderBook,
    pub(crate) halts: BTreeMap<AccountId, Halt>,
    pub(crate) digest: Digest,
    pub(crate) decisions: Decisions,
    /// What the venue keeps itself.
    pub(crate) native: Native,
    /// What a bot has still to hear within this step.
    pub(crate) heard: Vec<(usize, Heard)>,
    pub(crate) last_seq: u64,
}

impl Engine {
    /// An empty shard of installation `installation` (part of every order's identity).
    #[must_use]
    pub fn new(installation: u32) -> Self {
        Self { installation, ..Self::default() }
    }

    /// Adds an instrument; `false` unless its number is the next one.
    pub fn add_instrument(&mut self, instrument: Instrument) -> bool {
        self.markets.add(instrument)
    }

    /// Adds a bot, paused.
    ///
    /// # Errors
    /// See [`AddBotError`]; nothing changed.
    pub fn add_bot(&mut self, config: BotConfig) -> Result<(), AddBotError> {
        if self.bots.len() >= BOTS_MAX {
            return Err(AddBotError::Full);
        }
        if self.bots.iter().any(|b| b.id == config.id) {
            return Err(AddBotError::Taken);
        }
        crate::spec::guardable(config.strategy.as_ref(), config.bracket)?;
        let unknown = config.strategy.subscriptions().iter().find(|s| self.markets.get(s.market).is_none());
        if let Some(subscription) = unknown {
            return Err(AddBotError::UnknownMarket(subscription.market));
        }
        let mut bot = Bot::new(BotConfig { funds: Vec::new(), ..config });
        for (asset, amount) in config.funds {
            bot.ledger.transfer(asset, amount).map_err(|_| AddBotError::Funds)?;
        }
        self.bots.push(bot);
        Ok(())
    }

    /// Makes a bot of a built-in strategy from its description, paused. [`Control::Create`] is this as an input.
    ///
    /// # Errors
    /// See [`AddBotError`]; nothing changed.
    pub fn create(&mut self, spec: &BotSpec) -> Result<(), AddBotError> {
        let config = spec.config(&self.markets)?;
        self.add_bot(config)?;
        if let Some(bot) = self.bots.last_mut() {
            bot.spec = Some(Box::new(spec.clone()));
        }
        Ok(())
    }

    /// Takes in one input; appends what is to be done. Inputs must rise in number and not fall in time.
    pub fn step(&mut self, input: &Stamped<Input>, out: &mut Vec<Output>) {
        debug_assert!(input.seq > self.last_seq, "inputs rise by number");
        self.last_seq = input.seq;
        match &input.input {
            Input::Market(event) if self.markets.apply(event) => self.market(input.at, event, out),
            Input::Market(_) => {}
            Input::Execution(report) => self.execution(input.at, report, out),
            Input::Control(control) => self.control(input.at, control, out),
            Input::WarmUp { bot, event } => self.warm_up(input.at, *bot, event, out),
            Input::External { account, market, client_id } => {
                self.external(*account, *market, client_id, out);
            }
            Input::Liquidation(liquidation) => self.liquidated(input.at, liquidation, out),
            Input::Timer { bot, id } => {
                if let Some(at) = self.bots.iter().position(|b| b.id == *bot) {
                    self.tell(at, input.at, &Event::Timer(*id), out);
                }
            }
        }
        self.settle(input.at, out);
    }

    /// [`Self::step`] for a market event that stays where it is: what a driver uses that reads recorded events in place.
    pub fn hear(&mut self, at: Time, seq: u64, event: &MarketEvent, out: &mut Vec<Output>) {
        debug_assert!(seq > self.last_seq, "inputs rise by number");
        self.last_seq = seq;
        if self.markets.apply(event) {
            self.heard(at, event, out);
        }
    }

    /// [`Self::hear`] for an event whose levels the driver has put into the book already ([`Self::book_mut`]).
    pub fn hear_noted(&mut self, at: Time, seq: u64, event: &MarketEvent, out: &mut Vec<Output>) {
        debug_assert!(seq > self.last_seq, "inputs rise by number");
        self.last_seq = seq;
        if self.markets.note(event) {
            self.heard(at, event, out);
        }
    }

    /// The book of a market: a driver lends it to a simulated venue that reads the same feed, so that it is kept once.
    pub fn book_mut(&mut self, market: MarketId) -> Option<&mut market_data::SyncedBook> {
        self.markets.book_mut(market)
    }

    fn heard(&mut self, at: Time, event: &MarketEvent, out: &mut Vec<Output>) {
        self.market(at, event, out);
        self.settle(at, out);
    }

    /// What follows from an event that the markets have taken in.
    fn market(&mut self, now: Time, event: &MarketEvent, out: &mut Vec<Output>) {
        if let MarketNews::Funding { rate, mark } = event.data {
            self.fund(event.market, rate, mark);
        }
        // Prices moved: nobody's worth is what it was.
        self.bots.iter_mut().for_each(|bot| bot.worth = None);
        self.watch_guards(now, event);
        let Some((feed, heard)) = feed_event(event) else { return };
        for at in 0..self.bots.len() {
            let wants = |s: &strategy::Subscription| s.market == event.market && s.feed == feed;
            if self.bots[at].strategy.subscriptions().iter().any(wants) {
                self.revalue(at, now);
                self.tell(at, now, &heard, out);
            }
        }
    }

    /// Lets one bot hear of the past; what it wants is not done.
    fn warm_up(&mut self, now: Time, bot: BotId, event: &MarketEvent, out: &mut Vec<Output>) {
        let Some(at) = self.bots.iter().position(|b| b.id == bot) else { return };
        if let (MarketNews::Bar(bar), true) = (&event.data, self.markets.get(event.market).is_some()) {
            let state = std::mem::replace(&mut self.bots[at].state, BotState::Paused);
            self.tell(at, now, &Event::Bar { market: event.market, bar }, out);
            self.bots[at].state = state;
        }
    }

    fn fund(&mut self, market: MarketId, rate: i64, mark: Price) {
        let Some(view) = self.markets.get(market) else { return };
        for bot in &mut self.bots {
            if bot.ledger.position(market).qty().0 != 0
                && bot.ledger.fund(view.instrument(), rate, mark).is_err()
            {
                bot.state = BotState::Stopped;
            }
        }
    }

    /// Keeps highest equity and the day's start current.
    pub(crate) fn revalue(&mut self, at: usize, now: Time) {
        let bot = &mut self.bots[at];
        bot.worth = equity(&bot.ledger, &self.markets, bot.quote);
        if let Some(value) = bot.worth {
            bot.value(now, value);
        }
    }

    /// Lets a bot hear an event and does what it decides.
    fn tell(&mut self, at: usize, now: Time, event: &Event<'_>, out: &mut Vec<Output>) {
        let bot = &mut self.bots[at];
        let ctx = Context {
            now,
            markets: &self.markets,
            account: &bot.ledger,
            working: &bot.working,
            orders: &bot.shown,
        };
        self.decisions.clear();
        bot.strategy.on_event(&ctx, event, &mut self.decisions);
        bot.next_decision();
        let reason = self.decisions.reason();
        bot.log(now, reason);
        self.digest.number(u64::from(bot.id.0) << 32 ^ bot.decision);
        self.digest.bytes(reason.code.as_bytes());
        // A bot that does not run listens, so that it knows the market when it starts; what it wants is not done.
        let (runs, guarded) = (bot.state == BotState::Running, !bot.guards.is_empty());
        if !guarded && (!runs || self.decisions.acts().is_empty()) {
            return;
        }
        let decisions = std::mem::take(&mut self.decisions);
        if guarded {
            self.lift_bars(at, event, decisions.acts());
        }
        if runs {
            for act in decisions.acts() {
                self.act(at, now, act, out);
            }
        }
        self.decisions = decisions;
    }

    fn act(&mut self, at: usize, now: Time, act: &Act, out: &mut Vec<Output>) {
        match *act {
            Act::Place(intent) => self.place(at, now, &intent, false, out),
            Act::Cancel(tag) => {
                let found =
                    self.bots[at].orders.iter().find(|o| o.tag == tag).map(|o| (o.market, o.client_id));
                if let Some((market, client_id)) = found {
                    self.cancel(market, client_id, out);
                }
            }
            Act::CancelAll(market) => self.cancel_own(at, Some(market), out),
            Act::Timer { at: when, id } => out.push(Output::SetTimer { bot: self.bots[at].id, at: when, id }),
        }
    }

    pub(crate) fn cancel(&mut self, market: MarketId, client_id: ClientOrderId, out: &mut Vec<Output>) {
        if self.orders.ask_cancel(&client_id) {
            out.push(Output::Cancel { market, client_id });
        }
    }

    /// Cancels everything that works for a bot, what guards its positions too.
    pub(crate) fn cancel_orders(&mut self, at: usize, market: Option<MarketId>, out: &mut Vec<Output>) {
        let bot = &self.bots[at];
        let ids = ids_of(bot.orders.iter().chain(&bot.legs), market);
        self.cancel_each(ids, out);
    }

    /// Cancels the strategy's own orders.
    pub(crate) fn cancel_own(&mut self, at: usize, market: Option<MarketId>, out: &mut Vec<Output>) {
        let ids = ids_of(self.bots[at].orders.iter(), market);
        self.cancel_each(ids, out);
    }

    fn cancel_each(&mut self, ids: Vec<(ClientOrderId, MarketId)>, out: &mut Vec<Output>) {
        for (client_id, market) in ids {
            self.cancel(market, client_id, out);
        }
    }

    fn control(&mut self, now: Time, control: &Control, out: &mut Vec<Output>) {
        let find = |id: &BotId| self.bots.iter().position(|b| b.id == *id);
        match control {
            Control::Start(id) | Control::Pause(id) => {
                let state =
                    if matches!(control, Control::Start(_)) { BotState::Running } else { BotState::Paused };
                if let Some(at) = find(id) {
                    self.bots[at].state = state;
                }
            }
            Control::Stop(id) | Control::Exit(id) => {
                if let Some(at) = find(id) {
                    self.cancel_orders(at, None, out);
                    self.bots[at].closing = matches!(control, Control::Exit(_));
                    self.bots[at].state = BotState::Stopped;
                }
            }
            Control::Signal { bot, text } => {
                if let Some(at) = find(bot) {
                    self.tell(at, now, &Event::Signal(text), out);
                }
            }
            Control::Cancel(id) => {
                if let Some(market) = self.orders.get(id).map(|o| o.market) {
                    self.cancel(market, *id, out);
                }
            }
            Control::Halt { account, flatten } => {
                let halt = if *flatten { Halt::ReduceOnly } else { Halt::Full };
                self.halts.insert(*account, halt);
                for at in 0..self.bots.len() {
                    if self.bots[at].account == *account {
                        self.cancel_orders(at, None, out);
                        self.bots[at].closing |= *flatten;
                    }
                }
            }
            Control::Resume(account) => {
                self.halts.remove(account);
            }
            Control::Limits { bot, limits } => {
                if let Some(at) = find(bot) {
                    self.limit(at, limits, out);
                }
            }
            Control::Native(native) => self.native = *native,
            Control::Instrument(instrument) => {
                self.markets.add(Instrument::clone(instrument));
            }
            Control::Create(spec) => {
                if let Err(error) = self.create(spec) {
                    out.push(Output::NotCreated { bot: spec.id, error });
                }
            }
        }
    }

    /// Gives a bot other limits and takes back what could go beyond them; what guards its positions stays.
    fn limit(&mut self, at: usize, limits: &Limits, out: &mut Vec<Output>) {
        let bot = &mut self.bots[at];
        bot.limits = limits.clone();
        if let Some(spec) = &mut bot.spec {
            spec.limits = limits.clone();
        }
        if self.overreaches(at) {
            self.cancel_own(at, None, out);
        }
    }

    /// Closes the positions of bots that were told to, once nothing of theirs can trade any more.
    pub(crate) fn close_positions(&mut self, now: Time, out: &mut Vec<Output>) {
        for at in 0..self.bots.len() {
            let bot = &self.bots[at];
            if !(bot.closing && bot.orders.is_empty() && bot.legs.is_empty()) {
                continue;
            }
            self.bots[at].closing = false;
            let positions: Vec<(MarketId, SignedQty, i64)> = self
                .markets
                .iter()
                .map(|v| &v.instrument().market)
                .map(|m| (m.id, self.bots[at].ledger.position(m.id).qty(), m.rules.lot.step.0.max(1)))
                .filter(|(_, qty, step)| qty.size().0 >= *step)
                .collect();
            for (market, qty, step) in positions {
                let side = if qty.0 > 0 { Side::Sell } else { Side::Buy };
                let size = qty.size().0;
                let terms = Terms::Market { amount: Amount::Base(Qty(size - size % step)) };
                self.bots[at].next_decision();
                let intent =
                    OrderIntent { tag: CLOSING, market, side, terms, reduce_only: true, bracket: None };
                self.place(at, now, &intent, true, out);
            }
        }
    }

    /// Tells bots what happened to their own orders, and does what they decide about it.
    pub(crate) fn follow_up(&mut self, now: Time, out: &mut Vec<Output>) {
        let mut told = 0;
        while !self.heard.is_empty() && told < FOLLOW_UPS_MAX {
            let (at, heard) = self.heard.remove(0);
            told += 1;
            match heard {
                Heard::Fill { tag, market, fill } => {
                    self.tell(at, now, &Event::Fill { order: tag, market, fill: &fill }, out);
                }
                Heard::Ended { tag, how } => self.tell(at, now, &Event::Ended { order: tag, how }, out),
            }
        }
        // A bot that answers every refusal with the same order is stopped, not served for ever.
        for (at, _) in self.heard.drain(..) {
            self.bots[at].state = BotState::Stopped;
        }
    }
}

/// The ids of orders, in one market or in all, in an order that means nothing but is always the same.
fn ids_of<'a>(
    orders: impl Iterator<Item = &'a Working>,
    market: Option<MarketId>,
) -> Vec<(ClientOrderId, MarketId)> {
    let wanted = orders.filter(|o| market.is_none_or(|m| m == o.market));
    let mut ids: Vec<_> = wanted.map(|o| (o.client_id, o.market)).collect();
    ids.sort_unstable();
    ids
}

/// The feed a market event belongs to and what a strategy hears of it.
fn feed_event(event: &MarketEvent) -> Option<(Feed, Event<'_>)> {
    let market = event.market;
    match &event.data {
        MarketNews::Bar(bar) => Some((Feed::Bars(bar.interval), Event::Bar { market, bar })),
        MarketNews::Print(print) => Some((Feed::Prints, Event::Print { market, print })),
        // Also that a feed is down or up again: whoever quotes on a book has to know.
        MarketNews::Snapshot(_) | MarketNews::Diff(_) | MarketNews::Feed(_) => {
            Some((Feed::Book, Event::Book { market }))
        }
        MarketNews::Best { .. } | MarketNews::Mark(_) | MarketNews::Funding { .. } => None,
    }
}
