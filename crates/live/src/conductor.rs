//! What the driver decides: which inputs the shard gets, what leaves, when bots may run. No I/O, no clock, no threads; the thread
//! around it and the simulator do the same with it: take in, append [`Conductor::take_records`], commit, perform
//! [`Conductor::take_effects`], in this order.

use std::collections::BTreeMap;

use bus::bots::{BotEvent, BotReply, Happened};
use bus::{Accepted, LaneError};
use engine::{Control, Input, Output};
use orders::{BotId, Identity, State, VenueOrder};
use risk::Approved;
use strategy::{Feed, Subscription};
use types::{
    AccountId, AssetId, Bar, ClientOrderId, Instrument, Interval, MarketEvent, MarketId, MarketNews, Money,
    Outcome, Report, Time, VenueReason,
};
use venue::{Action, Answer, Facts, OrderRef, Tracker, VenueEvent};

use crate::Shard;
use crate::command::Creating;
use crate::limits::PAST_MAX;
use crate::view;

/// Something to be done once everything before it is durable.
#[derive(Debug)]
pub enum Effect {
    /// Send an order; say [`Conductor::sent`] first.
    Submit(Approved<VenueOrder>),
    /// Ask for a cancel; say [`Conductor::cancel_sent`] first.
    Cancel(OrderRef),
    /// Ask what became of an order.
    Query(OrderRef),
    /// Ask for an account's reports.
    Watch(AccountId),
    /// Ask for a feed.
    Subscribe(MarketId, Feed),
    /// Ask for closed bars, and for those that follow.
    Past {
        /// Comes back with the answer.
        ticket: u64,
        /// Where.
        market: MarketId,
        /// How long they are.
        interval: Interval,
        /// How many.
        count: u32,
    },
    /// Open an account and say [`Conductor::account_opened`].
    Open {
        /// Comes back with the answer.
        request: u64,
        /// The account's name.
        name: String,
        /// Its money.
        funds: Vec<(AssetId, Money)>,
    },
    /// Look up what an account holds and say [`Conductor::holds`].
    Holdings(AccountId),
    /// Answer a request.
    Reply(u64, Result<Accepted<BotReply>, LaneError>),
    /// Tell whoever listens.
    Publish(BotEvent),
}

impl Effect {
    /// True if it tells the world something, so that it must wait for the disk.
    #[must_use]
    pub const fn leaves(&self) -> bool {
        matches!(self, Self::Submit(_) | Self::Cancel(_) | Self::Reply(..))
    }
}

/// What a question about the past is for.
#[derive(Clone, Copy, Debug)]
enum Ticket {
    /// The warm-up of a bot that is being made.
    Creating(u64),
    /// What a feed showed while the process was away.
    Away(Interval),
}

/// The driver of a shard.
pub struct Conductor {
    pub(crate) shard: Shard,
    tracker: Tracker,
    /// Orders of the last run are not settled yet: no market data comes in.
    held: bool,
    pub(crate) creating: BTreeMap<u64, Creating>,
    tickets: BTreeMap<u64, Ticket>,
    next_ticket: u64,
    records: Vec<Vec<u8>>,
    pub(crate) effects: Vec<Effect>,
    out: Vec<Output>,
    /// The number of the first bot.
    pub(crate) first_bot: u32,
}

impl Conductor {
    /// Goes on with a recovered shard: begins a session, lists what the venue has, and asks about everything that was not
    /// terminal.
    #[must_use]
    pub fn new(
        shard: Shard,
        facts: Facts,
        now: Time,
        installation: u32,
        program: &str,
        instruments: Vec<Instrument>,
    ) -> Self {
        let mut conductor = Self {
            shard,
            tracker: Tracker::new(facts),
            held: true,
            creating: BTreeMap::new(),
            tickets: BTreeMap::new(),
            next_ticket: 0,
            records: Vec::new(),
            effects: Vec::new(),
            out: Vec::new(),
            first_bot: 1,
        };
        let record = conductor.shard.begin(now, installation, program);
        conductor.records.push(record);
        if conductor.shard.engine().native() != facts.native {
            conductor.feed(now, None, Input::Control(Control::Native(facts.native)));
        }
        let known = conductor.shard.engine().markets().iter().count();
        for instrument in instruments.into_iter().skip(known) {
            conductor.feed(now, None, Input::Control(Control::Instrument(Box::new(instrument))));
        }
        conductor.resume(now);
        conductor
    }

