//! Limit and market orders: statuses, money, fees, levels.

use crate::world::{
    ALICE, BOB, BTC, ONE, USDT, World, cancel, coins, limit, limit_tif, maker, market_qty, market_quote,
};
use types::{Event, OrderStatus, Refusal, Side, TimeInForce};

#[test]
fn a_resting_order_is_covered_and_a_trade_moves_money_and_fees() {
    let mut w = World::new();
    let bid = w.place(ALICE, Side::Buy, limit(100, 300));
    assert_eq!(w.story(bid), [(OrderStatus::New, "new")]);
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000 - 300).0, coins(300).0));
    let ask = w.place(BOB, Side::Sell, limit(90, 100));
    assert_eq!(w.story(ask), [(OrderStatus::New, "new"), (OrderStatus::Filled, "trade")]);
    assert_eq!(w.story(bid), [(OrderStatus::PartiallyFilled, "trade")]);
    // The maker's price; Alice pays 0.1 % of one BTC, Bob 0.2 % of 100 USDT.
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000 - 300).0, coins(200).0));
    assert_eq!(w.balance(ALICE, BTC), (coins(1_001).0 - i128::from(ONE) / 1_000, 0));
    assert_eq!(w.balance(BOB, USDT), (coins(1_000_100).0 - i128::from(ONE) / 5, 0));
    assert_eq!(w.balance(BOB, BTC), (coins(999).0, 0));
    assert_eq!(w.x.fees(BTC).0, i128::from(ONE) / 1_000);
    w.ok(cancel(ALICE, bid));
    assert_eq!(w.story(bid), [(OrderStatus::Canceled, "canceled")]);
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000 - 100).0, 0));
    assert_eq!(w.apply(cancel(ALICE, bid)), Err(Refusal::UnknownOrder));
}

#[test]
fn what_a_taker_saves_against_its_limit_is_free_at_once() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(ALICE, Side::Buy, limit(110, 300));
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000 - 100 - 220).0, coins(220).0));
}

#[test]
fn hasty_orders_expire() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    let fok = w.place(ALICE, Side::Buy, limit_tif(100, 200, TimeInForce::Fok));
    assert_eq!(w.story(fok), [(OrderStatus::New, "new"), (OrderStatus::Expired, "fok")]);
    let ioc = w.place(ALICE, Side::Buy, limit_tif(100, 200, TimeInForce::Ioc));
    let story =
        [(OrderStatus::New, "new"), (OrderStatus::PartiallyFilled, "trade"), (OrderStatus::Expired, "ioc")];
    assert_eq!(w.story(ioc), story);
    let dry = w.place(ALICE, Side::Buy, market_qty(100));
    assert_eq!(w.story(dry), [(OrderStatus::New, "new"), (OrderStatus::Expired, "dry")]);
    assert_eq!(w.balance(ALICE, USDT), (coins(1_000_000 - 100).0, 0));
}

#[test]
fn a_market_order_by_quote_is_filled_when_its_money_is_spent() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(BOB, Side::Sell, limit(101, 500));
    // 100 for the first, then 50.5 for half a BTC; 1 cent buys no further lot.
    let buy = w.place(ALICE, Side::Buy, market_quote(15_051));
    let story =
        [(OrderStatus::New, "new"), (OrderStatus::PartiallyFilled, "trade"), (OrderStatus::Filled, "trade")];
    assert_eq!(w.story(buy), story);
    assert_eq!(w.last_view(buy).executed.0, 150 * ONE / 100);
    assert_eq!(w.balance(ALICE, USDT).0, coins(1_000_000).0 - 15_050 * i128::from(ONE) / 100);
    let levels: Vec<_> = w.events.iter().filter(|e| matches!(e, Event::Level { .. })).collect();
    assert_eq!(levels.len(), 2);
}

#[test]
fn a_post_only_order_never_takes() {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    assert_eq!(w.refused(ALICE, Side::Buy, maker(100, 100)), Refusal::WouldTake);
    let bid = w.place(ALICE, Side::Buy, maker(99, 100));
    assert_eq!(w.story(bid), [(OrderStatus::New, "new")]);
}
