//! One run: time passes, things go wrong, rules are checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use bus::bots::{BotCommand, BotReply, Happened};
use bus::{Accepted, Envelope, LaneError};
use engine::{BotState, BotView, Guarding};
use journal::disk::{Disk, ModelDisk};
use journal::{From, Reader, Tail};
use live::Effect;
use live::record::{self, Intent, Record};
use orders::{BotId, Identity};
use risk::Halt;
use strategy::Words;
use types::{AssetId, ClientOrderId, MarketEvent, MarketNews, Outcome, Time, TradeId, VenueReason};
use venue::{Answer, OrderRef, VenueEvent};

use crate::cast::{self, NAMES, POSITION_MAX};
use crate::driver::{DIR, Process};
use crate::ghosts::Ghosts;
use crate::network::{Mail, Network, ToVenue, WINDOW_NS};
use crate::random::Random;
use crate::site::{MARKET, Site};
use crate::{Finding, Plant};

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
/// Minutes in which things go wrong.
const FAULTY_MINUTES: i64 = 28;
/// Longest time that a position with a bracket may lack at the venue what is believed to be there.
const EXPOSED_MAX: i64 = 3 * MINUTE;
/// Minutes after which everything must have been settled.
const CALM_MINUTES: i64 = 12;

/// What a run was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders that left.
    pub orders: u64,
    /// Fills that were booked.
    pub fills: u64,
    /// Things that went wrong on the wire.
    pub faults: u64,
    /// Kills and power cuts.
    pub crashes: u64,
    /// Orders whose outcome was unknown for a while.
    pub unknown: u64,
    /// Pairs that were sent.
    pub pairs: u64,
    /// Positions that their brackets closed.
    pub left: u64,
}

/// Why a step ends early.
enum End {
    /// The process dies here.
    Crash,
    Found(Finding),
}

impl std::convert::From<Finding> for End {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

struct World {
    plant: Plant,
    seed: u64,
    random: Random,
    now: Time,
    site: Site,
    network: Network,
    disk: ModelDisk,
    words: Words,
    process: Process,
    epoch: u64,
    /// Points of the process's loop until it dies.
    fuse: u64,
    left: BTreeSet<ClientOrderId>,
    arrived: BTreeSet<ClientOrderId>,
    /// Bots whose stop was acknowledged and that were not started since.
    stopped: BTreeSet<u32>,
    /// Requests to which the operator waits for an answer: bot's name, and the command.
    asked: BTreeMap<u64, BotCommand>,
    requests: u64,
    /// Bots that were answered for.
    known: BTreeSet<String>,
    subscribed: bool,
    told: usize,
    counts: Counts,
    /// Minutes in which things go wrong.
    minutes: i64,
    /// A finding made where none can be returned.
    found: Option<Finding>,
    /// Since when a position lacks what guards it.
    exposed: Option<Time>,
    ghosts: Ghosts,
    /// Makes trade ids of the fills that [`Plant::DoubleFill`] adds.
    doubles: u64,
}

/// Runs a seed: 40 minutes of simulated time.
///
/// # Errors
/// The first rule that was broken.
pub fn run(seed: u64, plant: Plant) -> Result<Counts, Finding> {
    run_and_replay(seed, plant, FAULTY_MINUTES, 1)
}

/// The same with another number of minutes in which things go wrong; at the end the whole journal is replayed so often from its first record on (invariant H6).
///
/// # Errors
/// The first rule that was broken.
pub fn run_and_replay(seed: u64, plant: Plant, minutes: i64, replays: u32) -> Result<Counts, Finding> {
    let mut random = Random::new(seed);
    let (site, disk, mut words) = (Site::new(), ModelDisk::default(), Words::default());
    let mut network = Network::new(Random::new(random.next()));
    // Every fourth venue's stream of reports is in no order.
    network.unordered = seed % 4 == 2;
    let process =
        Process::start(&disk, cast::facts(plant, seed, network.unordered), Time(0), &site, &mut words)?;
    let fuse = random.between(20, 900).unsigned_abs();
    let mut world = World {
        plant,
        seed,
        random,
        now: Time(0),
        site,
        network,
        disk,
        words,
        process,
        epoch: 1,
        fuse,
        left: BTreeSet::new(),
        arrived: BTreeSet::new(),
        stopped: BTreeSet::new(),
        asked: BTreeMap::new(),
        requests: 0,
        known: BTreeSet::new(),
        subscribed: false,
        told: 0,
        counts: Counts::default(),
        minutes,
        found: None,
        exposed: None,
        ghosts: Ghosts::default(),
        doubles: 0,
    };
    world.live_through()?;
    world.judge()?;
    for _ in 0..replays {
        world.replay()?;
    }
    world.counts.faults = world.network.faults;
    let engine = world.process.conductor.shard().engine();
    let left = engine.bots().flat_map(|bot| bot.why()).filter(|why| why.reason.code.starts_with("bracket_"));
    world.counts.left = left.filter(|why| why.reason.code.ends_with("reached")).map(|why| why.times).sum();
    Ok(world.counts)
}

impl World {
    fn live_through(&mut self) -> Result<(), Finding> {
        let mut next_life = Time(0);
        let mut next_minute = Time(MINUTE);
        let end = Time((self.minutes + CALM_MINUTES) * MINUTE);
        while self.now < end {
            let due = self.process.conductor.next().unwrap_or(end);
            let next = [next_life, next_minute, due, self.network.next().unwrap_or(end)].into_iter().min();
            self.now = next.unwrap_or(end).max(self.now).min(end);
            self.network.faulty = self.now.0 < self.minutes * MINUTE;
            if self.network.next().is_some_and(|at| at <= self.now) {
                self.arrive()?;
            } else if next_life <= self.now {
                self.site.live(self.now, &mut self.random);
                self.spread();
                next_life = self.now.plus_nanos(self.random.between(3, 15) * SECOND);
            } else if next_minute <= self.now {
                self.site.close_bar(next_minute);
                if self.subscribed {
                    self.network.bar(self.now, self.epoch);
                }
                self.operate();
                let (conductor, site) = (&self.process.conductor, &self.site);
                if let Some(id) = self.ghosts.look(self.now, conductor, site) {
                    return Err(Finding::Ghost(id));
                }
                next_minute = next_minute.plus_nanos(MINUTE);
            } else {
                self.process.conductor.time(self.now);
            }
            self.settle()?;
            if let Some(finding) = self.found.take() {
                return Err(finding);
            }
        }
        Ok(())
    }

