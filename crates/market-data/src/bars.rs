//! Bars from trades, one trade after the other: by time ([`TimeBars`]) and by number, volume or value of trades
//! ([`ActivityBars`]; López de Prado, "Advances in Financial Machine Learning", 2018, section 2.3.1).
//!
//! A bar is the fold of its trades, and a closed bar never changes (invariant M3): a trade that was seen already, or that
//! belongs to an interval that is closed, is counted and ignored (M4). An interval without a trade has no bar;
//! [`Bar::flat`] makes one where a chart needs it. Cost: O(1) per trade, no allocation once warm.

use std::collections::VecDeque;

use types::{Bar, Interval, Money, Price, Print, Qty, Time, TradeId};

/// Trades that changed nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Their id was not above the last one's: told twice, or out of order.
    pub repeated: u64,
    /// They happened before the bar that is open began.
    pub late: u64,
}

/// Bars of equal time, aligned as [`Interval::start`] says.
#[derive(Clone, Debug)]
pub struct TimeBars {
    interval: Interval,
    open: Option<Bar>,
    closed: VecDeque<Bar>,
    last: Option<TradeId>,
    /// Nothing before this changes any more.
    settled: Option<Time>,
    ignored: Ignored,
}

impl TimeBars {
    /// Bars of length `interval`.
    #[must_use]
    pub const fn new(interval: Interval) -> Self {
        Self {
            interval,
            open: None,
            closed: VecDeque::new(),
            last: None,
            settled: None,
            ignored: Ignored { repeated: 0, late: 0 },
        }
    }

    /// The next trade; a trade of a later interval closes the open bar.
    pub fn print(&mut self, print: &Print) {
        if self.last.is_some_and(|last| print.id <= last) {
            self.ignored.repeated += 1;
            return;
        }
        self.last = Some(print.id);
        let start = self.interval.start(print.at);
        if self.settled.is_some_and(|settled| start < settled) {
            self.ignored.late += 1;
            return;
        }
        match &mut self.open {
            Some(bar) if bar.open_time == start => bar.add_print(print),
            open => {
                self.closed.extend(open.replace(Bar::of_print(self.interval, start, print)));
                self.settled = Some(start);
            }
        }
    }

    /// It is `now`: closes the open bar if its interval is over.
    pub fn close(&mut self, now: Time) {
        if let Some(bar) = self.open.take_if(|bar| self.interval.next(bar.open_time) <= now) {
            self.settled = Some(self.interval.next(bar.open_time));
            self.closed.push_back(bar);
        }
    }

    /// The oldest closed bar that was not taken yet.
    pub fn take_closed(&mut self) -> Option<Bar> {
        self.closed.pop_front()
    }

    /// The bar in progress.
    #[must_use]
    pub const fn open(&self) -> Option<&Bar> {
        self.open.as_ref()
    }

    /// What changed nothing so far.
    #[must_use]
    pub const fn ignored(&self) -> Ignored {
        self.ignored
    }
}

/// When a bar of activity is full. The trade that fills it belongs to it as a whole, so bars may be larger than the measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// This many trades (at least 1).
    Ticks(u64),
    /// This much base volume.
    Volume(Qty),
    /// This much quote volume.
    Value(Money),
}

/// The fold of trades that together fill a [`Measure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityBar {
    /// Time of the first trade.
    pub open_time: Time,
    /// Time of the last trade.
    pub close_time: Time,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Base volume; saturates.
    pub volume: Money,
    /// Quote volume; saturates.
    pub quote: Money,
    /// Base volume of trades whose taker bought.
    pub taker_base: Money,
    /// Quote volume of trades whose taker bought.
    pub taker_quote: Money,
    /// Number of trades.
    pub count: u64,
    /// First trade.
    pub first: TradeId,
    /// Last trade.
    pub last: TradeId,
}

