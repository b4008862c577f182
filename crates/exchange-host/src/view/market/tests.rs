//! The projections against the core, against plain lists of trades, and against themselves after a restart.

use history::{Config, Feed, Range, Reader, Retention};
use proptest::prelude::*;
use tempfile::TempDir;
use types::event::Trade;
use types::{Event, Interval, MarketId, Money, OrderId, Price, Qty, Side, Time, TradeId};

use super::minutes::Minutes;
use super::{Depth, MarketViews};
use crate::limits::MINUTES_MAX;
use crate::participants::tests::World;

const MINUTE: i64 = 60_000_000_000;
const START: i64 = 1_795_175_400_000_000_000;

fn store(dir: &TempDir) -> (Feed, Reader) {
    let retention = Retention { trades: 0, bars: 0, orders: 0, fills: 0, order_days: 0 };
    let config = Config { retention, ..Config::default() };
    history::open(&dir.path().join("h.redb"), &config).unwrap()
}

fn depth_of(world: &World, market: MarketId) -> Depth {
    let mut depth = Depth { update_id: world.exchange.update_id(market), ..Depth::default() };
    world.exchange.depth(market, Side::Buy, usize::MAX, &mut depth.bids);
    world.exchange.depth(market, Side::Sell, usize::MAX, &mut depth.asks);
    depth
}

#[test]
fn the_projections_follow_the_core_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (mut feed, reader) = store(&dir);
    let mut world = World::new(23);
    // What came before the fold starts is in the core and in history.
    let mut view = MarketViews::of(&world.exchange, reader.clone()).unwrap();
    for seq in 1..=60 {
        // Steps of half a minute let the windows roll.
        world.tick_of(30_000);
        feed.apply([history::Applied { seq, at: world.now, events: &world.events }]).unwrap();
        view.apply([world.events.as_slice()]);
        if seq % 20 == 0 {
            let folded = everything(&view, world.now);
            view = MarketViews::of(&world.exchange, reader.clone()).unwrap();
            assert_eq!(everything(&view, world.now), folded, "after a restart");
        }
        for market in (0..5).map(MarketId) {
            let want = depth_of(&world, market);
            let (depth, top) =
                view.desk(market, |desk| (desk.ladder.depth(5_000), desk.ladder.top())).unwrap();
            assert_eq!(*depth, want);
            assert_eq!(top.bid, want.bids.first().copied());
            assert_eq!(top.ask, want.asks.first().copied());
            assert_eq!(top.update_id, want.update_id);
            let average = view.desk(market, |desk| desk.minutes.average(&desk.market, world.now)).unwrap();
            let core = world.exchange.average_price(market, world.now);
            assert_eq!(average.price, core.unwrap_or_default());
            let last = view.desk(market, |desk| desk.minutes.last_trade().copied()).unwrap();
            assert_eq!(last.map(|trade| trade.price), world.exchange.last_price(market));
        }
    }
}

/// Books and statistics, for comparison.
fn everything(view: &MarketViews, now: Time) -> Vec<(Depth, Vec<super::Stats>)> {
    let windows = [1, 5, 15, 60, 1_440, MINUTES_MAX];
    (0..5)
        .map(|market| {
            view.desk(MarketId(market), |desk| {
                let mut stats = windows.map(|minutes| desk.minutes.stats(minutes, now)).to_vec();
                let seconds = view.seconds_of(MarketId(market), Minutes::day_began_in(now));
                stats.push(desk.minutes.day(now, &seconds));
                ((*desk.ladder.depth(5_000)).clone(), stats)
            })
            .unwrap()
        })
        .collect()
}

