//! The journaled state of a shard: the engine, its timers, the idempotency keys, the last bar of every feed. A function of the
//! records and of nothing else, so recovery, replay and the standby are the same loop over [`Shard::apply`].

use std::collections::{BTreeMap, BTreeSet};

use engine::{Engine, Input, Output};
use orders::{BotId, Order, OtherLeg, State, VenueOrder};
use strategy::{Tag, Words};
use types::wire::{Reader, WireError, Writer};
use types::{Interval, MarketEvent, MarketId, MarketNews, Qty, Stamped, Time};

use crate::ReplayError;
use crate::keys::{Done, Keys};
use crate::record::{self, Record, Session};

/// The version of a saved state.
const VERSION: u8 = 1;

/// One shard.
#[derive(Default)]
pub struct Shard {
    engine: Engine,
    timers: BTreeSet<(Time, BotId, u32)>,
    keys: Keys,
    /// Opening of the last bar that was heard, by feed.
    bars: BTreeMap<(MarketId, Interval), Time>,
    seq: u64,
    at: Time,
    session: u64,
    installation: u32,
}

impl Shard {
    /// Begins a session; returns its record. `installation` counts on the very first.
    pub fn begin(&mut self, at: Time, installation: u32, program: &str) -> Vec<u8> {
        let installation = if self.session == 0 { installation } else { self.installation };
        let session = Session {
            at: at.max(self.at),
            number: self.session + 1,
            installation,
            program: program.to_owned(),
        };
        let mut record = Vec::new();
        record::put_session(&session, &mut record);
        self.enter(&session);
        record
    }

    fn enter(&mut self, session: &Session) {
        if self.session == 0 {
            self.engine = Engine::new(session.installation);
            self.installation = session.installation;
        }
        self.session = session.number;
        self.at = self.at.max(session.at);
        self.seq += 1;
    }

    /// Takes down the hash of the whole state; returns its record.
    pub fn checkpoint(&mut self) -> Vec<u8> {
        let mut record = Vec::new();
        record::put_checkpoint(self.state_hash(), &mut record);
        self.seq += 1;
        record
    }

    /// Takes in one input at `now` (or the last input's time, if that is later): appends what it leads to, and its record.
    ///
    /// # Errors
    /// An input that cannot be journaled (an instrument whose numbers do not fit together); the shard is not to be used then.
    pub fn step(
        &mut self,
        now: Time,
        key: Option<&str>,
        input: Input,
        out: &mut Vec<Output>,
        record: &mut Vec<u8>,
    ) -> Result<u64, WireError> {
        self.at = self.at.max(now);
        self.seq += 1;
        let stamped = Stamped { at: self.at, seq: self.seq, input };
        out.clear();
        self.engine.step(&stamped, out);
        self.remember(&stamped.input, key);
        for output in out.iter() {
            match output {
                // It leaves as soon as its record is durable, or it is resolved after a restart as if it had.
                Output::Submit(approved) => {
                    approved.order().client_ids().for_each(|id| self.engine.sent(&id));
                }
                Output::SetTimer { bot, at, id } => {
                    self.timers.insert((*at, *bot, *id));
                }
                _ => {}
            }
        }
        record::put_step(self.at, key, &stamped.input, out, self.engine.digest(), record)?;
        Ok(self.seq)
    }

    fn remember(&mut self, input: &Input, key: Option<&str>) {
        match input {
            Input::Timer { bot, id } => {
                let at = self.at;
                self.timers.retain(|(when, whose, own)| (whose, own) != (bot, id) || *when > at);
            }
            Input::Market(MarketEvent { market, data: MarketNews::Bar(bar) })
            | Input::WarmUp { event: MarketEvent { market, data: MarketNews::Bar(bar) }, .. } => {
                let last = self.bars.entry((*market, bar.interval)).or_insert(bar.open_time);
                *last = bar.open_time.max(*last);
            }
            _ => {}
        }
        if let Some(key) = key {
            let bot = match input {
                Input::Control(control) => bot_of(control),
                _ => None,
            };
            self.keys.put(key, Done { seq: self.seq, bot });
        }
    }

