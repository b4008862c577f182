//! What the feed's thread and the port's callers share: the venue, the recordings, and what was told of every order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use orders::VenueOrder;
use portfolio::position::BotAccount;
use risk::Approved;
use strategy::Feed;
use types::depth::DepthSnapshot;
use types::{
    AccountId, AssetId, Bar, ClientOrderId, FeedState, Instrument, Interval, MarketEvent, MarketId,
    MarketNews, Money, Outcome, Qty, Report, Side, Time, VenueFill,
};
use venue::{Answer, Found, FoundState, Inbox, OrderRef, VenueEvent};

use super::reel::{Moment, Recording, Reel, ReelError};
use crate::{Config, News, SimVenue};

/// Ended orders that can still be asked about; older ones nobody asks for.
const ENDED_MAX: usize = 10_000;
/// News of live markets that wait for room in the inbox: as many as it holds. More, and the feed begins anew.
const WAITING_MAX: usize = 65_536;
/// Bits of an order's number that tell it from others of the same step. What is above them is how many steps of the recordings had been
/// shown when it arrived: so whoever has the number knows where it stands.
const NUMBER_BITS: u32 = 20;

/// What a venue whose memory ended with its process goes on with.
#[derive(Debug, Default)]
pub struct Memory {
    /// Everything up to this moment was shown.
    pub shown: Option<Time>,
    /// Accounts as their bots' books have them.
    pub accounts: Vec<(AccountId, BotAccount)>,
    /// Orders that live: the venue's number, and what may still trade.
    pub orders: Vec<(VenueOrder, u64, Qty)>,
    /// A number above every order's and trade's.
    pub numbers: u64,
}

/// An order as far as the venue told of it.
struct Known {
    account: AccountId,
    venue_id: u64,
    state: FoundState,
    fills: Vec<VenueFill>,
}

pub(crate) struct Floor {
    venue: SimVenue,
    reel: Reel,
    instruments: Vec<Instrument>,
    /// The last moment that was shown.
    pub(crate) now: Time,
    orders: BTreeMap<ClientOrderId, Known>,
    ended: VecDeque<ClientOrderId>,
    /// Live markets that are away.
    down: BTreeSet<MarketId>,
    bars: BTreeSet<(MarketId, Interval)>,
    prints: BTreeSet<MarketId>,
    books: BTreeSet<MarketId>,
    accounts: u32,
    /// Steps of the recordings so far.
    steps: u64,
    /// Counts orders.
    accepted: u64,
    inbox: Box<dyn Inbox>,
    /// What the inbox had no room for yet. The recordings stand still meanwhile, so nothing is ever lost.
    waiting: VecDeque<VenueEvent>,
    moments: Vec<(Time, Moment)>,
    pub(crate) stop: bool,
    over: bool,
}

impl Floor {
    /// The venue at the moment of `memory`: its past is lived through again in silence, then accounts and orders are put back.
    pub(crate) fn new(
        config: Config,
        instruments: Vec<Instrument>,
        recordings: Vec<Recording>,
        memory: Memory,
        inbox: Box<dyn Inbox>,
    ) -> Result<Self, ReelError> {
        let mut venue = SimVenue::new(config);
        for instrument in &instruments {
            venue.add_instrument(instrument.clone());
        }
        let accounts = memory.accounts.iter().map(|(account, _)| account.0).max().unwrap_or(0);
        let reel = Reel::new(recordings)?;
        // The moment before the first one.
        let begins = reel.due().map_or(Time(0), |due| due.plus_nanos(-1));
        let mut floor = Self {
            venue,
            reel,
            instruments,
            now: begins,
            orders: BTreeMap::new(),
            ended: VecDeque::new(),
            down: BTreeSet::new(),
            bars: BTreeSet::new(),
            prints: BTreeSet::new(),
            books: BTreeSet::new(),
            accounts,
            steps: 0,
            accepted: memory.numbers,
            inbox,
            waiting: VecDeque::new(),
            moments: Vec::new(),
            stop: false,
            over: false,
        };
        let mut orders = memory.orders;
        orders.sort_by_key(|(_, venue_id, _)| *venue_id);
        floor.live_again(memory.shown, &orders)?;
        floor.now = floor.now.max(memory.shown.unwrap_or(begins));
        floor.venue.number_from(memory.numbers);
        for (account, ledger) in memory.accounts {
            floor.venue.restore_account(account, ledger);
        }
        for (order, venue_id, left) in orders {
            let known =
                Known { account: order.account, venue_id, state: FoundState::Live, fills: Vec::new() };
            floor.orders.insert(order.client_id, known);
            floor.venue.restore_order(floor.now, &order, left);
        }
        floor.news(floor.now);
        Ok(floor)
    }

