//! The open bar behind one kline stream, folded from trades by the hub.
//!
//! Invariants: a bar is the fold of its trades and a closed bar never changes (M3): a trade counts once, by its id, and a bar
//! closes when a later time was seen in the journal, or, on a silent market, [`CLOSE_GRACE_NS`] after its end by the clock;
//! commands are stamped before they are made durable, and none takes that long to appear unless the disk stalls.
//! Cost: O(1) per trade.

use history::{Bar, Interval};
use types::event::Trade;
use types::{Money, Time, TradeId};

use super::topic::Offset;

/// How long after a bar's end the clock alone may close it, in nanoseconds.
const CLOSE_GRACE_NS: i64 = 500_000_000;
/// One millisecond: bars end one before the next begins.
const MILLISECOND_NS: i64 = 1_000_000;
/// Closed bars told at once after a long silence of the clock (suspended machine); older ones are skipped.
const CLOSED_RUN_MAX: usize = 16;

/// The fold of one stream.
#[derive(Clone, Debug)]
pub(crate) struct BarFold {
    interval: Interval,
    offset: Offset,
    bar: Option<Bar>,
    /// Bars that a later trade has closed, oldest first, and that were not told yet.
    ended: Vec<Bar>,
    /// Trades up to this one are in the bar or before it.
    seen: TradeId,
    /// Whether something changed since [`Self::take_changed`].
    changed: bool,
}

/// A bar with its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The bar.
    pub(crate) bar: Bar,
    /// Its last millisecond.
    pub(crate) close_time: Time,
}

impl BarFold {
    /// Starts from the open bar (if there was ever a trade) that holds all trades up to `seen`.
    pub(crate) fn new(interval: Interval, offset: Offset, bar: Option<Bar>, seen: TradeId) -> Self {
        Self { interval, offset, bar, ended: Vec::new(), seen, changed: true }
    }

    /// The start of the bar that holds `at`.
    pub(crate) fn start_of(interval: Interval, offset: Offset, at: Time) -> Time {
        interval.start(at.plus_nanos(offset.nanos())).plus_nanos(-offset.nanos())
    }

    fn end_of(&self, open: Time) -> Time {
        self.interval.next(open.plus_nanos(self.offset.nanos())).plus_nanos(-self.offset.nanos())
    }

    fn told(&self, bar: Bar) -> Told {
        Told { bar, close_time: self.end_of(bar.open_time).plus_nanos(-MILLISECOND_NS) }
    }

    /// Takes a trade in. Trades taken in before, and trades of bars that are closed, are ignored.
    pub(crate) fn trade(&mut self, trade: &Trade) {
        if trade.id <= self.seen {
            return;
        }
        self.seen = trade.id;
        let open_time = Self::start_of(self.interval, self.offset, trade.at);
        let bar = match self.bar.take() {
            Some(bar) if bar.open_time > open_time => {
                self.bar = Some(bar);
                return;
            }
            Some(bar) if bar.open_time == open_time => bar,
            Some(bar) => {
                self.end(bar, open_time);
                Bar::flat(self.interval, open_time, trade.price)
            }
            None => Bar::flat(self.interval, open_time, trade.price),
        };
        self.bar = Some(with_trade(bar, trade));
        self.changed = true;
    }

    /// A trade came of a bar that opens at `next`: what was open, and what has passed without trades, is closed.
    fn end(&mut self, bar: Bar, next: Time) {
        let mut bar = bar;
        while bar.open_time < next && self.ended.len() < CLOSED_RUN_MAX {
            self.ended.push(bar);
            bar = Bar::flat(self.interval, self.end_of(bar.open_time), bar.close);
        }
    }