    /// Reports go out.
    fn spread(&mut self) {
        for (account, report) in std::mem::take(&mut self.site.reports) {
            self.network.report(self.now, self.epoch, account, report);
        }
    }

    fn arrive(&mut self) -> Result<(), Finding> {
        match self.network.take() {
            Some(Mail::Venue(request)) => self.at_venue(request)?,
            Some(Mail::Us(epoch, event)) if epoch == self.epoch => self.hear(event),
            Some(Mail::Bar(epoch)) if epoch == self.epoch => {
                let Some(bar) = self.site.bars.get(self.told).copied() else { return Ok(()) };
                self.told += 1;
                let data = MarketNews::Bar(bar);
                self.process
                    .conductor
                    .event(self.now, VenueEvent::Market(MarketEvent { market: MARKET, data }));
            }
            Some(Mail::Past { epoch, ticket, count }) if epoch == self.epoch => {
                if !self.subscribed {
                    (self.subscribed, self.told) = (true, self.site.bars.len());
                }
                let bars = &self.site.bars[..self.told];
                let bars = bars[bars.len().saturating_sub(count)..].to_vec();
                let event = VenueEvent::Past { ticket, market: MARKET, bars };
                self.process.conductor.event(self.now, event);
            }
            // For a process that is gone.
            Some(Mail::Us(..) | Mail::Bar(_) | Mail::Past { .. }) | None => {}
        }
        Ok(())
    }

    fn hear(&mut self, event: VenueEvent) {
        if self.plant == Plant::SilentLoss && event == VenueEvent::Lost {
            return;
        }
        let event = match event {
            VenueEvent::Report { account, mut report } if self.plant == Plant::DoubleFill => {
                if let Outcome::Fill(fill) = &mut report.outcome {
                    self.doubles += 1;
                    fill.trade = TradeId(self.doubles << 32);
                }
                VenueEvent::Report { account, report }
            }
            event => event,
        };
        self.process.conductor.event(self.now, event);
    }

