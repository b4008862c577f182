//! The price inside a bar: four corners, moving evenly between them.

use types::{Bar, Bips, Price, Side, Time};

use crate::PricePath;

/// A bar as the venue lives through it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BarPath {
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) open: Price,
    pub(crate) high: Price,
    pub(crate) low: Price,
    pub(crate) close: Price,
}

/// The corners one side sees, by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Corners([(Time, Price); 4]);

impl BarPath {
    /// A bar whose high and low hold its open and close.
    pub(crate) fn of(bar: &Bar) -> Self {
        Self {
            start: bar.open_time,
            end: bar.interval.next(bar.open_time),
            open: bar.open,
            high: bar.high.max(bar.open).max(bar.close),
            low: bar.low.min(bar.open).min(bar.close),
            close: bar.close,
        }
    }

    /// The path that orders of `side` see.
    pub(crate) const fn corners(&self, path: PricePath, side: Side) -> Corners {
        let third = (self.end.0 - self.start.0) / 3;
        let (one, two) = (Time(self.start.0 + third), Time(self.start.0 + 2 * third));
        let high_first = match (path, side) {
            (PricePath::OpenHighLowClose, _) | (PricePath::Open | PricePath::Close, Side::Buy) => true,
            (PricePath::OpenLowHighClose, _) | (PricePath::Open | PricePath::Close, Side::Sell) => false,
        };
        let (first, second) = if high_first { (self.high, self.low) } else { (self.low, self.high) };
        Corners([(self.start, self.open), (one, first), (two, second), (self.end, self.close)])
    }
}

impl Corners {
    /// The price at `at`, rounded up if `up`; before the start the first, after the end the last.
    pub(crate) fn price_at(&self, at: Time, up: bool) -> Price {
        let [first, .., last] = self.0;
        if at <= first.0 {
            return first.1;
        }
        for legs in self.0.windows(2) {
            let ((ta, pa), (tb, pb)) = (legs[0], legs[1]);
            if at < tb {
                let moved = i128::from(pb.0 - pa.0) * i128::from(at.0 - ta.0);
                let whole = i128::from(tb.0 - ta.0);
                let step = moved.div_euclid(whole) + i128::from(up && moved.rem_euclid(whole) != 0);
                // Between two prices, so it fits.
                return Price(i64::try_from(i128::from(pa.0) + step).unwrap_or(pa.0));
            }
        }
        last.1
    }

    /// When, from `from` on, the price is first at or beyond `target`, and the price then: `target`, or the price at `from` if
    /// that is beyond already. `falling`: beyond means below.
    pub(crate) fn reach(&self, from: Time, target: Price, falling: bool) -> Option<(Time, Price)> {
        let beyond = |price: Price| if falling { price <= target } else { price >= target };
        let now = self.price_at(from, falling);
        if beyond(now) {
            return Some((from, now));
        }
        for legs in self.0.windows(2) {
            let (a, b) = (legs[0], legs[1]);
            if b.0 > from && beyond(b.1) {
                return Some((crossing(a, b, target).max(from), target));
            }
        }
        None
    }

    /// Follows a trailing trigger from `from` on, whose best price so far is `best`: when and where it fires, if it does, and
    /// the best price seen until then.
    pub(crate) fn trail(
        &self,
        from: Time,
        best: Price,
        side: Side,
        delta: Bips,
    ) -> (Option<(Time, Price)>, Price) {
        let falling = side == Side::Sell;
        let better = |a: Price, b: Price| if falling { a.max(b) } else { a.min(b) };
        let mut a = (from, self.price_at(from, falling));
        let mut best = best;
        for b in self.0.into_iter().filter(|corner| corner.0 > from) {
            let stop = matching::triggers::trailing_stop(side, best, delta);
            let beyond = |price: Price| if falling { price <= stop } else { price >= stop };
            if beyond(a.1) {
                return (Some(a), best);
            }
            if beyond(b.1) {
                return (Some((crossing(a, b, stop).max(from), stop)), best);
            }
            best = better(best, b.1);
            a = b;
        }
        (None, best)
    }
}

/// When the leg from `a` to `b`, which crosses `target`, is there; rounded up.
fn crossing(a: (Time, Price), b: (Time, Price), target: Price) -> Time {
    let distance = i128::from((target.0 - a.1.0).abs());
    let whole = i128::from((b.1.0 - a.1.0).abs()).max(1);
    let length = i128::from(b.0.0 - a.0.0);
    let ns = (distance * length + whole - 1) / whole;
    Time(a.0.0 + i64::try_from(ns.min(length)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: BarPath = BarPath {
        start: Time(0),
        end: Time(300),
        open: Price(100),
        high: Price(120),
        low: Price(90),
        close: Price(110),
    };

    #[test]
    fn a_path_goes_through_its_corners() {
        let up_first = BAR.corners(PricePath::OpenHighLowClose, Side::Sell);
        let at = |t| up_first.price_at(Time(t), false).0;
        assert_eq!(
            [-5, 0, 50, 100, 150, 200, 250, 300, 400].map(at),
            [100, 100, 110, 120, 105, 90, 100, 110, 110]
        );
        assert_eq!(
            (up_first.price_at(Time(3), false), up_first.price_at(Time(3), true)),
            (Price(100), Price(101))
        );
    }

    #[test]
    fn buys_meet_the_high_first_and_sells_the_low() {
        let reach =
            |path, side, target, falling| BAR.corners(path, side).reach(Time(0), Price(target), falling);
        assert_eq!(reach(PricePath::Open, Side::Buy, 115, false), Some((Time(75), Price(115))));
        assert_eq!(reach(PricePath::Open, Side::Sell, 95, true), Some((Time(50), Price(95))));
        assert_eq!(reach(PricePath::OpenHighLowClose, Side::Sell, 95, true), Some((Time(184), Price(95))));
        assert_eq!(reach(PricePath::Open, Side::Sell, 89, true), None);
        assert_eq!(
            reach(PricePath::Open, Side::Buy, 99, false),
            Some((Time(0), Price(100))),
            "beyond at once"
        );
    }

    #[test]
    fn an_order_that_comes_within_the_bar_sees_only_the_rest_of_it() {
        let corners = BAR.corners(PricePath::OpenHighLowClose, Side::Sell);
        assert_eq!(corners.reach(Time(150), Price(115), false), None, "the high is over");
        assert_eq!(corners.reach(Time(120), Price(110), true), Some((Time(134), Price(110))));
    }

    #[test]
    fn a_trailing_stop_follows_the_best_price_and_fires_behind_it() {
        // 10 %: from the high of 120 it fires at 108.
        let sell = BAR.corners(PricePath::OpenHighLowClose, Side::Sell).trail(
            Time(0),
            Price(100),
            Side::Sell,
            Bips(1_000),
        );
        assert_eq!(sell, (Some((Time(140), Price(108))), Price(120)));
        // Low first: it fires at the low itself, 10 % below the open.
        let early =
            BAR.corners(PricePath::Open, Side::Sell).trail(Time(0), Price(100), Side::Sell, Bips(1_000));
        assert_eq!(early, (Some((Time(100), Price(90))), Price(100)));
        let never =
            BAR.corners(PricePath::Open, Side::Buy).trail(Time(0), Price(100), Side::Buy, Bips(3_000));
        assert_eq!(never, (None, Price(90)));
    }
}