    /// Closes what ended before `journal` (a time seen in the journal) or long enough before `clock`, oldest first, and
    /// opens the bar of the present.
    pub(crate) fn close(&mut self, journal: Time, clock: Time, closed: &mut Vec<Told>) {
        let ended = std::mem::take(&mut self.ended);
        closed.extend(ended.into_iter().map(|bar| self.told(bar)));
        let settled = journal.max(clock.plus_nanos(-CLOSE_GRACE_NS));
        while let Some(bar) = self.bar {
            let end = self.end_of(bar.open_time);
            if end > settled {
                break;
            }
            closed.push(self.told(bar));
            self.changed = true;
            self.bar = Some(Bar::flat(self.interval, end, bar.close));
            if closed.len() >= CLOSED_RUN_MAX {
                let open = Self::start_of(self.interval, self.offset, settled);
                self.bar = Some(Bar::flat(self.interval, open, bar.close));
            }
        }
    }

    /// The open bar if it changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Option<Told> {
        let bar = self.bar.filter(|_| self.changed)?;
        self.changed = false;
        Some(self.told(bar))
    }

    /// Tells the open bar again at the next occasion, for a new follower.
    pub(crate) fn touch(&mut self) {
        self.changed = true;
    }
}

/// `bar` and one trade more.
fn with_trade(mut bar: Bar, trade: &Trade) -> Bar {
    if bar.count == 0 {
        (bar.open, bar.high, bar.low, bar.first) = (trade.price, trade.price, trade.price, trade.id);
    }
    bar.high = bar.high.max(trade.price);
    bar.low = bar.low.min(trade.price);
    bar.close = trade.price;
    bar.volume = sum(bar.volume, trade.qty.into());
    bar.quote = sum(bar.quote, trade.quote);
    if !trade.buyer_is_maker {
        bar.taker_base = sum(bar.taker_base, trade.qty.into());
        bar.taker_quote = sum(bar.taker_quote, trade.quote);
    }
    bar.count += 1;
    bar.last = trade.id;
    bar.last_qty = trade.qty;
    bar
}

/// A volume saturates rather than ends the stream; it would take 10^20 times all the money there is.
fn sum(a: Money, b: Money) -> Money {
    Money(a.0.saturating_add(b.0))
}

