//! Bars as columns: what signals and fills read, 48 bytes a bar.

use types::instrument::NotionalScale;
use types::{Bar, Interval, Price, Time};

/// Bars of one instrument and interval, rising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    interval: Interval,
    /// Openings, UTC nanoseconds.
    open_time: Vec<i64>,
    open: Vec<i64>,
    high: Vec<i64>,
    low: Vec<i64>,
    close: Vec<i64>,
    /// Closes in the price unit of the instrument's notionals.
    worth: Vec<i64>,
    unit: i64,
    /// Opens of the recorded bar that ended each bar; empty when the bars are as recorded.
    last_open: Vec<i64>,
    folded: bool,
    /// The largest price in any column.
    most: i64,
}

impl Columns {
    /// No bar yet, with room for `bars`, of a market whose notionals are counted like this.
    #[must_use]
    pub fn new(interval: Interval, notional: NotionalScale, bars: usize) -> Self {
        let column = || Vec::with_capacity(bars);
        let (open_time, open, high, low, close) = (column(), column(), column(), column(), column());
        let (worth, unit) = (column(), notional.units().0);
        Self {
            interval,
            open_time,
            open,
            high,
            low,
            close,
            worth,
            unit,
            last_open: Vec::new(),
            folded: false,
            most: 0,
        }
    }

    /// Takes in the next bar; `false` (and nothing changed) when it is of another interval, does not come after the last
    /// one, or has a price that is not above zero.
    pub fn push(&mut self, bar: &Bar) -> bool {
        let least = bar.open.min(bar.high).min(bar.low).min(bar.close);
        let most = bar.open.max(bar.high).max(bar.low).max(bar.close);
        let after = self.open_time.last().is_none_or(|last| bar.open_time.0 > *last);
        if bar.interval != self.interval || !after || least.0 <= 0 {
            return false;
        }
        self.open_time.push(bar.open_time.0);
        self.open.push(bar.open.0);
        // As the venue sees a bar: its extremes hold its open and close.
        self.high.push(most.0);
        self.low.push(least.0);
        self.close.push(bar.close.0);
        self.worth.push(bar.close.0 / self.unit);
        self.most = self.most.max(most.0);
        true
    }

    /// Takes in the next bar, folded from shorter ones of which the last opened at `last_open`.
    pub(super) fn push_with(&mut self, bar: &Bar, last_open: Price) -> bool {
        let pushed = self.push(bar);
        if pushed {
            self.last_open.push(last_open.0);
        }
        pushed
    }

    /// Says whether the bars were folded from shorter ones.
    pub(super) fn set_folded(&mut self, folded: bool) {
        self.folded = folded;
        if !folded {
            self.last_open = Vec::new();
        }
    }

    /// Whether the bars were folded from shorter recorded ones.
    #[must_use]
    pub const fn is_folded(&self) -> bool {
        self.folded
    }

    /// The open of the recorded bar that ended bar `i`: the venue's last price until the next recorded bar begins.
    #[must_use]
    pub fn last_open(&self, i: usize) -> Price {
        Price(self.last_open.get(i).copied().unwrap_or(self.open[i]))
    }

    /// Number of bars.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.close.len()
    }

    /// True without a bar.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.close.is_empty()
    }

    /// The bars' length.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// Opens.
    #[must_use]
    pub fn open(&self) -> &[i64] {
        &self.open
    }

    /// Highs.
    #[must_use]
    pub fn high(&self) -> &[i64] {
        &self.high
    }

    /// Lows.
    #[must_use]
    pub fn low(&self) -> &[i64] {
        &self.low
    }

    /// Closes.
    #[must_use]
    pub fn close(&self) -> &[i64] {
        &self.close
    }

    /// Closes in the price unit of the instrument's notionals: times a quantity in its quantity unit, money.
    #[must_use]
    pub fn worth(&self) -> &[i64] {
        &self.worth
    }

    /// The largest price.
    #[must_use]
    pub const fn most(&self) -> Price {
        Price(self.most)
    }

    /// When a bar opens.
    #[must_use]
    pub fn opens(&self, i: usize) -> Time {
        Time(self.open_time[i])
    }

    /// When a bar is over: the moment the next one may begin.
    #[must_use]
    pub fn closes(&self, i: usize) -> Time {
        self.interval.next(Time(self.open_time[i]))
    }

    /// The last millisecond of a bar, UTC.
    #[must_use]
    pub fn last_milli(&self, i: usize) -> i64 {
        self.closes(i).millis() - 1
    }

    /// The first bar that opens at `at` or later; the number of bars when there is none.
    #[must_use]
    pub fn first_from(&self, at: Time) -> usize {
        self.open_time.partition_point(|t| *t < at.0)
    }
}
