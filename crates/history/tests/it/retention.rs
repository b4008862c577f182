//! What is kept is the newest, as much as configured; and the file does not grow for ever.

use history::{Config, Interval, Range, Retention, open};
use types::{AccountId, MarketId, OrderId};

use crate::market::{Script, Step};

fn busy(steps: usize) -> Script {
    let step = |at: usize| Step {
        market: 0,
        maker: 1,
        taker: 2,
        buys: at.is_multiple_of(2),
        trades: vec![(100, 5), (101, 5)],
        later_ns: 700_000_000,
        list: at.is_multiple_of(5),
    };
    Script::of(&(0..steps).map(step).collect::<Vec<_>>())
}

#[test]
fn the_newest_stay() {
    let dir = tempfile::tempdir().unwrap();
    let retention = Retention { trades: 50, bars: 20, orders: 300, ..Retention::default() };
    let config = Config { retention, ..Config::default() };
    let (mut feed, reader) = open(&dir.path().join("h.redb"), &config).unwrap();
    let script = busy(300);
    for group in script.commands.chunks(30) {
        feed.apply(group.iter().map(|(seq, at, events)| history::Applied { seq: *seq, at: *at, events }))
            .unwrap();
        reader.persist().unwrap();
    }
    let market = MarketId(0);
    let trades = reader.trades(market, &Range::from_id(0, 1_000)).unwrap();
    assert_eq!(trades.iter().map(|t| t.id.0).collect::<Vec<_>>(), (551..=600).collect::<Vec<_>>());
    let aggs = reader.agg_trades(market, &Range::from_id(0, 1_000)).unwrap();
    assert_eq!(aggs.iter().map(|a| a.id).collect::<Vec<_>>(), (551..=600).collect::<Vec<_>>());
    let bars = reader.bars(market, Interval::S1, &Range::latest(1_000)).unwrap();
    let (first, last) = (bars.first().unwrap(), bars.last().unwrap());
    assert!(last.open_time.since(first.open_time) < 20_000_000_000 && bars.len() > 10, "{}", bars.len());
    let (mut orders, mut lists, mut fills) = (0, 0, 0);
    for account in [1, 2].map(AccountId) {
        orders += reader.orders(account, market, &Range::latest(1_000)).unwrap().len();
        lists += reader.lists(account, &Range::latest(1_000)).unwrap().len();
        fills += reader.fills(account, market, &Range::latest(1_000)).unwrap().len();
    }
    assert!((300 - 64..=300).contains(&(orders + lists)), "{orders} and {lists}: a pack at a time");
    assert_eq!(fills, 2 * orders, "an order's fills go with it");
    assert_eq!(reader.order(AccountId(1), market, OrderId(1)).unwrap(), None);
    let amendments =
        |order| reader.amendments(AccountId(1), market, OrderId(order), &Range::latest(9)).unwrap();
    assert_eq!((amendments(1).len(), amendments(599).len()), (0, 1), "amendments go with their order");
    let oldest = reader.orders(AccountId(1), market, &Range::from_id(0, 1)).unwrap()[0].order;
    assert!((200..480).contains(&oldest.id.0), "{}", oldest.id);
    // A client id of which only older orders existed is forgotten, one that lives on is found.
    assert!(reader.order_by_client(AccountId(1), market, &oldest.client_id).unwrap().is_some());
}

#[test]
fn the_file_stays_as_large_as_what_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("h.redb");
    let retention = Retention { trades: 500, bars: 100, orders: 500, ..Retention::default() };
    let (mut feed, reader) = open(&path, &Config { retention, ..Config::default() }).unwrap();
    let script = busy(6_000);
    let mut sizes = Vec::new();
    for group in script.commands.chunks(500) {
        feed.apply(group.iter().map(|(seq, at, events)| history::Applied { seq: *seq, at: *at, events }))
            .unwrap();
        reader.persist().unwrap();
        sizes.push(std::fs::metadata(&path).unwrap().len());
    }
    let (early, late) = (sizes[5], sizes[sizes.len() - 1]);
    assert!(late <= 2 * early, "from {early} to {late} bytes: {sizes:?}");
}