    fn at_venue(&mut self, request: ToVenue) -> Result<(), Finding> {
        match request {
            ToVenue::Submit { mut order, signed } => {
                let ids: Vec<_> = order.client_ids().collect();
                if self.plant == Plant::HalfPair {
                    order.other = None;
                }
                let late = self.now.since(signed) > WINDOW_NS;
                for id in order.client_ids().filter(|_| !late) {
                    if !self.arrived.insert(id) {
                        return Err(Finding::Twice(id));
                    }
                }
                let refused = if late { None } else { self.site.submit(self.now, &order).err() };
                self.spread();
                // The same answer for both of a pair.
                for client_id in ids {
                    let reference = OrderRef { account: order.account, market: order.market, client_id };
                    let answer = match (late, &refused) {
                        (true, _) => Answer::Rejected(VenueReason::Expired),
                        (_, Some(reason)) => Answer::Rejected(*reason),
                        (_, None) => self.site.accepted(&reference),
                    };
                    self.network.answer(self.now, self.epoch, &reference, answer);
                }
            }
            ToVenue::Cancel(order) => {
                let refused = self.site.cancel(self.now, &order);
                self.spread();
                if let Some(answer) = refused {
                    self.network.answer(self.now, self.epoch, &order, answer);
                }
            }
            ToVenue::Query(order) => {
                let answer = self.site.query(&order);
                self.network.answer(self.now, self.epoch, &order, answer);
            }
        }
        Ok(())
    }

    /// The process's loop: append, commit if something leaves, do it; it may die at any point.
    fn settle(&mut self) -> Result<(), Finding> {
        match self.try_settle() {
            Ok(()) => Ok(()),
            Err(End::Found(finding)) => Err(finding),
            Err(End::Crash) => self.crash(),
        }
    }

    fn try_settle(&mut self) -> Result<(), End> {
        loop {
            self.process.append()?;
            self.point()?;
            let effects = self.process.effects();
            let leaves = effects.iter().any(Effect::leaves);
            if self.process.uncommitted
                && (leaves || self.random.chance(20))
                && self.plant != Plant::SendBeforeCommit
            {
                self.process.commit()?;
                self.point()?;
            }
            if effects.is_empty() {
                break;
            }
            for effect in effects {
                self.perform(effect)?;
                self.point()?;
            }
        }
        if self.plant != Plant::SendBeforeCommit || self.random.chance(10) {
            self.process.snapshot()?;
        }
        self.check()?;
        Ok(())
    }