    /// Lives through everything that was shown, in silence; `orders` are recalled when they had arrived.
    fn live_again(
        &mut self,
        shown: Option<Time>,
        orders: &[(VenueOrder, u64, Qty)],
    ) -> Result<(), ReelError> {
        // An order of a version that numbered them otherwise stands at the end of its queue.
        let mut arrived = orders.iter().filter(|(_, number, _)| number >> NUMBER_BITS > 0).peekable();
        let mut moments = Vec::new();
        loop {
            while let Some((order, ..)) =
                arrived.next_if(|(_, number, _)| number >> NUMBER_BITS <= self.steps)
            {
                self.venue.recall_order(self.now, order);
            }
            if self.reel.due().is_none_or(|due| shown.is_none_or(|shown| due > shown)) {
                return Ok(());
            }
            self.reel.step(&mut moments)?;
            self.steps += 1;
            for (at, moment) in moments.drain(..) {
                self.live(at, &moment);
            }
        }
    }

    /// The number of an order that arrives now.
    const fn number(&mut self) -> u64 {
        self.accepted = self.accepted.wrapping_add(1);
        self.steps << NUMBER_BITS | self.accepted & ((1 << NUMBER_BITS) - 1)
    }

    pub(crate) fn instruments(&self) -> Vec<Instrument> {
        self.instruments.clone()
    }

    /// When the recordings go on: never while nobody listens, or while something waits for room.
    pub(crate) fn due(&self) -> Option<Time> {
        let listened = !(self.bars.is_empty() && self.prints.is_empty() && self.books.is_empty());
        self.reel.due().filter(|_| listened && self.waiting.is_empty())
    }

