//! What goes out by the clock: depth every 100 ms or second, tickers every second, klines every one or two seconds.
//!
//! A tick looks at followed topics only. A stream that just got a follower speaks at its next tick even if nothing changed.

use exchange_host::View;
use history::Interval;
use types::{Market, Time};

use super::State;
use super::feed::Feed;
use super::registry::Registry;
use super::users::Gate;
use crate::call::TimeUnit;
use crate::context::Context;
use crate::json::Json;
use crate::streams::payload::{Envelope, book, kline, ticker};
use crate::streams::topic::{Speed, Topic};

/// Ticks of 100 ms per second.
const SECOND: u64 = 10;

impl State {
    /// The `count`-th tick of 100 ms.
    pub(super) fn tick(&mut self, count: u64, ctx: &Context, now: Time) {
        if self.registry.is_empty() {
            return;
        }
        let (second, two_seconds) = (count.is_multiple_of(SECOND), count.is_multiple_of(2 * SECOND));
        self.users.prune(Gate { keys: ctx.handle.keys(), listen_keys: &ctx.listen_keys, now });
        let topics: Vec<Topic> = self.registry.topics().collect();
        for topic in topics {
            match topic {
                Topic::Depth(market, speed) if second || speed == Speed::Fast => {
                    self.flush_depth(market, speed, now);
                }
                Topic::Kline(_, interval, _) => {
                    let due = if interval == Interval::S1 { second } else { two_seconds };
                    self.tell_bars(topic, due, now);
                }
                Topic::PartialDepth(_, _, Speed::Fast) | Topic::BookTicker(_) => {
                    self.tell_by_clock(topic, ctx, now);
                }
                _ if second => self.tell_by_clock(topic, ctx, now),
                _ => {}
            }
        }
        if second {
            for feed in &mut self.feeds {
                (feed.traded, feed.book_changed) = (false, false);
            }
        }
        self.reap();
    }

    /// Tells bars that closed, and the open one if it is `due` and changed.
    fn tell_bars(&mut self, topic: Topic, due: bool, now: Time) {
        let Topic::Kline(market, interval, offset) = topic else { return };
        let Some(market) = self.catalog.market(market) else { return };
        let Some(fold) = self
            .feeds
            .get_mut(usize::from(market.id.0))
            .and_then(|feed| feed.bars.get_mut(&(interval, offset)))
        else {
            return;
        };
        let mut closed = Vec::new();
        fold.close(self.journal, now, &mut closed);
        for bar in &closed {
            self.registry.publish(&topic, |unit| kline::kline(Envelope { market, now, unit }, bar, true));
        }
        if due {
            if self.registry.take_fresh(&topic) {
                fold.touch();
            }
            if let Some(bar) = fold.take_changed() {
                self.registry
                    .publish(&topic, |unit| kline::kline(Envelope { market, now, unit }, &bar, false));
            }
        }
    }

    fn tell_by_clock(&mut self, topic: Topic, ctx: &Context, now: Time) {
        let fresh = self.registry.take_fresh(&topic);
        let Self { registry, feeds, catalog, .. } = self;
        let view = ctx.handle.view();
        let Some(market) = topic.market() else {
            tell_all(registry, &topic, catalog.markets.iter().zip(feeds.iter()), view, now, fresh);
            return;
        };
        let Some(market) = catalog.market(market) else { return };
        let Some(feed) = feeds.get_mut(usize::from(market.id.0)) else { return };
        match topic {
            Topic::PartialDepth(_, levels, speed) => {
                let depth = view.depth(market.id, usize::from(levels));
                let told = feed.partials.insert((levels, speed), depth.update_id);
                if fresh || told != Some(depth.update_id) {
                    registry.publish(&topic, |_| book::partial(market, &depth));
                }
            }
            Topic::BookTicker(_) if fresh => {
                let top = view.top(market.id);
                registry.publish(&topic, |_| book::top(market, &top));
            }
            Topic::MiniTicker(_) | Topic::Ticker(_) | Topic::WindowTicker(..) => {
                if let Some(write) = ticker_of(&topic, market, view, now) {
                    registry.publish(&topic, write);
                }
            }
            Topic::AveragePrice(_) => {
                let average = view.average(market.id, now);
                registry.publish(&topic, |unit| ticker::average(Envelope { market, now, unit }, &average));
            }
            _ => {}
        }
    }
}

/// One message of all markets that changed; of all of them after someone joined.
fn tell_all<'a>(
    registry: &mut Registry,
    topic: &Topic,
    markets: impl Iterator<Item = (&'a Market, &'a Feed)>,
    view: &View,
    now: Time,
    fresh: bool,
) {
    let changed = |feed: &Feed| feed.traded || (feed.book_changed && *topic == Topic::Tickers);
    let writers: Vec<_> = markets
        .filter(|(_, feed)| fresh || changed(feed))
        .filter_map(|(market, _)| ticker_of(topic, market, view, now))
        .collect();
    if !writers.is_empty() {
        registry.publish(topic, |unit| {
            Json::array(|a| {
                for write in &writers {
                    a.raw(write(unit).as_str());
                }
            })
        });
    }
}

/// What writes one market's ticker for a topic; `None` for topics that are none.
fn ticker_of<'a>(
    topic: &Topic,
    market: &'a Market,
    view: &View,
    now: Time,
) -> Option<Box<dyn Fn(TimeUnit) -> Json + 'a>> {
    let env = move |unit| Envelope { market, now, unit };
    match topic {
        Topic::MiniTicker(_) | Topic::MiniTickers => {
            let stats = view.day_stats(market.id, now);
            Some(Box::new(move |unit| ticker::mini(env(unit), &stats)))
        }
        Topic::Ticker(_) | Topic::Tickers => {
            let (stats, top) = (view.day_stats(market.id, now), view.top(market.id));
            Some(Box::new(move |unit| ticker::full(env(unit), &stats, &top)))
        }
        Topic::WindowTicker(_, window) | Topic::WindowTickers(window) => {
            let (window, stats) = (*window, view.stats(market.id, window.minutes(), now));
            Some(Box::new(move |unit| ticker::window(env(unit), window, &stats)))
        }
        _ => None,
    }
}
