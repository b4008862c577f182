//! Self-trade prevention: statuses, quantities, reservations, with icebergs, lists and conditional orders in between.

use crate::world::{
    ALICE, BOB, BTC, ONE, USDT, World, coins, limit, limit_tif, list, maker, market_qty, market_quote,
    oco_sell,
};
use types::event::{OrderChange, Prevented};
use types::{Command, Event, OrderStatus, Price, Qty, Side, StpMode, Terms, TimeInForce};

#[test]
fn each_mode_ends_the_right_orders() {
    use OrderStatus::{ExpiredInMatch as Out, New};
    for (stp, maker_story, taker_story) in [
        (StpMode::ExpireMaker, vec![(Out, "prevented")], vec![(New, "new"), (New, "prevented")]),
        (StpMode::ExpireTaker, vec![(New, "prevented")], vec![(New, "new"), (Out, "prevented")]),
        (StpMode::ExpireBoth, vec![(Out, "prevented")], vec![(New, "new"), (Out, "prevented")]),
        (StpMode::Decrement, vec![(Out, "prevented")], vec![(New, "new"), (New, "prevented")]),
    ] {
        let mut w = World::new();
        let ask = w.place(ALICE, Side::Sell, limit(100, 100));
        let bid = w.place_stp(ALICE, Side::Buy, limit(100, 300), stp);
        assert_eq!(w.story(ask), maker_story, "{stp:?}");
        assert_eq!(w.story(bid), taker_story, "{stp:?}");
        let left = match stp {
            StpMode::ExpireMaker => (300, 0),
            StpMode::ExpireTaker => (0, 1),
            StpMode::Decrement => (200, 0),
            _ => (0, 0),
        };
        assert_eq!(w.balance(ALICE, USDT).1, coins(left.0).0, "{stp:?}");
        assert_eq!(w.balance(ALICE, BTC).1, coins(left.1).0, "{stp:?}");
        assert_eq!(w.x.fees(BTC).0, 0, "no trade, no fee");
        let told: Vec<Prevented> = prevented(&w).collect();
        let (maker_lost, taker_lost) = match stp {
            StpMode::ExpireMaker => (Some(100), None),
            StpMode::ExpireTaker => (None, Some(300)),
            StpMode::ExpireBoth => (Some(100), Some(300)),
            _ => (Some(100), Some(100)),
        };
        let lost = |hundredths: Option<i64>| hundredths.map(|n| Qty(n * ONE / 100));
        for one in told {
            assert_eq!((one.maker, one.taker, one.mode), (ask, bid, stp));
            assert_eq!((one.maker_lost, one.taker_lost), (lost(maker_lost), lost(taker_lost)), "{stp:?}");
            assert_eq!((one.lost(ask), one.counter(ask)), (one.maker_lost, bid));
        }
    }
}

#[test]
fn without_prevention_an_account_trades_with_itself_and_pays_both_fees() {
    let mut w = World::new();
    w.place(ALICE, Side::Sell, limit(100, 100));
    let bid = w.place(ALICE, Side::Buy, limit(100, 100));
    assert_eq!(w.story(bid), [(OrderStatus::New, "new"), (OrderStatus::Filled, "trade")]);
    // Bought as taker at 0.2 % of a BTC, sold as maker at 0.1 % of 100 USDT.
    assert_eq!(w.balance(ALICE, BTC), (coins(1_000).0 - i128::from(ONE) / 500, 0));
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000).0 - i128::from(ONE) / 10, 0));
}

#[test]
fn decrement_takes_an_icebergs_hidden_part_too() {
    let mut w = World::new();
    let shown = Terms::Limit {
        price: Price(100 * ONE),
        qty: Qty(5 * ONE),
        tif: TimeInForce::Gtc,
        display: Some(Qty(ONE)),
    };
    let ask = w.place(ALICE, Side::Sell, shown);
    let bid = w.place_stp(ALICE, Side::Buy, limit(100, 300), StpMode::Decrement);
    assert_eq!(w.last_view(ask).prevented, Qty(3 * ONE));
    assert_eq!(w.last_view(ask).remaining(), Qty(2 * ONE));
    assert_eq!(w.last_view(bid).status, OrderStatus::ExpiredInMatch);
    assert_eq!(w.balance(ALICE, BTC).1, coins(2).0);
    assert_eq!(w.balance(ALICE, USDT).1, 0);
}

#[test]
fn decrement_of_an_oco_leg_keeps_the_pairs_reservation_right() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(BOB, Side::Buy, limit(100, 100));
    w.ok(Command::PlaceList(Box::new(list(ALICE, oco_sell(110, 90, 500)))));
    assert_eq!(w.balance(ALICE, BTC).1, coins(5).0);
    w.place_stp(ALICE, Side::Buy, limit(110, 200), StpMode::Decrement);
    // The stop leg still stands for 5.
    assert_eq!(w.balance(ALICE, BTC).1, coins(5).0);
    w.place_stp(ALICE, Side::Buy, limit(110, 300), StpMode::Decrement);
    // The limit leg is gone in a match, so the stop expires too.
    assert_eq!(w.balance(ALICE, BTC).1, 0);
    assert_eq!(w.x.live_lists().count(), 0);
}

#[test]
fn a_market_order_by_quote_that_meets_itself_ends_sensibly() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(ALICE, Side::Sell, limit(101, 100));
    let buy = w.place_stp(ALICE, Side::Buy, market_quote(30_000), StpMode::Decrement);
    let view = w.last_view(buy);
    assert_eq!((view.executed, view.prevented), (Qty(ONE), Qty(ONE)));
    assert_eq!(view.status, OrderStatus::Expired);
    assert_eq!(w.balance(ALICE, BTC).1, 0);
    w.place(BOB, Side::Sell, limit(100, 100));
    let own = w.place(ALICE, Side::Sell, limit(101, 100));
    let buy = w.place_stp(ALICE, Side::Buy, market_quote(20_100), StpMode::Decrement);
    assert_eq!(w.story(own), [(OrderStatus::ExpiredInMatch, "prevented")]);
    assert!(w.last_view(buy).status.is_terminal());
    assert_eq!(w.balance(ALICE, USDT).1, 0);
}

#[test]
fn a_market_buy_need_not_pay_for_its_own_orders() {
    let mut w = World::new();
    w.place(ALICE, Side::Sell, maker(100, 100_000));
    w.place(BOB, Side::Sell, maker(101, 100));
    w.ok(Command::Withdraw { account: ALICE, asset: USDT, amount: coins(1_000_000 - 101) });
    let buy = w.place_stp(ALICE, Side::Buy, market_qty(100), StpMode::ExpireMaker);
    assert_eq!(w.last_view(buy).status, OrderStatus::Filled);
    assert_eq!(w.balance(ALICE, USDT), (0, 0));
}

#[test]
fn prevented_matches_are_numbered_per_market() {
    let mut w = World::new();
    for n in 1..=3 {
        w.place(ALICE, Side::Sell, limit(100, 100));
        w.place_stp(ALICE, Side::Buy, limit_tif(100, 100, TimeInForce::Ioc), StpMode::ExpireBoth);
        let numbers: Vec<u64> = prevented(&w).map(|one| one.number).collect();
        assert_eq!(numbers, [n, n]);
    }
}

fn prevented(w: &World) -> impl Iterator<Item = Prevented> {
    w.events.iter().filter_map(|event| match event {
        Event::Order { change: OrderChange::SelfTradePrevented(prevented), .. } => Some(*prevented),
        _ => None,
    })
}