/// Merges finer bars (oldest first, at least one) into one bar of `interval` that begins at `open_time`.
pub(crate) fn merge(interval: Interval, open_time: Time, bars: &[Bar]) -> Option<Bar> {
    let (first, last) = (bars.first()?, bars.last()?);
    let mut merged = Bar { interval, open_time, close: last.close, ..*first };
    for bar in &bars[1..] {
        merged.high = merged.high.max(bar.high);
        merged.low = merged.low.min(bar.low);
        merged.volume = sum(merged.volume, bar.volume);
        merged.quote = sum(merged.quote, bar.quote);
        merged.taker_base = sum(merged.taker_base, bar.taker_base);
        merged.taker_quote = sum(merged.taker_quote, bar.taker_quote);
        if bar.count > 0 {
            if merged.count == 0 {
                merged.first = bar.first;
            }
            (merged.last, merged.last_qty) = (bar.last, bar.last_qty);
        }
        merged.count += bar.count;
    }
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{MarketId, OrderId, Price, Qty};

    const SECOND: i64 = 1_000_000_000;

    fn trade(id: u64, at: i64, price: i64, qty: i64) -> Trade {
        Trade {
            market: MarketId(0),
            id: TradeId(id),
            price: Price(price),
            qty: Qty(qty),
            quote: Money(i128::from(price * qty)),
            buyer_is_maker: id.is_multiple_of(2),
            buyer: OrderId(1),
            seller: OrderId(2),
            at: Time(at),
        }
    }

    #[test]
    fn a_bar_is_the_fold_of_its_trades_and_each_counts_once() {
        let mut fold = BarFold::new(Interval::M1, Offset(0), None, TradeId(0));
        assert_eq!(fold.take_changed(), None);
        for t in [trade(1, 61 * SECOND, 10, 1), trade(2, 62 * SECOND, 14, 2), trade(2, 62 * SECOND, 14, 2)] {
            fold.trade(&t);
        }
        fold.trade(&trade(3, 119 * SECOND, 9, 3));
        let told = fold.take_changed().unwrap();
        let bar = told.bar;
        assert_eq!((bar.open, bar.high, bar.low, bar.close), (Price(10), Price(14), Price(9), Price(9)));
        assert_eq!((bar.volume, bar.quote, bar.count), (Money(6), Money(10 + 28 + 27), 3));
        assert_eq!((bar.taker_base, bar.taker_quote), (Money(4), Money(37)));
        assert_eq!((bar.open_time.0, told.close_time.0), (60 * SECOND, 120 * SECOND - MILLISECOND_NS));
        assert_eq!(fold.take_changed(), None);
    }

    #[test]
    fn m3_a_bar_that_a_later_trade_closed_is_told_closed_too() {
        let mut fold = BarFold::new(Interval::S1, Offset(0), None, TradeId(0));
        fold.trade(&trade(1, 100, 10, 1));
        // No tick in between, and a second without trades.
        fold.trade(&trade(2, 2 * SECOND + 5, 12, 1));
        let mut closed = Vec::new();
        fold.close(Time(2 * SECOND + 5), Time(2 * SECOND + 5), &mut closed);
        let shown: Vec<_> = closed.iter().map(|t| (t.bar.open_time.0, t.bar.close, t.bar.count)).collect();
        assert_eq!(shown, [(0, Price(10), 1), (SECOND, Price(10), 0)]);
        assert_eq!(fold.take_changed().unwrap().bar.open, Price(12));
        closed.clear();
        fold.close(Time(2 * SECOND + 6), Time(2 * SECOND + 6), &mut closed);
        assert_eq!(closed, [], "once");
    }

    #[test]
    fn a_bar_closes_by_the_journals_time_at_once_and_by_the_clock_after_a_grace() {
        let mut fold = BarFold::new(Interval::S1, Offset(0), None, TradeId(0));
        fold.trade(&trade(1, 100, 10, 1));
        let mut closed = Vec::new();
        fold.close(Time(SECOND - 1), Time(SECOND + CLOSE_GRACE_NS - 1), &mut closed);
        assert!(closed.is_empty());
        fold.close(Time(SECOND), Time(SECOND), &mut closed);
        assert_eq!(closed.len(), 1);
        // The next second had no trade: it is told as a flat bar.
        fold.close(Time(0), Time(2 * SECOND + CLOSE_GRACE_NS), &mut closed);
        assert_eq!((closed[1].bar.count, closed[1].bar.open, closed[1].bar.close), (0, Price(10), Price(10)));
        // Too late for its bar: the closed bar stays as it was told.
        fold.trade(&trade(2, SECOND, 99, 1));
        assert_eq!(fold.take_changed().unwrap().bar.close, Price(10));
    }

    #[test]
    fn a_long_silence_does_not_pour_out_all_missed_bars() {
        let mut fold = BarFold::new(Interval::S1, Offset(0), None, TradeId(0));
        fold.trade(&trade(1, 0, 10, 1));
        let mut closed = Vec::new();
        fold.close(Time(1_000 * SECOND), Time(0), &mut closed);
        assert_eq!(closed.len(), CLOSED_RUN_MAX);
        assert_eq!(fold.take_changed().unwrap().bar.open_time, Time(1_000 * SECOND));
    }

    #[test]
    fn days_may_begin_at_another_hour() {
        let start = BarFold::start_of(Interval::D1, Offset(8 * 60), Time(20 * 3600 * SECOND));
        assert_eq!(start, Time(16 * 3600 * SECOND));
        let parts = [
            Bar::flat(Interval::H1, Time(0), Price(5)),
            with_trade(Bar::flat(Interval::H1, Time(1), Price(5)), &trade(7, 1, 8, 2)),
        ];
        let merged = merge(Interval::D1, start, &parts).unwrap();
        assert_eq!((merged.open, merged.high, merged.close), (Price(5), Price(8), Price(8)));
        assert_eq!((merged.count, merged.first, merged.open_time), (1, TradeId(7), start));
    }
}
