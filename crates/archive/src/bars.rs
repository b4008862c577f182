//! Reading bars: one by one or as columns, as they are stored or folded into longer ones.
//!
//! Memory is one block of the stored series, whatever its length. A folded bar comes out when a part of a later interval or
//! its own last part has been read: what comes out never changes (invariant M3).

use market_data::bars::TimeBars;
use types::{Bar, Interval, Time};

use crate::Error;
use crate::file::Cursor;
use crate::limits::BLOCK_ROWS_MAX;
use crate::series::Kind;
use crate::table::Row as _;
use crate::table::bars::BarBatch;
use crate::table::prints::PrintRow;

/// Closed bars in order. After an error nothing comes any more.
pub struct Bars {
    source: Source,
    interval: Interval,
    done: bool,
}

enum Source {
    Stored(Stored),
    Folded { parts: Stored, open: Option<Fold>, reached: bool },
    Trades { cursor: Cursor, rows: std::vec::IntoIter<PrintRow>, bars: TimeBars, end: Option<Time> },
}

/// Bars as they are stored.
struct Stored {
    cursor: Cursor,
    interval: Interval,
    batch: Option<BarBatch>,
    at: usize,
}

impl Stored {
    fn next_batch(&mut self) -> Option<Result<BarBatch, Error>> {
        // The cursor takes the memory back, if nobody else holds it.
        self.batch = None;
        self.at = 0;
        let batch = match self.cursor.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error)),
        };
        Some(BarBatch::new(&batch, self.interval).ok_or_else(|| self.cursor.odd()))
    }

    #[inline]
    fn next(&mut self) -> Option<Result<Bar, Error>> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|batch| self.at < batch.len()) {
                let bar = batch.bar(self.at);
                self.at += 1;
                return Some(Ok(bar));
            }
            match self.next_batch()? {
                Ok(batch) => self.batch = Some(batch),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Bars {
    /// `reached`: the series goes on to the end of what the cursor reads, so what is open there is closed.
    pub(crate) fn new(cursor: Cursor, stored: Interval, interval: Interval, reached: bool) -> Self {
        let parts = Stored { cursor, interval: stored, batch: None, at: 0 };
        let source = if stored == interval {
            Source::Stored(parts)
        } else {
            Source::Folded { parts, open: None, reached }
        };
        Self { source, interval, done: false }
    }

    /// `end`: a time up to which there are trades, also beyond what the cursor reads.
    pub(crate) fn of_trades(cursor: Cursor, interval: Interval, end: Option<Time>) -> Self {
        let (rows, bars) = (Vec::new().into_iter(), TimeBars::new(interval));
        let source = Source::Trades { cursor, rows, bars, end };
        Self { source, interval, done: false }
    }

    /// How long the bars are.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    #[inline]
    fn pull(&mut self) -> Option<Result<Bar, Error>> {
        match &mut self.source {
            Source::Stored(stored) => stored.next(),
            Source::Folded { parts, open, reached } => next_folded(parts, open, *reached, self.interval),
            Source::Trades { cursor, rows, bars, end } => next_of_trades(cursor, rows, bars, *end),
        }
    }
}

/// A bar that is being folded.
struct Fold {
    bar: Bar,
    /// True once its last part is in.
    complete: bool,
}

/// The next bar whose end the parts have reached.
fn next_folded(
    parts: &mut Stored,
    open: &mut Option<Fold>,
    reached: bool,
    interval: Interval,
) -> Option<Result<Bar, Error>> {
    loop {
        if let Some(fold) = open.take_if(|fold| fold.complete) {
            return Some(Ok(fold.bar));
        }
        // At the end of the data a bar that is still open is not a bar.
        let part = match parts.next() {
            Some(Ok(part)) => part,
            Some(Err(error)) => return Some(Err(error)),
            None => return open.take_if(|_| reached).map(|fold| Ok(fold.bar)),
        };
        let start = interval.start(part.open_time);
        let complete = part.interval.next(part.open_time) == interval.next(start);
        match open {
            Some(fold) if fold.bar.open_time == start => {
                fold.bar.merge(&part);
                fold.complete = complete;
            }
            _ => {
                let bar = Bar { interval, open_time: start, ..part };
                if let Some(closed) = open.replace(Fold { bar, complete }) {
                    return Some(Ok(closed.bar));
                }
            }
        }
    }
}

fn next_of_trades(
    cursor: &mut Cursor,
    rows: &mut std::vec::IntoIter<PrintRow>,
    bars: &mut TimeBars,
    end: Option<Time>,
) -> Option<Result<Bar, Error>> {
    loop {
        if let Some(bar) = bars.take_closed() {
            return Some(Ok(bar));
        }
        if let Some(row) = rows.next() {
            bars.print(&row.print);
            continue;
        }
        let mut next = Vec::new();
        let Some(batch) = cursor.next() else {
            bars.close(end?);
            return bars.take_closed().map(Ok);
        };
        match batch {
            Ok(batch) if PrintRow::decode(&batch, Kind::Trades, &mut next).is_none() => {
                return Some(Err(cursor.odd()));
            }
            Ok(_) => *rows = next.into_iter(),
            Err(error) => return Some(Err(error)),
        }
    }
}

impl Iterator for Bars {
    type Item = Result<Bar, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.pull();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Closed bars in order, many at a time. After an error nothing comes any more.
pub struct BarBatches(Bars);

impl BarBatches {
    pub(crate) const fn new(bars: Bars) -> Self {
        Self(bars)
    }

    /// How long the bars are.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.0.interval
    }
}

impl Iterator for BarBatches {
    type Item = Result<BarBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.done {
            return None;
        }
        if let Source::Stored(stored) = &mut self.0.source {
            let next = stored.next_batch();
            self.0.done = !matches!(next, Some(Ok(_)));
            return next;
        }
        let interval = self.0.interval;
        let bars: Result<Vec<Bar>, Error> = self.0.by_ref().take(BLOCK_ROWS_MAX).collect();
        match bars {
            Ok(bars) if bars.is_empty() => None,
            Ok(bars) => Some(Ok(BarBatch::of(&bars, interval))),
            Err(error) => Some(Err(error)),
        }
    }
}
