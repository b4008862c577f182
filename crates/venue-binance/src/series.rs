//! One market's bars of one length: those that closed, each once, none missing, in order. No I/O.
//!
//! The stream says when a bar has closed. What it cannot say (the past, what closed while there was no connection) is asked for over
//! REST; meanwhile what the stream says is held back. Of an answer the last bar may still be open, so it is left out unless the
//! stream has shown that a later one closed.

use types::{Bar, Interval, MarketId, Time};

/// Most bars held back: an answer takes seconds.
const HELD_MAX: usize = 1_000;

/// One series.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) market: MarketId,
    pub(crate) interval: Interval,
    /// Opening of the last bar that was told.
    told: Option<Time>,
    /// An answer is on its way.
    pub(crate) fetching: bool,
    held: Vec<Bar>,
}

impl Series {
    pub(crate) const fn new(market: MarketId, interval: Interval) -> Self {
        Self { market, interval, told: None, fetching: false, held: Vec::new() }
    }

    /// Opening of the first bar that was not told; `None` before the first was.
    pub(crate) fn from(&self) -> Option<Time> {
        self.told.map(|told| self.interval.next(told))
    }

    /// The stream says that a bar has closed: what is told now, and whether bars before it are missing and must be asked for.
    pub(crate) fn closed(&mut self, bar: Bar) -> (Option<Bar>, bool) {
        if self.told.is_some_and(|told| bar.open_time <= told) {
            return (None, false);
        }
        let missing = self.from().is_some_and(|from| from < bar.open_time);
        if self.fetching || missing {
            if self.held.len() < HELD_MAX {
                self.held.push(bar);
            }
            return (None, !self.fetching);
        }
        self.told = Some(bar.open_time);
        (Some(bar), false)
    }

    /// The answer: what of it has closed and was not told. What was held back follows by [`Self::release`].
    pub(crate) fn answered(&mut self, mut bars: Vec<Bar>) -> Vec<Bar> {
        let newest = self.held.iter().map(|bar| bar.open_time).max();
        if let Some(last) = bars.last()
            && newest.is_none_or(|newest| newest <= last.open_time)
        {
            bars.pop();
        }
        bars.retain(|bar| self.told.is_none_or(|told| bar.open_time > told));
        if let Some(last) = bars.last() {
            self.told = Some(last.open_time);
        }
        bars
    }

    /// What was held back and is still new.
    pub(crate) fn release(&mut self) -> Vec<Bar> {
        self.fetching = false;
        let mut bars = std::mem::take(&mut self.held);
        bars.sort_by_key(|bar| bar.open_time);
        bars.dedup_by_key(|bar| bar.open_time);
        bars.retain(|bar| self.told.is_none_or(|told| bar.open_time > told));
        if let Some(last) = bars.last() {
            self.told = Some(last.open_time);
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use types::Price;

    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    fn bar(n: i64) -> Bar {
        Bar::flat(Interval::M1, Time(n * MINUTE), Price(n))
    }

    fn bars(span: std::ops::Range<i64>) -> Vec<Bar> {
        span.map(bar).collect()
    }

    #[test]
    fn h3_the_past_is_without_its_open_bar_and_what_closed_meanwhile_follows_once() {
        let mut series = Series::new(MarketId(0), Interval::M1);
        series.fetching = true;
        // The fourth and the fifth close while the answer is on its way, which was made before the fifth had closed.
        assert_eq!(series.closed(bar(4)), (None, false));
        assert_eq!(series.closed(bar(5)), (None, false));
        assert_eq!(series.answered(bars(1..6)), bars(1..5));
        assert_eq!(series.release(), [bar(5)]);
        assert_eq!(series.closed(bar(5)), (None, false), "once");
        assert_eq!(series.closed(bar(6)), (Some(bar(6)), false));
    }

    #[test]
    fn bars_that_the_stream_left_out_are_asked_for_and_come_before_it_goes_on() {
        let mut series = Series::new(MarketId(0), Interval::M1);
        assert_eq!(series.closed(bar(1)).0, Some(bar(1)));
        assert_eq!(series.closed(bar(4)), (None, true), "2 and 3 are missing");
        series.fetching = true;
        assert_eq!(series.from(), Some(Time(2 * MINUTE)));
        assert_eq!(series.closed(bar(5)), (None, false), "asked for once");
        assert_eq!(series.answered(bars(2..5)), bars(2..5), "a later one closed, so all of them have");
        assert_eq!(series.release(), [bar(5)]);
        // Nobody answers: what there is goes on.
        assert_eq!(series.closed(bar(9)), (None, true));
        assert_eq!(series.release(), [bar(9)]);
    }
}