impl ActivityBar {
    const fn of(print: &Print) -> Self {
        Self {
            open_time: print.at,
            close_time: print.at,
            open: print.price,
            high: print.price,
            low: print.price,
            close: print.price,
            volume: Money::ZERO,
            quote: Money::ZERO,
            taker_base: Money::ZERO,
            taker_quote: Money::ZERO,
            count: 0,
            first: print.id,
            last: print.id,
        }
    }

    fn add(&mut self, print: &Print) {
        let add = |sum: &mut Money, amount: Money| sum.0 = sum.0.saturating_add(amount.0);
        self.close_time = self.close_time.max(print.at);
        self.high = self.high.max(print.price);
        self.low = self.low.min(print.price);
        self.close = print.price;
        add(&mut self.volume, Money::from(print.qty));
        add(&mut self.quote, print.quote);
        if !print.buyer_is_maker {
            add(&mut self.taker_base, Money::from(print.qty));
            add(&mut self.taker_quote, print.quote);
        }
        self.count += 1;
        self.last = print.id;
    }

    fn fills(&self, measure: Measure) -> bool {
        match measure {
            Measure::Ticks(n) => self.count >= n,
            Measure::Volume(qty) => self.volume >= Money::from(qty),
            Measure::Value(money) => self.quote >= money,
        }
    }
}

/// Bars of equal activity.
#[derive(Clone, Debug)]
pub struct ActivityBars {
    measure: Measure,
    open: Option<ActivityBar>,
    last: Option<TradeId>,
    ignored: Ignored,
}

impl ActivityBars {
    /// Bars that each fill `measure`.
    #[must_use]
    pub const fn new(measure: Measure) -> Self {
        Self { measure, open: None, last: None, ignored: Ignored { repeated: 0, late: 0 } }
    }

    /// The next trade; gives the bar that it fills.
    pub fn print(&mut self, print: &Print) -> Option<ActivityBar> {
        if self.last.is_some_and(|last| print.id <= last) {
            self.ignored.repeated += 1;
            return None;
        }
        self.last = Some(print.id);
        let measure = self.measure;
        self.open.get_or_insert_with(|| ActivityBar::of(print)).add(print);
        self.open.take_if(|bar| bar.fills(measure))
    }

    /// The bar in progress.
    #[must_use]
    pub const fn open(&self) -> Option<&ActivityBar> {
        self.open.as_ref()
    }

