//! Every page equals the same cut of a plain list; bars equal folds of the trades (invariant M3).

use history::{AggTrade, Amendment, Bar, Config, Interval, Range, Reader, open};
use proptest::prelude::*;
use types::event::{OrderChange, Trade};
use types::{
    AccountId, ClientOrderId, Event, ListId, MarketId, Money, OrderId, OrderView, Qty, Time, TradeId,
};

use crate::market::{INTERNAL, Script, everything_kept, steps};

/// The naive page: what [`Range`] says, word for word.
fn page<T: Copy>(all: &[T], id: impl Fn(&T) -> u64, time: impl Fn(&T) -> Time, range: &Range) -> Vec<T> {
    let wanted = |item: &&T| {
        range.from_id.is_none_or(|from| id(item) >= from)
            && range.start.is_none_or(|start| time(item) >= start)
            && range.end.is_none_or(|end| time(item) <= end)
    };
    let found: Vec<T> = all.iter().filter(wanted).copied().collect();
    if range.from_id.is_some() || range.start.is_some() {
        found.into_iter().take(range.limit).collect()
    } else {
        found[found.len().saturating_sub(range.limit)..].to_vec()
    }
}

fn ranges(script: &Script) -> impl Strategy<Value = Range> + use<> {
    let last = script.commands.last().map_or(0, |command| command.1.0);
    let first = script.commands.first().map_or(0, |command| command.1.0);
    let times: Vec<i64> = script.commands.iter().map(|command| command.1.0).collect();
    let time = prop_oneof![(first - 10..=last + 10), proptest::sample::select(times)];
    let time = proptest::option::of(time.prop_map(Time));
    (proptest::option::of(0..60_u64), time.clone(), time, 1..20_usize)
        .prop_map(|(from_id, start, end, limit)| Range { from_id, start, end, limit })
}

fn trades_of(script: &Script, market: u16) -> Vec<Trade> {
    let trades = script.events().filter_map(|event| match event {
        Event::Trade(trade) if trade.market.0 == market => Some(*trade),
        _ => None,
    });
    trades.collect()
}

/// Runs of the same taker and price within a command.
fn aggs_of(script: &Script, market: u16) -> Vec<AggTrade> {
    let mut aggs: Vec<AggTrade> = Vec::new();
    for (_, _, events) in &script.commands {
        let mut run = false;
        for event in events {
            let Event::Trade(trade) = event else { continue };
            if trade.market.0 != market {
                continue;
            }
            match aggs.last_mut() {
                Some(agg) if run && agg.price == trade.price => {
                    agg.qty.0 += trade.qty.0;
                    agg.quote.0 += trade.quote.0;
                    agg.last = trade.id;
                }
                _ => aggs.push(AggTrade {
                    market: trade.market,
                    id: aggs.len() as u64 + 1,
                    price: trade.price,
                    qty: trade.qty,
                    quote: trade.quote,
                    first: trade.id,
                    last: trade.id,
                    buyer_is_maker: trade.buyer_is_maker,
                    at: trade.at,
                }),
            }
            run = true;
        }
    }
    aggs
}

fn bars_of(trades: &[Trade], interval: Interval) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for trade in trades {
        let start = interval.start(trade.at);
        if bars.last().is_none_or(|bar| bar.open_time != start) {
            bars.push(Bar { first: trade.id, ..Bar::flat(interval, start, trade.price) });
        }
        let bar = bars.last_mut().unwrap();
        bar.high = bar.high.max(trade.price);
        bar.low = bar.low.min(trade.price);
        bar.close = trade.price;
        bar.volume = bar.volume.plus(Money::from(trade.qty)).unwrap();
        bar.quote = bar.quote.plus(trade.quote).unwrap();
        if !trade.buyer_is_maker {
            bar.taker_base = bar.taker_base.plus(Money::from(trade.qty)).unwrap();
            bar.taker_quote = bar.taker_quote.plus(trade.quote).unwrap();
        }
        bar.count += 1;
        bar.last = trade.id;
        bar.last_qty = trade.qty;
    }
    bars
}

fn check_public(reader: &Reader, script: &Script, range: &Range) {
    for market in 0..3 {
        let id = MarketId(market);
        let trades = trades_of(script, market);
        let aggs = aggs_of(script, market);
        assert_eq!(reader.trades(id, range).unwrap(), page(&trades, |t| t.id.0, |t| t.at, range));
        assert_eq!(reader.agg_trades(id, range).unwrap(), page(&aggs, |a| a.id, |a| a.at, range));
        for trade in trades.iter().take(5) {
            let agg = aggs.iter().find(|agg| (agg.first..=agg.last).contains(&trade.id)).copied();
            assert_eq!(reader.agg_trade_of(id, trade.id.0).unwrap(), agg);
        }
        for interval in Interval::ALL {
            let bars = bars_of(&trades, interval);
            let range = Range { from_id: None, ..*range };
            let want = page(&bars, |_| 0, |bar| bar.open_time, &range);
            assert_eq!(reader.bars(id, interval, &range).unwrap(), want, "{}", interval.as_str());
        }
    }
}