    /// Takes in a record again and checks that the same follows from it.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn apply(&mut self, seq: u64, payload: &[u8]) -> Result<Record, ReplayError> {
        let malformed = |why: &str| ReplayError::Malformed { seq, why: why.to_owned() };
        let record = record::read(payload).map_err(|error| malformed(&error.to_string()))?;
        if seq != self.seq + 1 {
            return Err(malformed(&format!("the one before it is {}", self.seq)));
        }
        let step = match &record {
            Record::Session(session) => {
                self.enter(session);
                return Ok(record);
            }
            Record::Checkpoint { state_hash } => {
                let found = self.state_hash();
                if found != *state_hash {
                    let what = format!("the state hash was {state_hash:016x} and is {found:016x}");
                    return Err(ReplayError::Differs { seq, what });
                }
                self.seq += 1;
                return Ok(record);
            }
            Record::Input(step) => step,
        };
        let (mut out, mut again) = (Vec::new(), Vec::new());
        self.step(step.at, step.key.as_deref(), step.input.clone(), &mut out, &mut again)
            .map_err(|error| malformed(&error.to_string()))?;
        if again != payload {
            return Err(ReplayError::Differs { seq, what: self.difference(step, &again) });
        }
        Ok(record)
    }

    /// In words, what is not as it was.
    fn difference(&self, then: &record::Step, again: &[u8]) -> String {
        let Ok(Record::Input(now)) = record::read(again) else { return "it cannot be written".to_owned() };
        let shown = |intents: &[record::Intent]| {
            let all: Vec<String> = intents.iter().map(ToString::to_string).collect();
            if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
        };
        if then.intents != now.intents {
            return format!("then {}; now {}", shown(&then.intents), shown(&now.intents));
        }
        format!("the hash of all decisions was {:016x} and is {:016x}", then.digest, self.engine.digest())
    }

    /// The engine, to look at.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The last record.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The time of the last record.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }

    /// The running session's number; 0 before the first.
    #[must_use]
    pub const fn session(&self) -> u64 {
        self.session
    }

    /// The first timer that was asked for.
    #[must_use]
    pub fn timer(&self) -> Option<(Time, BotId, u32)> {
        self.timers.first().copied()
    }

    /// All timers that were asked for.
    pub fn timers(&self) -> impl Iterator<Item = (Time, BotId, u32)> {
        self.timers.iter().copied()
    }

    /// The engine, to go on with elsewhere.
    #[must_use]
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// What a command with this key led to.
    #[must_use]
    pub fn done(&self, key: &str) -> Option<Done> {
        self.keys.get(key)
    }

    /// Opening of the last bar that was heard of a feed.
    #[must_use]
    pub fn last_bar(&self, market: MarketId, interval: Interval) -> Option<Time> {
        self.bars.get(&(market, interval)).copied()
    }

    /// Every order that rests at the venue, as it was sent (one of a pair knows the other), with the venue's number and what may still
    /// trade: what a venue goes on with whose own memory ended with the process.
    #[must_use]
    pub fn resting(&self) -> Vec<(VenueOrder, u64, Qty)> {
        let orders = self.engine.orders();
        let rests = |order: &&Order| matches!(order.state, State::Live | State::PartlyFilled);
        let leg = |client_id| Some(OtherLeg { client_id, terms: orders.get(&client_id)?.terms });
        let sent = |order: &Order| VenueOrder {
            client_id: order.client_id,
            account: order.identity.account,
            market: order.market,
            side: order.side,
            terms: order.terms,
            reduce_only: Tag(order.tag).is_guard(),
            other: order.other.and_then(leg),
        };
        let left = |order: &Order| Qty(order.qty.unwrap_or_default().0 - order.filled.0);
        let all = orders.open().filter(rests);
        all.map(|order| (sent(order), order.venue_id.unwrap_or_default(), left(order))).collect()
    }

    /// A hash of the whole state.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.engine.state_hash()
    }

    /// Appends the whole state.
    ///
    /// # Errors
    /// As [`Engine::save`].
    pub fn save(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let mut w = Writer(out);
        w.u8(VERSION);
        w.u64(self.seq);
        w.i64(self.at.0);
        w.u64(self.session);
        w.u32(self.installation);
        w.varint(self.timers.len() as u64);
        for (at, bot, id) in &self.timers {
            w.i64(at.0);
            w.u32(bot.0);
            w.u32(*id);
        }
        w.varint(self.bars.len() as u64);
        for ((market, interval), open) in &self.bars {
            w.u16(market.0);
            w.u8(interval.code());
            w.i64(open.0);
        }
        self.keys.save(&mut w);
        let mut engine = Vec::new();
        self.engine.save(&mut engine)?;
        w.bytes(&engine);
        Ok(())
    }

    /// Reads what [`Shard::save`] wrote after record `seq`.
    ///
    /// # Errors
    /// [`ReplayError::Snapshot`].
    pub fn load(seq: u64, bytes: &[u8], words: &mut Words) -> Result<Self, ReplayError> {
        let refuse = |why: String| ReplayError::Snapshot { seq, why };
        let shard = Self::read(bytes, words).map_err(refuse)?;
        if shard.seq == seq { Ok(shard) } else { Err(refuse(format!("it is of record {}", shard.seq))) }
    }

    fn read(bytes: &[u8], words: &mut Words) -> Result<Self, String> {
        let text = |error: WireError| error.to_string();
        let mut r = Reader::new(bytes);
        let version = r.u8().map_err(text)?;
        if version != VERSION {
            return Err(format!("it has version {version}, which this program does not know"));
        }
        let mut shard = Self::default();
        let mut fields = |r: &mut Reader<'_>| {
            (shard.seq, shard.at) = (r.u64()?, Time(r.i64()?));
            (shard.session, shard.installation) = (r.u64()?, r.u32()?);
            for _ in 0..r.count(16)? {
                shard.timers.insert((Time(r.i64()?), BotId(r.u32()?), r.u32()?));
            }
            for _ in 0..r.count(11)? {
                let market = MarketId(r.u16()?);
                let interval = Interval::ALL.get(usize::from(r.u8()?)).copied().ok_or(WireError::Invalid)?;
                shard.bars.insert((market, interval), Time(r.i64()?));
            }
            shard.keys = Keys::load(r)?;
            Ok(())
        };
        fields(&mut r).map_err(text)?;
        let engine = r.bytes().map_err(text)?;
        r.end().map_err(text)?;
        shard.engine.load(engine, words).map_err(|error| error.to_string())?;
        Ok(shard)
    }
}

/// The bot that a control is about.
fn bot_of(control: &engine::Control) -> Option<BotId> {
    use engine::Control;
    match control {
        Control::Start(bot) | Control::Pause(bot) | Control::Stop(bot) | Control::Exit(bot) => Some(*bot),
        Control::Signal { bot, .. } | Control::Limits { bot, .. } => Some(*bot),
        Control::Create(spec) => Some(spec.id),
        Control::Cancel(_)
        | Control::Halt { .. }
        | Control::Resume(_)
        | Control::Native(_)
        | Control::Instrument(_) => None,
    }
}
