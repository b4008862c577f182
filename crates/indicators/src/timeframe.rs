//! Longer bars made of shorter ones, seen only when they have closed (invariant H4).
//!
//! A long bar is closed when the last short bar inside it has, or, when that one is missing, when the first short bar of a later
//! interval comes: then before it. An unfinished long bar is never shown.

use types::wire::{Reader, WireError, Writer};
use types::{Bar, Interval, Money, Price, Qty, Time, TradeId};

/// The view of a longer interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeframe {
    interval: Interval,
    base: Interval,
    open: Option<Bar>,
}

impl Timeframe {
    /// Bars of `interval` out of bars of `base`; `None` unless it is a whole number of them.
    #[must_use]
    pub fn new(interval: Interval, base: Interval) -> Option<Self> {
        let (long, short) = (interval.seconds(), base.seconds());
        // Weeks and months start on days, so whatever divides a day fits them.
        let whole = match interval {
            Interval::W1 | Interval::Month => short > 0 && 86_400 % short == 0,
            _ => long > short && short > 0 && long % short == 0,
        };
        whole.then_some(Self { interval, base, open: None })
    }

    /// The length of the bars it shows.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// Takes in a closed short bar: the long bars that are closed by it, the earlier first. Bars of another length are ignored.
    pub fn update(&mut self, bar: &Bar) -> [Option<Bar>; 2] {
        if bar.interval != self.base {
            return [None; 2];
        }
        let start = self.interval.start(bar.open_time);
        let mut closed = [None; 2];
        // The last short bar of the one before did not come.
        if self.open.is_some_and(|open| open.open_time != start) {
            closed[0] = self.open.take();
        }
        let long = match self.open.take() {
            None => Bar { interval: self.interval, open_time: start, ..*bar },
            Some(open) => joined(&open, bar),
        };
        let ends = self.base.next(bar.open_time) >= self.interval.next(start);
        if ends {
            closed[1] = Some(long);
        } else {
            self.open = Some(long);
        }
        closed
    }

    /// Appends the state.
    pub fn save(&self, w: &mut Writer<'_>) {
        w.bool(self.open.is_some());
        let Some(bar) = &self.open else { return };
        w.i64(bar.open_time.0);
        for price in [bar.open, bar.high, bar.low, bar.close] {
            w.i64(price.0);
        }
        for amount in [bar.volume, bar.quote, bar.taker_base, bar.taker_quote] {
            w.i128(amount.0);
        }
        for number in [bar.count, bar.first.0, bar.last.0] {
            w.u64(number);
        }
        w.i64(bar.last_qty.0);
    }

    /// Restores it.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.open = None;
        if !r.bool()? {
            return Ok(());
        }
        let mut bar = Bar::flat(self.interval, Time(r.i64()?), Price(0));
        for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
            *price = Price(r.i64()?);
        }
        for amount in [&mut bar.volume, &mut bar.quote, &mut bar.taker_base, &mut bar.taker_quote] {
            *amount = Money(r.i128()?);
        }
        (bar.count, bar.first, bar.last) = (r.u64()?, TradeId(r.u64()?), TradeId(r.u64()?));
        bar.last_qty = Qty(r.i64()?);
        self.open = Some(bar);
        Ok(())
    }
}

/// Two neighbours as one bar.
fn joined(a: &Bar, b: &Bar) -> Bar {
    let sum = |a: Money, b: Money| Money(a.0.saturating_add(b.0));
    Bar {
        high: a.high.max(b.high),
        low: a.low.min(b.low),
        close: b.close,
        volume: sum(a.volume, b.volume),
        quote: sum(a.quote, b.quote),
        taker_base: sum(a.taker_base, b.taker_base),
        taker_quote: sum(a.taker_quote, b.taker_quote),
        count: a.count.saturating_add(b.count),
        first: if a.count == 0 { b.first } else { a.first },
        last: if b.count == 0 { a.last } else { b.last },
        last_qty: if b.count == 0 { a.last_qty } else { b.last_qty },
        ..*a
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(minute: i64, close: i64) -> Bar {
        let mut bar = Bar::flat(Interval::M1, Time(minute * 60_000_000_000), Price(close));
        bar.volume = Money(1);
        bar
    }

    #[test]
    fn h4_a_long_bar_is_seen_when_its_last_part_has_closed_and_never_before() {
        let mut five = Timeframe::new(Interval::M5, Interval::M1).unwrap();
        let seen: Vec<_> = (0..12).map(|m| five.update(&bar(m, 100 + m))).collect();
        let closed: Vec<usize> = (0..12).filter(|m| seen[*m][1].is_some()).collect();
        assert_eq!(closed, [4, 9]);
        assert!(seen.iter().all(|s| s[0].is_none()));
        let first = seen[4][1].unwrap();
        assert_eq!(
            (first.open, first.high, first.low, first.close),
            (Price(100), Price(104), Price(100), Price(104))
        );
        assert_eq!((first.volume, first.open_time, first.interval), (Money(5), Time(0), Interval::M5));
    }

    #[test]
    fn a_missing_last_part_closes_with_the_next_bar_that_comes() {
        let mut five = Timeframe::new(Interval::M5, Interval::M1).unwrap();
        five.update(&bar(3, 100));
        let [before, now] = five.update(&bar(9, 120));
        assert_eq!((before.unwrap().close, now.unwrap().close), (Price(100), Price(120)));
        assert_eq!(now.unwrap().open_time, Time(5 * 60_000_000_000));
    }

    #[test]
    fn only_whole_numbers_of_bars_make_a_longer_one() {
        assert!(Timeframe::new(Interval::M5, Interval::M3).is_none());
        assert!(Timeframe::new(Interval::M1, Interval::M1).is_none());
        assert!(Timeframe::new(Interval::M1, Interval::M5).is_none());
        assert!(Timeframe::new(Interval::Month, Interval::H1).is_some());
        assert!(Timeframe::new(Interval::W1, Interval::D3).is_none());
    }

    #[test]
    fn a_restored_view_goes_on_as_if_nothing_had_happened() {
        for at in 0..12 {
            let mut whole = Timeframe::new(Interval::M5, Interval::M1).unwrap();
            let mut halves = whole.clone();
            for m in 0..12 {
                if m == at {
                    let mut bytes = Vec::new();
                    halves.save(&mut Writer(&mut bytes));
                    halves = Timeframe::new(Interval::M5, Interval::M1).unwrap();
                    let mut r = Reader::new(&bytes);
                    halves.load(&mut r).unwrap();
                    r.end().unwrap();
                }
                assert_eq!(whole.update(&bar(m, 100 - m)), halves.update(&bar(m, 100 - m)));
            }
        }
    }
}
