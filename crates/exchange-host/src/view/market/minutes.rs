//! Rolling statistics of one market from its one-minute bars of the last seven days.
//!
//! Precision: a rolling window begins at the start of a minute, so it is up to 59.999 s longer than asked for, as the venue documents
//! for its own (rest-api.md, "Rolling window price change statistics", 2026-07). The day of the 24-hour ticker ends now and began
//! 24 hours ago to the millisecond, as the venue's times show; what traded in the second in which it began counts wholly.
//! Cost: a trade updates one bar; a reading adds the running minute to the fold of the closed ones, which is done once per
//! window and minute. Memory: at most [`MINUTES_MAX`] bars, about 2 MB.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use history::{Bar, Interval};
use types::event::Trade;
use types::{Market, Money, Price, Qty, Time, TradeId};

use crate::limits::{MINUTES_MAX, WINDOWS_CACHED};

const MINUTE_NS: i64 = 60_000_000_000;
const DAY_MINUTES: u32 = 24 * 60;
const DAY_NS: i64 = DAY_MINUTES as i64 * MINUTE_NS;

/// What traded in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// First price in the window; the last price before it when nothing traded in it; 0 when nothing ever traded.
    pub open: Price,
    /// Highest price; like `open` without trades.
    pub high: Price,
    /// Lowest price; like `open` without trades.
    pub low: Price,
    /// Last price.
    pub last: Price,
    /// Quantity of the last trade, in the window or before it.
    pub last_qty: Qty,
    /// Base volume.
    pub volume: Money,
    /// Quote volume.
    pub quote_volume: Money,
    /// Start of the window: a whole minute, or exactly a day before its end.
    pub open_time: Time,
    /// The moment asked for.
    pub close_time: Time,
    /// First trade in the window.
    pub first_id: Option<TradeId>,
    /// Last trade in the window.
    pub last_id: Option<TradeId>,
    /// Number of trades in the window.
    pub count: u64,
    /// The last price before the window, if known.
    pub previous_close: Option<Price>,
}

/// The average price of a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AveragePrice {
    /// Length of its window in minutes; 0: the last price.
    pub minutes: u8,
    /// Σ quote / Σ base over the window, rounded down; the last price when nothing traded in it; 0 when nothing ever did.
    pub price: Price,
    /// Time of the last trade.
    pub close_time: Time,
}

/// The minutes that had trades, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Minutes {
    bars: VecDeque<Bar>,
    /// The last price before `bars`.
    before: Option<Price>,
    last_trade: Option<Trade>,
    /// Folds of the closed minutes of a window: (minutes, start of the running minute, fold). Held for one fold.
    closed: Mutex<Vec<(u32, Time, Fold)>>,
}

/// A fold of bars.
#[derive(Clone, Copy, Debug, Default)]
struct Fold {
    sum: Option<Bar>,
    previous_close: Option<Price>,
}

impl Fold {
    fn add(&mut self, bar: &Bar) {
        let Some(sum) = &mut self.sum else {
            self.sum = Some(*bar);
            return;
        };
        sum.high = sum.high.max(bar.high);
        sum.low = sum.low.min(bar.low);
        sum.close = bar.close;
        sum.volume.0 = sum.volume.0.saturating_add(bar.volume.0);
        sum.quote.0 = sum.quote.0.saturating_add(bar.quote.0);
        sum.count += bar.count;
        sum.last = bar.last;
    }
}

impl Minutes {
    /// Goes on from what history has: minutes in order, the last price before them, the last trade.
    pub(crate) fn of(bars: Vec<Bar>, before: Option<Price>, last_trade: Option<Trade>) -> Self {
        Self { bars: bars.into(), before, last_trade, closed: Mutex::default() }
    }

    pub(crate) const fn last_trade(&self) -> Option<&Trade> {
        self.last_trade.as_ref()
    }

    /// Takes in the next trade.
    pub(crate) fn trade(&mut self, trade: &Trade) {
        self.last_trade = Some(*trade);
        let start = Interval::M1.start(trade.at);
        // A command is stamped before it is committed and folded: the asker's clock may have closed this minute already.
        self.closed.get_mut().unwrap_or_else(PoisonError::into_inner).retain(|known| known.1 <= start);
        match self.bars.back_mut() {
            Some(bar) if bar.open_time == start => bar.add(trade),
            _ => self.bars.push_back(Bar::of(Interval::M1, start, trade)),
        }
        let oldest = start.plus_nanos(-i64::from(MINUTES_MAX) * MINUTE_NS);
        while let Some(bar) = self.bars.front().filter(|bar| bar.open_time < oldest) {
            self.before = Some(bar.close);
            self.bars.pop_front();
        }
    }

    /// The fold of the minutes from `from` to before `to`.
    fn fold(&self, from: Time, to: Time) -> Fold {
        let first = self.bars.partition_point(|bar| bar.open_time < from);
        let previous_close = match first.checked_sub(1) {
            Some(before) => self.bars.get(before).map(|bar| bar.close),
            None => self.before,
        };
        let mut fold = Fold { sum: None, previous_close };
        for bar in self.bars.range(first..).take_while(|bar| bar.open_time < to) {
            fold.add(bar);
        }
        fold
    }