    /// Bots are numbered from `first` on, so that those of several shards can be told apart.
    pub const fn number_bots_from(&mut self, first: u32) {
        self.first_bot = first;
    }

    fn resume(&mut self, now: Time) {
        let engine = self.shard.engine();
        let mut accounts: Vec<AccountId> = engine.bots().map(|bot| bot.account()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        self.effects.extend(accounts.iter().copied().map(Effect::Watch));
        let mut actions = Vec::new();
        let recent = |order: &&orders::Order| {
            order.state == State::NeverArrived && now.since(order.recorded) < venue_day()
        };
        for order in engine.orders().open().chain(engine.orders().ended().filter(recent)) {
            let reference = reference(order);
            self.tracker.restart(now, reference, order.state, order.cancel_asked, &mut actions);
        }
        self.tracker.tick(now, &mut actions);
        self.act(now, actions);
        self.release(now);
    }

    /// Lets market data in once the fate of every order of the last run is known.
    fn release(&mut self, now: Time) {
        if !self.held || !self.tracker.settled() {
            return;
        }
        self.held = false;
        tracing::debug!(at = now.0, "every order of the last run is settled; the bots go on");
        let mut wanted: Vec<Subscription> = Vec::new();
        let mut quiet: Vec<AccountId> = Vec::new();
        for bot in self.shard.engine().bots() {
            wanted.extend(
                bot.subscriptions().iter().filter(|s| !wanted.contains(s)).copied().collect::<Vec<_>>(),
            );
            if bot.working().next().is_none() && !quiet.contains(&bot.account()) {
                quiet.push(bot.account());
            }
        }
        let busy: Vec<AccountId> = self
            .shard
            .engine()
            .bots()
            .filter(|bot| bot.working().next().is_some())
            .map(|bot| bot.account())
            .collect();
        // With nothing in flight, what the venue holds and what we think must be the same.
        quiet.retain(|account| !busy.contains(account));
        self.effects.extend(quiet.into_iter().map(Effect::Holdings));
        for subscription in wanted {
            match subscription.feed {
                Feed::Bars(interval) => {
                    let ticket = self.ticket(Ticket::Away(interval));
                    let market = subscription.market;
                    self.effects.push(Effect::Past { ticket, market, interval, count: PAST_MAX });
                }
                feed => self.effects.push(Effect::Subscribe(subscription.market, feed)),
            }
        }
    }

    fn ticket(&mut self, ticket: Ticket) -> u64 {
        self.next_ticket += 1;
        self.tickets.insert(self.next_ticket, ticket);
        self.next_ticket
    }

    /// Gives the shard an input: its record is taken down and what it leads to is put among the effects.
    pub(crate) fn feed(&mut self, now: Time, key: Option<&str>, input: Input) -> u64 {
        let (mut out, mut record) = (std::mem::take(&mut self.out), Vec::new());
        let seq = self
            .shard
            .step(now, key, input, &mut out, &mut record)
            .expect("instruments come from a venue's listing, which is checked");
        self.records.push(record);
        let at = self.shard.at();
        for output in out.drain(..) {
            self.follow(seq, at, output);
        }
        self.out = out;
        seq
    }

    fn follow(&mut self, seq: u64, at: Time, output: Output) {
        let (bot, what) = match output {
            Output::Submit(approved) => {
                let order = *approved.order();
                let bot = Identity::parse(&order.client_id).map(|identity| identity.bot);
                self.effects.push(Effect::Submit(approved));
                (bot, Happened::Submitted { client_id: order.client_id.to_string() })
            }
            Output::Cancel { client_id, .. } => {
                if let Some(order) = self.shard.engine().orders().get(&client_id) {
                    self.effects.push(Effect::Cancel(reference(order)));
                }
                return;
            }
            Output::SetTimer { .. } => return,
            Output::NotCreated { bot, error } => {
                // Everything was checked before; a record of an older program may still say so.
                tracing::error!(bot = bot.0, %error, "a bot could not be made");
                return;
            }
            Output::Overfilled { bot, market, qty } => {
                tracing::error!(
                    bot = bot.0,
                    %market,
                    qty = qty.0,
                    "orders that guarded a position closed more than there was; the excess is being closed"
                );
                (Some(bot), Happened::Overfilled { qty: qty.0.to_string() })
            }
            Output::Denied { bot, denied, .. } => {
                (Some(bot), Happened::Denied { code: denied.code().to_owned() })
            }
            Output::Order { bot, client_id, outcome } => {
                let outcome = view::outcome(&outcome).to_owned();
                (Some(bot), Happened::Order { client_id: client_id.to_string(), outcome })
            }
            Output::External { client_id, .. } => {
                tracing::error!(%client_id, "somebody else trades on a bot's account; its bots are stopped");
                (None, Happened::External { client_id: client_id.to_string() })
            }
        };
        self.publish(seq, at, bot, what);
    }

    pub(crate) fn publish(&mut self, seq: u64, at: Time, bot: Option<BotId>, what: Happened) {
        let event = BotEvent { seq, at: at.rfc3339(), bot: bot.map(|bot| bot.0), what };
        self.effects.push(Effect::Publish(event));
    }

    /// Takes in something from the venue.
    pub fn event(&mut self, now: Time, event: VenueEvent) {
        match event {
            VenueEvent::Market(event) => {
                self.feed(now, None, Input::Market(event));
            }
            VenueEvent::Recorded { at, event } => {
                // What was due before it comes before it.
                while let Some(due) = self.next().filter(|due| *due < at) {
                    self.time(due);
                }
                self.feed(at, None, Input::Market(event));
            }
            VenueEvent::Liquidated(liquidation) => {
                self.feed(now, None, Input::Liquidation(liquidation));
            }
            VenueEvent::Past { ticket, market, bars } => self.past(now, ticket, market, bars),
            VenueEvent::Report { account, report } => self.report(now, account, &report),
            VenueEvent::Answer { client_id, answer } => self.answer(now, &client_id, &answer),
            VenueEvent::Lost => self.lost(now),
        }
        self.release(now);
    }

    fn report(&mut self, now: Time, account: AccountId, report: &Report) {
        if self.shard.engine().orders().get(&report.client_id).is_none() {
            // A cancel or an end of something forgotten changes nothing; what trades or may trade does.
            if matches!(report.outcome, Outcome::Fill(_) | Outcome::Accepted { .. }) {
                let (market, client_id) = (report.market, report.client_id);
                self.feed(now, None, Input::External { account, market, client_id });
            }
            return;
        }
        let mut actions = Vec::new();
        if self.tracker.reported(now, account, report, &mut actions) {
            actions.push(Action::Report(*report));
        }
        self.act(now, actions);
    }

    fn answer(&mut self, now: Time, id: &ClientOrderId, answer: &Answer) {
        let mut actions = Vec::new();
        self.tracker.answered(now, id, answer, &mut actions);
        self.act(now, actions);
    }

    /// Reports were lost: nobody knows what was filled meanwhile, so nothing leaves until a person says so.
    fn lost(&mut self, now: Time) {
        tracing::error!(
            "events of the venue were lost; the accounts of all bots are halted until they are started again"
        );
        let mut accounts: Vec<AccountId> = self.shard.engine().bots().map(|bot| bot.account()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let live: Vec<OrderRef> = self.shard.engine().orders().open().map(reference).collect();
        self.tracker.lost(now, live.into_iter());
        for account in accounts {
            self.feed(now, None, Input::Control(Control::Halt { account, flatten: false }));
        }
        self.time(now);
    }

    fn act(&mut self, now: Time, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Query(order) => self.effects.push(Effect::Query(order)),
                Action::Cancel(order) => self.effects.push(Effect::Cancel(order)),
                Action::Report(report) if self.is_news(&report) => {
                    self.feed(now, None, Input::Execution(report));
                }
                Action::Report(_) => {}
                Action::External(OrderRef { account, market, client_id }) => {
                    self.feed(now, None, Input::External { account, market, client_id });
                }
            }
        }
    }

