//! The venue: what comes in, what it says, and in which order things happen.
//!
//! Time only moves by [`SimVenue::next`]: it gives the next piece of news up to a moment, so that its receiver can answer before
//! anything later happens. At one moment news leaves first, then orders and cancels arrive, then prices act.

use std::collections::VecDeque;

use orders::VenueOrder;
use risk::Approved;
use types::{
    AccountId, AssetId, ClientOrderId, FeedState, Instrument, Liquidation, MarketEvent, MarketId, MarketNews,
    Money, Outcome, Overflow, Price, Report, Terms, Time, TradeId, VenueReason,
};

use crate::Config;
use crate::account::{self, Accounts};
use crate::faults::{Fate, Trouble};
use crate::order::{SimMarket, SimOrder, Stage};
use crate::travel::Travel;

/// What the venue says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// About an order of ours.
    Report(Report),
    /// It closed a position of ours.
    Liquidated(Liquidation),
}

/// What is on its way to the venue.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "orders are what mostly travels")]
enum Message {
    Order(VenueOrder),
    Cancel { market: MarketId, client_id: ClientOrderId },
    Ask { market: MarketId, client_id: ClientOrderId },
}

/// The simulated venue of one shard.
#[derive(Clone, Debug)]
pub struct SimVenue {
    pub(crate) config: Config,
    pub(crate) markets: Vec<SimMarket>,
    pub(crate) accounts: Accounts,
    travel: Travel,
    trouble: Option<Trouble>,
    /// On their way to the venue, by arrival.
    incoming: VecDeque<(Time, Message)>,
    /// On their way to us, by arrival.
    outgoing: VecDeque<(Time, News)>,
    /// The earliest thing that a price does in any market.
    pub(crate) due: Option<Time>,
    /// The moment of what happened last.
    now: Time,
    pub(crate) orders: u64,
    pub(crate) trades: u64,
    pub(crate) slipped: Money,
}

