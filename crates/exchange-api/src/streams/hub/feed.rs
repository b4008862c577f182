//! What the hub remembers of one market between two messages. Only what someone follows is kept.

use std::collections::BTreeMap;

use exchange_host::View;
use exchange_host::view::market::Top;
use history::limits::PAGE_MAX;
use history::{Bar, Interval, Range};
use types::{MarketId, Time, TradeId};

use crate::streams::aggregates::Aggregates;
use crate::streams::bars::{BarFold, merge};
use crate::streams::depth::Gathered;
use crate::streams::topic::{Offset, Speed, Topic};

/// One market's memory.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// Book changes not told yet, per speed.
    pub(super) diffs: BTreeMap<Speed, Gathered>,
    /// Aggregated trades, while someone follows them.
    pub(super) aggregates: Option<Aggregates>,
    /// Open bars.
    pub(super) bars: BTreeMap<(Interval, Offset), BarFold>,
    /// The best prices last told.
    pub(super) top: Option<Top>,
    /// The book's number in the last partial depth, per stream.
    pub(super) partials: BTreeMap<(u8, Speed), u64>,
    /// The book changed since the last batch's end.
    pub(super) book_touched: bool,
    /// The book or the best prices changed since the last second's tick.
    pub(super) book_changed: bool,
    /// There were trades since the last second's tick.
    pub(super) traded: bool,
}

impl Feed {
    /// Starts to remember what a topic needs.
    pub(super) fn activate(&mut self, topic: Topic, view: &View, now: Time) {
        match topic {
            Topic::Depth(_, speed) => {
                self.diffs.insert(speed, Gathered::default());
            }
            Topic::AggTrade(market) => self.aggregates = Some(aggregates(view, market)),
            Topic::Kline(market, interval, offset) => {
                self.bars.insert((interval, offset), open_bar(view, market, interval, offset, now));
            }
            _ => {}
        }
    }

    /// Forgets what a topic needed.
    pub(super) fn deactivate(&mut self, topic: Topic) {
        match topic {
            Topic::Depth(_, speed) => {
                self.diffs.remove(&speed);
            }
            Topic::AggTrade(_) => self.aggregates = None,
            Topic::Kline(_, interval, offset) => {
                self.bars.remove(&(interval, offset));
            }
            Topic::PartialDepth(_, levels, speed) => {
                self.partials.remove(&(levels, speed));
            }
            Topic::BookTicker(_) => self.top = None,
            _ => {}
        }
    }

    /// Reads anew what was folded from events of which some were lost.
    pub(super) fn reread(&mut self, market: MarketId, view: &View, now: Time) {
        self.diffs.clear();
        self.top = None;
        self.aggregates = None;
        for ((interval, offset), bar) in &mut self.bars {
            *bar = open_bar(view, market, *interval, *offset, now);
        }
        (self.book_changed, self.traded, self.book_touched) = (true, true, true);
    }
}

/// Goes on after history's last aggregated trade.
fn aggregates(view: &View, market: MarketId) -> Aggregates {
    let last = view.agg_trades(market, &Range::latest(1)).unwrap_or_default();
    Aggregates::after(last.last())
}

/// The open bar as the views have it. Trades that the views hold already are not counted again.
fn open_bar(view: &View, market: MarketId, interval: Interval, offset: Offset, now: Time) -> BarFold {
    let seen = view.last_trade(market).map_or(TradeId(0), |trade| trade.id);
    let start = BarFold::start_of(interval, offset, now);
    let bar = if offset == Offset(0) {
        let range = Range::between(start, now, 1);
        view.bars(market, interval, &range, now).unwrap_or_default().pop()
    } else {
        shifted_bar(view, market, interval, start, now)
    };
    BarFold::new(interval, offset, bar, seen)
}

/// A bar whose interval begins at another hour than UTC's, from bars of a quarter of an hour (all zones are whole quarters).
fn shifted_bar(view: &View, market: MarketId, interval: Interval, start: Time, now: Time) -> Option<Bar> {
    let part = interval.min(Interval::M15);
    let mut parts: Vec<Bar> = Vec::new();
    let mut from = start;
    // At most a month of quarters: three pages.
    while let Ok(page) = view.bars(market, part, &Range::between(from, now, PAGE_MAX), now) {
        let Some(last) = page.last() else { break };
        from = part.next(last.open_time);
        let full = page.len() == PAGE_MAX;
        parts.extend(page);
        if !full {
            break;
        }
    }
    merge(interval, start, &parts)
}