    /// The same is told by answers, by reports and by look-ups; what is known already is not recorded again.
    fn is_news(&self, report: &Report) -> bool {
        let Some(order) = self.shard.engine().orders().get(&report.client_id) else { return false };
        match report.outcome {
            Outcome::Accepted { venue_id } => order.venue_id != Some(venue_id),
            outcome => order.clone().report(&outcome).is_ok(),
        }
    }

    /// What time has brought: timers, overdue answers.
    pub fn time(&mut self, now: Time) {
        let mut actions = Vec::new();
        self.tracker.tick(now, &mut actions);
        self.act(now, actions);
        while let Some((at, bot, id)) = self.shard.timer().filter(|(at, ..)| *at <= now && !self.held) {
            self.feed(now.max(at), None, Input::Timer { bot, id });
        }
        self.release(now);
    }

    /// When [`Conductor::time`] has something to do next.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        let timer = self.shard.timer().map(|(at, ..)| at).filter(|_| !self.held);
        self.tracker.next().into_iter().chain(timer).min()
    }

    /// An order is about to leave.
    pub fn sent(&mut self, now: Time, order: &VenueOrder) {
        let VenueOrder { account, market, .. } = *order;
        for client_id in order.client_ids() {
            self.tracker.sent(now, OrderRef { account, market, client_id });
        }
    }

    /// It certainly did not leave.
    pub fn not_sent(&mut self, now: Time, order: &VenueOrder) {
        for client_id in order.client_ids() {
            self.answer(now, &client_id, &Answer::Rejected(VenueReason::RateLimited));
        }
    }

    /// A cancel is about to leave.
    pub fn cancel_sent(&mut self, now: Time, order: OrderRef) {
        self.tracker.cancel_sent(now, order);
    }

    /// It certainly did not leave.
    pub fn cancel_not_sent(&mut self, now: Time, order: OrderRef) {
        self.tracker.cancel_failed(now, order);
    }

    /// What the venue says an account holds, while nothing of it is in flight: it must be what its bots' ledgers say.
    pub fn holds(&mut self, now: Time, account: AccountId, holdings: &[(AssetId, Money)]) {
        let bots: Vec<_> = self.shard.engine().bots().filter(|bot| bot.account() == account).collect();
        if bots.iter().any(|bot| bot.working().next().is_some()) {
            return;
        }
        let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
        for (asset, amount) in bots.iter().flat_map(|bot| bot.ledger().assets()) {
            *sums.entry(*asset).or_default() += amount.0;
        }
        for (asset, amount) in holdings {
            *sums.entry(*asset).or_default() -= amount.0;
        }
        let Some((asset, gap)) = sums.iter().find(|(_, gap)| **gap != 0) else { return };
        tracing::error!(account = account.0, asset = asset.0, gap = %gap, "a bot's ledger is not what its account holds");
        let market =
            bots.iter().find_map(|bot| bot.subscriptions().first()).map_or(MarketId(0), |s| s.market);
        let client_id = ClientOrderId::new("holdings").expect("letters");
        self.feed(now, None, Input::External { account, market, client_id });
    }

    fn past(&mut self, now: Time, ticket: u64, market: MarketId, bars: Vec<Bar>) {
        match self.tickets.remove(&ticket) {
            Some(Ticket::Creating(request)) => self.warmed_up(now, request, market, bars),
            Some(Ticket::Away(interval)) => self.came_back(now, market, interval, &bars),
            None => {}
        }
    }

    /// Bars that closed while the process was away: bots hear of them, and act on none.
    fn came_back(&mut self, now: Time, market: MarketId, interval: Interval, bars: &[Bar]) {
        let Some(last) = self.shard.last_bar(market, interval) else { return };
        let wants = |bot: &engine::BotView<'_>| {
            bot.subscriptions().contains(&Subscription { market, feed: Feed::Bars(interval) })
        };
        let bots: Vec<BotId> = self.shard.engine().bots().filter(wants).map(|bot| bot.id()).collect();
        for bar in bars.iter().filter(|bar| bar.open_time > last) {
            for bot in &bots {
                let event = MarketEvent { market, data: MarketNews::Bar(*bar) };
                self.feed(now, None, Input::WarmUp { bot: *bot, event });
            }
        }
    }

    /// Asks for the past of a bot that is being made.
    pub(crate) fn ask_past(&mut self, request: u64, market: MarketId, interval: Interval, count: u32) {
        let ticket = self.ticket(Ticket::Creating(request));
        self.effects.push(Effect::Past { ticket, market, interval, count: count.clamp(1, PAST_MAX) });
    }

    /// Takes down the hash of the whole state, for replay to compare.
    pub fn checkpoint(&mut self) {
        let record = self.shard.checkpoint();
        self.records.push(record);
    }

    /// Records that must be appended to the journal, in order; the last has the number [`Shard::seq`].
    pub fn take_records(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.records)
    }

    /// What is to be done once those are durable.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The shard, to look at.
    #[must_use]
    pub const fn shard(&self) -> &Shard {
        &self.shard
    }

    /// Orders whose outcome is not known.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.tracker.unsettled()
    }

    /// True while orders of the last run are not settled.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held
    }
}

fn reference(order: &orders::Order) -> OrderRef {
    OrderRef { account: order.identity.account, market: order.market, client_id: order.client_id }
}

/// How long an order that counts as lost is looked for after a restart.
const fn venue_day() -> i64 {
    86_400_000_000_000
}
