//! Bars with their gaps filled: an interval without a trade has a flat bar at the price before it.

use history::{Bar, Failure, Interval, Range, Reader};
use types::{MarketId, Time};

/// Bars of a page, oldest first, without gaps, the last one still open when the page reaches `now`. Before the market's
/// first kept bar there is nothing. Costs two or three reads of history.
pub(crate) fn read(
    history: &Reader,
    market: MarketId,
    interval: Interval,
    range: &Range,
    now: Time,
) -> Result<Vec<Bar>, Failure> {
    let limit = range.limit.min(history::limits::PAGE_MAX);
    let end = range.end.map_or(now, |end| end.min(now));
    let start = match range.start {
        Some(start) => first_open(interval, start),
        None => back(interval, interval.start(end), limit.saturating_sub(1)),
    };
    if limit == 0 || start > end {
        return Ok(Vec::new());
    }
    let stored = history.bars(market, interval, &Range::between(start, end, limit))?;
    let before = Range { from_id: None, start: None, end: Some(start.plus_nanos(-1)), limit: 1 };
    let before = history.bars(market, interval, &before)?.pop();
    let Some(from) = before.map(|_| start).or_else(|| stored.first().map(|bar| bar.open_time)) else {
        return Ok(Vec::new());
    };
    Ok(filled(interval, from, end, limit, before, stored))
}

/// The opens from `from` to `end`, each with its bar or a flat one.
fn filled(
    interval: Interval,
    from: Time,
    end: Time,
    limit: usize,
    before: Option<Bar>,
    stored: Vec<Bar>,
) -> Vec<Bar> {
    let mut bars = Vec::with_capacity(limit.min(stored.len() + 64));
    let mut stored = stored.into_iter().peekable();
    let (mut open, mut close) = (from, before.map(|bar| bar.close));
    while open <= end && bars.len() < limit {
        let bar = match (stored.next_if(|bar| bar.open_time == open), close) {
            (Some(bar), _) => bar,
            (None, Some(close)) => Bar::flat(interval, open, close),
            (None, None) => break,
        };
        close = Some(bar.close);
        bars.push(bar);
        open = interval.next(open);
    }
    bars
}

/// The first interval that opens at `at` or later.
fn first_open(interval: Interval, at: Time) -> Time {
    let start = interval.start(at);
    if start < at { interval.next(start) } else { start }
}

/// The open of the interval `count` before the one that opens at `open`.
fn back(interval: Interval, open: Time, count: usize) -> Time {
    let seconds = interval.seconds();
    if seconds > 0 {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        return open.plus_nanos(count.saturating_mul(seconds).saturating_mul(-1_000_000_000));
    }
    (0..count).fold(open, |open, _| interval.start(open.plus_nanos(-1)))
}