    /// What changed nothing so far.
    #[must_use]
    pub const fn ignored(&self) -> Ignored {
        self.ignored
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Trades with rising ids whose times mostly rise.
    fn trades() -> impl Strategy<Value = Vec<Print>> {
        let step = (0..9_000_000_000_i64, 0..12_u8, 1..50_i64, 1..9_i64, any::<bool>());
        prop::collection::vec(step, 1..200).prop_map(|steps| {
            let mut now = 1_700_000_000_000_000_000;
            let mut prints = Vec::new();
            for (n, (wait, back, price, qty, buyer_is_maker)) in steps.into_iter().enumerate() {
                now += wait;
                let at = if back == 0 { Time(now - 3_000_000_000) } else { Time(now) };
                let (id, quote) = (TradeId(n as u64 + 1), Money(i128::from(price * qty)));
                prints.push(Print { id, price: Price(price), qty: Qty(qty), quote, buyer_is_maker, at });
            }
            prints
        })
    }

    fn closed(bars: &mut TimeBars) -> Vec<Bar> {
        std::iter::from_fn(|| bars.take_closed()).collect()
    }

    proptest! {
        #[test]
        fn m3_a_bar_is_the_fold_of_its_trades_and_a_closed_one_never_changes(trades in trades()) {
            let interval = Interval::S1;
            let (mut bars, mut out, mut counted) = (TimeBars::new(interval), Vec::new(), 0);
            for print in &trades {
                bars.print(print);
                out.extend(closed(&mut bars));
                // Told once more: nothing happens (M4).
                let before = bars.open().copied();
                bars.print(print);
                prop_assert_eq!(bars.open().copied(), before);
                prop_assert!(bars.take_closed().is_none());
                counted += 1;
                prop_assert_eq!(bars.ignored().repeated, counted);
            }
            out.extend(bars.open().copied());
            // The naive twin: a trade counts unless a later interval had begun before it.
            let (mut begun, mut want) = (Time(0), std::collections::BTreeMap::new());
            for print in &trades {
                let start = interval.start(print.at);
                if start >= begun {
                    begun = start;
                    want.entry(start).or_insert_with(Vec::new).push(*print);
                }
            }
            prop_assert_eq!(out.len(), want.len());
            for (bar, (start, prints)) in out.iter().zip(want) {
                prop_assert_eq!(bar.open_time, start);
                prop_assert_eq!(bar.open, prints[0].price);
                prop_assert_eq!(bar.close, prints[prints.len() - 1].price);
                prop_assert_eq!(bar.high, prints.iter().map(|p| p.price).max().unwrap());
                prop_assert_eq!(bar.low, prints.iter().map(|p| p.price).min().unwrap());
                prop_assert_eq!(bar.volume.0, prints.iter().map(|p| i128::from(p.qty.0)).sum::<i128>());
                prop_assert_eq!(bar.quote.0, prints.iter().map(|p| p.quote.0).sum::<i128>());
                let bought = prints.iter().filter(|p| !p.buyer_is_maker);
                prop_assert_eq!(bar.taker_quote.0, bought.map(|p| p.quote.0).sum::<i128>());
                prop_assert_eq!(bar.count, prints.len() as u64);
            }
        }

        #[test]
        fn m4_bars_of_activity_hold_every_trade_once(trades in trades(), kind in 0..3_u8, size in 1..40_i64) {
            let measure = match kind {
                0 => Measure::Ticks(size.unsigned_abs()),
                1 => Measure::Volume(Qty(size)),
                _ => Measure::Value(Money(i128::from(size) * 20)),
            };
            let (mut bars, mut out) = (ActivityBars::new(measure), Vec::new());
            for print in &trades {
                out.extend(bars.print(print));
                prop_assert_eq!(bars.print(print), None);
            }
            prop_assert!(out.iter().all(|bar| bar.fills(measure)));
            prop_assert!(bars.open().is_none_or(|bar| !bar.fills(measure)));
            let all: Vec<_> = out.iter().chain(bars.open()).collect();
            prop_assert_eq!(all.iter().map(|b| b.count).sum::<u64>(), trades.len() as u64);
            let volume: i128 = trades.iter().map(|p| i128::from(p.qty.0)).sum();
            prop_assert_eq!(all.iter().map(|b| b.volume.0).sum::<i128>(), volume);
            for pair in all.windows(2) {
                prop_assert_eq!(pair[0].last.0 + 1, pair[1].first.0);
            }
            for bar in all {
                let of = &trades[usize::try_from(bar.first.0).unwrap() - 1..usize::try_from(bar.last.0).unwrap()];
                prop_assert_eq!((bar.open, bar.close), (of[0].price, of[of.len() - 1].price));
                prop_assert_eq!(bar.low, of.iter().map(|p| p.price).min().unwrap());
            }
        }
    }

    #[test]
    fn a_clock_closes_a_bar_and_what_comes_after_is_late() {
        let print = |id, at| Print {
            id: TradeId(id),
            price: Price(7),
            qty: Qty(1),
            quote: Money(7),
            buyer_is_maker: false,
            at: Time(at),
        };
        let mut bars = TimeBars::new(Interval::S1);
        bars.print(&print(1, 10));
        bars.close(Time(999_999_999));
        assert_eq!(bars.take_closed(), None);
        bars.close(Time(1_000_000_000));
        assert_eq!(bars.take_closed().map(|bar| bar.count), Some(1));
        bars.print(&print(2, 20));
        assert_eq!((bars.open(), bars.ignored()), (None, Ignored { repeated: 0, late: 1 }));
        bars.print(&print(3, 1_500_000_000));
        assert_eq!(bars.open().map(|bar| bar.first), Some(TradeId(3)));
    }
}