impl SimVenue {
    /// A venue without instruments.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let travel = Travel::new(config.latency.clone(), config.seed);
        let trouble = config.faults.any().then(|| Trouble::new(config.faults, config.seed));
        Self {
            config,
            markets: Vec::new(),
            accounts: Accounts::default(),
            travel,
            trouble,
            incoming: VecDeque::new(),
            outgoing: VecDeque::new(),
            due: None,
            now: Time(i64::MIN),
            orders: 0,
            trades: 0,
            slipped: Money::ZERO,
        }
    }

    /// Lists an instrument; `false` unless its number is the next one.
    pub fn add_instrument(&mut self, instrument: Instrument) -> bool {
        let next = usize::from(instrument.market.id.0) == self.markets.len();
        if next {
            self.markets.push(SimMarket::new(instrument));
        }
        next
    }

    /// Brings money to an account.
    ///
    /// # Errors
    /// [`Overflow`]; nothing changed.
    pub fn fund(&mut self, account: AccountId, asset: AssetId, amount: Money) -> Result<(), Overflow> {
        self.accounts.fund(account, asset, amount)
    }

    /// Sends an order that risk approved.
    pub fn submit(&mut self, now: Time, order: &Approved<VenueOrder>) {
        let at = self.travel.there(now);
        let order = *order.order();
        if self.trouble.as_mut().is_some_and(Trouble::loses_order) {
            let back = self.travel.back(at);
            for client_id in order.client_ids() {
                let report = Report { market: order.market, client_id, outcome: Outcome::Unknown };
                self.outgoing.push_back((back, News::Report(report)));
            }
            return;
        }
        self.incoming.push_back((at, Message::Order(order)));
    }

    /// Asks what has become of an order: everything about it is told again (order protocol, step 4), or that it never arrived.
    pub fn ask(&mut self, now: Time, market: MarketId, client_id: ClientOrderId) {
        let at = self.travel.there(now);
        self.incoming.push_back((at, Message::Ask { market, client_id }));
    }

    /// The loss of the connection that is under way at `now`, or the next one: from, until. `None` when it holds for ever.
    pub fn outage(&mut self, now: Time) -> Option<(Time, Time)> {
        self.trouble.as_mut()?.outage(now)
    }

    /// The recorded book of a market, if it is known at the moment.
    #[must_use]
    pub fn book(&self, market: MarketId) -> Option<&market_data::SyncedBook> {
        self.markets.get(usize::from(market.0)).map(|m| &m.book).filter(|book| book.book().is_some())
    }

    /// Exchanges the book of a market for another one: a driver whose strategies read the same feed keeps one book, and lends it
    /// for as long as this venue looks at it.
    pub fn swap_book(&mut self, market: MarketId, book: &mut market_data::SyncedBook) {
        if let Some(view) = self.markets.get_mut(usize::from(market.0)) {
            std::mem::swap(&mut view.book, book);
        }
    }

    /// Whether an order may still trade here.
    #[must_use]
    pub fn lives(&self, market: MarketId, client_id: &ClientOrderId) -> bool {
        self.markets.get(usize::from(market.0)).is_some_and(|m| m.find(client_id).is_some())
    }

    /// Sends a cancel.
    pub fn cancel(&mut self, now: Time, market: MarketId, client_id: ClientOrderId) {
        let at = self.travel.there(now);
        self.incoming.push_back((at, Message::Cancel { market, client_id }));
    }

    /// Takes in what a market shows. Bars come when they begin (their open time is now), everything else when it happens; what
    /// was due before has been fetched with [`Self::next`].
    pub fn market(&mut self, now: Time, event: &MarketEvent) {
        if usize::from(event.market.0) >= self.markets.len() {
            return;
        }
        debug_assert!(self.next_at().is_none_or(|due| due >= now), "what was due has been fetched");
        match &event.data {
            MarketNews::Bar(bar) => self.begin_bar(event.market, bar),
            MarketNews::Funding { rate, mark } => self.fund_positions(event.market, *rate, *mark),
            MarketNews::Print(print) => self.print(now, event.market, print),
            MarketNews::Snapshot(snapshot) => self.snapshot(now, event.market, snapshot),
            MarketNews::Diff(diff) => self.diff(now, event.market, diff),
            MarketNews::Feed(FeedState::Down) => self.markets[usize::from(event.market.0)].book.disconnect(),
            MarketNews::Best { .. } | MarketNews::Mark(_) | MarketNews::Feed(FeedState::Up) => {}
        }
        self.now = self.now.max(now);
    }

    /// The next piece of news up to and including `until`, with its time.
    pub fn next(&mut self, until: Time) -> Option<(Time, News)> {
        loop {
            let out = self.outgoing.front().map(|(at, _)| *at);
            let comes = self.incoming.front().map(|(at, _)| *at);
            let earliest = [out, comes, self.due].into_iter().flatten().min().filter(|at| *at <= until)?;
            if out == Some(earliest) {
                return self.outgoing.pop_front();
            }
            self.now = self.now.max(earliest);
            if comes == Some(earliest) {
                self.arrive();
            } else {
                self.act(earliest);
            }
        }
    }

    /// When something is next to happen here, as far as the prices known so far tell.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        let out = self.outgoing.front().map(|(at, _)| *at);
        let comes = self.incoming.front().map(|(at, _)| *at);
        [out, comes, self.due].into_iter().flatten().min()
    }

    /// What an account has here.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<&portfolio::position::BotAccount> {
        self.accounts.get(account)
    }

    /// Live orders.
    #[must_use]
    pub fn live(&self) -> usize {
        self.markets.iter().map(|m| m.orders.len()).sum()
    }

    /// What takers lost against the price without slippage, quote assets added up.
    #[must_use]
    pub const fn slipped(&self) -> Money {
        self.slipped
    }

    fn arrive(&mut self) {
        let Some((now, message)) = self.incoming.pop_front() else { return };
        match message {
            Message::Order(order) => self.accept(now, order),
            Message::Ask { market, client_id } => self.recall(now, market, client_id),
            Message::Cancel { market, client_id } => {
                let Some(view) = self.markets.get_mut(usize::from(market.0)) else { return };
                if let Some(at) = view.find(&client_id) {
                    let peer = view.orders.remove(at).peer;
                    // A pair is cancelled as one.
                    let other = peer.filter(|peer| view.find(peer).is_some());
                    view.orders.retain(|order| Some(order.order.client_id) != other);
                    view.refresh_due();
                    self.refresh_due();
                    for client_id in std::iter::once(client_id).chain(other) {
                        self.report(now, market, client_id, Outcome::Canceled);
                    }
                }
            }
        }
    }

    /// Tells everything about an order again.
    fn recall(&mut self, now: Time, market: MarketId, client_id: ClientOrderId) {
        let back = self.travel.back(now);
        let Some(trouble) = &self.trouble else { return };
        let history = trouble.history(&client_id);
        let tell = |outcome: &Outcome| (back, News::Report(Report { market, client_id, outcome: *outcome }));
        if history.is_empty() {
            self.outgoing.push_back(tell(&Outcome::NeverArrived));
        }
        self.outgoing.extend(history.iter().map(tell));
    }

    fn accept(&mut self, now: Time, order: VenueOrder) {
        let unwilling = self.trouble.as_mut().is_some_and(Trouble::rejects);
        match self.refusal(now, &order, unwilling) {
            Err(reason) => {
                for client_id in order.client_ids() {
                    self.report(now, order.market, client_id, Outcome::Rejected(reason));
                }
            }
            Ok((order, hold)) => {
                let (first, second) = crate::order::parts(&order);
                self.enter(now, first, hold);
                // One of the two holds for both.
                if let Some(second) = second {
                    self.enter(now, second, (hold.0, Money::ZERO));
                }
                self.begin(now, first.market, &first.client_id);
                if let Some(second) = second {
                    self.begin(now, second.market, &second.client_id);
                }
            }
        }
    }

    /// An order is in.
    fn enter(&mut self, now: Time, order: VenueOrder, hold: (AssetId, Money)) {
        self.orders += 1;
        let venue_id = self.orders;
        self.report(now, order.market, order.client_id, Outcome::Accepted { venue_id });
        let mut live = SimOrder::new(order, hold, now);
        if matches!(order.terms, Terms::LimitMaker { .. }) {
            live.stage = Stage::Resting;
        }
        self.markets[usize::from(order.market.0)].orders.push(live);
    }

    /// An order that is in meets the market, unless its pair has ended it already.
    fn begin(&mut self, now: Time, market: MarketId, client_id: &ClientOrderId) {
        let at = usize::from(market.0);
        let Some(index) = self.markets[at].find(client_id) else { return };
        if self.markets[at].bar.is_some() {
            self.schedule(at, index, now);
            self.refresh_due();
        } else {
            self.meet(at, index, now);
        }
    }

    /// One of a pair has traded or fired: the other ends. Gives where the first one stands now, if it still lives.
    pub(crate) fn end_peer(&mut self, at: usize, index: usize, now: Time) -> Option<usize> {
        let order = &mut self.markets[at].orders[index];
        let (id, peer) = (order.order.client_id, order.peer.take());
        let other = peer.and_then(|peer| self.markets[at].find(&peer))?;
        let hold = self.markets[at].orders[other].hold;
        self.end(at, other, now, Outcome::Expired);
        let index = self.markets[at].find(&id)?;
        // What the pair holds goes with the one that goes on.
        let own = &mut self.markets[at].orders[index].hold;
        own.1.0 = own.1.0.max(hold.1.0);
        Some(index)
    }

    /// Why the venue does not take an order; else the order as it takes it (one that may only reduce is cut to the position)
    /// and what it reserves.
    fn refusal(
        &self,
        now: Time,
        order: &VenueOrder,
        unwilling: bool,
    ) -> Result<(VenueOrder, (AssetId, Money)), VenueReason> {
        let market = self.markets.get(usize::from(order.market.0)).ok_or(VenueReason::NotAllowed)?;
        if unwilling {
            return Err(VenueReason::RateLimited);
        }
        if order.client_ids().any(|id| market.find(&id).is_some()) {
            return Err(VenueReason::Duplicate);
        }
        if !crate::order::kept_by(self.config.native, order) {
            return Err(VenueReason::NotAllowed);
        }
        let account = self.accounts.get(order.account).ok_or(VenueReason::NotAllowed)?;
        let order = if order.reduce_only {
            crate::order::reducing(order, account).ok_or(VenueReason::Other(-2022))?
        } else {
            *order
        };
        let (first, second) = crate::order::parts(&order);
        for one in std::iter::once(&first).chain(&second) {
            crate::order::filters(one, &market.instrument.market)?;
        }
        let now_price = self.price(market, order.side, now);
        let price = now_price.or_else(|| order.terms.price()).ok_or(VenueReason::Filter)?;
        for one in std::iter::once(&first).chain(&second) {
            if let Some(refused) = now_price.and_then(|p| crate::order::premature(one, p)) {
                return Err(refused);
            }
        }
        let fees = &self.config.fees;
        let needed = account::needed(&order, &market.instrument, account, price, fees)
            .map_err(|_| VenueReason::InsufficientBalance)?;
        let free = account::free(order.account, account, needed.0, &self.markets);
        if needed.1 > free { Err(VenueReason::InsufficientBalance) } else { Ok((order, needed)) }
    }

    /// Sends a report on its way.
    pub(crate) fn report(&mut self, now: Time, market: MarketId, client_id: ClientOrderId, outcome: Outcome) {
        let at = self.travel.back(now);
        let mut told = Report { market, client_id, outcome };
        let mut times = 1;
        if let Some(trouble) = &mut self.trouble {
            trouble.remember(client_id, outcome);
            let (fate, timed_out) = trouble.fate(at, &outcome);
            if timed_out {
                told.outcome = Outcome::Unknown;
            }
            times = match fate {
                Fate::Lost => 0,
                Fate::Arrives => 1,
                Fate::Twice => 2,
            };
        }
        for _ in 0..times {
            self.outgoing.push_back((at, News::Report(told)));
        }
    }

    pub(crate) fn tell(&mut self, now: Time, news: News) {
        let at = self.travel.back(now);
        self.outgoing.push_back((at, news));
    }

    /// The moment, but not before `start`.
    pub(crate) fn now_in(&self, start: Time) -> Time {
        self.now.max(start)
    }

    pub(crate) const fn next_trade(&mut self) -> TradeId {
        self.trades += 1;
        TradeId(self.trades)
    }

    pub(crate) fn refresh_due(&mut self) {
        self.due = self.markets.iter().filter_map(|m| m.due).min();
    }

    fn fund_positions(&mut self, market: MarketId, rate: i64, mark: Price) {
        let Some(view) = self.markets.get(usize::from(market.0)) else { return };
        for account in self.accounts.iter_mut() {
            if account.position(market).qty().0 != 0 {
                // Beyond what numbers can hold: the engine stops the bot on the same sum.
                let _ = account.fund(&view.instrument, rate, mark);
            }
        }
        self.plan_liquidation(usize::from(market.0));
        self.refresh_due();
    }
}