    /// A point at which the process may die.
    fn point(&mut self) -> Result<(), End> {
        if self.network.faulty {
            self.fuse = self.fuse.saturating_sub(1);
            if self.fuse == 0 {
                return Err(End::Crash);
            }
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Finding> {
        let now = self.now;
        match effect {
            Effect::Submit(approved) => {
                let order = *approved.order();
                let bot = Identity::parse(&order.client_id).map_or(0, |identity| identity.bot.0);
                if self.stopped.contains(&bot) {
                    return Err(Finding::AfterStop(order.client_id));
                }
                self.process.conductor.sent(now, &order);
                self.left.extend(order.client_ids());
                self.counts.orders += 1;
                self.counts.pairs += u64::from(order.other.is_some());
                let reference =
                    OrderRef { account: order.account, market: order.market, client_id: order.client_id };
                self.network.request(now, self.epoch, &reference, ToVenue::Submit { order, signed: now });
                if self.plant == Plant::ResendOnTimeout {
                    let signed = now.plus_nanos(10 * SECOND);
                    self.network.request(signed, self.epoch, &reference, ToVenue::Submit { order, signed });
                }
            }
            Effect::Cancel(order) => {
                self.process.conductor.cancel_sent(now, order);
                self.network.request(now, self.epoch, &order, ToVenue::Cancel(order));
            }
            Effect::Query(_) if self.plant == Plant::NeverAsk => {}
            Effect::Query(order) => self.network.request(now, self.epoch, &order, ToVenue::Query(order)),
            Effect::Past { ticket, count, .. } => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                self.network.past(now, self.epoch, ticket, count);
            }
            Effect::Open { request, name, funds } => {
                let account = self.site.open_for(&name, &funds);
                self.process.conductor.account_opened(now, request, Ok(account));
            }
            Effect::Holdings(account) => {
                let holdings = self.site.holdings(account);
                self.process.conductor.holds(now, account, &holdings);
            }
            Effect::Reply(request, answer) => self.answered(request, answer),
            Effect::Publish(event) => match event.what {
                Happened::External { client_id } => return Err(Finding::External(client_id)),
                Happened::Overfilled { .. } => return Err(Finding::Overfilled),
                Happened::Order { outcome, .. } if outcome == "fill" => self.counts.fills += 1,
                Happened::Order { outcome, .. } if outcome == "unknown" => self.counts.unknown += 1,
                _ => {}
            },
            // Reports come for every account, bars after the past was asked for.
            Effect::Watch(_) | Effect::Subscribe(..) => {}
        }
        Ok(())
    }

    fn answered(&mut self, request: u64, answer: Result<Accepted<BotReply>, LaneError>) {
        let Some(command) = self.asked.remove(&request) else { return };
        match (command, answer) {
            (_, Ok(Accepted { outcome: BotReply::Bot(bot), .. })) => {
                self.known.insert(bot.name.clone());
                let runs = bot.state == "running";
                if !runs && self.plant != Plant::DeafToStop {
                    self.stopped.insert(bot.id);
                }
                if runs && self.plant == Plant::DeafToStop && self.random.chance(50) {
                    // As if a stop had been acknowledged that the bot never heard of.
                    self.stopped.insert(bot.id);
                }
            }
            (command, Err(LaneError::Refused(refusal))) => {
                self.found = Some(Finding::Forgotten(format!("{command:?}: {}", refusal.message)));
            }
            _ => {}
        }
    }

    /// The process dies, and starts again a little later.
    fn crash(&mut self) -> Result<(), Finding> {
        self.counts.crashes += 1;
        let random = &mut self.random;
        self.disk = if random.chance(50) {
            self.disk.after_power_cut(512, &mut |bound| random.below(bound))
        } else {
            self.disk.copy()
        };
        self.network.hang_up();
        self.epoch += 1;
        // Whoever starts asks about everything.
        self.ghosts = Ghosts::default();
        (self.subscribed, self.asked) = (false, BTreeMap::new());
        self.fuse = self.random.between(20, 900).unsigned_abs();
        self.check_records()?;
        self.now = self.now.plus_nanos(self.random.between(1, 20_000) * 1_000_000);
        // Reports of the meantime reach nobody.
        let facts = cast::facts(self.plant, self.seed, self.network.unordered);
        self.process = Process::start(&self.disk, facts, self.now, &self.site, &mut self.words)?;
        let engine = self.process.conductor.shard().engine();
        let there: BTreeSet<String> =
            engine.bots().filter_map(|bot| bot.spec().map(|spec| spec.name.clone())).collect();
        match self.known.iter().find(|name| !there.contains(*name)) {
            Some(name) => Err(Finding::Forgotten(name.clone())),
            None => Ok(()),
        }
    }

    /// Everything that left is in a durable record (B1, order protocol step 1).
    fn check_records(&self) -> Result<(), Finding> {
        let failed = |error: journal::Failure| Finding::Journal(error.to_string());
        let disk: Arc<dyn Disk> = Arc::new(self.disk.copy());
        let mut recorded = BTreeSet::new();
        let mut reader = match Reader::open_on(&disk, Path::new(DIR), From::Oldest, Tail::Final) {
            Ok(reader) => reader,
            // It died before there was a journal.
            Err(_) if self.left.is_empty() => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        while let Some(found) = reader.records.next().map_err(failed)? {
            if let Ok(Record::Input(step)) = record::read(found.payload) {
                recorded.extend(step.intents.iter().flat_map(|intent| match intent {
                    Intent::Submit(order) => order.client_ids().collect::<Vec<_>>(),
                    Intent::Cancel { .. } => Vec::new(),
                }));
            }
        }
        match self.left.difference(&recorded).next() {
            Some(id) => Err(Finding::Unrecorded(*id)),
            None => Ok(()),
        }
    }

    /// What must hold after every step.
    fn check(&mut self) -> Result<(), Finding> {
        for bot in self.process.conductor.shard().engine().bots() {
            let qty = bot.ledger().position(MARKET).qty().0;
            if qty.abs() > POSITION_MAX {
                return Err(Finding::Limit { bot: bot.id().0, qty });
            }
        }
        if !self.is_exposed() {
            self.exposed = None;
        } else if self.now.since(*self.exposed.get_or_insert(self.now)) > EXPOSED_MAX {
            return Err(Finding::Unguarded);
        }
        Ok(())
    }

    /// Whether a position with a bracket has nothing at the venue that the engine believes to be there.
    fn is_exposed(&self) -> bool {
        let (conductor, engine) = (&self.process.conductor, self.process.conductor.shard().engine());
        let bare = |bot: BotView<'_>| {
            let held = bot.ledger().position(MARKET).qty().0 > POSITION_MAX / 100;
            let acts = bot.state() == BotState::Running && engine.halt(bot.account()) == Halt::Off;
            let gone = match bot.guarding(MARKET) {
                Guarding::Nothing => true,
                Guarding::Rests => !bot.legs().all(|id| self.site.lives(bot.account(), id)),
                Guarding::Watched | Guarding::Leaves => false,
            };
            bot.bracket().is_some() && held && acts && gone
        };
        conductor.unsettled() == 0 && !conductor.is_held() && engine.bots().any(bare)
    }

    /// The operator: makes the bots, and now and then stops and starts one.
    fn operate(&mut self) {
        for name in NAMES {
            if !self.known.contains(name) {
                self.command(cast::create(name), Some(name));
            }
        }
        let names: Vec<String> = self.known.iter().cloned().collect();
        for bot in names {
            let calm = !self.network.faulty;
            let id = self
                .process
                .conductor
                .shard()
                .engine()
                .bots()
                .find_map(|view| view.spec().filter(|spec| spec.name == bot).map(|_| view.id()));
            let stopped = id.is_some_and(|BotId(id)| self.stopped.contains(&id));
            if calm || self.random.chance(6) {
                self.command(BotCommand::Stop { bot }, None);
            } else if stopped || self.random.chance(10) {
                if let Some(BotId(id)) = id {
                    self.stopped.remove(&id);
                }
                self.command(BotCommand::Start { bot }, None);
            }
        }
    }

    fn command(&mut self, command: BotCommand, key: Option<&str>) {
        self.requests += 1;
        let key = key.map(str::to_owned);
        let envelope = Envelope { idempotency_key: key, ..Envelope::of_operator(command) };
        self.asked.insert(self.requests, envelope.command.clone());
        self.process.conductor.command(self.now, self.requests, &envelope);
    }

    /// The journal alone leads to the same decisions, record by record, and to the same state.
    fn replay(&mut self) -> Result<(), Finding> {
        let failed = |error: &dyn std::fmt::Display| Finding::Journal(error.to_string());
        self.process.commit()?;
        let disk: Arc<dyn Disk> = Arc::new(self.disk.copy());
        let reader = Reader::open_on(&disk, Path::new(DIR), From::Oldest, Tail::Final);
        let mut reader = reader.map_err(|e| failed(&e))?;
        let mut shard = live::Shard::default();
        while let Some(found) = reader.records.next().map_err(|e| failed(&e))? {
            shard.apply(found.seq, found.payload).map_err(|e| failed(&e))?;
        }
        let now = self.process.conductor.shard();
        if (shard.seq(), shard.state_hash()) != (now.seq(), now.state_hash()) {
            return Err(Finding::Journal("the replay of all records ends in another state".to_owned()));
        }
        Ok(())
    }

    /// What must hold at the end, long after the faults.
    fn judge(&self) -> Result<(), Finding> {
        if let Some(id) = self.site.twice() {
            return Err(Finding::Twice(id));
        }
        if let Some(violation) = self.site.unsound() {
            return Err(Finding::Venue(violation));
        }
        let engine = self.process.conductor.shard().engine();
        for bot in engine.bots() {
            let open = bot.working().count() + self.site.open_orders(bot.account());
            if open > 0 || self.process.conductor.unsettled() > 0 {
                let orders = bot.working().filter_map(|id| engine.orders().get(id));
                let shown = |o: &orders::Order| {
                    format!("{} {:?} cancel asked: {}", o.client_id, o.state, o.cancel_asked)
                };
                let shown: Vec<String> = orders.map(shown).collect();
                let state = format!("{:?}: {}", bot.state(), shown.join(", "));
                return Err(Finding::NotSettled { orders: open, open: state });
            }
            let mut gaps: BTreeMap<AssetId, i128> = BTreeMap::new();
            for (asset, amount) in bot.ledger().assets() {
                *gaps.entry(*asset).or_default() += amount.0;
            }
            for (asset, amount) in self.site.holdings(bot.account()) {
                *gaps.entry(asset).or_default() -= amount.0;
            }
            if let Some((asset, gap)) = gaps.into_iter().find(|(_, gap)| *gap != 0) {
                return Err(Finding::Ledger { bot: bot.id().0, asset: asset.0, gap });
            }
        }
        self.check_records()
    }
}
