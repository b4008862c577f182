//! Bars, in UTC or cut by the days of another time zone.
//!
//! The store keeps bars cut in UTC. Where a time zone's cuts differ, bars are folded here from shorter ones; the number of
//! shorter ones read for one answer is bounded by [`PAGES_MAX`], so an answer may hold fewer bars than asked for.

use exchange_host::View;
use exchange_host::view::Range;
use history::{Bar, Interval};
use types::{MarketId, Time};

use super::market;
use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::json::Json;
use crate::params::missing;
use crate::render::market::bar_row;
use crate::timezone;
use crate::words::store_failed;

/// Default and largest page.
const PAGE: (usize, usize) = (500, 1_000);
/// Pages of shorter bars read for one answer in another time zone.
const PAGES_MAX: usize = 40;
const HOUR_NS: i64 = 3_600_000_000_000;

/// `GET /api/v3/klines` and `uiKlines`, `klines` and `uiKlines`.
pub(crate) fn klines(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let params = &call.params;
    let text = params.optional("interval")?.ok_or_else(|| missing("interval"))?;
    let interval = Interval::parse(text).ok_or_else(|| ApiError::new(-1120, "Invalid interval."))?;
    let limit = params.limit(PAGE.0, PAGE.1)?;
    let (start, end) = (params.time("startTime")?, params.time("endTime")?);
    let cut = Cut { interval, offset_ns: timezone::offset_ns(params)? };
    let bars = if matches!((start, end), (Some(start), Some(end)) if end < start) {
        Vec::new()
    } else if cut.is_utc() {
        let range = Range { from_id: None, start, end, limit };
        view.bars(market.id, interval, &range, call.at).map_err(|e| store_failed(&e))?
    } else {
        cut.read(view, market.id, start, end, limit, call.at)?
    };
    Ok(Json::array(|a| {
        for bar in &bars {
            let close_ms = cut.next(bar.open_time).millis() - 1;
            a.array(|a| bar_row(a, &market, bar, close_ms, call.unit));
        }
    }))
}

/// How bars are cut: an interval in a time zone.
#[derive(Clone, Copy, Debug)]
struct Cut {
    interval: Interval,
    offset_ns: i64,
}

impl Cut {
    /// True if the cuts are those of UTC.
    fn is_utc(self) -> bool {
        self.start(Time(0)) == self.interval.start(Time(0)) && !self.is_long() || self.offset_ns == 0
    }

    /// Days and longer.
    const fn is_long(self) -> bool {
        matches!(self.interval, Interval::D1 | Interval::D3 | Interval::W1 | Interval::Month)
    }

    fn start(self, at: Time) -> Time {
        self.interval.start(at.plus_nanos(self.offset_ns)).plus_nanos(-self.offset_ns)
    }

    fn next(self, start: Time) -> Time {
        self.interval.next(start.plus_nanos(self.offset_ns)).plus_nanos(-self.offset_ns)
    }

    /// The longest stored interval whose cuts this one's are too.
    fn part(self) -> Interval {
        if self.is_long() && self.offset_ns % HOUR_NS == 0 {
            Interval::H1
        } else if self.offset_ns % (HOUR_NS / 4) == 0 && self.interval > Interval::M15 {
            Interval::M15
        } else {
            Interval::M1
        }
    }

    fn read(
        self,
        view: &View,
        market: MarketId,
        start: Option<Time>,
        end: Option<Time>,
        limit: usize,
        now: Time,
    ) -> Result<Vec<Bar>, ApiError> {
        // Without a start these are the newest `limit` bars up to the end.
        let end = end.unwrap_or(now).min(now);
        let mut from = match start {
            // The first bar that opens at or after the start.
            Some(start) if self.start(start) == start => start,
            Some(start) => self.next(self.start(start)),
            None => {
                let mut from = self.start(end);
                for _ in 1..limit {
                    from = self.start(from.plus_nanos(-1));
                }
                from
            }
        };
        let mut bars: Vec<Bar> = Vec::new();
        for _ in 0..PAGES_MAX {
            let last = self.next(self.start(end)).plus_nanos(-1);
            let range = Range::between(from, last, PAGE.1);
            let page = view.bars(market, self.part(), &range, now).map_err(|e| store_failed(&e))?;
            for part in &page {
                let open_time = self.start(part.open_time);
                let full = bars.len() == limit;
                match bars.last_mut().filter(|bar| bar.open_time == open_time) {
                    Some(bar) => fold(bar, part),
                    None if full => return Ok(bars),
                    None => bars.push(Bar { interval: self.interval, open_time, ..*part }),
                }
            }
            match page.last() {
                Some(part) if page.len() == PAGE.1 => from = part.interval.next(part.open_time),
                _ => break,
            }
        }
        Ok(bars)
    }
}

/// Adds the next part to a bar.
fn fold(bar: &mut Bar, part: &Bar) {
    if part.count == 0 {
        return;
    }
    if bar.count == 0 {
        *bar = Bar { interval: bar.interval, open_time: bar.open_time, ..*part };
        return;
    }
    bar.high = bar.high.max(part.high);
    bar.low = bar.low.min(part.low);
    bar.close = part.close;
    bar.volume.0 += part.volume.0;
    bar.quote.0 += part.quote.0;
    bar.taker_base.0 += part.taker_base.0;
    bar.taker_quote.0 += part.taker_quote.0;
    bar.count += part.count;
    bar.last = part.last;
    bar.last_qty = part.last_qty;
}