/// (seconds since the one before, price, quantity)
fn trades() -> impl Strategy<Value = Vec<Trade>> {
    let gap = prop_oneof![5 => 0..40_i64, 2 => 0..600_i64, 1 => 0..400_000_i64];
    proptest::collection::vec((gap, 1..200_i64, 1..50_i64, any::<bool>()), 0..60).prop_map(|rows| {
        let mut at = START;
        let rows = rows.into_iter().zip(1_u64..);
        rows.map(|((gap, price, qty, buyer_is_maker), id)| {
            at += gap * 1_000_000_000;
            Trade {
                market: MarketId(0),
                id: TradeId(id),
                price: Price(price),
                qty: Qty(qty),
                quote: Money(i128::from(price * qty)),
                buyer_is_maker,
                buyer: OrderId(2 * id),
                seller: OrderId(2 * id + 1),
                at: Time(at),
            }
        })
        .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Asked now and asked again (from what was remembered), also by a clock that is behind.
    #[test]
    fn a_window_is_the_fold_of_its_trades(
        trades in trades(), window in 1..MINUTES_MAX, waits in proptest::collection::vec(prop_oneof![-100..200_i64, 0..90_000_i64], 1..4),
    ) {
        let mut minutes = Minutes::default();
        for (at, trade) in trades.iter().enumerate() {
            minutes.trade(trade);
            if at % 2 == 0 {
                // What is remembered must not outlive what it folds; the asker's clock runs ahead of the trades here.
                let _ = minutes.stats(window, trade.at.plus_nanos(2 * MINUTE));
            }
        }
        let last = trades.last().map_or(START, |trade| trade.at.0);
        for wait in waits {
            let now = Time(last + wait * 1_000_000_000);
            let stats = minutes.stats(window, now);
            let opens = now.0 - now.0.rem_euclid(MINUTE) - i64::from(window) * MINUTE;
            prop_assert_eq!(stats.open_time, Time(opens));
            let inside: Vec<_> = trades.iter().filter(|trade| trade.at.0 >= opens).collect();
            let before = trades.iter().rfind(|trade| trade.at.0 < opens).map(|trade| trade.price);
            let newest = trades.last().map_or(Price(0), |trade| trade.price);
            let price = |f: fn(&mut dyn Iterator<Item = Price>) -> Option<Price>| {
                f(&mut inside.iter().map(|trade| trade.price)).unwrap_or(newest)
            };
            prop_assert_eq!(stats.open, price(|prices| prices.next()));
            prop_assert_eq!(stats.high, price(|prices| prices.max()));
            prop_assert_eq!(stats.low, price(|prices| prices.min()));
            prop_assert_eq!(stats.last, newest);
            prop_assert_eq!(stats.count, inside.len() as u64);
            prop_assert_eq!(stats.volume.0, inside.iter().map(|trade| i128::from(trade.qty.0)).sum::<i128>());
            prop_assert_eq!(stats.quote_volume.0, inside.iter().map(|trade| trade.quote.0).sum::<i128>());
            prop_assert_eq!(stats.first_id, inside.first().map(|trade| trade.id));
            prop_assert_eq!(stats.last_id, inside.last().map(|trade| trade.id));
            prop_assert_eq!(stats.previous_close, before);
        }
    }

    /// The 24-hour ticker: every second of the window counts, whichever minutes it cuts; a lost second gives the whole minute.
    #[test]
    fn a_day_is_the_fold_of_its_seconds(
        trades in trades(), waits in proptest::collection::vec(0..90_000_000_i64, 1..4), lose in any::<bool>(),
    ) {
        const SECOND: i64 = 1_000_000_000;
        let mut minutes = Minutes::default();
        trades.iter().for_each(|trade| minutes.trade(trade));
        let last = trades.last().map_or(START, |trade| trade.at.0);
        for wait in waits {
            let now = Time(last + wait * 1_000_000);
            let minute = Minutes::day_began_in(now);
            let mut seconds: Vec<types::Bar> = Vec::new();
            for trade in trades.iter().filter(|trade| Interval::M1.start(trade.at) == minute) {
                let start = Interval::S1.start(trade.at);
                match seconds.last_mut().filter(|bar| bar.open_time == start) {
                    Some(bar) => bar.add(trade),
                    None => seconds.push(types::Bar::of(Interval::S1, start, trade)),
                }
            }
            let lost = lose && seconds.pop().is_some();
            let stats = minutes.day(now, &seconds);
            prop_assert_eq!((stats.open_time, stats.close_time), (Time(now.0 - 1_440 * MINUTE), now));
            let opens = if lost { minute.0 } else { stats.open_time.0 - stats.open_time.0.rem_euclid(SECOND) };
            let inside: Vec<_> = trades.iter().filter(|trade| trade.at.0 >= opens).collect();
            let before = trades.iter().rfind(|trade| trade.at.0 < opens).map(|trade| trade.price);
            let newest = trades.last().map_or(Price(0), |trade| trade.price);
            prop_assert_eq!(stats.count, inside.len() as u64);
            prop_assert_eq!(stats.open, inside.first().map_or(newest, |trade| trade.price));
            prop_assert_eq!(stats.high, inside.iter().map(|trade| trade.price).max().unwrap_or(newest));
            prop_assert_eq!(stats.low, inside.iter().map(|trade| trade.price).min().unwrap_or(newest));
            prop_assert_eq!(stats.volume.0, inside.iter().map(|trade| i128::from(trade.qty.0)).sum::<i128>());
            prop_assert_eq!(stats.first_id, inside.first().map(|trade| trade.id));
            prop_assert_eq!(stats.previous_close, before);
        }
    }

    /// Opens follow each other, traded ones are the folds, the others are flat at the close before.
    #[test]
    fn bars_have_no_gaps(
        trades in trades(), from in -50..3_000_i64, len in 0..2_000_i64, limit in 1..40_usize, has_start in any::<bool>(),
        interval in proptest::sample::select(vec![Interval::S1, Interval::M1, Interval::M15, Interval::H1, Interval::D1,
            Interval::W1, Interval::Month]),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut feed, reader) = store(&dir);
        let events: Vec<_> = trades.iter().map(|trade| [Event::Trade(*trade)]).collect();
        let commands = events.iter().zip(&trades).zip(1..);
        feed.apply(commands.map(|((events, trade), seq)| history::Applied { seq, at: trade.at, events })).unwrap();
        let now = Time(trades.last().map_or(START, |trade| trade.at.0) + 30_000_000_000);
        let start = Time(START + from * MINUTE);
        let end = start.plus_nanos(len * MINUTE);
        let range = Range { from_id: None, start: has_start.then_some(start), end: Some(end), limit };
        let bars = super::klines::read(&reader, MarketId(0), interval, &range, now).unwrap();

        // The naive way: every interval from the first trade's to the last one asked for.
        let mut all = Vec::new();
        let mut open = trades.first().map(|trade| interval.start(trade.at));
        let mut close = Price(0);
        while let Some(at) = open.filter(|at| *at <= end.min(now)) {
            let inside: Vec<_> = trades.iter().filter(|trade| interval.start(trade.at) == at).collect();
            let bar = inside.iter().fold(None, |bar: Option<types::Bar>, trade| match bar {
                Some(mut bar) => { bar.add(trade); Some(bar) }
                None => Some(types::Bar::of(interval, at, trade)),
            });
            let bar = bar.unwrap_or_else(|| types::Bar::flat(interval, at, close));
            close = bar.close;
            if !has_start || at >= start {
                all.push(bar);
            }
            open = Some(interval.next(at));
        }
        let want: Vec<_> = if has_start {
            all.into_iter().take(limit).collect()
        } else {
            all.split_off(all.len().saturating_sub(limit))
        };
        prop_assert_eq!(bars, want);
    }
}
