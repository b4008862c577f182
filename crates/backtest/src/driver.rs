//! The virtual-time driver: recorded events, reports of the simulated venue, timers and funding become one stream of inputs by
//! time, and the engine takes them one by one.
//!
//! **What is seen when** (invariant H3). A bar begins at its open time for the venue, which lives through it, and is heard by
//! strategies at its close plus the feed's delay. At one moment the venue's news come first, then funding, then bars that
//! closed, then timers, then bars that begin: so an order decided on a close meets the next open and nothing earlier.
//! Longer bars are folded from closed shorter ones (H4). No input ever carries a later time than one after it (T1).
//!
//! A recorded book that venue and strategies see at the same time is kept once: it is the engine's, and lent to the venue while
//! that looks at it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use engine::{Engine, Input, Output};
use orders::BotId;
use strategy::Tag;
use types::depth::DepthSnapshot;
use types::{Bar, FeedState, Interval, MarketEvent, MarketId, MarketNews, Stamped, Time};
use venue_sim::{News, SimVenue};

use crate::fold::Fold;
use crate::recorder::Recorder;
use crate::run::Recording;
use crate::tape::{Tape, TapeError};

/// Actions between two looks of the watcher.
const WATCH_EVERY: u64 = 1 << 16;

/// Funding of perpetuals is due at these steps of the day: 00:00, 08:00, 16:00 UTC.
const FUNDING_NS: i64 = 8 * 3_600 * 1_000_000_000;

/// Open orders are asked about this often when reports can be lost.
const AUDIT_NS: i64 = 30 * 1_000_000_000;

/// Whether to go on; asked now and then.
pub type Watch<'a> = &'a mut dyn FnMut(Time) -> bool;
/// Told of each noted close with the engine as it is then.
pub(crate) type Observe<'a> = &'a mut dyn FnMut(Time, &Engine);

/// One tape and what of it is under way.
struct Lane<'a> {
    tape: Box<dyn Tape + 'a>,
    /// The present event has not begun.
    begins: Option<Time>,
    /// The present event is a bar that has begun and is heard then.
    heard: Option<Time>,
    /// Events that have begun and are heard later.
    late: VecDeque<(Time, MarketEvent)>,
    folds: Vec<Fold>,
    folded: MarketEvent,
}

/// What happens next; by time, then in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Link,
    Audit,
    Funding,
    Hear(usize),
    Timer,
    Begin(usize),
}

