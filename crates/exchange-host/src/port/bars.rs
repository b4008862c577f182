//! When a bar counts as closed, and which ones to tell.

use std::time::Duration;

use types::{Bar, Interval, MarketId, Time};

use crate::View;
use crate::view::Range;

/// A command that was stamped within a bar may still be on its way to the disk when the bar's time is over. A bar is told as
/// soon as something later is durable, and after so long in any case. Limit: a disk that holds a command back for longer makes
/// a bar miss that command's trades.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// A market's bars of one length that somebody wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct BarFeed {
    pub(super) market: MarketId,
    pub(super) interval: Interval,
    /// Opening of the first bar that was not told yet.
    from: Time,
}

impl BarFeed {
    /// From the bar that is open now on.
    pub(super) fn new(market: MarketId, interval: Interval, now: Time) -> Self {
        Self { market, interval, from: interval.start(now) }
    }

    /// Opening of the first bar that was not told yet.
    pub(super) const fn from(&self) -> Time {
        self.from
    }

    /// When the next bar ends.
    pub(super) fn closes(&self) -> Time {
        self.interval.next(self.from)
    }

    /// All bars that have ended by `until`, oldest first. Nothing before a market's first trade.
    pub(super) fn closed(&mut self, view: &View, until: Time) -> Result<Vec<Bar>, crate::view::Failure> {
        let mut bars = Vec::new();
        while self.closes() <= until {
            let last = self.interval.start(until).plus_nanos(-1);
            let range = Range::between(self.from, last, history::limits::PAGE_MAX);
            let page = view.bars(self.market, self.interval, &range, last)?;
            match page.last() {
                Some(bar) => self.from = self.interval.next(bar.open_time),
                None => self.from = self.interval.start(until),
            }
            bars.extend(page);
        }
        Ok(bars)
    }
}