fn check_private(reader: &Reader, script: &Script, range: &Range) {
    for account in [1, 2, 3, INTERNAL.0 + 1].map(AccountId) {
        let kept = account < INTERNAL;
        let mut lists = Vec::new();
        for event in script.events() {
            if let Event::List(list) = event
                && kept
                && list.account == account
            {
                lists.push(*list);
            }
        }
        assert_eq!(reader.lists(account, range).unwrap(), page(&lists, |l| l.id.0, |l| l.updated, range));
        for market in (0..3).map(MarketId) {
            let (mut fills, mut closed) = (Vec::new(), Vec::new());
            for event in script.events() {
                let Event::Order { order, change } = event else { continue };
                if !kept || order.account != account || order.market != market {
                    continue;
                }
                if let OrderChange::Trade(fill) = change {
                    fills.push((order.id, *fill, order.updated));
                }
                if order.status.is_terminal() {
                    closed.push(*order);
                }
            }
            closed.sort_by_key(|order| order.id);
            fills.sort_by_key(|(order, fill, _)| (fill.trade, *order));
            let got: Vec<_> = reader.fills(account, market, range).unwrap();
            let want = page(&fills, |f| f.1.trade.0, |f| f.2, range);
            assert_eq!(got.iter().map(|f| (f.order, f.fill, f.at)).collect::<Vec<_>>(), want);
            let got: Vec<_> = reader.orders(account, market, range).unwrap();
            let want = page(&closed, |o| o.id.0, |o| o.created, range);
            assert_eq!(got.iter().map(|c| c.order).collect::<Vec<_>>(), want);
            for order in &closed {
                assert_eq!(reader.order(account, market, order.id).unwrap().unwrap().order, *order);
                let newest = closed.iter().rfind(|o| o.client_id == order.client_id).copied();
                let got = reader.order_by_client(account, market, &order.client_id).unwrap();
                assert_eq!(got.map(|c| c.order), newest);
                let of: Vec<_> = reader.fills_of(account, market, order.id, &Range::latest(9)).unwrap();
                let want: Vec<_> = fills.iter().filter(|f| f.0 == order.id).map(|f| f.1).collect();
                assert_eq!(of.iter().map(|f| f.fill).collect::<Vec<_>>(), want);
                let got = reader.amendments(account, market, order.id, &Range::from_id(0, 9)).unwrap();
                assert_eq!(got, amendments_of(script, order));
                let strangers = AccountId(account.0 + 1);
                let got = reader.amendments(strangers, market, order.id, &Range::latest(9)).unwrap();
                assert_eq!(got, [], "not theirs");
            }
        }
    }
}

/// What the commands tell of an order's amendments; the script amends at the second place of a command.
fn amendments_of(script: &Script, closed: &OrderView) -> Vec<Amendment> {
    let mut found = Vec::new();
    for (seq, at, events) in &script.commands {
        let Event::Order { order, change: OrderChange::Amended { previous, previous_qty } } = &events[1]
        else {
            panic!("{:?}", events[1]);
        };
        if order.id == closed.id {
            found.push(Amendment {
                account: order.account,
                market: order.market,
                order: order.id,
                execution: (seq << 16) + 1,
                previous_id: *previous,
                client_id: order.client_id,
                previous_qty: *previous_qty,
                qty: order.qty,
                at: *at,
            });
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn every_page_equals_a_cut_of_a_plain_list(
        (script, ranges, persist_at) in steps(60).prop_flat_map(|steps| {
            let script = Script::of(&steps);
            let ranges = proptest::collection::vec(ranges(&script), 4);
            let persist_at = proptest::collection::vec(0..script.commands.len(), 0..3);
            (Just(script), ranges, persist_at)
        })
    ) {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { internal_from: INTERNAL, ..everything_kept() };
        let (mut feed, reader) = open(&dir.path().join("history.redb"), &config).unwrap();
        // Rows lie in the file, in both generations in memory, or anywhere between.
        for (at, applied) in script.applied().enumerate() {
            feed.apply([applied]).unwrap();
            if persist_at.contains(&at) {
                prop_assert_eq!(reader.persist().unwrap(), applied.seq);
            }
        }
        for range in &ranges {
            check_public(&reader, &script, range);
            check_private(&reader, &script, range);
        }
        feed.close().unwrap();
    }

    #[test]
    fn paging_by_id_returns_each_item_once(steps in steps(80), limit in 1..7_usize) {
        let script = Script::of(&steps);
        let dir = tempfile::tempdir().unwrap();
        let (mut feed, reader) = open(&dir.path().join("history.redb"), &everything_kept()).unwrap();
        feed.apply(script.applied()).unwrap();
        let (mut all, mut next) = (Vec::new(), 0);
        loop {
            let page = reader.trades(MarketId(0), &Range::from_id(next, limit)).unwrap();
            let Some(last) = page.last() else { break };
            next = last.id.0 + 1;
            all.extend(page);
        }
        prop_assert_eq!(all, trades_of(&script, 0));
    }
}

#[test]
fn an_empty_store_answers_with_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (feed, reader) = open(&dir.path().join("history.redb"), &everything_kept()).unwrap();
    let (account, market) = (AccountId(1), MarketId(0));
    let range = Range::between(Time(-5), Time(i64::MAX), 10);
    assert_eq!(reader.trades(market, &range).unwrap(), Vec::new());
    assert_eq!(reader.bars(market, Interval::M1, &range).unwrap(), Vec::new());
    assert_eq!(reader.orders(account, market, &range).unwrap(), Vec::new());
    assert_eq!(reader.prevented(account, market, &range).unwrap(), Vec::new());
    assert_eq!(reader.order(account, market, OrderId(1)).unwrap(), None);
    assert_eq!(reader.list(account, ListId(1)).unwrap(), None);
    let client = ClientOrderId::new("x").unwrap();
    assert_eq!(reader.list_by_client(account, &client).unwrap(), None);
    assert_eq!((reader.applied_seq(), reader.durable_seq(), reader.persist().unwrap()), (0, 0, 0));
    feed.close().unwrap();
    assert_eq!((TradeId(0), Qty::ZERO), (TradeId::default_none(), Qty::ZERO));
}

/// Bars without a trade name no trade.
trait DefaultNone {
    fn default_none() -> Self;
}
impl DefaultNone for TradeId {
    fn default_none() -> Self {
        Bar::flat(Interval::M1, Time(0), types::Price(1)).first
    }
}