    /// Whether something waits for room in the inbox.
    pub(crate) fn is_stuck(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands over what waited.
    pub(crate) fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            if self.inbox.put(event.clone()).is_err() {
                self.waiting.push_front(event);
                return;
            }
        }
    }

    fn tell(&mut self, event: VenueEvent) {
        self.waiting.push_back(event);
        self.flush();
    }

    /// Shows the next moment.
    pub(crate) fn advance(&mut self) {
        let mut moments = std::mem::take(&mut self.moments);
        moments.clear();
        if let Err(error) = self.reel.step(&mut moments) {
            tracing::error!(%error, "a recording cannot be read; its market stands still");
        }
        self.steps += 1;
        for (at, moment) in moments.drain(..) {
            self.news(at);
            self.live(at, &moment);
            self.show(at, moment);
        }
        self.moments = moments;
        if self.reel.due().is_none() && !self.over {
            self.over = true;
            tracing::info!("the recordings are over; their markets stand still");
        }
    }

    /// The venue lives through a moment.
    fn live(&mut self, at: Time, moment: &Moment) {
        if let Moment::Begins(event) | Moment::Shown(event) = moment {
            self.venue.market(at, event);
        }
        self.now = self.now.max(at);
    }

    fn show(&mut self, at: Time, moment: Moment) {
        let event = match moment {
            Moment::Begins(_) => return,
            Moment::Over(market, bar) if self.bars.contains(&(market, bar.interval)) => {
                MarketEvent { market, data: MarketNews::Bar(bar) }
            }
            Moment::Over(..) => return,
            Moment::Shown(event) => {
                if !self.is_wanted(&event) {
                    return;
                }
                event
            }
        };
        self.tell(VenueEvent::Recorded { at, event });
    }

    /// Whether somebody subscribed to it.
    fn is_wanted(&self, event: &MarketEvent) -> bool {
        match event.data {
            MarketNews::Print(_) => self.prints.contains(&event.market),
            MarketNews::Snapshot(_) | MarketNews::Diff(_) => self.books.contains(&event.market),
            MarketNews::Bar(bar) => self.bars.contains(&(event.market, bar.interval)),
            // Nobody subscribes to them, and who decides on bars has no use for them.
            MarketNews::Best { .. } => self.books.contains(&event.market),
            // Also who decides on bars must know whether the market is there, and whoever comes later.
            _ => true,
        }
    }

    /// Takes in what a live market shows at `at`; `false` when too much waits for room, and it is lost. That a market is down, or up, is
    /// always taken.
    pub(crate) fn attend(&mut self, at: Time, event: MarketEvent) -> bool {
        let at = at.max(self.now);
        self.flush();
        if self.waiting.len() >= WAITING_MAX && !matches!(event.data, MarketNews::Feed(_)) {
            return false;
        }
        self.news(at);
        // A live market's fills are its book's and its trades'.
        if !matches!(event.data, MarketNews::Bar(_)) {
            self.venue.market(at, &event);
        }
        self.now = at;
        // What the market did to our orders is told before the market: who hears of a trade at his price knows that he was filled.
        self.news(at);
        match event.data {
            MarketNews::Feed(FeedState::Up) => self.down.remove(&event.market),
            MarketNews::Feed(FeedState::Down) => self.down.insert(event.market),
            _ => false,
        };
        let market = event.market;
        let rises = event.data == MarketNews::Feed(FeedState::Up);
        if self.is_wanted(&event) {
            self.tell(VenueEvent::Market(event));
        }
        // The books of those who were told that it is down, before or after it was joined here, begin anew.
        if rises && self.books.contains(&market) {
            self.show_book(market);
        }
        true
    }

    fn show_book(&mut self, market: MarketId) {
        if let Some(data) = self.venue.book(market).and_then(snapshot) {
            self.tell(VenueEvent::Market(MarketEvent { market, data }));
        }
    }

    /// Tells what the venue says up to `until`.
    fn news(&mut self, until: Time) {
        while let Some((_, news)) = self.venue.next(until) {
            match news {
                News::Report(report) => self.report(report),
                News::Liquidated(liquidation) => self.tell(VenueEvent::Liquidated(liquidation)),
            }
        }
    }

    fn report(&mut self, mut report: Report) {
        if let Outcome::Accepted { venue_id } = &mut report.outcome {
            *venue_id = self.number();
        }
        let Some(known) = self.orders.get_mut(&report.client_id) else { return };
        match report.outcome {
            Outcome::Accepted { venue_id } => known.venue_id = venue_id,
            Outcome::Fill(fill) => known.fills.push(fill),
            Outcome::Canceled => known.state = FoundState::Canceled,
            Outcome::Expired => known.state = FoundState::Expired,
            Outcome::Rejected(reason) => known.state = FoundState::Rejected(reason),
            Outcome::Unknown | Outcome::NeverArrived => {}
        }
        let account = known.account;
        if known.state == FoundState::Live && !self.venue.lives(report.market, &report.client_id) {
            known.state = FoundState::Filled;
        }
        if known.state != FoundState::Live {
            self.ended.push_back(report.client_id);
            if self.ended.len() > ENDED_MAX
                && let Some(oldest) = self.ended.pop_front()
            {
                self.orders.remove(&oldest);
            }
        }
        self.tell(VenueEvent::Report { account, report });
    }

    /// An order arrives.
    pub(crate) fn submit(&mut self, at: Time, order: &Approved<VenueOrder>) {
        let account = order.order().account;
        for client_id in order.order().client_ids() {
            let known = Known { account, venue_id: 0, state: FoundState::Live, fills: Vec::new() };
            self.orders.entry(client_id).or_insert(known);
        }
        self.venue.submit(at, order);
        self.news(at);
    }

    /// A cancel arrives.
    pub(crate) fn cancel(&mut self, at: Time, order: &OrderRef) {
        if !self.venue.lives(order.market, &order.client_id) {
            return self
                .tell(VenueEvent::Answer { client_id: order.client_id, answer: Answer::CancelRefused });
        }
        self.venue.cancel(at, order.market, order.client_id);
        self.news(at);
    }

    /// A question arrives.
    pub(crate) fn query(&mut self, order: &OrderRef) {
        let answer = match self.orders.get(&order.client_id) {
            Some(Known { venue_id, state, fills, .. }) => {
                Answer::Found(Found { venue_id: *venue_id, state: *state, fills: fills.clone() })
            }
            None => Answer::NotFound,
        };
        self.tell(VenueEvent::Answer { client_id: order.client_id, answer });
    }

    pub(crate) fn subscribe(&mut self, market: MarketId, feed: Feed) {
        match feed {
            Feed::Bars(interval) => {
                self.bars.insert((market, interval));
            }
            Feed::Prints => {
                self.prints.insert(market);
            }
            Feed::Book => {
                // Of one that is down it is told when it rises.
                if self.books.insert(market)
                    && !self.down.contains(&market)
                    && self.venue.book(market).is_some()
                {
                    let data = MarketNews::Feed(FeedState::Up);
                    self.tell(VenueEvent::Market(MarketEvent { market, data }));
                    self.show_book(market);
                }
            }
        }
    }

    pub(crate) fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, bars: Vec<Bar>) {
        self.bars.insert((market, interval));
        self.tell(VenueEvent::Past { ticket, market, bars });
    }

    pub(crate) fn open(&mut self, funds: &[(AssetId, Money)]) -> Result<AccountId, types::Overflow> {
        let account = AccountId(self.accounts + 1);
        let mut ledger = BotAccount::default();
        for (asset, amount) in funds {
            ledger.transfer(*asset, *amount)?;
        }
        self.accounts += 1;
        self.venue.restore_account(account, ledger);
        Ok(account)
    }

    pub(crate) fn holdings(&self, account: AccountId) -> Vec<(AssetId, Money)> {
        let held = self.venue.account(account).map(BotAccount::assets).unwrap_or_default();
        held.iter().filter(|(_, amount)| amount.0 != 0).copied().collect()
    }
}

fn snapshot(book: &market_data::SyncedBook) -> Option<MarketNews> {
    let market_data::State::Live { last } = book.state() else { return None };
    let side = |side| book.book().map(|b| b.side(side).iter().collect()).unwrap_or_default();
    Some(MarketNews::Snapshot(DepthSnapshot { last, bids: side(Side::Buy), asks: side(Side::Sell) }))
}
