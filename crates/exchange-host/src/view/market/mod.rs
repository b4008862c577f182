//! Market data as everybody reads it: depth, trades, tickers, bars. Folds of the durable events and of nothing else.
//!
//! What is asked for often is in memory (book, last minutes); trades and bars are read from history, which has them in memory
//! as long as they are fresh. After a restart the book comes from the core and the rest from history.

mod klines;
mod ladder;
mod minutes;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use exchange::Exchange;
use history::{AggTrade, Bar, Failure, Interval, Range, Reader};
use types::event::Trade;
use types::{Event, Market, MarketId, Price, Side, Time};

pub use ladder::{Depth, Top};
pub use minutes::{AveragePrice, Stats};

use ladder::Ladder;
use minutes::Minutes;

use crate::View;
use crate::limits::MINUTES_MAX;

/// One market's projections.
#[derive(Debug)]
struct Desk {
    market: Arc<Market>,
    ladder: Ladder,
    minutes: Minutes,
}

/// All markets' projections.
#[derive(Debug)]
pub(crate) struct MarketViews {
    /// By market id. Readers hold the lock for a copy of what they asked for, the fold for a few commands.
    desks: RwLock<Vec<Desk>>,
    /// By market id: a minute, and the one-second bars in it; that of a day ago changes once a minute. Held for a copy of the
    /// pointer, and once a minute for reading sixty rows.
    seconds: Mutex<Vec<(Time, Arc<[Bar]>)>>,
    history: Reader,
}

impl MarketViews {
    /// The projections of an exchange whose events are all in `history`.
    pub(crate) fn of(exchange: &Exchange, history: Reader) -> Result<Self, Failure> {
        let desks = exchange
            .markets()
            .map(|market| Desk::of(market, exchange, &history))
            .collect::<Result<_, _>>()?;
        Ok(Self { desks: RwLock::new(desks), seconds: Mutex::default(), history })
    }

    fn desks(&self) -> RwLockReadGuard<'_, Vec<Desk>> {
        self.desks.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn desk<T>(&self, market: MarketId, read: impl FnOnce(&Desk) -> T) -> Option<T> {
        self.desks().get(usize::from(market.0)).map(read)
    }

    /// The one-second bars of a minute that is over.
    fn seconds_of(&self, market: MarketId, minute: Time) -> Arc<[Bar]> {
        let mut known = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let at = usize::from(market.0);
        if known.len() <= at {
            known.resize_with(at + 1, || (Time(i64::MIN), Arc::from([])));
        }
        let (of, bars) = &mut known[at];
        if *of != minute {
            let range = Range::between(minute, minute.plus_nanos(59_999_999_999), 60);
            // Without them the whole minute counts.
            let read = self.history.bars(market, Interval::S1, &range).unwrap_or_default();
            (*of, *bars) = (minute, read.into());
        }
        Arc::clone(bars)
    }

    /// Statistics of the 24 hours up to `now`.
    fn day(&self, market: MarketId, now: Time) -> Stats {
        // Only markets that exist have a place in memory.
        if self.desk(market, |_| ()).is_none() {
            return Stats::default();
        }
        let seconds = self.seconds_of(market, Minutes::day_began_in(now));
        self.desk(market, |desk| desk.minutes.day(now, &seconds)).unwrap_or_default()
    }

    /// Folds commands' events, in order; readers see all of them or none. History must have them already.
    pub(crate) fn apply<'a>(&self, commands: impl IntoIterator<Item = &'a [Event]>) {
        let mut desks = self.desks.write().unwrap_or_else(PoisonError::into_inner);
        for event in commands.into_iter().flatten() {
            match event {
                Event::Level { market, side, price, qty, update_id } => {
                    if let Some(desk) = desks.get_mut(usize::from(market.0)) {
                        desk.ladder.set(*side, *price, *qty, *update_id);
                    }
                }
                Event::Trade(trade) => {
                    if let Some(desk) = desks.get_mut(usize::from(trade.market.0)) {
                        desk.minutes.trade(trade);
                    }
                }
                Event::MarketListed(market) => list(&mut desks, market),
                _ => {}
            }
        }
    }
}

impl View {
    /// The best `limit` levels of each side, at most [`crate::limits::DEPTH_MAX`]; empty for an unknown market.
    #[must_use]
    pub fn depth(&self, market: MarketId, limit: usize) -> Arc<Depth> {
        self.market.desk(market, |desk| desk.ladder.depth(limit)).unwrap_or_default()
    }