/// A run under way.
pub(crate) struct Driver<'a> {
    pub(crate) engine: Engine,
    pub(crate) venue: SimVenue,
    pub(crate) recorder: Recorder,
    /// Whether anything can go wrong.
    pub(crate) faulty: bool,
    lanes: Vec<Lane<'a>>,
    timers: BinaryHeap<Reverse<(Time, u64, BotId, u32)>>,
    out: Vec<Output>,
    seq: u64,
    feed_ns: i64,
    bot: BotId,
    /// Equity is noted at the closes of these bars.
    main: (MarketId, Interval),
    /// A close whose equity is to be noted.
    mark: Option<Time>,
    /// Without bars: when equity is noted next.
    tick: Option<Time>,
    /// Rate per eight hours, and when it is due next.
    funding: Option<(i64, Time)>,
    /// When the connection is next lost, and when it comes back; while it is lost nothing is heard.
    link: Option<(Time, Time)>,
    down: bool,
    /// When open orders are next asked about; only with faults.
    audit: Option<Time>,
    /// Markets whose one book is lent to the venue.
    shared: Vec<MarketId>,
    pub(crate) now: Time,
    pub(crate) first: Option<Time>,
    pub(crate) strangers: u64,
    /// Positions that were closed beyond zero by what guarded them.
    pub(crate) overfills: u64,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(
        engine: Engine,
        venue: SimVenue,
        recorder: Recorder,
        bot: BotId,
        main: (MarketId, Interval),
        feed_ns: i64,
        funding: i64,
    ) -> Self {
        Self {
            engine,
            venue,
            recorder,
            faulty: false,
            lanes: Vec::new(),
            timers: BinaryHeap::new(),
            out: Vec::new(),
            seq: 0,
            feed_ns,
            bot,
            main,
            mark: None,
            tick: None,
            funding: (funding != 0).then_some((funding, Time(i64::MIN))),
            link: None,
            down: false,
            audit: None,
            shared: Vec::new(),
            now: Time(i64::MIN),
            first: None,
            strangers: 0,
            overfills: 0,
        }
    }

    /// Adds a tape of bars, if `bars`; `longer` are the intervals to be folded from them, shortest first.
    pub(crate) fn add(&mut self, recording: Recording<'a>, longer: &[Interval]) -> Result<(), TapeError> {
        let Recording { tape, bars } = recording;
        let market = tape.event().market;
        // With faults, or with a feed that is late, the two do not see the same book.
        if bars.is_none() && !self.faulty && self.feed_ns == 0 && !self.shared.contains(&market) {
            self.shared.push(market);
        }
        let folds = longer.iter().map(|interval| Fold::new(*interval)).collect();
        let folded = tape.event().clone();
        let mut lane = Lane { tape, begins: None, heard: None, late: VecDeque::new(), folds, folded };
        lane.load()?;
        self.lanes.push(lane);
        Ok(())
    }

    /// Runs to the end of all tapes, or until `watch` says no (`false` then).
    pub(crate) fn run(&mut self, watch: Watch<'_>, observe: Observe<'_>) -> Result<bool, TapeError> {
        let mut actions = 0_u64;
        while let Some((at, action)) = self.earliest() {
            if self.first.is_none() {
                self.begin(at);
            }
            if self.settle(at, action, observe) {
                continue;
            }
            self.now = at;
            match action {
                Action::Link => self.link(at),
                Action::Audit => self.audit(at),
                Action::Funding => self.fund(at),
                Action::Hear(lane) => self.hear(lane, at)?,
                Action::Timer => self.ring(at),
                Action::Begin(lane) => self.start(lane, at)?,
            }
            actions += 1;
            if actions.is_multiple_of(WATCH_EVERY) && !watch(at) {
                return Ok(false);
            }
        }
        // The last close: what is filled there is still part of the run.
        while self.settle(self.now, Action::Begin(0), observe) {}
        Ok(true)
    }

    fn begin(&mut self, at: Time) {
        self.first = Some(at);
        if let Some((_, due)) = &mut self.funding {
            *due = Time(at.0 - at.0.rem_euclid(FUNDING_NS) + FUNDING_NS);
        }
        if self.faulty {
            self.audit = Some(at.plus_nanos(AUDIT_NS));
            self.link = self.venue.outage(at);
        }
        let bars = |lane: &Lane<'_>| matches!(lane.tape.event().data, MarketNews::Bar(_));
        if !self.lanes.iter().any(bars) {
            self.tick = Some(self.main.1.next(self.main.1.start(at)));
        }
    }

    fn earliest(&self) -> Option<(Time, Action)> {
        let mut first: Option<(Time, Action)> = None;
        for (n, lane) in self.lanes.iter().enumerate() {
            consider(&mut first, lane.begins, Action::Begin(n));
            consider(&mut first, lane.heard, Action::Hear(n));
            consider(&mut first, lane.late.front().map(|(at, _)| *at), Action::Hear(n));
        }
        // Timers and funding do not keep a run going.
        first?;
        consider(&mut first, self.timers.peek().map(|Reverse(timer)| timer.0), Action::Timer);
        consider(&mut first, self.funding.map(|(_, due)| due), Action::Funding);
        if self.faulty {
            consider(&mut first, self.audit, Action::Audit);
            consider(
                &mut first,
                self.link.map(|(from, until)| if self.down { until } else { from }),
                Action::Link,
            );
        }
        first
    }

    /// Does what comes before `action` at `at`: notes the equity, and takes in one piece of the venue's news. `true` after news:
    /// then something else may be the next to happen.
    fn settle(&mut self, at: Time, action: Action, observe: Observe<'_>) -> bool {
        loop {
            if let Some(tick) = self.tick.filter(|tick| *tick <= at) {
                self.mark = Some(tick);
                self.tick = Some(self.main.1.next(tick));
            }
            let marked = self.mark.filter(|mark| at > *mark || matches!(action, Action::Begin(_)));
            let until = marked.unwrap_or(at);
            // Asked first, because an answer is large and there nearly never is one.
            if self.venue.next_at().is_some_and(|due| due <= until)
                && let Some((when, news)) = self.next_news(until)
            {
                self.news(when, news);
                return true;
            }
            let Some(mark) = marked else { return false };
            self.recorder.mark(&self.engine, mark);
            observe(mark, &self.engine);
            self.mark = None;
        }
    }

    /// The venue's next piece of news up to `until`.
    fn next_news(&mut self, until: Time) -> Option<(Time, News)> {
        if self.shared.is_empty() {
            return self.venue.next(until);
        }
        self.swap_books();
        let news = self.venue.next(until);
        self.swap_books();
        news
    }

    /// Lends all shared books to the venue, or takes them back.
    fn swap_books(&mut self) {
        for market in &self.shared {
            if let Some(book) = self.engine.book_mut(*market) {
                self.venue.swap_book(*market, book);
            }
        }
    }

    fn news(&mut self, at: Time, news: News) {
        self.now = self.now.max(at);
        let input = match news {
            News::Report(report) => Input::Execution(report),
            News::Liquidated(liquidation) => Input::Liquidation(liquidation),
        };
        self.step(at, input);
        if let News::Liquidated(liquidation) = news {
            self.recorder.liquidated(&self.engine, at, &liquidation);
        }
    }

    fn start(&mut self, lane: usize, at: Time) -> Result<(), TapeError> {
        let lane = &mut self.lanes[lane];
        lane.begins = None;
        let event = lane.tape.event();
        let looks =
            matches!(event.data, MarketNews::Snapshot(_) | MarketNews::Diff(_) | MarketNews::Print(_));
        let lent = looks && self.shared.contains(&event.market);
        if let Some(book) = self.engine.book_mut(event.market).filter(|_| lent) {
            self.venue.swap_book(event.market, book);
            self.venue.market(at, event);
            self.venue.swap_book(event.market, book);
        } else {
            self.venue.market(at, event);
        }
        let heard = match &event.data {
            MarketNews::Bar(bar) => bar.interval.next(bar.open_time).plus_nanos(self.feed_ns),
            _ => at.plus_nanos(self.feed_ns),
        };
        if self.feed_ns > 0 {
            lane.late.push_back((heard, event.clone()));
            return lane.load();
        }
        if heard > at {
            lane.heard = Some(heard);
            return Ok(());
        }
        if lent {
            self.seq += 1;
            self.engine.hear_noted(at, self.seq, event, &mut self.out);
        } else if !self.down {
            self.seq += 1;
            self.engine.hear(at, self.seq, event, &mut self.out);
        }
        lane.load()?;
        self.outputs(at);
        Ok(())
    }

    /// The connection is lost, or comes back: then the books are fetched anew and every open order is asked about.
    fn link(&mut self, at: Time) {
        self.down = !self.down;
        let state = if self.down { FeedState::Down } else { FeedState::Up };
        let markets: Vec<MarketId> = self.engine.markets().iter().map(|v| v.instrument().market.id).collect();
        for market in markets {
            self.step(at, Input::Market(MarketEvent { market, data: MarketNews::Feed(state) }));
            if let (false, Some(data)) = (self.down, self.venue.book(market).and_then(snapshot)) {
                self.step(at, Input::Market(MarketEvent { market, data }));
            }
        }
        if !self.down {
            self.link = self.venue.outage(at);
            self.ask(at);
        }
    }

    fn audit(&mut self, at: Time) {
        self.audit = Some(at.plus_nanos(AUDIT_NS));
        if !self.down {
            self.ask(at);
        }
    }

    fn ask(&mut self, at: Time) {
        let open: Vec<_> = self.engine.orders().open().map(|o| (o.market, o.client_id)).collect();
        for (market, client_id) in open {
            self.venue.ask(at, market, client_id);
        }
    }

    fn hear(&mut self, lane: usize, at: Time) -> Result<(), TapeError> {
        let index = lane;
        let lane = &mut self.lanes[lane];
        let late = if lane.heard.take().is_none() { lane.late.pop_front() } else { None };
        let event = late.as_ref().map_or_else(|| lane.tape.event(), |(_, event)| event);
        if !self.down {
            self.seq += 1;
            self.engine.hear(at, self.seq, event, &mut self.out);
        }
        if let MarketNews::Bar(bar) = event.data {
            self.outputs(at);
            self.closed(index, at, &bar);
        } else {
            self.outputs(at);
        }
        if late.is_none() { self.lanes[index].load() } else { Ok(()) }
    }

    /// A bar was heard: what it closes of longer ones, and whether equity is to be noted.
    fn closed(&mut self, lane: usize, at: Time, bar: &Bar) {
        let market = self.lanes[lane].tape.event().market;
        self.recorder.bar(&self.engine, market, bar);
        self.note((market, bar.interval), at);
        for n in 0..self.lanes[lane].folds.len() {
            for longer in self.lanes[lane].folds[n].add(bar).into_iter().flatten() {
                let lane = &mut self.lanes[lane];
                lane.folded = MarketEvent { market, data: MarketNews::Bar(longer) };
                if !self.down {
                    self.seq += 1;
                    self.engine.hear(at, self.seq, &lane.folded, &mut self.out);
                }
                self.outputs(at);
                self.note((market, longer.interval), at);
            }
        }
    }

    fn note(&mut self, closed: (MarketId, Interval), at: Time) {
        if closed == self.main {
            self.mark = Some(at);
        }
    }

    fn ring(&mut self, at: Time) {
        if let Some(Reverse((_, _, bot, id))) = self.timers.pop() {
            self.step(at, Input::Timer { bot, id });
        }
    }

    /// Funding at the last price, for every perpetual with a price.
    fn fund(&mut self, at: Time) {
        let Some((rate, due)) = &mut self.funding else { return };
        let rate = *rate;
        *due = at.plus_nanos(FUNDING_NS);
        let perpetual = |i: &types::Instrument| matches!(i.kind, types::InstrumentKind::LinearPerp { .. });
        let views = self.engine.markets().iter().filter(|v| perpetual(v.instrument()));
        let due: Vec<_> = views.filter_map(|v| Some((v.instrument().market.id, v.mark()?))).collect();
        for (market, mark) in due {
            let event = MarketEvent { market, data: MarketNews::Funding { rate, mark } };
            self.venue.market(at, &event);
            self.step(at, Input::Market(event));
        }
    }

    pub(crate) fn step(&mut self, at: Time, input: Input) {
        self.seq += 1;
        self.engine.step(&Stamped { at, seq: self.seq, input }, &mut self.out);
        self.outputs(at);
    }

    /// Does what the engine wants done.
    fn outputs(&mut self, at: Time) {
        if self.out.is_empty() {
            return;
        }
        let mut out = std::mem::take(&mut self.out);
        for output in out.drain(..) {
            match output {
                Output::Submit(approved) => {
                    let why = self.engine.bot(self.bot).and_then(|b| b.why().next_back());
                    let reason = why.map_or("", |w| w.reason.code);
                    for id in approved.order().client_ids() {
                        let tag = self.engine.orders().get(&id).map(|order| Tag(order.tag));
                        self.recorder.submitted(id, tag.and_then(guards).unwrap_or(reason));
                        self.engine.sent(&id);
                    }
                    self.venue.submit(at, &approved);
                }
                Output::Cancel { market, client_id } => {
                    self.recorder.counts.cancels += 1;
                    self.venue.cancel(at, market, client_id);
                }
                Output::SetTimer { bot, at: when, id } => {
                    self.seq += 1;
                    self.timers.push(Reverse((when.max(at), self.seq, bot, id)));
                }
                Output::Denied { denied, .. } => self.recorder.refused(denied.code()),
                Output::Order { client_id, outcome, .. } => {
                    self.recorder.told(&self.engine, at, &client_id, &outcome);
                }
                Output::External { .. } => self.strangers += 1,
                Output::Overfilled { .. } => self.overfills += 1,
                // Bots of a run are made before it starts.
                Output::NotCreated { .. } => {}
            }
        }
        self.out = out;
    }
}

