//! Bars of a longer interval from closed bars of a shorter one (invariants M3, H4): a longer bar is given when the last of its
//! parts has closed, never before. When that part is missing, it is given as soon as a later one shows that it is over.

use types::{Bar, Interval, Qty, Time};

/// One longer interval.
#[derive(Clone, Debug)]
pub struct Fold {
    interval: Interval,
    open: Option<Bar>,
    end: Time,
}

impl Fold {
    /// Bars of `interval`.
    #[must_use]
    pub const fn new(interval: Interval) -> Self {
        Self { interval, open: None, end: Time(i64::MIN) }
    }

    /// Whether bars of `short` add up to bars of `long`.
    #[must_use]
    pub fn nests(short: Interval, long: Interval) -> bool {
        match (short, long) {
            (a, b) if a >= b => false,
            // Months and weeks begin on days that weeks and three-day bars do not know.
            (_, Interval::Month | Interval::W1) => short <= Interval::D1,
            _ => long.seconds() % short.seconds().max(1) == 0,
        }
    }

    /// Takes in the next closed part; gives the longer bar that it shows to be over without it, and the one it completes.
    pub fn add(&mut self, part: &Bar) -> [Option<Bar>; 2] {
        let mut closed = [None, None];
        if part.open_time >= self.end {
            closed[0] = self.open.take();
        }
        match &mut self.open {
            Some(bar) => join(bar, part),
            None => {
                let start = self.interval.start(part.open_time);
                self.end = self.interval.next(start);
                self.open = Some(Bar { interval: self.interval, open_time: start, ..*part });
            }
        }
        if part.interval.next(part.open_time) >= self.end {
            closed[1] = self.open.take();
        }
        closed
    }
}

fn join(bar: &mut Bar, part: &Bar) {
    bar.high = bar.high.max(part.high);
    bar.low = bar.low.min(part.low);
    bar.close = part.close;
    bar.volume.0 = bar.volume.0.saturating_add(part.volume.0);
    bar.quote.0 = bar.quote.0.saturating_add(part.quote.0);
    bar.taker_base.0 = bar.taker_base.0.saturating_add(part.taker_base.0);
    bar.taker_quote.0 = bar.taker_quote.0.saturating_add(part.taker_quote.0);
    if bar.count == 0 {
        bar.first = part.first;
    }
    bar.count += part.count;
    if part.last_qty > Qty::ZERO || part.count > 0 {
        (bar.last, bar.last_qty) = (part.last, part.last_qty);
    }
}

#[cfg(test)]
mod tests {
    use types::{Money, Price};

    use super::*;

    fn part(minute: i64, prices: [i64; 4]) -> Bar {
        let [open, high, low, close] = prices.map(Price);
        let flat = Bar::flat(Interval::M1, Time(minute * 60_000_000_000), close);
        Bar { open, high, low, volume: Money(10), ..flat }
    }

    #[test]
    fn h4_a_longer_bar_is_given_when_its_last_part_has_closed() {
        let mut fold = Fold::new(Interval::M3);
        assert_eq!(fold.add(&part(0, [10, 12, 9, 11])), [None, None]);
        assert_eq!(fold.add(&part(1, [11, 20, 11, 12])), [None, None]);
        let [None, Some(bar)] = fold.add(&part(2, [12, 13, 5, 7])) else { panic!("it is complete") };
        assert_eq!([bar.open, bar.high, bar.low, bar.close], [10, 20, 5, 7].map(Price));
        assert_eq!((bar.interval, bar.open_time, bar.volume), (Interval::M3, Time(0), Money(30)));
    }

    #[test]
    fn a_bar_whose_last_part_is_missing_is_given_with_the_next_part() {
        let mut fold = Fold::new(Interval::M3);
        fold.add(&part(0, [10, 12, 9, 11]));
        let [Some(bar), None] = fold.add(&part(4, [20, 20, 20, 20])) else { panic!("the first is over") };
        assert_eq!((bar.close, bar.open_time), (Price(11), Time(0)));
        // The new one began in the middle and ends on time.
        let [None, Some(bar)] = fold.add(&part(5, [21, 21, 21, 21])) else { panic!("it is complete") };
        assert_eq!((bar.open, bar.open_time), (Price(20), Time(180_000_000_000)));
        assert!(
            matches!(fold.add(&part(11, [1, 1, 1, 1])), [None, Some(_)]),
            "one part alone can complete a bar"
        );
    }

    #[test]
    fn intervals_that_do_not_nest_are_known() {
        assert!(Fold::nests(Interval::M1, Interval::M15) && Fold::nests(Interval::D1, Interval::Month));
        assert!(!Fold::nests(Interval::M15, Interval::M15) && !Fold::nests(Interval::W1, Interval::Month));
        assert!(!Fold::nests(Interval::D3, Interval::W1) && !Fold::nests(Interval::H1, Interval::M1));
        assert!(!Fold::nests(Interval::H6, Interval::H8));
    }
}