    fn closed(&self, minutes: u32, from: Time, running: Time) -> Fold {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, fold)) = closed.iter().find(|known| (known.0, known.1) == (minutes, running)) {
            return *fold;
        }
        let fold = self.fold(from, running);
        closed.retain(|known| known.1 == running);
        if closed.len() < WINDOWS_CACHED {
            closed.push((minutes, running, fold));
        }
        fold
    }

    /// Statistics of the last `minutes` minutes, at most [`MINUTES_MAX`], as of `now`.
    pub(crate) fn stats(&self, minutes: u32, now: Time) -> Stats {
        let minutes = minutes.clamp(1, MINUTES_MAX);
        let running = Interval::M1.start(now);
        let open_time = running.plus_nanos(-i64::from(minutes) * MINUTE_NS);
        self.up_to(now, self.closed(minutes, open_time, running), open_time)
    }

    /// The minute in which the day that ends at `now` began.
    pub(crate) fn day_began_in(now: Time) -> Time {
        Interval::M1.start(now.plus_nanos(-DAY_NS))
    }

    /// Statistics of the 24 hours up to `now`. `seconds` are the one-second bars of the minute in which they began; where some
    /// of them are lost the whole minute counts.
    pub(crate) fn day(&self, now: Time, seconds: &[Bar]) -> Stats {
        let (open_time, minute) = (now.plus_nanos(-DAY_NS), Self::day_began_in(now));
        let whole_from = minute.plus_nanos(MINUTE_NS);
        let mut fold = self.fold(minute, whole_from);
        let traded = fold.sum.map_or(0, |bar| bar.count);
        if seconds.iter().map(|bar| bar.count).sum::<u64>() == traded {
            let first = seconds.partition_point(|bar| bar.open_time < Interval::S1.start(open_time));
            let (before, inside) = seconds.split_at(first);
            fold.sum = None;
            fold.previous_close = before.last().map(|bar| bar.close).or(fold.previous_close);
            inside.iter().for_each(|bar| fold.add(bar));
        }
        if let Some(rest) = self.closed(DAY_MINUTES - 1, whole_from, Interval::M1.start(now)).sum {
            fold.add(&rest);
        }
        self.up_to(now, fold, open_time)
    }

    /// The fold of a window's closed part, and what came after it.
    fn up_to(&self, now: Time, mut fold: Fold, open_time: Time) -> Stats {
        let running = Interval::M1.start(now);
        // The running minute; and later ones, when the asker's clock is behind the last trade.
        let later = self.bars.partition_point(|bar| bar.open_time < running);
        for bar in self.bars.range(later..) {
            fold.add(bar);
        }
        let last_price = self.last_trade.map_or(Price(0), |trade| trade.price);
        let last_qty = self.last_trade.map_or(Qty::ZERO, |trade| trade.qty);
        let bar = fold.sum.unwrap_or_else(|| Bar::flat(Interval::M1, open_time, last_price));
        let traded = bar.count > 0;
        Stats {
            open: bar.open,
            high: bar.high,
            low: bar.low,
            last: bar.close,
            last_qty,
            volume: bar.volume,
            quote_volume: bar.quote,
            open_time,
            close_time: now,
            first_id: traded.then_some(bar.first),
            last_id: traded.then_some(bar.last),
            count: bar.count,
            previous_close: fold.previous_close,
        }
    }

    /// The average price by the market's rule, as the core computes it: the running minute and those before it.
    pub(crate) fn average(&self, market: &Market, now: Time) -> AveragePrice {
        let minutes = market.rules.average_minutes;
        let running = Interval::M1.start(now);
        let from = running.plus_nanos(-(i64::from(minutes) - 1) * MINUTE_NS);
        let bars = self.bars.iter().rev().take_while(|bar| minutes > 0 && bar.open_time >= from);
        let (mut quote, mut base) = (0_i128, 0_i128);
        for bar in bars {
            quote = quote.saturating_add(bar.quote.0);
            base = base.saturating_add(bar.volume.0);
        }
        let last = self.last_trade.map_or(Price(0), |trade| trade.price);
        let price = quotient(market, quote, base).unwrap_or(last);
        AveragePrice { minutes, price, close_time: self.last_trade.map_or(now, |trade| trade.at) }
    }
}

/// quote / base in price units, rounded down; the decimals that an amount lacks are put in first.
fn quotient(market: &Market, quote: i128, base: i128) -> Option<Price> {
    let decimals = (market.price_scale + market.base.scale).checked_sub(market.quote.scale)?;
    let unit = 10_i128.checked_pow(u32::from(decimals))?;
    let (whole, rest) = (quote.checked_div(base)?, quote.checked_rem(base)?);
    let fraction = rest.checked_mul(unit).map_or(0, |rest| rest / base);
    i64::try_from(whole.checked_mul(unit)?.checked_add(fraction)?).ok().map(Price)
}