/// The reason of an order that guards a position.
const fn guards(tag: Tag) -> Option<&'static str> {
    match tag {
        Tag::STOP => Some("bracket_stop"),
        Tag::TARGET => Some("bracket_target"),
        Tag::LEAVE => Some("bracket_leave"),
        _ => None,
    }
}

/// A known book as the snapshot a venue would send.
fn snapshot(book: &market_data::SyncedBook) -> Option<MarketNews> {
    let market_data::State::Live { last } = book.state() else { return None };
    let side = |side| book.book().map(|b| b.side(side).iter().collect()).unwrap_or_default();
    let (bids, asks) = (side(types::Side::Buy), side(types::Side::Sell));
    Some(MarketNews::Snapshot(DepthSnapshot { last, bids, asks }))
}

/// Keeps the earlier of `first` and `action` at `at`.
fn consider(first: &mut Option<(Time, Action)>, at: Option<Time>, action: Action) {
    if let Some(at) = at
        && first.is_none_or(|f| (at, action) < f)
    {
        *first = Some((at, action));
    }
}

impl Lane<'_> {
    /// Moves the tape to its next event.
    fn load(&mut self) -> Result<(), TapeError> {
        self.begins = if self.tape.advance()? { Some(self.tape.at()) } else { None };
        Ok(())
    }
}