    /// The number of the book's last change; 0 before the first.
    #[must_use]
    pub fn update_id(&self, market: MarketId) -> u64 {
        self.market.desk(market, |desk| desk.ladder.update_id()).unwrap_or_default()
    }

    /// The best level of each side.
    #[must_use]
    pub fn top(&self, market: MarketId) -> Top {
        self.market.desk(market, |desk| desk.ladder.top()).unwrap_or_default()
    }

    /// The last trade.
    #[must_use]
    pub fn last_trade(&self, market: MarketId) -> Option<Trade> {
        self.market.desk(market, |desk| desk.minutes.last_trade().copied()).flatten()
    }

    /// Statistics of the last `minutes` minutes (1 to 10,080) before `now`.
    #[must_use]
    pub fn stats(&self, market: MarketId, minutes: u32, now: Time) -> Stats {
        self.market.desk(market, |desk| desk.minutes.stats(minutes, now)).unwrap_or_default()
    }

    /// Statistics of the 24 hours up to `now`, to the second (the venue's 24-hour ticker).
    #[must_use]
    pub fn day_stats(&self, market: MarketId, now: Time) -> Stats {
        self.market.day(market, now)
    }

    /// The average price that the market's filters use.
    #[must_use]
    pub fn average(&self, market: MarketId, now: Time) -> AveragePrice {
        self.market.desk(market, |desk| desk.minutes.average(&desk.market, now)).unwrap_or_default()
    }

    /// Public trades, by id and time.
    pub fn trades(&self, market: MarketId, range: &Range) -> Result<Vec<Trade>, Failure> {
        self.market.history.trades(market, range)
    }

    /// Aggregated trades: those of one taker order at one price within one command are one.
    pub fn agg_trades(&self, market: MarketId, range: &Range) -> Result<Vec<AggTrade>, Failure> {
        self.market.history.agg_trades(market, range)
    }

    /// Bars by open time, gaps filled with flat ones, the last one open. `range.start` and `range.end` bound the open times;
    /// without a start these are the newest ones up to the end or `now`.
    pub fn bars(
        &self,
        market: MarketId,
        interval: Interval,
        range: &Range,
        now: Time,
    ) -> Result<Vec<Bar>, Failure> {
        klines::read(&self.market.history, market, interval, range, now)
    }
}

/// A new market, or new rules of a known one. Ids are dense, the core sees to it.
fn list(desks: &mut Vec<Desk>, market: &Market) {
    match desks.get_mut(usize::from(market.id.0)) {
        Some(desk) => desk.market = Arc::new(market.clone()),
        None => desks.push(Desk {
            market: Arc::new(market.clone()),
            ladder: Ladder::default(),
            minutes: Minutes::default(),
        }),
    }
}

impl Desk {
    fn of(market: &Market, exchange: &Exchange, history: &Reader) -> Result<Self, Failure> {
        let id = market.id;
        let mut depth = Depth { update_id: exchange.update_id(id), ..Depth::default() };
        exchange.depth(id, Side::Buy, usize::MAX, &mut depth.bids);
        exchange.depth(id, Side::Sell, usize::MAX, &mut depth.asks);
        let last_trade = history.trades(id, &Range::latest(1))?.pop();
        let (bars, before) = minutes_of(history, id)?;
        Ok(Self {
            market: Arc::new(market.clone()),
            ladder: Ladder::of(&depth),
            minutes: Minutes::of(bars, before, last_trade),
        })
    }
}

/// The one-minute bars of the last seven days that traded, and the last price before them.
fn minutes_of(history: &Reader, market: MarketId) -> Result<(Vec<Bar>, Option<Price>), Failure> {
    let Some(newest) = history.bars(market, Interval::M1, &Range::latest(1))?.pop() else {
        return Ok((Vec::new(), None));
    };
    let start = newest.open_time.plus_nanos(-i64::from(MINUTES_MAX) * 60_000_000_000);
    let before = Range { from_id: None, start: None, end: Some(start.plus_nanos(-1)), limit: 1 };
    let before = history.bars(market, Interval::M1, &before)?.pop().map(|bar| bar.close);
    let (mut bars, mut from): (Vec<Bar>, Time) = (Vec::new(), start);
    loop {
        let page = Range::between(from, newest.open_time, history::limits::PAGE_MAX);
        let page = history.bars(market, Interval::M1, &page)?;
        let Some(last) = page.last() else { return Ok((bars, before)) };
        from = last.open_time.plus_nanos(1);
        bars.extend(page);
    }
}
